"""Kafka, read by a share group: a queue over a log, where each message is lent to one worker.

    group          the share group "topic/group"; any number of workers share a partition
    ack, nack      ACCEPT and RELEASE, and the broker's answer to them: a late ack is refused
    lease          the acquisition lock, of `ack_deadline` (share.record.lock.duration.ms). A worker
                   in Python can't renew it
    attempt        the broker's delivery count
    dead letters   the broker's own (errors.deadletterqueue.*), if the dead-letter topic's name
                   begins with "dlq." and the broker has them; else a worker buries
    position       "partition/offset", though there is no order: a released message comes later

The client holds one batch at a time: all of it has to be settled, or its lock has to end, before
it hands out more. So a worker with a message in hand may pull nothing, where others have work. It
fetches ahead even while nobody pulls, and the lock begins with the fetch: what waited there for too
long is redelivered, and its first ack refused. Workers that are not needed should be closed.

Set explicitly: share.acknowledgement.mode=explicit; share.delivery.count.limit, after which the
broker drops a message without a word, as high as it goes (10), or to max_deliveries where it buries
by itself; share.auto.offset.reset, where a new group starts ("latest" counts from its first fetch,
so `subscribe` waits for that). A broker writes a partition's start down with its first ack: if it
dies before, "latest" would be later, and messages lost. So once the group has started, this is
"earliest". They belong to the group: the last worker to subscribe sets them.

KIP-932, https://cwiki.apache.org/confluence/x/4hA0Dw; KIP-1191 for the dead letters. librdkafka
2.16 calls its share consumer a preview.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its stubs re-export little
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.kafka_client import KafkaClient
from pubsub_kit.engines.kafka_share_worker import ShareWorker
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker

MOST = 10  # deliveries, the highest share.delivery.count.limit that a broker takes by default
NATIVE = "dlq."  # errors.deadletterqueue.topic.name.prefix of a broker by default
RESET = "share.auto.offset.reset"


class KafkaShare(KafkaClient):
    """A connection to Kafka whose groups are share groups."""

    engine = "Kafka's share group"
    lacks = MappingProxyType({
        "lease to extend": "the lock is share.record.lock.duration.ms for each delivery, which "
                           "subscribe sets to ack_deadline, and this client can't renew it",
        "delay": "nack() releases a message at once; for a delay, publish to a topic for retries",
        "replay": "the log is still there: kafka:// reads it again, as a group of its own",
        "start at an offset or a time": "'earliest' and 'latest'. Its by_duration counts back from "
                                        "the first fetch, which nobody knows beforehand",
        "order": "a partition is shared by all workers; kafka:// keeps the order of a key",
    })  # fmt: skip

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> EngineWorker:
        """Join a share group; returns once its start is settled."""
        if isinstance(start, Offset | At):
            raise self.lacking("start at an offset or a time")
        if settings.ordered:
            raise self.lacking("order")
        self.partitions(topic)
        name = f"{topic}/{group}"
        native = self._dead_letters(name, settings)
        new = self._is_new(name)
        self._limits(name, settings, native, {RESET: str(start)} if new else {})
        worker = ShareWorker(self, topic, group, settings)
        worker.buries = native
        try:
            worker.begin()
            if new:
                self._configure(name, {RESET: "earliest"})
        except BaseException:
            worker.close()
            raise
        return worker

    def _is_new(self, group: str) -> bool:
        """Return whether nobody has said yet where a group starts."""
        asked = ConfigResource(ResourceType.GROUP, group)
        (found,) = self.admin.describe_configs([asked], request_timeout=self.timeout).values()
        try:
            entry = found.result(self.timeout + 1).get(RESET)
        except KafkaException as error:
            raise self.failure(error.args[0]) from None
        return entry is None or entry.source != ConfigSource.GROUP_CONFIG.value

    def _limits(
        self, group: str, settings: Settings, native: bool, more: dict[str, str]
    ) -> None:  # fmt: skip
        most = settings.max_deliveries
        low, high = (2, MOST) if native else (1, MOST - 1)
        if most is not None and not low <= most <= high:
            raise EngineError(
                f"{self.engine} takes max_deliveries from {low} to {high}, not {most}: it drops a "
                f"message after {MOST} deliveries."
            )
        lock = int(settings.ack_deadline * 1000)
        self._configure(group, {
            "share.record.lock.duration.ms": str(lock),
            "share.delivery.count.limit": str(most if native else MOST),
            **more,
        })  # fmt: skip

    def _dead_letters(self, group: str, settings: Settings) -> bool:
        """Let the broker bury, if it can; return whether it does."""
        dead = settings.dead_letter or ""
        if not dead.startswith(NATIVE):
            return False
        try:
            self._configure(group, {
                "errors.deadletterqueue.topic.name": dead,
                "errors.deadletterqueue.copy.record.enable": "true",
            })  # fmt: skip
            enable = {"errors.deadletterqueue.group.enable": "true"}
            self._configure(dead, enable, ResourceType.TOPIC)
        except EngineError:
            return False  # a broker before 4.4 does not know these settings
        return True

    def _configure(self, name: str, values: dict[str, str], kind: Any = ResourceType.GROUP) -> None:
        put = AlterConfigOpType.SET
        entries = [ConfigEntry(k, v, incremental_operation=put) for k, v in values.items()]
        resource = ConfigResource(kind, name, incremental_configs=entries)
        done = self.admin.incremental_alter_configs([resource], request_timeout=self.timeout)
        for each in done.values():
            try:
                each.result(self.timeout + 1)
            except KafkaException as error:
                raise self.failure(error.args[0]) from None
