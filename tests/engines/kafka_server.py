"""A Kafka broker for a module of tests, and names that no other test has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pubsub_kit.engines.servers import Server, available, start
from pubsub_kit.log.ids import fresh_id

FACT = {"id": "o-1", "source": "/shop", "type": "order.placed", "partitionkey": "ann"}

#: A broker that was killed may register again as soon as the old one counts as dead.
SOON = {"broker.session.timeout.ms": "1000", "broker.heartbeat.interval.ms": "200"}


@contextmanager
def broker(**options: Any) -> Iterator[Server]:
    if sentence := available("kafka"):
        pytest.skip(sentence)
    with start("kafka", **options) as running:
        yield running


def made(engine: Any, partitions: int | None = None) -> str:
    """Make a topic that no other test has."""
    name = f"orders-{fresh_id()}"
    engine.topic(name, partitions)
    return name


def sdk_reads(message: Any) -> Any:
    """Let the SDK of CloudEvents read a message as it is in the log."""
    headers = dict(message.headers())
    return from_kafka(KafkaMessage(headers, message.key(), message.value()), JSONFormat())


def sdk_writes(engine: Any, topic: str) -> None:
    """Let the SDK write an event in both modes, and one that is no CloudEvent."""
    event = CloudEvent({**FACT}, {"total": 42})
    for message in (to_binary(event, JSONFormat()), to_structured(event, JSONFormat())):
        engine.producer.produce(
            topic, message.value, message.key, headers=[*message.headers.items()]
        )
    engine.producer.produce(topic, b'{"plain": 1}', "bob")
    engine.producer.produce(topic, None, b"\xff")
    engine.producer.flush(5)
