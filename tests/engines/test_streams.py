"""Redis streams and NATS JetStream: what both adapters keep beyond the contract."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pubsub_kit import At, Offset
from pubsub_kit.engines import EngineError, connect
from pubsub_kit.engines.servers import Server
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id
from tests.engines.hostile import check_half_a_character, check_partitions
from tests.engines.streams import ENGINES, running

FOREVER = 1e300  # seconds, which no server can count


@pytest.fixture(scope="module", params=ENGINES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as server:
        yield server


@pytest.fixture
def engine(server: Server) -> Iterator[Any]:
    with connect(server.url, wait=0.5) as engine:
        yield engine


@pytest.fixture
def topic(engine: Any) -> str:
    name = f"t{fresh_id()}"
    engine.topic(name)
    return name


# ── names, batches, threads ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["a..b", "A-_.x", "9", "n" * 100])
def test_any_name_of_a_topic_and_a_group_will_do(engine: Any, name: str) -> None:
    engine.topic(name)
    worker = engine.subscribe(name, name, start="earliest")
    engine.publish(name, "tea")
    assert [lent.data for lent in worker.pull(10) if lent.ack()] == ["tea"]


def test_a_topic_with_a_dot_is_another_one(engine: Any, topic: str) -> None:
    engine.topic(f"{topic}.dead")
    worker = engine.subscribe(topic, "billing")
    engine.publish(f"{topic}.dead", "tea")
    assert worker.pull() == []


def test_a_batch_keeps_its_order_and_says_where_each_event_is(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    places = engine.publish_batch(topic, range(1_250))
    lent: list[Any] = []
    while more := worker.pull(500):
        lent += more
        assert [each.ack() for each in more] == [True] * len(more)
    assert [each.data for each in lent] == [*range(1_250)]
    assert [each.position for each in lent] == places


def test_a_pull_returns_no_more_than_was_asked_for_and_loses_none(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish_batch(topic, range(7))
    assert [[lent.data for lent in worker.pull(3)] for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_worker_may_be_used_by_many_threads(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish_batch(topic, range(200))
    seen: list[int] = []

    def work() -> None:
        while lent := worker.pull(3):
            seen.extend(each.data for each in lent if each.ack())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [*range(200)]


def test_an_existing_group_goes_on_whatever_start_is_given(engine: Any, topic: str) -> None:
    engine.publish(topic, "tea")
    engine.subscribe(topic, "billing", start="earliest")
    assert [lent.data for lent in engine.subscribe(topic, "billing").pull(5)] == ["tea"]


# ── replay ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("earliest", [0, 1, 2]), ("latest", []), (Offset(0), [0, 1, 2]), (Offset(2), [2]),
        (Offset(10**30), []), (At(0), [0, 1, 2]), (At(FOREVER), []),
    ],
    ids=["earliest", "latest", "0", "2", "far", "1970", "never"],
)  # fmt: skip
def test_a_group_starts_and_replays_where_it_is_told(
    engine: Any, topic: str, start: Any, due: list[int]
) -> None:
    engine.publish_batch(topic, range(3))
    fresh = engine.subscribe(topic, "fresh", start=start)
    assert [lent.data for lent in fresh.pull(5)] == due
    worker = engine.subscribe(topic, "billing", start="earliest")
    assert [lent.ack() for lent in worker.pull(5)] == [True] * 3
    worker.replay(start)
    assert [(lent.data, lent.attempt) for lent in worker.pull(5)] == [(each, 1) for each in due]


def test_a_replay_forgets_what_is_in_flight(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=0.3)
    engine.publish(topic, "tea")
    (old,) = worker.pull()
    worker.replay("latest")
    assert not old.ack()
    time.sleep(0.4)
    assert worker.pull() == []


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


def test_a_dead_letter_says_where_its_event_is(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", max_deliveries=1)
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    place = engine.publish(topic, "tea", id="o-1")
    assert worker.pull()[0].nack(reason="no such item")
    (letter,) = clerk.pull()
    story = letter.event.extensions
    assert (letter.id, story["deadposition"], story["deadreason"]) == ("o-1", place, "no such item")
    assert (story["deadtopic"], story["deadgroup"]) == (topic, "billing")
    assert worker.pull() == []


def test_a_worker_that_says_nothing_is_buried_for(engine: Any, topic: str) -> None:
    engine.subscribe(topic, "billing", ack_deadline=0.2, max_deliveries=1)
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    worker = engine.subscribe(topic, "billing", ack_deadline=0.2, max_deliveries=1)
    engine.publish(topic, "tea")
    assert worker.pull()
    time.sleep(0.3)
    assert worker.pull() == []
    (letter,) = clerk.pull()
    assert letter.event.extensions["deadreason"] == "the ack deadline passed"


def test_each_group_buries_the_same_event_for_itself(engine: Any, topic: str) -> None:
    groups = "billing", "mail"
    workers = [engine.subscribe(topic, group, max_deliveries=1) for group in groups]
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    engine.publish(topic, "tea")
    for worker in workers:
        assert worker.pull()[0].nack()
    letters = [letter for _ in groups for letter in clerk.pull()]
    assert {letter.event.extensions["deadgroup"] for letter in letters} == {*groups}


# ── what nobody should ask for ──────────────────────────────────────────────────────────────────


def test_a_time_that_no_server_can_count_is_a_very_long_one(server: Server, topic: str) -> None:
    with connect(server.url, timeout=FOREVER) as engine:
        worker = engine.subscribe(topic, "billing", ack_deadline=FOREVER)
        engine.publish(topic, "tea")
        (lent,) = worker.pull(10**300)
        assert lent.extend(FOREVER) or lent.extend(1)
        assert lent.nack(FOREVER)
        assert worker.pull() == []


def test_a_lease_is_extended_by_no_more_than_the_deadline(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=5)
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    with pytest.raises(EngineError, match=r"no lease beyond the ack deadline: extend\(ack_dead"):
        lent.extend(6)
    assert lent.ack()


def test_what_is_no_json_is_refused_and_nothing_is_sent(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    with pytest.raises(Exception, match="JSON"):
        engine.publish_batch(topic, [Event.new("a", 1), {1, 2}])
    assert worker.pull() == []


def test_a_closed_worker_and_a_closed_engine_say_so(server: Server) -> None:
    engine = connect(server.url)
    engine.topic("orders")
    worker = engine.subscribe("orders", "billing")
    worker.close()
    worker.close()
    with pytest.raises(EngineError, match="was closed: subscribe again"):
        worker.pull()
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="was closed: connect again"):
        engine.publish("orders", 1)


# ── odd arguments ───────────────────────────────────────────────────────────────────────────────


def test_half_a_character_travels_as_it_is(engine: Any, topic: str) -> None:
    check_half_a_character(engine, topic)


def test_what_is_no_number_of_partitions_gets_a_sentence(engine: Any, topic: str) -> None:
    check_partitions(engine, topic)
