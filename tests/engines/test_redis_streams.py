"""What is Redis' own: idle times, ids, fields, and whose a delivery is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pubsub_kit import Offset
from pubsub_kit.engines import EngineError, NotSupported, connect
from pubsub_kit.engines.servers import Server, available, start
from pubsub_kit.log.ids import fresh_id

FACT = {"id": "o-1", "source": "/shop", "type": "order.placed"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if (missing := available("redis")) is not None:
        pytest.skip(missing)
    with start("redis") as server:
        yield server


@pytest.fixture
def engine(server: Server) -> Iterator[Any]:
    with connect(server.url, wait=0.1) as engine:
        yield engine


@pytest.fixture
def topic(engine: Any) -> str:
    name = f"t{fresh_id()}"
    engine.topic(name)
    return name


# ── leases ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["nack", "extend"])
def test_only_who_holds_a_message_gives_it_back_or_keeps_it(
    engine: Any, topic: str, verb: str
) -> None:
    lost, heir = (engine.subscribe(topic, "billing", ack_deadline=0.3) for _ in range(2))
    engine.publish(topic, "tea")
    (late,) = lost.pull()
    time.sleep(0.35)
    assert not late.extend(0.1)
    (again,) = heir.pull()
    assert not getattr(late, verb)(0.1)
    assert again.extend(0.3)


def test_a_late_nack_of_the_same_worker_is_refused_too(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=0.2)
    engine.publish(topic, "tea")
    (late,) = worker.pull()
    time.sleep(0.25)
    (again,) = worker.pull()
    assert (again.attempt, late.nack(), again.nack()) == (2, False, True)


def test_a_late_ack_ends_the_lease_of_the_new_holder(engine: Any, topic: str) -> None:
    lost, heir = (engine.subscribe(topic, "billing", ack_deadline=0.2) for _ in range(2))
    engine.publish(topic, "tea")
    (late,) = lost.pull()
    time.sleep(0.25)
    (again,) = heir.pull()
    assert late.ack()
    assert not again.ack()


def test_a_lease_ends_while_another_worker_waits(engine: Any, server: Server, topic: str) -> None:
    with connect(server.url, wait=5) as other:
        engine.subscribe(topic, "billing")
        waiting = other.subscribe(topic, "billing", ack_deadline=0.3)
        engine.publish(topic, "tea")
        assert engine.subscribe(topic, "billing").pull()
        assert [lent.attempt for lent in waiting.pull()] == [2]


def test_a_delay_is_no_longer_than_the_deadline(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=2)
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    with pytest.raises(NotSupported, match="Redis has no delay beyond the ack deadline"):
        lent.nack(3)
    assert lent.nack(2)


def test_ordered_delivery_to_a_group_is_not_supported(engine: Any, topic: str) -> None:
    with pytest.raises(
        NotSupported, match="Redis has no order of a key: a stream is in order, but"
    ):
        engine.subscribe(topic, "billing", ordered=True)


def test_a_worker_that_leaves_takes_its_consumer_along_and_loses_nothing(
    engine: Any, topic: str
) -> None:
    leaves, stays = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    engine.publish_batch(topic, range(1_100))
    assert sum(len(leaves.pull(600)) for _ in range(2)) == 1_100
    leaves.close()
    names = {each["name"] for each in engine.client.xinfo_consumers(topic, "billing")}
    assert leaves.name.encode() not in names
    assert sum(len(stays.pull(600)) for _ in range(2)) == 1_100


# ── positions ───────────────────────────────────────────────────────────────────────────────────


def test_an_offset_counts_what_the_stream_no_longer_has(engine: Any, topic: str) -> None:
    engine.publish_batch(topic, range(10))
    engine.client.xtrim(topic, maxlen=4, approximate=False)
    worker = engine.subscribe(topic, "billing", start=Offset(8))
    assert [lent.data for lent in worker.pull(9)] == [8, 9]
    worker.replay(Offset(2))  # trimmed: the first that is there
    assert [lent.data for lent in worker.pull(9)] == [6, 7, 8, 9]


def test_a_message_that_was_trimmed_is_not_redelivered(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=0.2)
    engine.publish(topic, "tea")
    assert worker.pull()
    engine.client.xtrim(topic, maxlen=0, approximate=False)
    time.sleep(0.25)
    assert worker.pull() == []


# ── messages ────────────────────────────────────────────────────────────────────────────────────


def test_the_sdk_reads_what_we_wrote(engine: Any, topic: str) -> None:
    engine.publish(topic, {"total": 42}, key="ann", type="order.placed", id="o-1", source="/shop")
    ((_, fields),) = engine.client.xrange(topic)
    assert fields[b"content-type"] == b"application/cloudevents+json"
    event = JSONFormat().read(None, fields[b"data"])
    assert (event.get_id(), event.get_type(), event.get_data()) == (
        "o-1", "order.placed", {"total": 42},
    )  # fmt: skip


def test_we_read_what_the_sdk_wrote(engine: Any, topic: str) -> None:
    event = CloudEvent({**FACT}, {"total": 42})
    for message in (
        http.to_binary(event, JSONFormat()), http.to_structured(event, JSONFormat()),
    ):  # fmt: skip
        engine.client.xadd(topic, {**message.headers, "data": message.body})
    for lent in engine.subscribe(topic, "billing", start="earliest").pull(2):
        read = lent.event
        assert ({"id": read.id, "source": read.source, "type": read.type}, read.data) == (
            FACT, {"total": 42},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"total": "42", "who": "ann"}, {"total": "42", "who": "ann"}),
        ({"data": '{"total": 42}'}, {"total": 42}),
        ({"data": "tea", "content-type": "text/plain"}, "tea"),
        ({"data": "tea", "who": "ann"}, {"data": "tea", "who": "ann"}),
        ({"data": b"\xff"}, b"\xff"),
        ({b"\xff": b"\xff"}, {"\\xff": "\\xff"}),
    ],
    ids=["fields", "json", "text", "data and fields", "bytes", "bytes as fields"],
)
def test_a_message_of_somebody_else_is_delivered(
    engine: Any, topic: str, fields: Any, data: object
) -> None:
    place = engine.client.xadd(topic, fields).decode()
    (lent,) = engine.subscribe(topic, "billing", start="earliest").pull()
    assert (lent.data, lent.id, lent.event.type) == (data, place, topic)


# ── errors ──────────────────────────────────────────────────────────────────────────────────────


def test_a_key_that_is_no_stream_is_told(engine: Any) -> None:
    engine.client.set("counter", 1)
    for call in (engine.topic, lambda name: engine.publish(name, 1)):
        with pytest.raises(EngineError, match="'counter' is no stream: choose another name"):
            call("counter")


def test_a_topic_that_was_deleted_is_told(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.client.delete(topic)
    with pytest.raises(EngineError, match=r"lost the topic .* or its group: subscribe again"):
        worker.pull()
    with pytest.raises(EngineError, match="makes it"):
        engine.publish(topic, 1)
    worker.close()


def test_what_the_server_refuses_is_said_in_its_words(engine: Any, topic: str) -> None:
    engine.client.config_set("maxmemory", "1")
    try:
        with pytest.raises(EngineError, match=r"Redis refused \(.*'maxmemory'"):
            engine.publish_batch(topic, [1, 2])
    finally:
        engine.client.config_set("maxmemory", "0")


def test_a_message_may_be_too_large(
    engine: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pubsub_kit.engines.redis_streams.LARGEST", 1_000)
    with pytest.raises(EngineError, match="at most 1,000 bytes"):
        engine.publish(topic, "x" * 1_000)


def test_a_database_has_a_number(server: Server) -> None:
    with connect(f"{server.url}/1") as second, connect(server.url) as first:
        second.topic("only-there")
        with pytest.raises(EngineError, match="has no topic 'only-there'"):
            first.publish("only-there", 1)
    with pytest.raises(EngineError, match="Redis numbers its databases"):
        connect(f"{server.url}/orders")
    with pytest.raises(EngineError, match="Redis refused"):
        connect(f"{server.url}/999")
