"""What is NATS' own: duplicates, one consumer a group, and the order that a limit gives."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pubsub_kit import Consumer
from pubsub_kit.broker.dead_letters import revive
from pubsub_kit.engines import EngineError, Unreachable, connect
from pubsub_kit.engines.nats_connection import NatsConnection
from pubsub_kit.engines.servers import Server, available, start
from pubsub_kit.engines.servers.programs import find
from pubsub_kit.log.ids import fresh_id

FACT = {"id": "o-1", "source": "/shop", "type": "order.placed"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if (missing := available("nats")) is not None:
        pytest.skip(missing)
    with start("nats") as server:
        yield server


@pytest.fixture
def engine(server: Server) -> Iterator[Any]:
    with connect(server.url, wait=0.2) as engine:
        yield engine


@pytest.fixture
def topic(engine: Any) -> str:
    name = f"t{fresh_id()}"
    engine.topic(name)
    return name


def last_of(engine: NatsConnection, topic: str) -> Any:
    """Return the last message of a stream, as the server has it."""

    async def last(client: Any) -> Any:
        return await engine.stream(client).get_last_msg(topic, topic)

    return engine.asked(last)


def put(engine: NatsConnection, topic: str, body: bytes, headers: dict[str, str]) -> None:
    """Publish as somebody else would."""

    async def send(client: Any) -> None:
        await engine.stream(client).publish(topic, body, headers=headers or None)

    engine.asked(send)


# ── duplicates ──────────────────────────────────────────────────────────────────────────────────


def test_an_event_that_is_published_again_is_stored_once(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    first, again = (engine.publish(topic, "tea", id="o-1") for _ in range(2))
    other = engine.publish(topic, "tea", id="o-1", source="another-shop")
    assert first == again != other
    assert [lent.position for lent in worker.pull(5)] == [first, other]


def test_a_dead_letter_can_be_redriven_at_once(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", max_deliveries=1)
    clerk = engine.subscribe(f"{topic}.dead", "clerks")
    engine.publish(topic, "tea", id="o-1")
    for _ in range(2):  # and it may die again
        assert worker.pull()[0].nack()
        home, event = revive(clerk.pull()[0].event)
        assert (home, event.id) == (topic, "o-1")
        engine.publish_event(topic, event)
    assert [lent.id for lent in worker.pull()] == ["o-1"]


@pytest.mark.parametrize("id", ["line\nbreak", "null\0", "🦉", " ", "a/b", "x" * 10_000])
def test_any_id_travels(engine: Any, topic: str, id: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea", id=id, source="a\r\nNats-Msg-Id: b")
    assert [lent.id for lent in worker.pull(5)] == [id]


# ── one consumer a group ────────────────────────────────────────────────────────────────────────


def test_an_ordered_group_has_one_message_in_flight(engine: Any, topic: str) -> None:
    first, second = (engine.subscribe(topic, "billing", ordered=True) for _ in range(2))
    engine.publish_batch(topic, range(3))
    (held,) = first.pull(9)
    assert second.pull(9) == []
    assert held.nack(0.3)  # what waits to be redelivered keeps its place
    assert second.pull(9) == []
    time.sleep(0.2)
    seen = []
    while lent := second.pull(9) or first.pull(9):
        seen += [each.data for each in lent if each.ack()]
    assert seen == [0, 1, 2]


def test_a_group_keeps_its_deadline_unless_another_is_asked_for(engine: Any, topic: str) -> None:
    waits = [
        engine.subscribe(topic, "billing", **asked).ack_wait
        for asked in ({"ack_deadline": 30}, {}, {"ack_deadline": 2.5}, {"ordered": True}, {})
    ]
    assert waits == [30, 30, 2.5, 2.5, 2.5]


def test_a_late_ack_and_a_late_nack_end_the_lease_of_the_new_holder(
    engine: Any, topic: str
) -> None:
    lost, heir = (engine.subscribe(topic, "billing", ack_deadline=0.3) for _ in range(2))
    engine.publish_batch(topic, [0, 1])
    late = lost.pull(2)
    time.sleep(0.5)
    assert len(heir.pull(2)) == 2
    assert (late[0].ack(), late[1].nack()) == (True, True)
    assert [lent.data for lent in lost.pull(2)] == [1]


def test_a_worker_gives_back_what_it_holds_but_not_what_it_has_lost(
    engine: Any, topic: str
) -> None:
    lost, heir = (engine.subscribe(topic, "billing", ack_deadline=0.5) for _ in range(2))
    engine.publish(topic, "tea")
    assert lost.pull()
    time.sleep(0.6)
    (again,) = heir.pull()
    lost.close()
    third = engine.subscribe(topic, "billing")
    assert third.pull() == []  # it is still the heir's
    assert again.extend(0.5)
    heir.close()
    assert [lent.attempt for lent in third.pull()] == [3]


def test_a_replay_of_another_worker_does_not_disturb_a_pull(
    engine: Any, server: Server, topic: str
) -> None:
    with connect(server.url, wait=1) as other:
        engine.publish(topic, "tea")
        seen: list[str] = []
        worker = other.subscribe(topic, "billing", start="earliest")
        consumer = Consumer(worker, lambda lent: seen.append(lent.data)).run_in_thread()
        replays = engine.subscribe(topic, "billing")
        for _ in range(5):
            time.sleep(0.05)
            replays.replay("earliest")
        time.sleep(0.3)
        consumer.stop()
        assert consumer.error is None
        assert seen.count("tea") >= 1


def test_a_group_that_was_deleted_is_told(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    (lent,) = [engine.publish(topic, "tea")] and worker.pull()

    async def delete(client: Any) -> None:
        await engine.stream(client).delete_consumer(topic, "billing")

    engine.asked(delete)
    assert not lent.ack()
    with pytest.raises(EngineError, match=r"lost a group of .*: subscribe again"):
        worker.pull()


# ── messages ────────────────────────────────────────────────────────────────────────────────────


def test_the_sdk_reads_what_we_wrote(engine: Any, topic: str) -> None:
    engine.publish(topic, {"total": 42}, key="ann", type="order.placed", id="o-1", source="/shop")
    message = last_of(engine, topic)
    assert message.headers["Content-Type"] == "application/cloudevents+json"
    event = JSONFormat().read(None, message.data)
    assert (event.get_id(), event.get_type(), event.get_data()) == (
        "o-1", "order.placed", {"total": 42},
    )  # fmt: skip


def test_we_read_what_the_sdk_wrote(engine: Any, topic: str) -> None:
    event = CloudEvent({**FACT}, {"total": 42})
    for message in (
        http.to_binary(event, JSONFormat()), http.to_structured(event, JSONFormat()),
    ):  # fmt: skip
        put(engine, topic, message.body, dict(message.headers))
    for lent in engine.subscribe(topic, "billing", start="earliest").pull(2):
        read = lent.event
        assert ({"id": read.id, "source": read.source, "type": read.type}, read.data) == (
            FACT, {"total": 42},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "headers", "data"),
    [
        (b'{"total": 42}', {}, {"total": 42}),
        (b"tea", {"Content-Type": "text/plain"}, "tea"),
        (b"\xff", {"Status": "404"}, b"\xff"),
        (b"", {}, b""),
    ],
    ids=["json", "text", "bytes", "nothing"],
)
def test_a_message_of_somebody_else_is_delivered(
    engine: Any, topic: str, body: bytes, headers: dict[str, str], data: object
) -> None:
    put(engine, topic, body, headers)
    (lent,) = engine.subscribe(topic, "billing", start="earliest").pull()
    assert (lent.data, lent.id, lent.event.type) == (data, "1", topic)


def test_a_pull_of_large_messages_stops_before_the_server_cuts_it_off(
    engine: Any, topic: str
) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish_batch(topic, ["x" * 10**6] * 20)
    pulls = [worker.pull(1_000) for _ in range(2)]
    assert [len(pull) for pull in pulls] == [16, 4]
    assert {lent.attempt for pull in pulls for lent in pull} == {1}


# ── errors ──────────────────────────────────────────────────────────────────────────────────────


def test_a_message_may_be_too_large(engine: Any, topic: str) -> None:
    with pytest.raises(EngineError, match=r"too large: this server takes 1,048,576"):
        engine.publish_batch(topic, ["tea", "x" * 2**20])
    worker = engine.subscribe(topic, "billing", start="earliest")
    assert worker.pull() == []  # nothing was sent


def test_a_server_without_jetstream_is_told() -> None:
    if (program := find("nats-server")) is None:
        pytest.skip(str(available("nats")))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        assert "has no JetStream: start nats-server with -js" in refusal(port)
    finally:
        process.kill()
        process.wait()


def refusal(port: int) -> str:
    """Return what is said of a server, once it answers."""
    for _ in range(200):
        try:
            connect(f"nats://127.0.0.1:{port}").close()
        except Unreachable:
            time.sleep(0.05)
        except EngineError as error:
            return str(error)
    return "it connected"
