"""Google Pub/Sub, by pstest: what is special to it, and what goes wrong in which words."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from google.pubsub_v1 import types

from pubsub_kit import Consumer, Offset
from pubsub_kit.broker.starts import At
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.google_pubsub import CHUNK, escaped, requests_of
from pubsub_kit.engines.protocol import EngineError, NotSupported, Unreachable
from pubsub_kit.engines.servers import Server, available, start
from pubsub_kit.log.ids import fresh_id
from tests.engines.hostile import check_half_a_character, check_partitions


def emulator() -> Server:
    if missing := available("pubsub"):
        pytest.skip(missing)
    return start("pubsub")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with emulator() as running:
        yield running


@pytest.fixture
def engine(server: Server) -> Iterator[Any]:
    with connect(server.url) as connection:
        yield connection


@pytest.fixture
def topic(engine: Any) -> str:
    name = f"orders.{fresh_id()}"
    engine.topic(name)
    return name


def gathered(worker: Any, count: int) -> list[Any]:
    """Pull until so many came."""
    taken: list[Any] = []

    def pulled() -> bool:
        taken.extend(worker.pull(count - len(taken)))
        return len(taken) == count

    until(pulled)
    return taken


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "It never came."
        time.sleep(0.02)


def raw(engine: Any, topic: str, **message: Any) -> None:
    """Publish a message as others may write it."""
    path = engine.path("topics", escaped(topic))
    request = types.PublishRequest(topic=path, messages=[types.PubsubMessage(**message)])
    engine.publisher.publish(request, retry=None, timeout=5)


# ── topics and groups ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["a", "go", "google.orders", "9-_", "_orders", "x" * 100])
def test_each_name_can_be_a_topic(engine: Any, name: str) -> None:
    assert (escaped(name) == name) == (len(name) == 100)
    engine.topic(name)
    engine.topic(name, 4)
    worker = engine.subscribe(name, "g" * 100)
    engine.publish(name, "tea")
    assert [(lent.data, lent.position, lent.attempt) for lent in worker.pull()] == [
        ("tea", None, None)
    ]


def test_a_batch_is_cut_into_requests_that_are_small_enough(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    assert engine.publish_batch(topic, ["x" * 1_500_000, "y" * 1_500_000, "z"]) == [None] * 3
    assert len(gathered(worker, 3)) == 3
    small = [types.PubsubMessage(data=b"x")] * (CHUNK + 1)
    assert [len(batch) for batch in requests_of(small)] == [CHUNK, 1]


def test_an_ordered_group_gets_the_next_of_a_key_after_an_ack(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ordered=True)
    for number in range(6):
        engine.publish(topic, number, key=("ann", "bob")[number % 2])
    seen = []
    for _ in range(3):
        taken = worker.pull(10)
        assert {lent.key for lent in taken} == {"ann", "bob"}
        seen += sorted(lent.data for lent in taken if lent.ack())
    assert seen == [*range(6)]


def test_a_group_keeps_its_settings(engine: Any, topic: str) -> None:
    engine.subscribe(topic, "billing")
    engine.subscribe(topic, "billing", start="earliest")
    with pytest.raises(EngineError, match=r"other settings \(ordered\)"):
        engine.subscribe(topic, "billing", ordered=True)
    with pytest.raises(EngineError, match=r"other settings \(max_deliveries\)"):
        engine.subscribe(topic, "billing", max_deliveries=5)


# ── leases ──────────────────────────────────────────────────────────────────────────────────────


def test_a_lease_may_be_shorter_than_a_subscriptions(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=1)
    engine.publish(topic, "tea")
    (late,) = worker.pull()
    (again,) = gathered(worker, 1)
    assert late.ack(), "Pub/Sub does not say that it was late."
    assert again.ack()


def test_a_worker_that_leaves_gives_back_what_it_held(engine: Any, topic: str) -> None:
    worker, other = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    engine.publish_batch(topic, range(3))
    taken = gathered(worker, 3)
    assert taken[0].ack()
    worker.close()
    rest = gathered(other, 2)
    assert {lent.data for lent in rest} == {lent.data for lent in taken[1:]}


def test_no_lease_and_no_delay_is_longer_than_ten_minutes(engine: Any, topic: str) -> None:
    with pytest.raises(NotSupported, match=r"no lease so long: .* 600 s"):
        engine.subscribe(topic, "billing", ack_deadline=601)
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    with pytest.raises(NotSupported, match="no lease so long"):
        lent.extend(601)
    with pytest.raises(NotSupported, match="no delay so long"):
        lent.nack(delay=601)
    assert lent.ack()


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


def test_a_dead_letter_is_one_dead_letter(engine: Any, topic: str) -> None:
    """pstest alone would bury it again at each pull."""
    worker = engine.subscribe(topic, "billing", max_deliveries=5)
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    engine.publish(topic, "poison", id="o-1")
    attempts = []
    while taken := worker.pull():
        attempts.append(taken[0].attempt)
        taken[0].nack(reason="no such item")
    assert attempts == [1, 2, 3, 4, 5]
    (letter,) = clerk.pull(10)
    assert (letter.id, letter.event.extensions["deadreason"]) == ("o-1", "no such item")
    assert letter.ack()
    assert clerk.pull(10) == []


@pytest.mark.parametrize("most", [1, 4, 101])
def test_a_policy_takes_five_to_a_hundred_attempts(engine: Any, topic: str, most: int) -> None:
    with pytest.raises(NotSupported, match="policy takes 5 to 100"):
        engine.subscribe(topic, "billing", max_deliveries=most)


# ── what it has not got ─────────────────────────────────────────────────────────────────────────


def test_an_emulator_is_spared_a_seek(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    for start_ in ("earliest", "latest", At(0)):
        with pytest.raises(NotSupported, match="pstest ends at the first pull after a seek"):
            worker.replay(start_)
    with pytest.raises(NotSupported, match="there are no positions"):
        worker.replay(Offset(3))
    with pytest.raises(NotSupported, match="no late subscriber"):
        engine.subscribe(topic, "audit", start="earliest")


# ── CloudEvents ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore:The return_immediately flag")
def test_the_sdk_reads_what_was_sent(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "sdk")
    engine.publish(topic, {"total": 42}, key="ann", id="o-1", source="shop")
    request = types.PullRequest(subscription=worker.path, max_messages=1, return_immediately=True)
    (got,) = engine.subscriber.pull(request, retry=None, timeout=5).received_messages
    event = JSONFormat().read(CloudEvent, got.message.data)
    assert (event.get_id(), event.get_source(), event.get_data()) == ("o-1", "shop", {"total": 42})
    assert got.message.attributes["content-type"] == "application/cloudevents+json"
    assert got.message.ordering_key == "ann"


def test_what_others_write_is_read(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    names = {"specversion": "1.0", "type": "order.placed", "source": "shop", "id": "o-2"}
    binary = {f"ce-{name}": value for name, value in names.items()}
    raw(
        engine,
        topic,
        data=b'{"total":42}',
        attributes={"content-type": "application/json"} | binary,
    )
    (lent,) = worker.pull()
    assert (lent.id, lent.event.source, lent.data) == ("o-2", "shop", {"total": 42})
    raw(engine, topic, data=b"\xff tea", ordering_key="ann")
    (lent,) = worker.pull()
    assert (lent.data, lent.key, lent.event.source) == (
        b"\xff tea", "ann", f"not-cloudevents:{topic}"
    )  # fmt: skip


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────


def test_errors_are_sentences(engine: Any, topic: str, monkeypatch: Any) -> None:
    with pytest.raises(EngineError, match="Google Pub/Sub has no topic 'nope'"):
        engine.publish("nope", "tea")
    with pytest.raises(EngineError, match="Google Pub/Sub has no topic 'nope'"):
        engine.subscribe("nope", "billing")
    with pytest.raises(EngineError, match=r"refused this: .* larger than max"):
        engine.publish(topic, "x" * 5_000_000)
    with pytest.raises(EngineError, match="needs a project"):
        connect("pubsub://")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    with pytest.raises(EngineError, match="refused your credentials"):
        connect("pubsub:///shop")
    with pytest.raises(Unreachable, match="does not answer"):
        connect("pubsub://127.0.0.1:1/shop")


def test_a_server_that_hangs_is_unreachable_and_then_goes_on(server: Server, topic: str) -> None:
    with connect(server.url, timeout=0.5) as engine:
        worker = engine.subscribe(topic, "billing")
        server.pause()
        for verb in (lambda: engine.publish(topic, "jam"), worker.pull):
            with pytest.raises(Unreachable, match="Deadline Exceeded"):
                verb()
        server.resume()
        late = engine.subscribe(topic, "late")
        engine.publish(topic, "tea")
        until(lambda: "tea" in [lent.data for lent in late.pull()])


def test_a_server_that_dies_and_comes_back_has_forgotten_all(caplog: Any) -> None:
    with emulator() as server, connect(server.url) as engine:
        engine.topic("orders")
        worker = engine.subscribe("orders", "billing")
        engine.publish("orders", "tea")
        (held,) = worker.pull()
        consumer = Consumer(engine.subscribe("orders", "mail"), lambda lent: None).run_in_thread()
        server.kill()
        until(lambda: "goes on trying" in caplog.text)
        for verb in (held.ack, worker.pull, lambda: engine.publish("orders", "jam")):
            with pytest.raises(Unreachable):
                verb()
        server.start()
        with pytest.raises(EngineError, match="has no topic 'orders'"):
            engine.publish("orders", "jam")
        with pytest.raises(EngineError, match="no subscription of the group 'billing'"):
            worker.pull()
        until(lambda: not consumer.running)
        with pytest.raises(EngineError, match="no subscription of the group 'mail'"):
            consumer.stop()


@pytest.mark.filterwarnings("error")
def test_nothing_is_left_after_close(server: Server, topic: str) -> None:
    before = {*threading.enumerate()}
    engine = connect(server.url)
    worker = engine.subscribe(topic, "billing")
    worker.pull()
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="was closed"):
        worker.pull()
    del engine, worker
    gc.collect()
    assert {*threading.enumerate()} <= before


# ── odd arguments ───────────────────────────────────────────────────────────────────────────────


def test_half_a_character_travels_as_it_is(engine: Any, topic: str) -> None:
    check_half_a_character(engine, topic)


def test_what_is_no_number_of_partitions_gets_a_sentence(engine: Any, topic: str) -> None:
    check_partitions(engine, topic)
