"""Kafka's consumer groups: what is special to them, and what goes wrong in which words."""

from __future__ import annotations

import gc
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from pubsub_kit import Consumer, Offset
from pubsub_kit.broker.starts import At
from pubsub_kit.engines import EngineError, NotSupported, Unreachable, connect
from pubsub_kit.engines.servers import Server
from tests.engines.hostile import check_half_a_character, check_partitions
from tests.engines.kafka_server import FACT, SOON, broker, made, sdk_reads, sdk_writes

WAIT = 1.0  # seconds that a pull may take: it returns as soon as something is there


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with broker(password="secret") as running:
        yield running


@pytest.fixture
def engine(server: Server) -> Iterator[Any]:
    with connect(server.url, wait=WAIT) as connection:
        yield connection


@pytest.fixture
def topic(engine: Any) -> str:
    return made(engine)


def committed(worker: Any, partition: int = 0) -> int:
    (found,) = worker.consumer.committed([TopicPartition(worker.topic, partition)], timeout=5)
    return int(found.offset)


def pulled(worker: Any, count: int) -> list[Any]:
    """Pull until so many are there."""
    held: list[Any] = []
    while len(held) < count and (more := worker.pull(count)):
        held += more
    return held


def in_partition(engine: Any, topic: str, partition: int, count: int) -> str:
    """Publish with the first key that goes to a partition; return the key."""
    for key in map(str, range(100)):
        if engine.publish(topic, 0, key=key).startswith(f"{partition}/"):
            engine.publish_batch(topic, [])
            for number in range(1, count):
                engine.publish(topic, number, key=key)
            return key
    raise AssertionError("no key goes there")


# ── acks and nacks ──────────────────────────────────────────────────────────────────────────────


def test_acks_are_committed_up_to_the_first_gap(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish_batch(topic, range(4))
    first, second, third, fourth = pulled(worker, 4)
    assert third.ack()
    assert committed(worker) == 0
    assert first.ack()
    assert committed(worker) == 1
    assert second.ack()
    assert committed(worker) == 3
    worker.close()
    assert not fourth.ack()
    heir = engine.subscribe(topic, "billing")
    assert [lent.data for lent in heir.pull(9)] == [3]


def test_a_nack_blocks_its_partition_and_no_other(engine: Any) -> None:
    topic = made(engine, 2)
    worker = engine.subscribe(topic, "billing")
    in_partition(engine, topic, 0, 3)
    in_partition(engine, topic, 1, 3)
    held = pulled(worker, worker_total(engine, topic))
    zero = [lent for lent in held if lent.position.startswith("0/")]
    one = [lent for lent in held if lent.position.startswith("1/")]
    assert zero[-2].nack()
    assert zero[-1].revoked
    assert not zero[-1].ack()
    assert all(lent.ack() for lent in [*zero[:-2], *one])
    again = pulled(worker, 2)
    assert [lent.position for lent in again] == [lent.position for lent in zero[-2:]]
    assert all(lent.ack() for lent in again)
    assert worker.pull(9) == []


def worker_total(engine: Any, topic: str) -> int:
    """Return how many messages a topic has."""
    reader = engine.subscribe(topic, "counter", start="earliest")
    ends = [reader.consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in (0, 1)]
    reader.close()
    return sum(ends)


def test_the_worker_counts_for_max_deliveries(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", max_deliveries=3)
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    engine.publish(topic, "poison")
    for _ in range(3):
        (lent,) = worker.pull()
        assert lent.attempt is None
        lent.nack(reason="no such item")
    (letter,) = clerk.pull()
    story = letter.event.extensions
    assert (letter.data, story["deadreason"], story["deadattempts"]) == (
        "poison",
        "no such item",
        3,
    )
    assert story["deadposition"] == "0/0"
    assert committed(worker) == 1


def test_what_kafka_lacks_is_said(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    with pytest.raises(NotSupported, match=r"no lease to extend: .*max\.poll\.interval\.ms"):
        lent.extend(5)
    with pytest.raises(NotSupported, match="no delay: nack"):
        lent.nack(5)
    assert lent.ack()


# ── partitions and rebalances ───────────────────────────────────────────────────────────────────


def test_a_worker_that_joins_takes_partitions_and_their_deliveries(engine: Any) -> None:
    topic = made(engine, 2)
    first = engine.subscribe(topic, "billing")
    in_partition(engine, topic, 0, 2)
    in_partition(engine, topic, 1, 2)
    held = pulled(first, worker_total(engine, topic))
    second = engine.subscribe(topic, "billing")
    assert len(first.progress) == len(second.progress) == 1
    lost = [lent for lent in held if lent.revoked]
    assert lost
    assert {lent.raw.partition() for lent in lost} == {*second.progress}
    assert not any(lent.ack() for lent in lost)
    assert all(lent.ack() for lent in held if not lent.revoked)
    assert [x.position for x in pulled(second, len(lost))] == [x.position for x in lost]


def test_a_worker_that_joins_amid_acks_stops_no_partition(server: Server) -> None:
    """A commit amid its rebalance is refused, though the partition stays where it was."""
    seen: list[str] = []

    def handle(lent: Any) -> None:
        seen.append(lent.id)

    with connect(server.url) as engine, connect(server.url) as first, connect(server.url) as second:
        topic = made(engine, 4)
        keys = {engine.publish(topic, 0, key=key)[0]: key for key in map(str, range(50))}
        assert len(keys) == 4

        def work(connection: Any) -> None:
            worker = connection.subscribe(topic, "billing", ack_deadline=30)
            consumers.append(Consumer(worker, handle).run_in_thread())

        consumers: list[Consumer] = []
        work(first)
        joining = threading.Thread(target=work, args=(second,))
        joining.start()
        rounds = 0
        while len(consumers) < 2 or rounds < 20:
            ids = {f"{rounds}-{place}" for place in keys}
            for place, key in keys.items():
                engine.publish(topic, 0, key=key, id=f"{rounds}-{place}")
            until(lambda ids=ids: ids <= {*seen})
            rounds += 1
        joining.join()
        for consumer in consumers:
            consumer.stop()
            assert consumer.error is None


def test_a_worker_that_does_not_pull_is_out(engine: Any, topic: str) -> None:
    slow = engine.subscribe(topic, "billing", ack_deadline=1)
    engine.publish(topic, "tea")
    (late,) = slow.pull()
    time.sleep(1.5)
    heir = engine.subscribe(topic, "billing", ack_deadline=1)
    (lent,) = heir.pull()
    assert not late.ack()
    assert lent.ack()


def test_a_session_shorter_than_the_server_allows_is_refused(engine: Any, topic: str) -> None:
    with pytest.raises(EngineError, match=r"ack_deadline=0\.5: .*group\.min\.session\.timeout\.ms"):
        engine.subscribe(topic, "billing", ack_deadline=0.5)


def test_partitions_are_as_many_as_asked_for(engine: Any) -> None:
    topic = made(engine, 3)
    engine.topic(topic)
    engine.topic(topic, 3)
    with pytest.raises(EngineError, match="has 3 partitions, not 4"):
        engine.topic(topic, 4)


# ── replay ──────────────────────────────────────────────────────────────────────────────────────


def test_a_group_goes_to_an_offset_or_a_time(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish_batch(topic, [0, 1])
    time.sleep(0.05)
    since = time.time()
    engine.publish_batch(topic, [2, 3])
    held = pulled(worker, 4)
    assert held[-1].position == "0/3"
    for start, due in ((Offset(1), [1, 2, 3]), (At(since), [2, 3]), ("latest", []),
                       (At(time.time() + 99), []), ("earliest", [0, 1, 2, 3])):  # fmt: skip
        worker.replay(start)
        assert [lent.data for lent in pulled(worker, 4)] == due
    assert not any(lent.ack() for lent in held)


def test_only_a_new_group_starts_where_it_is_told(engine: Any, topic: str) -> None:
    engine.publish_batch(topic, [0, 1, 2])
    worker = engine.subscribe(topic, "billing", start=Offset(1))
    (lent,) = worker.pull()
    assert lent.data == 1
    assert lent.ack()
    worker.close()
    heir = engine.subscribe(topic, "billing", start="earliest")
    assert [each.data for each in heir.pull(9)] == [2]


def test_a_replay_needs_all_partitions(server: Server, engine: Any) -> None:
    topic = made(engine, 2)
    with connect(server.url) as other, Consumer(
        other.subscribe(topic, "billing"), lambda lent: None
    ).run_in_thread():  # fmt: skip
        worker = engine.subscribe(topic, "billing")
        with pytest.raises(EngineError, match=r"are read elsewhere: let those leave, then replay"):
            worker.replay("earliest")


# ── CloudEvents ─────────────────────────────────────────────────────────────────────────────────


def test_the_sdk_reads_what_was_published(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, {"total": 42}, key="ann", type="order.placed", id="o-1", source="/shop")
    (lent,) = worker.pull()
    event = sdk_reads(lent.raw)
    assert (event.get_id(), event.get_type(), event.get_data()) == (
        "o-1", "order.placed", {"total": 42},
    )  # fmt: skip
    assert lent.raw.key() == b"ann"


def test_what_the_sdk_and_others_wrote_is_delivered(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    sdk_writes(engine, topic)
    binary, structured, plain, tombstone = pulled(worker, 4)
    for lent in (binary, structured):
        event = lent.event
        assert (event.id, event.source, event.type, event.key, event.data) == (
            *(FACT[name] for name in ("id", "source", "type", "partitionkey")), {"total": 42},
        )  # fmt: skip
    assert (plain.data, plain.key, plain.id) == ({"plain": 1}, "bob", "0/2")
    assert (tombstone.data, tombstone.key) == (b"", "\ufffd")


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("login", "options", "says"),
    [
        ("kit:wrong@", "", "refused the user or password"),
        ("kit:secret@", "?acks=2", "takes the option acks, 'all' or '1'"),
        ("kit:secret@", "?ack=1", "takes the option acks, 'all' or '1'"),
    ],
)
def test_what_can_t_connect_gets_a_sentence(
    server: Server, login: str, options: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EngineError, match=says) as caught:
        connect(f"kafka://{login}127.0.0.1:{server.port}{options}")
    assert "secret" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_what_kafka_refuses_gets_a_sentence(engine: Any, topic: str) -> None:
    with pytest.raises(EngineError, match=r"has no topic 'nowhere': engine\.topic"):
        engine.publish("nowhere", "tea")
    with pytest.raises(EngineError, match="has no topic 'nowhere'"):
        engine.subscribe("nowhere", "billing")
    with pytest.raises(EngineError, match="it is too large"):
        engine.publish(topic, "x" * 2_000_000)
    engine.topic(topic.replace("-", "."))
    with pytest.raises(EngineError, match="collides with existing topic"):
        engine.topic(topic.replace("-", "_"))
    assert engine.publish(topic, "tea") == "0/0"


def test_nothing_is_left_once_it_is_closed(server: Server) -> None:
    before = {*threading.enumerate()}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with connect(server.url) as engine:
            topic = made(engine)
            worker = engine.subscribe(topic, "billing")
        with pytest.raises(EngineError, match="was closed"):
            worker.pull()
        with pytest.raises(EngineError, match="was closed: connect again"):
            engine.publish(topic, "tea")
        gc.collect()
    assert {*threading.enumerate()} <= before


def test_a_server_that_dies_is_told_of_and_found_again(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with broker(properties=SOON) as server, connect(server.url, timeout=2) as engine:
        topic = made(engine)
        worker = engine.subscribe(topic, "billing")
        seen: list[Any] = []
        handling = engine.subscribe(topic, "mail")
        with Consumer(handling, lambda lent: seen.append(lent.data)).run_in_thread():
            engine.publish(topic, "tea")
            (held,) = worker.pull()
            server.kill()
            for call in (held.ack, worker.pull, lambda: engine.publish(topic, 0),
                         lambda: engine.subscribe(topic, "new")):  # fmt: skip
                with pytest.raises(Unreachable, match="does not answer"):
                    call()
            server.start()
            until(lambda: published(engine, topic, "jam"))
            until(lambda: seen[-1:] == ["jam"])
        until(lambda: [lent.data for lent in worker.pull(9) if lent.ack()][-1:] == ["jam"])
    assert [record.message for record in caplog.records if "does not answer" in record.message]
    assert capfd.readouterr().err == ""


def published(engine: Any, topic: str, data: str) -> bool:
    try:
        return bool(engine.publish(topic, data))
    except Unreachable:
        return False


def until(ready: Any) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it did not happen within 60 s"
        time.sleep(0.1)


# ── odd arguments ───────────────────────────────────────────────────────────────────────────────


def test_half_a_character_travels_as_it_is(engine: Any, topic: str) -> None:
    check_half_a_character(engine, topic)


def test_what_is_no_number_of_partitions_gets_a_sentence(engine: Any, topic: str) -> None:
    check_partitions(engine, topic)


def test_kafkas_own_topics_are_left_alone(engine: Any, topic: str) -> None:
    for verb in (engine.topic, engine.publish, lambda name: engine.subscribe(name, "billing")):
        with pytest.raises(EngineError, match="begin with __ for its own topics"):
            verb("__consumer_offsets")
    with pytest.raises(EngineError, match="100,000 partitions at most"):
        engine.topic(f"{topic}-more", 10**9)


class Mute:
    """A client whose commit has no answer until a gate opens, as when its only server goes."""

    def __init__(self, consumer: Any) -> None:
        self.consumer, self.gate = consumer, threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.consumer, name)

    def commit(self, **places: Any) -> Any:
        self.gate.wait()
        return self.consumer.commit(**places)


def test_a_commit_without_an_answer_is_told_in_time(server: Server) -> None:
    with connect(server.url, wait=WAIT, timeout=2) as engine:
        topic = made(engine)
        worker = engine.subscribe(topic, "billing")
        engine.publish(topic, "tea")
        (lent,) = pulled(worker, 1)
        worker.consumer = mute = Mute(worker.consumer)
        for verb in (lent.ack, lent.ack, worker.pull, lent.nack):
            with pytest.raises(Unreachable, match="no answer to a commit"):
                verb()
        mute.gate.set()
        assert worker.saying.result(5) is not None
        assert lent.ack()
