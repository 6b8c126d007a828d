"""SNS and SQS, by ministack: what is special to them, and what goes wrong in which words."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pubsub_kit import Consumer, Event, Offset
from pubsub_kit.broker.starts import At
from pubsub_kit.engines import EngineError, NotSupported, Unreachable, connect
from pubsub_kit.engines.servers.aws import Aws
from tests.engines.hostile import check_half_a_character, check_partitions
from tests.engines.ministack import client, connected, emulator, fresh

LATER: list[Any] = ["earliest", Offset(0), At(0)]


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with emulator() as running:
        yield running


@pytest.fixture
def engine(server: Aws) -> Iterator[Any]:
    with connected(server, "sqs+sns") as connection:
        yield connection


@pytest.fixture
def topic(engine: Any) -> str:
    name = fresh("orders.eu")
    engine.topic(name)
    return name


# ── topics and groups ───────────────────────────────────────────────────────────────────────────


def test_names_that_differ_stay_apart(engine: Any, topic: str) -> None:
    other = topic.replace(".", "_2E")
    engine.topic(other)
    worker = engine.subscribe(other, "billing")
    engine.publish(topic, "tea")
    assert worker.pull() == []


def test_a_name_too_long_for_a_queue_is_refused(engine: Any) -> None:
    engine.topic("a" * 90)
    with pytest.raises(EngineError, match="SQS has names of up to 80 characters"):
        engine.subscribe("a" * 90, "billing")


def test_many_events_are_published_in_tens_and_pulled_in_tens(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    assert engine.publish_batch(topic, range(25)) == [None] * 25
    taken = worker.pull(23)
    assert sorted(lent.data for lent in [*taken, *worker.pull(23)]) == [*range(25)]
    assert (len(taken), {lent.position for lent in taken}) == (23, {None})


def test_a_topic_made_elsewhere_is_found(server: Aws, engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    with connected(server, "sqs+sns") as another:
        another.publish(topic, "tea")
    assert [lent.data for lent in worker.pull()] == ["tea"]


def test_a_topic_that_is_not_there_is_named(engine: Any) -> None:
    for verb, argument in (engine.publish, 1), (engine.subscribe, "billing"):
        with pytest.raises(EngineError, match=r"has no topic 'none': engine\.topic"):
            verb("none", argument)


def test_a_topic_that_somebody_deleted_is_named(server: Aws, engine: Any, topic: str) -> None:
    engine.publish(topic, 1)
    with client(server, "sns") as sns:
        sns.delete_topic(TopicArn=engine.arns[topic])
    with pytest.raises(EngineError, match="has no topic"):
        engine.publish(topic, 1)


@pytest.mark.parametrize("start", LATER)
def test_a_new_group_gets_no_old_events_and_an_old_one_goes_on(
    engine: Any, topic: str, start: Any
) -> None:
    with pytest.raises(NotSupported, match="SNS/SQS has no late subscriber"):
        engine.subscribe(topic, "billing", start=start)
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    assert [lent.data for lent in engine.subscribe(topic, "billing", start=start).pull()] == ["tea"]
    with pytest.raises(NotSupported, match="SNS/SQS has no replay: a FIFO topic's archive"):
        worker.replay(start)


# ── leases ──────────────────────────────────────────────────────────────────────────────────────


def test_a_late_ack_is_refused_once_the_message_was_redelivered(engine: Any, topic: str) -> None:
    slow, other = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (late,) = slow.pull()
    slow.aws.ask(
        slow.aws.sqs, "change_message_visibility", QueueUrl=slow.queue.url,
        ReceiptHandle=late.raw, VisibilityTimeout=0,
    )  # fmt: skip
    (again,) = other.pull()
    assert (again.attempt, late.ack(), late.nack(), again.ack()) == (2, False, False, True)


def test_a_lease_counts_in_whole_seconds_rounded_up(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=1.2)
    assert worker.lease == 2


def test_what_is_longer_than_sqs_can_is_refused_and_changes_nothing(
    engine: Any, topic: str
) -> None:
    for settings, says in (
        ({"ack_deadline": 43_201}, "at most 43,200 seconds"),
        ({"max_deliveries": 1_001}, "up to 1,000 deliveries"),
    ):
        with pytest.raises(NotSupported, match=says):
            engine.subscribe(topic, "billing", **settings)
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    (lent,) = worker.pull()
    for verb in lent.nack, lent.extend:
        with pytest.raises(NotSupported, match="hides a message for at most 43,200"):
            verb(43_201)
    assert (lent.extend(43_200), lent.ack()) == (True, True)


def test_close_lets_others_have_at_once_what_was_held(engine: Any, topic: str) -> None:
    worker, other = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    engine.publish_batch(topic, ["tea", "jam"])
    first, second = worker.pull(2)
    first.ack()
    worker.close()
    assert [lent.data for lent in other.pull(2)] == [second.data]
    assert (second.ack(), second.extend(5)) == (False, False)
    with pytest.raises(EngineError, match="was closed: subscribe again"):
        worker.pull()


def test_what_a_pull_takes_while_its_worker_leaves_is_for_others(
    engine: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, other = engine.subscribe(topic, "billing"), engine.subscribe(topic, "billing")
    engine.publish(topic, "tea")
    receive = worker._receive

    def leave_meanwhile(n: int, wait: int) -> Any:
        taken = receive(n, wait)
        worker.close()
        return taken

    monkeypatch.setattr(worker, "_receive", leave_meanwhile)
    assert (worker.pull(), [lent.data for lent in other.pull()]) == ([], ["tea"])


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [True, False])
def test_sqs_moves_what_failed_too_often_to_the_queue_of_the_dead_letters(
    engine: Any, topic: str, first: bool
) -> None:
    """Whether somebody reads dead letters before there may be any, or only afterwards."""
    dead = f"{topic}.dead"
    if first:
        engine.topic(dead)
        clerk = engine.subscribe(dead, "clerk")
    worker = engine.subscribe(topic, "billing", max_deliveries=2)
    engine.publish(topic, "poison", key="ann", id="o-1")
    engine.publish(topic, "tea")
    for _ in range(2):
        for lent in worker.pull(2):
            assert lent.ack() if lent.data == "tea" else lent.nack(60 * (lent.attempt - 1))
    assert worker.pull() == []
    if not first:
        clerk = engine.subscribe(dead, "clerk", start="earliest")
    (letter,) = clerk.pull(2)
    assert (letter.id, letter.key, letter.data, letter.attempt) == ("o-1", "ann", "poison", 3)
    engine.publish(dead, "by hand")
    assert [lent.data for lent in clerk.pull()] == ["by hand"]


def test_all_groups_of_a_dead_letter_topic_share_its_queue(engine: Any, topic: str) -> None:
    engine.subscribe(topic, "billing", max_deliveries=1)
    clerks = [engine.subscribe(f"{topic}.dead", group) for group in ("clerk", "audit")]
    assert clerks[0].queue == clerks[1].queue


# ── FIFO ────────────────────────────────────────────────────────────────────────────────────────


def test_the_next_event_of_a_key_waits_and_others_do_not(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ordered=True)
    for data, key in enumerate(["ann", "ann", "日本 " * 60, None, None]):
        engine.publish(topic, data, key=key)
    held = {lent.data: lent for n in range(4) for lent in worker.pull()}
    assert [*held] == [0, 2, 3, 4]
    assert worker.pull() == []
    assert held[0].nack(0)
    assert [(lent.data, lent.attempt, lent.ack()) for lent in worker.pull()] == [(0, 2, True)]
    assert [lent.data for lent in worker.pull()] == [1]


def test_a_fifo_topic_drops_a_second_event_with_an_id(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ordered=True)
    odd = "id ü" * 99
    for id in ("o-1", odd, "o-1", odd, "o-2"):
        engine.publish(topic, "tea", id=id)
    engine.publish(topic, "tea", id="o-1", source="/another")
    assert [lent.id for lent in worker.pull(9)] == ["o-1", odd, "o-2", "o-1"]


def test_dead_letters_of_a_fifo_queue_go_to_a_fifo_queue(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing", ordered=True, max_deliveries=1)
    engine.publish_batch(topic, [Event.new("order", n, key="ann") for n in range(2)])
    assert [(lent.data, lent.nack()) for lent in worker.pull()] == [(0, True)]
    assert [lent.data for lent in worker.pull()] == [1]
    clerk = engine.subscribe(f"{topic}.dead", "clerk", ordered=True)
    assert [lent.data for lent in clerk.pull()] == [0]


def test_a_standard_topic_with_groups_can_not_become_ordered(
    server: Aws, engine: Any, topic: str
) -> None:
    with (
        connected(server, "sqs+sns") as stranger,  # which did not make the topic
        pytest.raises(NotSupported, match="keeps no order in the standard topic"),
    ):
        stranger.subscribe(topic, "billing", ordered=True)
    engine.subscribe(topic, "billing")
    with pytest.raises(NotSupported, match=r"connect with \?fifo=1 to make it"):
        engine.subscribe(topic, "shipping", ordered=True)


def test_a_url_can_ask_for_fifo_topics(server: Aws) -> None:
    name = fresh("fifo")
    with connected(server, "sqs+sns", "?fifo=1") as first, connected(server, "sqs+sns") as second:
        first.topic(name)
        second.topic(name)
        worker = second.subscribe(name, "billing", ordered=True)
        first.publish_batch(name, [Event.new("order", n, key="ann") for n in range(3)])
        assert [lent.data for lent in worker.pull(3)] == [0, 1, 2]


# ── CloudEvents ─────────────────────────────────────────────────────────────────────────────────


def body(server: Aws, worker: Any) -> str:
    """Return the body of the next message, as it is in the queue."""
    with client(server, "sqs") as sqs:
        (message,) = sqs.receive_message(QueueUrl=worker.queue.url)["Messages"]
    return str(message["Body"])


def test_the_sdk_of_cloudevents_reads_what_was_sent(server: Aws, engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, {"total": 42}, key="ann", id="o-1", extensions={"traceparent": "00-a"})
    read = sdk_event(body(server, worker))
    assert (read.get_id(), read.get_data(), read.get_extension("partitionkey")) == (
        "o-1", {"total": 42}, "ann",
    )  # fmt: skip
    assert read.get_extension("traceparent") == "00-a"


def sdk_event(text: str) -> Any:
    return JSONFormat().read(CloudEvent, text)


def test_an_event_of_the_sdk_in_binary_mode_is_read(server: Aws, engine: Any, topic: str) -> None:
    """SQS has no binding of CloudEvents: their HTTP headers go into message attributes."""
    worker = engine.subscribe(topic, "billing")
    known = {"type": "placed", "source": "/shop", "id": "o-1 ü", "partitionkey": "ann"}
    message = to_binary(CloudEvent(known, {"total": 42}), JSONFormat())
    headers = {n: {"DataType": "String", "StringValue": v} for n, v in message.headers.items()}
    with client(server, "sns") as sns:
        sns.publish(
            TopicArn=engine.arns[topic], Message=message.body.decode(), MessageAttributes=headers
        )
    (lent,) = worker.pull()
    assert (lent.id, lent.key, lent.data) == ("o-1 ü", "ann", {"total": 42})
    assert (lent.event.source, lent.event.type) == ("/shop", "placed")


def test_a_message_that_is_no_event_is_delivered(server: Aws, engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    with client(server, "sns") as sns:
        sns.publish(TopicArn=engine.arns[topic], Message="<order/>")
    (lent,) = worker.pull()
    assert (lent.data, lent.event.type, lent.key) == (b"<order/>", topic, None)
    assert lent.event.source == f"not-cloudevents:{topic}"
    assert lent.ack()


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────


def test_an_event_over_256_kib_is_refused_with_the_whole_batch(engine: Any, topic: str) -> None:
    worker = engine.subscribe(topic, "billing")
    with pytest.raises(EngineError, match=r"up to 262,144 bytes, and event .* such as in S3"):
        engine.publish_batch(topic, ["tea", "x" * 262_144])
    assert worker.pull() == []
    engine.publish_batch(topic, ["x" * 200_000] * 3)  # in three requests
    assert len(worker.pull(3)) == 3


def test_nobody_at_the_address_is_one_sentence() -> None:
    with pytest.raises(Unreachable, match=r"SNS/SQS at sqs\+sns://127.0.0.1:9 does not answer"):
        connect("sqs+sns://127.0.0.1:9")


class Stranger(BaseHTTPRequestHandler):
    """Another server, which knows nothing of AWS."""

    status = 200

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>hello")

    def log_message(self, *words: object) -> None:
        pass


@pytest.mark.parametrize("status", [200, 403, 404, 503])
def test_another_server_at_the_address_is_one_sentence(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stranger, "status", status)
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever).start()
        try:
            with pytest.raises(EngineError, match="SNS/SQS"):
                connect(f"sqs+sns://127.0.0.1:{stranger.server_port}")
        finally:
            stranger.shutdown()


def test_a_server_that_hangs_is_given_up() -> None:
    with Aws() as hung, hung_engine(hung) as (engine, worker):
        for call in (worker.pull, lambda: engine.publish("orders", 1)):
            with pytest.raises(Unreachable, match="does not answer"):
                call()
        hung.resume()
        engine.publish("orders", 2)


@contextmanager
def hung_engine(server: Aws) -> Iterator[tuple[Any, Any]]:
    """Start a server, connect, subscribe, and let the server hang."""
    server.start()
    with connected(server, "sqs+sns", timeout=0.5) as engine:
        engine.topic("orders")
        worker = engine.subscribe("orders", "billing")
        server.pause()
        yield engine, worker


def test_a_server_that_comes_back_is_reached_and_has_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The emulator keeps all in memory, which the sentence says; the connection itself lives on."""
    with Aws() as server:
        server.start()
        with connected(server, "sqs+sns", timeout=2) as engine:
            engine.topic("orders")
            worker = engine.subscribe("orders", "billing")
            engine.publish("orders", "tea")
            (lent,) = worker.pull()
            server.kill()
            for call in (lent.ack, lent.nack, worker.pull, lambda: engine.publish("orders", 1)):
                with pytest.raises(Unreachable, match="does not answer"):
                    call()
            consumer = Consumer(worker, print).run_in_thread()
            server.start()
            while consumer.running:
                time.sleep(0.01)
            with pytest.raises(EngineError, match="The queue of 'billing' on 'orders' is gone"):
                consumer.stop()
            assert sum("goes on trying" in line for line in caplog.messages) <= 1
            engine.topic("orders")
            again = engine.subscribe("orders", "billing")
            engine.publish("orders", "jam")
            assert [each.data for each in again.pull()] == ["jam"]


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_close_leaves_no_socket_open(server: Aws) -> None:
    with connected(server, "sqs+sns", wait=0.1) as engine:
        engine.topic("sockets")
        worker = engine.subscribe("sockets", "billing")
        engine.publish("sockets", "tea")
        assert len(worker.pull(5)) == 1
    del engine, worker
    gc.collect()
    with pytest.raises(EngineError, match="was closed: connect again"):
        raise_closed(server)


def raise_closed(server: Aws) -> None:
    with connected(server, "sqs+sns") as engine:
        pass
    engine.publish("sockets", 1)


# ── odd arguments ───────────────────────────────────────────────────────────────────────────────


def test_half_a_character_travels_as_it_is(engine: Any, topic: str) -> None:
    check_half_a_character(engine, topic)


def test_what_is_no_number_of_partitions_gets_a_sentence(engine: Any, topic: str) -> None:
    check_partitions(engine, topic)


def test_a_pull_of_all_there_is_ends_long_before_its_leases(
    engine: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = engine.subscribe(topic, "billing", ack_deadline=1)

    def ten(n: int, wait: int) -> list[int]:
        time.sleep(0.01)
        return [0] * 10

    monkeypatch.setattr(worker, "_receive", ten)
    assert 0 < len(worker.take(10**6)) < 10**6
