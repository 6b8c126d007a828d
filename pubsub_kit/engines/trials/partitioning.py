"""Where a key goes depends on who writes it: two clients with two hashes, on one topic.

librdkafka's default (consistent_random) hashes a key with CRC32, the Java client with murmur2. If
services in both languages write to a topic, most keys are in two of its partitions, and the events
of a key are in no order. So the kit's adapter sets partitioner=murmur2_random.

https://github.com/confluentinc/librdkafka/blob/v2.16.0/CONFIGURATION.md, partitioner
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.log.ids import fresh_id

DEFAULT, JAVA = "consistent_random", "murmur2_random"
WAIT = 10.0  # seconds in which all messages have to be acknowledged


class Places(NamedTuple):
    """For each key: the partition that the default hash gives it, and that of the Java client."""

    keys: tuple[str, ...]
    partitions: int
    default: tuple[int, ...]
    java: tuple[int, ...]
    versions: str = ""

    @property
    def moved(self) -> tuple[str, ...]:
        """The keys that the two put into different partitions."""
        pairs = zip(self.keys, self.default, self.java, strict=True)
        return tuple(key for key, one, other in pairs if one != other)

    def __str__(self) -> str:
        return (
            f"{len(self.moved)} of {len(self.keys)} keys go to another of {self.partitions} "
            f"partitions ({self.versions})"
        )


def two_hashes(url: str, count: int = 1_000, partitions: int = 12) -> Places:
    """Publish `count` keys with both hashes to a new topic, and return where each went."""
    from confluent_kafka import libversion

    keys = tuple(f"customer-{number}" for number in range(count))
    topic = f"hashes-{fresh_id()}"
    with connect(url) as engine:
        engine.topic(topic, partitions)
        default, java = (placed(engine, topic, keys, name) for name in (DEFAULT, JAVA))
    return Places(keys, partitions, default, java, f"librdkafka {libversion()[0]}")


def placed(engine: Any, topic: str, keys: tuple[str, ...], partitioner: str) -> tuple[int, ...]:
    """Publish keys with a partitioner of librdkafka's; return the partition of each."""
    from confluent_kafka import Producer

    producer = Producer(engine.settings(partitioner=partitioner))
    found: dict[str, int] = {}

    def report(key: str, error: Any, message: Any) -> None:
        if error is None:
            found[key] = message.partition()

    for key in keys:
        producer.produce(topic, b"{}", key=key, on_delivery=partial(report, key))
    producer.flush(WAIT)
    if missing := len(keys) - len(found):
        raise EngineError(f"Kafka acknowledged all but {missing} of {len(keys)} keys.")
    return tuple(found[key] for key in keys)
