"""Kafka's share groups: what is special to them, and what goes wrong in which words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pubsub_kit import Offset
from pubsub_kit.broker.starts import At
from pubsub_kit.engines import EngineError, NotSupported, Unreachable, connect
from pubsub_kit.engines.servers import Server
from tests.engines.kafka_server import SOON, broker, made, sdk_reads, sdk_writes

WAIT = 2.0  # seconds that a pull may take: it returns as soon as something is there


def share(server: Server) -> str:
    return server.url.replace("kafka://", "kafka+share://")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with broker(password="secret") as running:
        yield running


@pytest.fixture
def engine(server: Server) -> Iterator[Any]:
    with connect(share(server), wait=WAIT) as connection:
        yield connection


@pytest.fixture
def topic(engine: Any) -> str:
    return made(engine)


def test_the_broker_counts_and_any_worker_may_have_it_next(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea", key="ann")
    (lent,) = worker.pull()
    assert (lent.attempt, lent.position, lent.key) == (1, "0/0", "ann")
    assert lent.nack()
    (again,) = worker.pull()
    assert again.attempt == 2
    assert again.ack()
    assert not again.ack()
    assert worker.pull() == []


def test_a_late_ack_is_refused_by_the_broker(engine: Any, topic: str) -> None:
    slow = engine.subscribe(topic, "billing", ack_deadline=1)
    engine.publish(topic, "tea")
    (late,) = slow.pull()
    time.sleep(1.5)
    heir = engine.subscribe(topic, "billing", ack_deadline=5)
    (lent,) = heir.pull()
    assert lent.attempt == 2
    assert not late.ack()
    assert lent.ack()


def test_one_batch_at_a_time(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=2)
    engine.publish(topic, 0)
    (held,) = worker.pull()
    engine.publish(topic, 1)
    worker.wait = 0.2
    assert worker.pull() == []
    assert held.ack()
    worker.wait = WAIT
    assert [lent.data for lent in worker.pull()] == [1]


def test_a_batch_that_an_interrupt_took_is_redelivered(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    ends = time.monotonic() + 20
    while not list(worker.consumer.poll(0.1)):  # the client has it now, and the worker has not
        assert time.monotonic() < ends
    worker.wait = 20
    (lent,) = worker.pull()
    assert (lent.data, lent.attempt) == ("tea", 2)
    assert lent.ack()


@pytest.mark.parametrize("dead", [None, "dlq.orders"])
def test_who_buries(engine: Any, topic: str, dead: str | None) -> None:
    name = dead and f"{dead}-{topic}"
    worker = engine.subscribe(topic, "billing", max_deliveries=2, dead_letter=name)
    assert worker.buries is (dead is not None)
    clerk = engine.subscribe(name or f"{topic}.dead", "clerks")
    engine.publish(topic, "poison", id="o-1")
    for attempt in (1, 2):
        (lent,) = worker.pull()
        assert lent.attempt == attempt
        assert lent.nack(reason="no such item")
    letters = [*clerk.pull(), *clerk.pull()]
    assert [(letter.data, letter.id) for letter in letters] == [("poison", "o-1")]
    if dead:
        assert dict(letters[0].raw.headers())["__dlq.errors.offset"] == b"0"
    else:
        assert letters[0].event.extensions["deadreason"] == "no such item"


@pytest.mark.parametrize(("start", "due"), [("earliest", [0, 1, 2]), ("latest", [2])])
def test_where_a_new_group_starts(engine: Any, topic: str, start: str, due: list[int]) -> None:
    engine.publish_batch(topic, [0, 1])
    worker = engine.subscribe(topic, "billing", start=start)
    engine.publish(topic, 2)
    seen: list[int] = []
    while lent := worker.pull():
        seen += [each.data for each in lent if each.ack()]
    assert seen == due


def test_what_a_share_group_lacks_is_said(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    calls: list[tuple[Any, str]] = [
        (lambda: lent.extend(5), "no lease to extend"),
        (lambda: lent.nack(5), "no delay"),
        (lambda: worker.replay("earliest"), "no replay"),
        (lambda: engine.subscribe(topic, "new", start=Offset(1)), "no start at an offset"),
        (lambda: engine.subscribe(topic, "new", start=At(0)), "no start at an offset or a time"),
        (lambda: engine.subscribe(topic, "new", ordered=True), "no order"),
    ]
    for call, says in calls:
        with pytest.raises(NotSupported, match=says):
            call()
    assert lent.ack()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"max_deliveries": 10}, "takes max_deliveries from 1 to 9, not 10"),
        ({"max_deliveries": 1, "dead_letter": "dlq.x"}, "from 2 to 10, not 1"),
        ({"ack_deadline": 0.5}, r"share\.record\.lock\.duration\.ms: Value must be at least"),
    ],
)
def test_what_a_share_group_refuses(
    engine: Any, topic: str, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(EngineError, match=says):
        engine.subscribe(topic, "billing", **settings)


def test_cloudevents_go_both_ways(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, {"total": 42}, id="o-1")
    (lent,) = worker.pull()
    assert (sdk_reads(lent.raw).get_id(), sdk_reads(lent.raw).get_data()) == ("o-1", {"total": 42})
    assert lent.ack()
    sdk_writes(engine, topic)
    seen: list[Any] = []
    while more := worker.pull(9):
        seen += [each.data for each in more if each.ack()]
    assert seen == [{"total": 42}, {"total": 42}, {"plain": 1}, b""]


def test_nothing_is_left_once_it_is_closed(server: Server) -> None:
    before = {*threading.enumerate()}
    with connect(share(server)) as engine:
        engine.subscribe(made(engine), "billing")
    assert {*threading.enumerate()} <= before


def test_a_broker_that_dies_before_the_first_ack_loses_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with broker(properties=SOON) as server, connect(share(server), timeout=2) as engine:
        topic = made(engine)
        worker = engine.subscribe(topic, "billing", ack_deadline=2)
        engine.publish_batch(topic, [0, 1, 2])
        held: list[Any] = []
        while not held:
            held = worker.pull()
        server.kill()
        with pytest.raises(Unreachable, match="does not answer"):
            held[0].ack()
        until_unreachable(worker)
        server.start()
        seen: list[int] = []
        end = time.monotonic() + 60
        while {*seen} != {0, 1, 2} and time.monotonic() < end:
            seen += taken(worker)
        assert {*seen} == {0, 1, 2}
        assert not held[0].ack()
    assert capfd.readouterr().err == ""


def until_unreachable(worker: Any) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        [worker.pull() for _ in range(100)]


def taken(worker: Any) -> list[int]:
    try:
        return [lent.data for lent in worker.pull(9) if lent.ack()]
    except Unreachable:
        return []
