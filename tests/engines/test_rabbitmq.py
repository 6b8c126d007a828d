"""RabbitMQ: what is special to it, and what goes wrong in which words."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from cloudevents.core.bindings import amqp, rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pubsub_kit import Consumer, Offset
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At
from pubsub_kit.engines import rabbitmq_link
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import EngineError, NotSupported, Unreachable
from pubsub_kit.engines.rabbitmq import exchange_of, options_of
from pubsub_kit.engines.servers import Server, available, start
from pubsub_kit.log.ids import fresh_id
from tests.engines.hostile import check_half_a_character, check_partitions

SETTLES = 2.0  # seconds after which a new quorum queue survives a kill: RabbitMQ 3.10 needs some


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if missing := available("rabbitmq"):
        pytest.skip(missing)
    with start("rabbitmq") as running:
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


@pytest.fixture
def channel(server: Server) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(server.url))
    yield connection.channel()
    connection.close()


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "It never came."
        time.sleep(0.02)


def once_it_answers(call: Callable[[], Any]) -> Any:
    """Say a verb again while the server is not back yet."""
    ends = time.monotonic() + 60
    while True:
        try:
            return call()
        except Unreachable:
            assert time.monotonic() < ends
            time.sleep(0.2)


# ── topics and groups ───────────────────────────────────────────────────────────────────────────


def test_what_no_group_is_bound_to_receive_is_counted(engine: Any, topic: str) -> None:
    engine.publish(topic, "unheard")
    assert engine.unrouted == 1
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "heard")
    assert (engine.unrouted, [lent.data for lent in worker.pull(10)]) == (1, ["heard"])


def test_a_batch_is_confirmed_as_a_whole_and_kept_in_order(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    assert engine.publish_batch(topic, range(1200)) == [None] * 1200
    seen: list[int] = []
    while taken := worker.pull(500):
        seen += [lent.data for lent in taken]
        assert all(lent.ack() for lent in taken)
    assert seen == [*range(1200)]


def test_a_name_that_rabbitmq_keeps_for_itself_is_escaped(engine: Any) -> None:
    assert [exchange_of(name) for name in ("amq.topic", "orders")] == ["~amq.topic", "orders"]
    engine.topic("amq.topic")
    worker = engine.subscribe("amq.topic", "billing")
    engine.publish("amq.topic", "tea")
    (lent,) = worker.pull()
    assert (lent.data, lent.position) == ("tea", None)


def test_a_group_keeps_its_settings(engine: Any, topic: str) -> None:
    engine.subscribe(topic, "billing", max_deliveries=3)
    engine.subscribe(topic, "billing", max_deliveries=3, start="earliest")
    with pytest.raises(EngineError, match=r"has the group 'billing' of .* with other settings"):
        engine.subscribe(topic, "billing", max_deliveries=4)


def test_an_exchange_of_another_kind_is_no_topic(engine: Any, channel: Any) -> None:
    name = f"direct.{fresh_id()}"
    channel.exchange_declare(name, "direct", durable=True)
    with pytest.raises(EngineError, match=r"has an exchange .* with other settings"):
        engine.topic(name)


def test_without_max_deliveries_version_4_must_not_drop_what_comes_back_often() -> None:
    plain = Settings().filled("orders")
    assert "x-delivery-limit" not in options_of(plain, (3, 10, 8))
    assert options_of(plain, (4, 0, 0))["x-delivery-limit"] == -1


# ── what a worker holds ─────────────────────────────────────────────────────────────────────────


def test_a_worker_holds_no_more_than_what_it_pulled(engine: Any, topic: str) -> None:
    one, other = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    assert one.pull() == []
    engine.publish_batch(topic, range(30))
    assert len(one.pull(20)) == 20
    assert [lent.attempt for lent in other.pull(20)] == [1] * 10


def test_workers_that_pull_all_the_time_lose_no_delivery(server: Server, topic: str) -> None:
    """A consumer that is cancelled while it is sent something would cost an attempt."""
    handled: list[tuple[int, int]] = []
    done = threading.Event()

    def work(worker: Any, n: int) -> None:
        while not done.is_set():
            for lent in worker.pull(n):
                handled.append((lent.data, lent.attempt))
                lent.ack()

    with connect(server.url, wait=0.005) as engine:
        workers = [engine.subscribe(topic, "billing", max_deliveries=1) for _ in range(3)]
        pulls = zip(workers, (1, 7, 50), strict=True)
        crew = [threading.Thread(target=work, args=pull) for pull in pulls]
        for thread in crew:
            thread.start()
        for first in range(0, 400, 40):
            engine.publish_batch(topic, range(first, first + 40))
        until(lambda: len(handled) >= 400)
        done.set()
        for thread in crew:
            thread.join()
    assert sorted(handled) == [(n, 1) for n in range(400)]


def test_what_a_worker_held_comes_again_when_it_leaves(engine: Any, topic: str) -> None:
    worker, other = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (held,) = worker.pull()
    worker.close()
    assert (held.revoked, held.ack()) == (True, False)
    assert [lent.attempt for lent in other.pull()] == [2]


def test_an_ordered_group_has_one_active_worker(engine: Any, topic: str) -> None:
    first = engine.subscribe(topic, "billing", ordered=True)
    second = engine.subscribe(topic, "billing", ordered=True)
    engine.publish_batch(topic, range(3))
    (held,) = first.pull(3)
    assert second.pull() == []
    held.nack()
    (again,) = first.pull()
    assert (again.data, again.attempt) == (0, 2)
    assert again.ack()
    first.close()
    rest: list[int] = []

    def taken_over() -> bool:
        rest.extend(lent.data for lent in second.pull() if lent.ack())
        return sorted(rest) == [1, 2]  # in which order is up to RabbitMQ's takeover

    until(taken_over)


def test_a_deleted_queue_is_named(engine: Any, topic: str, channel: Any) -> None:
    worker = engine.subscribe(topic, "billing")
    channel.queue_delete(f"{topic}:billing")
    with pytest.raises(EngineError, match="no queue of the group 'billing' any more"):
        worker.pull()


def test_a_slow_handler_costs_no_connection(server: Server, topic: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(rabbitmq_link, "HEARTBEAT", 1)
    with connect(server.url) as engine:
        worker = engine.subscribe(topic, "billing")
        engine.publish(topic, "tea")
        (lent,) = worker.pull()
        wire = engine.link.wire()
        time.sleep(3.5)  # more than two heartbeats, after which either side hangs up
        assert lent.ack()
        assert engine.link.wire() is wire


def test_a_worker_that_waits_can_be_closed(server: Server, topic: str) -> None:
    with connect(server.url, wait=60) as engine:
        for ordered in (False, True):
            worker = engine.subscribe(topic, f"ordered-{ordered}", ordered=ordered)
            waiting = threading.Thread(target=worker.pull)
            waiting.start()
            time.sleep(0.1)
            worker.close()
            waiting.join(10)
            assert not waiting.is_alive()


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


def test_a_dead_letter_says_what_rabbitmq_says(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", max_deliveries=2)
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    engine.publish(topic, "poison", id="o-1")
    for attempt in (1, 2):
        (lent,) = worker.pull()
        assert lent.attempt == attempt
        lent.nack(reason="no such item")
    assert worker.pull() == []
    letter: list[Any] = []
    until(lambda: [*map(letter.append, clerk.pull())])
    assert (letter[0].id, letter[0].data) == ("o-1", "poison")
    story = {"deadreason": "delivery_limit", "deadtopic": topic, "deadgroup": "billing"}
    assert letter[0].event.extensions == story


# ── what it has not got ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("later", ["earliest", Offset(0), At(0)])
def test_there_is_no_log(engine: Any, topic: str, later: Any) -> None:
    with pytest.raises(NotSupported, match=r"no late subscriber: .* a stream"):
        engine.subscribe(topic, "audit", start=later)
    worker = engine.subscribe(topic, "billing")
    with pytest.raises(NotSupported, match=r"no replay: .* a stream"):
        worker.replay(later)


def test_there_is_no_delay_and_no_lease(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    with pytest.raises(NotSupported, match="no delay: a retry queue with a TTL"):
        lent.nack(delay=5)
    with pytest.raises(NotSupported, match=r"no lease to extend: .* until the worker's channel"):
        lent.extend(5)
    assert lent.ack()


# ── CloudEvents ─────────────────────────────────────────────────────────────────────────────────


def test_the_sdk_reads_what_was_sent(engine: Any, topic: str, channel: Any) -> None:
    engine.subscribe(topic, "sdk")
    engine.publish(topic, {"total": 42}, key="ann", id="o-1", source="shop")
    _, properties, body = channel.basic_get(f"{topic}:sdk", auto_ack=True)
    message = rabbitmq.RabbitMQMessage({}, properties.content_type, body)
    event = rabbitmq.from_rabbitmq_event(message)
    assert (event.get_id(), event.get_source(), event.get_data()) == ("o-1", "shop", {"total": 42})
    assert (event.get_extension("partitionkey"), properties.delivery_mode) == ("ann", 2)


def test_what_the_sdk_writes_in_binary_mode_is_read(engine: Any, topic: str, channel: Any) -> None:
    worker = engine.subscribe(topic, "billing")
    sent = CloudEvent({"type": "order.placed", "source": "shop", "id": "o-2"}, {"total": 42})
    assert (written := sent.get_time()) is not None
    theirs, plain = rabbitmq.to_binary(sent, JSONFormat()), amqp.to_binary(sent, JSONFormat())
    for headers, kind, body in (
        (theirs.headers, theirs.content_type, theirs.body),
        (plain.application_properties, "application/json", plain.application_data),
    ):
        properties = pika.BasicProperties(headers=dict(headers), content_type=kind)
        channel.basic_publish(topic, "", body, properties)
        (lent,) = worker.pull()
        assert (lent.id, lent.event.source, lent.data) == ("o-2", "shop", {"total": 42})
        assert abs(lent.event.time - written.timestamp()) < 0.001
        lent.ack()


def test_a_message_that_is_no_cloudevent_is_delivered(
    engine: Any, topic: str, channel: Any
) -> None:
    worker = engine.subscribe(topic, "billing")
    channel.basic_publish(topic, "", b"\xff tea", pika.BasicProperties(message_id="m-1"))
    (lent,) = worker.pull()
    assert (lent.id, lent.data, lent.attempt) == ("m-1", b"\xff tea", 1)


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────


def test_errors_are_sentences(server: Server, engine: Any) -> None:
    with pytest.raises(EngineError, match="RabbitMQ has no topic 'nope'"):
        engine.publish("nope", "tea")
    with pytest.raises(EngineError, match="RabbitMQ has no topic 'nope'"):
        engine.subscribe("nope", "billing")
    with pytest.raises(EngineError, match="refused the user or password"):
        connect(server.url.replace(":guest@", ":wrong@"))
    with pytest.raises(EngineError, match="has no virtual host 'nope' for 'guest'"):
        connect(f"{server.url}/nope")
    with pytest.raises(Unreachable, match="does not answer"):
        connect("amqp://127.0.0.1:1")


def test_a_message_that_is_too_large_is_refused(engine: Any, topic: str) -> None:
    line = engine.link.wire().line()
    line.confirm()
    says = pytest.raises(EngineError, match=r"RabbitMQ refused this: .*size")
    with says, engine.link.sentences(topic):
        line.publish(topic, [bytes(135_000_000)], None)
    engine.publish(topic, "and the connection goes on")


def test_a_server_that_hangs_is_unreachable_and_then_goes_on(server: Server, topic: str) -> None:
    with connect(server.url, timeout=0.5) as engine:
        worker = engine.subscribe(topic, "billing")
        engine.publish(topic, "tea")
        (held,) = worker.pull()
        server.pause()
        for verb in (lambda: engine.publish(topic, "jam"), worker.pull):
            with pytest.raises(Unreachable, match="no answer within"):
                verb()
        server.resume()
        until(lambda: "tea" in [lent.data for lent in once_it_answers(worker.pull)])
        assert not held.ack()


def test_a_server_that_dies_and_comes_back_has_lost_nothing(caplog: Any) -> None:
    if missing := available("rabbitmq"):
        pytest.skip(missing)
    with start("rabbitmq") as server, connect(server.url) as engine:
        engine.topic("orders")
        handled: list[Any] = []
        worker = engine.subscribe("orders", "billing")
        other = engine.subscribe("orders", "mail")
        engine.publish("orders", "tea")
        (held,) = other.pull()
        with Consumer(worker, lambda lent: handled.append(lent.data)).run_in_thread():
            until(lambda: handled == ["tea"])
            time.sleep(SETTLES)
            server.kill()
            until(lambda: "goes on trying" in caplog.text)
            with pytest.raises(Unreachable):
                engine.publish("orders", "lost")
            assert not held.ack()
            server.start()
            once_it_answers(lambda: engine.publish("orders", "jam"))
            until(lambda: "jam" in handled)
        again = once_it_answers(lambda: other.pull(10))
        assert "tea" in [lent.data for lent in again]
    assert caplog.text.count("goes on trying") == 1


@pytest.mark.filterwarnings(
    "error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning"
)
def test_nothing_is_left_after_close(server: Server, topic: str) -> None:
    before = {*threading.enumerate()}
    engine = connect(server.url)
    worker = engine.subscribe(topic, "billing")
    worker.pull()
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="was closed"):
        worker.pull()
    with pytest.raises(EngineError, match="was closed"):
        engine.publish(topic, "tea")
    del engine, worker
    gc.collect()
    assert {*threading.enumerate()} <= before


# ── odd arguments ───────────────────────────────────────────────────────────────────────────────


def test_half_a_character_travels_as_it_is(engine: Any, topic: str) -> None:
    check_half_a_character(engine, topic)


def test_what_is_no_number_of_partitions_gets_a_sentence(engine: Any, topic: str) -> None:
    check_partitions(engine, topic)


def test_who_waits_for_a_connection_in_vain_does_not_try_again(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Any] = []
    said: list[str] = []
    gate = threading.Event()

    def in_vain(*given: Any) -> None:
        tries.append(given)
        gate.wait(10)
        raise TimeoutError("no answer")

    def ask() -> None:
        try:
            engine.link.wire()
        except TimeoutError as error:
            said.append(str(error))

    engine.link.close()
    monkeypatch.setattr(rabbitmq_link, "Wire", in_vain)
    both = [threading.Thread(target=ask) for _ in range(2)]
    for each in both:
        each.start()
    until(lambda: tries)
    time.sleep(0.5)  # until the second waits for the first
    gate.set()
    for each in both:
        each.join()
    assert (len(tries), said) == (1, ["no answer"] * 2)
