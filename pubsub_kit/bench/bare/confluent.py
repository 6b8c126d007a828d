"""confluent-kafka: a producer with acks=all, and a consumer of either kind of group."""

from __future__ import annotations

from typing import Any

from pubsub_kit.bench.bare.client import CONTENT_TYPE, WAIT, Bare, Fields, read, written
from pubsub_kit.engines.address import address_of


class Confluent(Bare):
    """A producer, and a member of a consumer group that commits once for each batch."""

    def __init__(self, url: str) -> None:
        from confluent_kafka import Producer
        from confluent_kafka.admin import AdminClient

        address = address_of(url)
        self.known: dict[str, Any] = {"bootstrap.servers": address.at(9092), "log_level": 0}
        self.producer: Any = Producer({
            **self.known, "acks": "all", "enable.idempotence": True,
        })  # fmt: skip
        self.admin: Any = AdminClient(self.known)
        self.failed: list[Any] = []

    def topic(self, name: str) -> None:
        """Make a topic of one partition."""
        from confluent_kafka.cimpl import NewTopic

        self.name = name
        self.admin.create_topics([NewTopic(name, 1, -1)])[name].result(30)
        self.producer.list_topics(name, timeout=30)

    def join(self) -> None:
        """Subscribe, and wait for the partition."""
        from confluent_kafka import Consumer

        self.worker: Any = Consumer({
            **self.known, "group.id": f"{self.name}/bench", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "fetch.wait.max.ms": 100,
        })  # fmt: skip
        self.worker.subscribe([self.name])
        while not self.worker.assignment():
            self.worker.poll(0.05)

    def publish(self, items: list[Fields]) -> None:
        """Produce, and flush."""
        headers = [("content-type", CONTENT_TYPE)]
        for each in items:
            self.producer.produce(
                self.name, written(each), headers=headers, on_delivery=self._reported
            )
        if self.producer.flush(30) or self.failed:
            raise AssertionError(f"Kafka did not take {self.failed or items}")

    def _reported(self, error: Any, message: Any) -> None:
        if error is not None:
            self.failed.append(error)

    def pull(self, n: int) -> list[Any]:
        """Poll for the first, and take what is there: consume(n) would wait until it has n."""
        if (first := self.worker.poll(WAIT)) is None:
            return []
        return [_read(each) for each in (first, *self.worker.consume(n - 1, 0))]

    def ack(self, deliveries: list[Any]) -> None:
        """Commit after the last one."""
        self.worker.commit(message=deliveries[-1][0], asynchronous=False)

    def leave(self) -> None:
        """Leave the group."""
        self.worker.close()

    def close(self) -> None:
        """Let go of the producer, whose messages are all out."""
        self.producer.flush(1)


def _read(message: Any) -> tuple[Any, Fields]:
    """Return a message and its fields; an error comes as a message, too."""
    if message.error() is not None:
        raise AssertionError(f"Kafka said {message.error()}")
    return message, read(message.value())


class ConfluentShare(Confluent):
    """A producer, and a member of a share group."""

    def join(self) -> None:
        """Subscribe, and wait until the group's start is settled."""
        from confluent_kafka import ShareConsumer
        from confluent_kafka.admin import (  # type: ignore[attr-defined]
            AlterConfigOpType,
            ConfigEntry,
            ConfigResource,
            ResourceType,
        )

        group = f"{self.name}/bench"
        start = ConfigEntry(
            "share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET
        )
        resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=[start])
        for done in self.admin.incremental_alter_configs([resource]).values():
            done.result(30)
        self.worker = ShareConsumer({
            **self.known, "group.id": group, "share.acknowledgement.mode": "explicit",
            "fetch.wait.max.ms": 100,
        })  # fmt: skip
        self.worker.subscribe([self.name])
        for _ in range(10):
            self.worker.poll(0.1)

    def pull(self, n: int) -> list[Any]:
        """Poll until a batch comes."""
        batch: list[Any] = []
        while not batch:
            batch = list(self.worker.poll(0.05))
        return [_read(message) for message in batch]

    def ack(self, deliveries: list[Any]) -> None:
        """Accept each, and commit."""
        from confluent_kafka import AcknowledgeType

        for message, _ in deliveries:
            self.worker.acknowledge(message, AcknowledgeType.ACCEPT)
        if any(self.worker.commit_sync(30.0).values()):
            raise AssertionError("Kafka refused an ack")
