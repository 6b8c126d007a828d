"""What a consumer group and a share group have in common: topics, publishing, and errors.

librdkafka logs to stderr and retries for minutes by default. Here it says nothing (log_level 0),
and what it knows becomes a sentence within `timeout` seconds. Set explicitly, since defaults bite:

    acks=all, enable.idempotence   an acknowledged message is on every replica in sync, and a retry
                                   of the client's own makes no copy; kafka://…?acks=1 asks for less
    partitioner=murmur2_random     a key goes where the Java client puts it. librdkafka's default
                                   (CRC32) puts most keys elsewhere, so a topic that both write to
                                   would have one key in two partitions, and no order for it
    message.timeout.ms             how long publishing may take (default: 5 minutes)
    reconnect.backoff.max.ms       1 s: a server that is back is found soon (default: 10 s)

https://github.com/confluentinc/librdkafka/blob/v2.16.0/CONFIGURATION.md
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from pubsub_kit.broker.arguments import check_topic
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.binding import CONTENT_TYPE, pack, structured, unpack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.errors import brief
from pubsub_kit.log.event import Event

HEADERS: list[tuple[str, str | bytes | None]] = [("content-type", CONTENT_TYPE)]
Errors = list[KafkaError]
MOST = 100_000  # partitions that librdkafka asks for
SLICE = 0.05  # seconds that one look at a client takes at most
AWAY = {
    KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT,
    KafkaError._MSG_TIMED_OUT, KafkaError._RESOLVE, KafkaError._WAIT_COORD,
    KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT, KafkaError._TIMED_OUT_QUEUE,
    KafkaError.REQUEST_TIMED_OUT, KafkaError.NETWORK_EXCEPTION,
}  # fmt: skip
#: What a cluster says while one broker takes over from another: ask again.
MOVING = {
    KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError._TRANSPORT,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError._WAIT_COORD, KafkaError._TIMED_OUT,
    KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError._UNKNOWN_TOPIC,
}  # fmt: skip
UNKNOWN = {
    KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION
}  # fmt: skip
REFUSED = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}
LARGE = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}
FEW = {KafkaError.NOT_ENOUGH_REPLICAS, KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND}


class KafkaClient(Adapter):
    """A connection to a cluster: topics, and how an event gets there."""

    engine = "Kafka"

    def open(self) -> None:
        """Connect; raises Unreachable, and EngineError for a wrong password or option."""
        acks = self.address.options.get("acks", "all")
        if acks not in ("all", "1") or set(self.address.options) - {"acks"}:
            raise EngineError(
                f"{self.address.shown} takes the option acks, 'all' or '1', not "
                f"{brief(self.address.options)}."
            )
        self.servers = ",".join([self.address.at(9092), *self.address.others])
        self.rejected = ""
        self.producer = Producer({
            **self.settings(error_cb=self._heard), "acks": acks,
            "enable.idempotence": acks == "all", "partitioner": "murmur2_random",
            "message.timeout.ms": max(1, int(self.timeout * 800)),
            "topic.metadata.propagation.max.ms": 1000,
        })  # fmt: skip
        self.brokers()
        self.admin = AdminClient(self.settings())

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return what every client of this cluster is given."""
        account = {
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
            "sasl.username": self.address.user, "sasl.password": self.address.password,
        }  # fmt: skip
        return {
            "bootstrap.servers": self.servers, "log_level": 0, "reconnect.backoff.max.ms": 1000,
            "socket.timeout.ms": max(1000, int(self.timeout * 1000)),
            **(account if self.address.user else {}), **more,
        }  # fmt: skip

    def _heard(self, error: KafkaError) -> None:
        if error.code() in REFUSED:
            self.rejected = error.str()

    # ── topics ──────────────────────────────────────────────────────────────────────────────────

    def brokers(self, topic: str | None = None) -> Any:
        """Return what the cluster says of itself; raises Unreachable, or that the user is wrong."""
        found = self.until(lambda left: self._asked(topic, left))
        self.servers = ",".join(f"{b.host}:{b.port}" for b in found.brokers.values())
        return found

    def _asked(self, topic: str | None, left: float) -> Any:
        try:
            return self.producer.list_topics(topic, timeout=min(1.0, left))
        finally:
            self.producer.poll(0)  # a refused password is told to the callback alone
            if self.rejected:
                raise self.refused(self.rejected)

    def until(self, call: Callable[[float], Any]) -> Any:
        """Call, with the seconds left, until the cluster has settled; or raise why it has not."""
        end = time.monotonic() + self.timeout
        while True:
            try:
                return call(max(0.01, end - time.monotonic()))
            except KafkaException as error:
                if error.args[0].code() not in MOVING or time.monotonic() >= end:
                    raise self.failure(error.args[0]) from None
                time.sleep(SLICE)

    def partitions(self, topic: str) -> list[int]:
        """Return a topic's partitions; raises EngineError if it is not there."""
        found = self.brokers(topic).topics[topic]
        if found.error is not None:
            raise self.failure(found.error, topic)
        return sorted(found.partitions)

    def check(self, topic: str) -> None:
        """Raise as `Adapter.check` does, and for Kafka's own: a wrong one stops all groups."""
        super().check(topic)
        if topic.startswith("__"):
            raise EngineError(
                f"Kafka keeps names that begin with __ for its own topics: {topic!r} needs another."
            )

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Make a topic, with 1 partition by default; it then has the broker's replicas."""
        self.check(name)
        check_topic(partitions, None, None)
        if (partitions or 1) > MOST:
            raise EngineError(f"A topic has {MOST:,} partitions at most here, not {partitions:,}.")
        new = NewTopic(name, partitions or 1, -1)
        made = self.admin.create_topics([new], operation_timeout=self.timeout)
        try:
            made[name].result(self.timeout + 1)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self.failure(error.args[0], name) from None
            self._same(name, partitions)
        else:
            self.until(lambda left: self._settled(name, left))

    def _same(self, name: str, partitions: int | None) -> None:
        has = len(self.partitions(name))
        if partitions not in (None, has):
            raise EngineError(f"Topic {name!r} has {has} partitions, not {partitions}.")

    def _settled(self, name: str, left: float) -> None:
        """Raise unless each partition of a new topic has a leader."""
        found = self._asked(name, left).topics[name]
        if found.error or any(each.leader < 0 for each in found.partitions.values()):
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))

    # ── publishing ──────────────────────────────────────────────────────────────────────────────

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Send events in one go; return their positions, as "partition/offset"."""
        bodies = [(event.key and _bytes(event.key), pack(event)) for event in events]
        places: list[str | None] = [None] * len(bodies)
        errors: Errors = []
        produce = self.producer.produce
        for number, (key, body) in enumerate(bodies):
            report = partial(_report, places, number, errors)
            try:
                produce(topic, body, key=key, headers=HEADERS, on_delivery=report)
            except (BufferError, KafkaException):
                self._produce(topic, key, body, report, errors)
        if self.producer.flush(self.timeout):
            self.producer.purge()  # or it might still go out, after we have said that it did not
            self.producer.flush(1)
        if errors or None in places:
            raise self.failure(self._why(topic, errors), topic)
        return places

    def _produce(
        self, topic: str, key: bytes | str | None, body: bytes, report: Any, errors: Errors
    ) -> None:  # fmt: skip
        for _ in range(max(1, int(self.timeout / SLICE))):
            try:
                return self.producer.produce(
                    topic, body, key=key, headers=HEADERS, on_delivery=report
                )
            except BufferError:  # 100,000 messages wait: let some go
                self.producer.poll(SLICE)
            except KafkaException as error:
                return errors.append(error.args[0])
        errors.append(KafkaError(KafkaError._TIMED_OUT_QUEUE))

    def _why(self, topic: str, errors: Errors) -> KafkaError:
        """Return why a message was not taken: librdkafka does not say what it retried."""
        error = errors[0] if errors else KafkaError(KafkaError._MSG_TIMED_OUT)
        if error.code() == KafkaError._MSG_TIMED_OUT:
            with suppress(KafkaException):
                found = self.producer.list_topics(topic, timeout=1.0).topics[topic]
                asked = ConfigResource(ResourceType.TOPIC, topic)
                # A new client: the old one may wait for a controller that is gone.
                admin = AdminClient(self.settings())
                (answer,) = admin.describe_configs([asked], request_timeout=1.0).values()
                least = int(answer.result()["min.insync.replicas"].value)
                if any(len(each.isrs) < least for each in found.partitions.values()):
                    return KafkaError(KafkaError.NOT_ENOUGH_REPLICAS)
        return error

    def shut(self) -> None:
        """Let what waits go out, for a second at most."""
        with suppress(KafkaException):
            self.producer.flush(1)

    # ── sentences ───────────────────────────────────────────────────────────────────────────────

    def failure(self, error: KafkaError, topic: str = "") -> EngineError:
        """Return an error of librdkafka or of a broker as a sentence."""
        code, text = error.code(), error.str()
        if code in REFUSED:
            return self.refused(text)
        if code in AWAY or code in MOVING - UNKNOWN:
            return self.unreachable(text)
        if code in UNKNOWN and topic:
            self.no_topic(topic)
        if code in LARGE:
            return EngineError(
                f"Kafka refused the message for {topic!r}: it is too large ({text}). The default "
                "limit is 1 MB: store the data elsewhere, and publish where it is."
            )
        if code in FEW:
            return EngineError(
                f"Kafka refused to write to {topic!r}: with acks=all it needs min.insync.replicas "
                f"replicas in sync, and there are fewer ({text}). Start the others."
            )
        return EngineError(f"Kafka refused this ({error.name()}): {text}.")


def _bytes(key: str) -> bytes:
    """Return a key's bytes, even of half a character: the event's JSON has it, too."""
    return key.encode("utf-8", "surrogatepass")


def _report(
    places: list[str | None], number: int, errors: Errors, error: Any, message: Any
) -> None:
    if error is None:
        places[number] = f"{message.partition()}/{message.offset()}"
    else:
        errors.append(error)


def event_of(message: Any, topic: str, place: str) -> Event:
    """Return the event of a Kafka message, whoever wrote it; the message's key is the event's."""
    key = key.decode("utf-8", "replace") if (key := message.key()) else None
    body = message.value() or b""
    event = structured(body)
    if event is None:
        headers = {name: value or b"" for name, value in message.headers() or ()}
        event = unpack(body, headers, topic=topic, place=place, key=key)
    return event._replace(key=key) if key and event.key is None else event


def place_of(message: Any) -> str:
    """Return where a message is, as "partition/offset"."""
    return f"{message.partition()}/{message.offset()}"
