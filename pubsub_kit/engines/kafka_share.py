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
so `subscribe` waits for that). They belong to the group: the last worker to subscribe sets them.

KIP-932, https://cwiki.apache.org/confluence/x/4hA0Dw; KIP-1191 for the dead letters. librdkafka
2.16 calls its share consumer a preview.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from confluent_kafka import AcknowledgeType, KafkaError, KafkaException, ShareConsumer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its stubs re-export little
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.kafka_client import KafkaClient, event_of, place_of
from pubsub_kit.engines.one_thread import OneThread
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker, Lent

MOST = 10  # deliveries, the highest share.delivery.count.limit that a broker takes by default
NATIVE = "dlq."  # errors.deadletterqueue.topic.name.prefix of a broker by default
FETCHES = 2  # the answer to the first one says that the group's start is settled


class KafkaShare(KafkaClient):
    """A connection to Kafka whose groups are share groups."""

    engine = "Kafka's share group"
    lacks = MappingProxyType({
        "lease to extend": "the lock is share.record.lock.duration.ms for each delivery, which "
                           "subscribe sets to ack_deadline, and this client can't renew it",
        "delay": "nack() releases a message at once; for a delay, publish to a topic for retries",
        "replay": "the log is still there: kafka:// reads it again, as a group of its own",
        "start at an offset": "'earliest', 'latest' and At(seconds)",
        "order": "a partition is shared by all workers; kafka:// keeps the order of a key",
    })  # fmt: skip

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> EngineWorker:
        """Join a share group; returns once its start is settled."""
        if isinstance(start, Offset):
            raise self.lacking("start at an offset")
        if settings.ordered:
            raise self.lacking("order")
        self.partitions(topic)
        name = f"{topic}/{group}"
        native = self._dead_letters(name, settings)
        self._limits(name, start, settings, native)
        worker = ShareWorker(self, topic, group, settings)
        worker.buries = native
        try:
            worker.begin()
        except BaseException:
            worker.close()
            raise
        return worker

    def _limits(self, group: str, start: Start, settings: Settings, native: bool) -> None:
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
            "share.auto.offset.reset": _reset(start),
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


def _reset(start: Start) -> str:
    if not isinstance(start, At):
        return str(start)
    return f"by_duration:PT{max(0.0, time.time() - start.time):.3f}S"


class ShareWorker(EngineWorker):
    """A member of a share group; its client belongs to one thread, which all calls go through."""

    adapter: KafkaShare

    def __init__(self, adapter: KafkaShare, topic: str, group: str, settings: Settings) -> None:
        super().__init__(adapter, topic, group, settings)
        self.fetches = 0
        self.troubled = False
        self.fetched: list[Any] = []  # of the batch, what is not handed out yet
        self.lent: dict[str, Lent] = {}  # of the batch, what is not settled yet
        self.expires = 0.0  # when the locks of the batch end
        self.run = OneThread(f"share {topic}/{group}")
        self.consumer = ShareConsumer({
            **adapter.settings(error_cb=self._heard, stats_cb=self._counted),
            "group.id": f"{topic}/{group}", "share.acknowledgement.mode": "explicit",
            "statistics.interval.ms": 100, "fetch.wait.max.ms": 100,
        })  # fmt: skip

    def _heard(self, error: KafkaError) -> None:
        self.troubled = True

    def _counted(self, statistics: str) -> None:
        brokers = json.loads(statistics)["brokers"].values()
        self.fetches = sum(each["req"].get("ShareFetch", 0) for each in brokers)

    def begin(self) -> None:
        """Join, and wait until this worker has fetched in vain once."""
        self.run(self._begin)

    def _begin(self) -> None:
        self.consumer.subscribe([self.topic])
        end = time.monotonic() + 2 * self.adapter.timeout  # the heartbeat is 5 s by default
        while self.fetches < FETCHES and not self.fetched and time.monotonic() < end:
            self._fetch(0.05)

    # ── taking ──────────────────────────────────────────────────────────────────────────────────

    def take(self, n: int) -> list[Lent]:
        """Take what the batch still has, or the next batch once this one is settled."""
        return self.run(lambda: self._take(n))

    def _take(self, n: int) -> list[Lent]:
        end = time.monotonic() + self.wait
        self._expire()
        while not self.fetched and (left := end - time.monotonic()) > 0:
            if self.lent:
                time.sleep(min(0.02, left))
                self._expire()
            else:
                self._fetch(min(0.05, left))
        if not self.fetched and self.troubled:
            self._check()
        taken, self.fetched = self.fetched[:n], self.fetched[n:]
        return [self._lend(each) for each in taken]

    def _lend(self, message: Any) -> Lent:
        place = place_of(message)
        event = event_of(message, self.topic)
        self.lent[place] = lent = Lent(self, event, message, message.delivery_count(), place)
        return lent

    def _fetch(self, seconds: float) -> None:
        asked = time.monotonic()
        try:
            batch = list(self.consumer.poll(seconds))
        except KafkaException as error:
            raise self.adapter.failure(error.args[0], self.topic) from None
        self.fetched = [each for each in batch if each.error() is None]
        self.troubled = self.troubled or len(self.fetched) < len(batch)
        self.expires = asked + self.settings.ack_deadline

    def _expire(self) -> None:
        """Give up a batch whose locks have ended, so that the next one may be fetched."""
        if (self.lent or self.fetched) and time.monotonic() > self.expires:
            late = [*(each.raw for each in self.lent.values()), *self.fetched]
            for each in self.lent.values():
                each.revoked = True
            self.lent, self.fetched = {}, []
            for message in late:
                self.consumer.acknowledge(message, AcknowledgeType.RELEASE)
            with suppress(KafkaException):
                self.consumer.commit_sync(self.adapter.timeout)

    def _check(self) -> None:
        self.adapter.brokers()
        self.troubled = False

    # ── settling ────────────────────────────────────────────────────────────────────────────────

    def acked(self, lent: Lent) -> bool:
        """Accept it; False if the broker says that its lock had ended."""
        return self.run(lambda: self._settle(lent, AcknowledgeType.ACCEPT))

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Release it, for any worker; after its last delivery the broker may bury it."""
        if delay:
            raise self.adapter.lacking("delay")
        return self.run(lambda: self._settle(lent, AcknowledgeType.RELEASE))

    def _settle(self, lent: Lent, how: Any) -> bool:
        if lent.position not in self.lent:
            return False
        try:
            self.consumer.acknowledge(lent.raw, how)
            answers = self.consumer.commit_sync(self.adapter.timeout)
        except KafkaException as error:
            raise self.adapter.failure(error.args[0], self.topic) from None
        del self.lent[lent.position]
        return not any(answers.values())

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Raise: the lock can't be renewed."""
        raise self.adapter.lacking("lease to extend")

    def go(self, start: Start) -> None:
        """Raise: a share group does not go back."""
        raise self.adapter.lacking("replay")

    def leave(self) -> None:
        """Leave the group; the broker releases what was not settled."""
        try:
            with suppress(KafkaException):
                self.run(self.consumer.close)
        finally:
            self.run.end()
