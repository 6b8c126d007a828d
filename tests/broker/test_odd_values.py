"""Odd values and moments: a broker refuses them in a sentence, loses nothing, and goes on."""

from __future__ import annotations

import math
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.driver import ConsumerError
from pubsub_kit.broker.retry import RetryPolicy, RetryPolicyError
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.disk import Fsync
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError
from pubsub_kit.log.retention import Retention

HUGE = 10**400  # more than a float can hold
KINDS = "shared", "partitioned"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


class Clock:
    """A clock that shows what you set."""

    def __init__(self) -> None:
        self.time: Any = 1000.0

    def __call__(self) -> Any:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "disk"])
def broker(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Broker]:
    path = tmp_path / "data" if request.param == "disk" else None
    made = Broker(path, clock=clock, fsync=Fsync.never() if path else None)
    yield made
    made.close()


def group(broker: Broker, kind: Any, partitions: int = 4, **options: Any) -> tuple[Any, Any]:
    """Return a group of forty messages, and who pulls from it."""
    broker.topic("orders", partitions)
    found = broker.subscribe("orders", "all", start="earliest", assignment=kind, **options)
    broker.publish_batch("orders", range(40))
    return found, found.join("worker") if kind == "partitioned" else found


def pulled(worker: Any) -> list[int]:
    """Pull and ack all that there is."""
    found = list[int]()
    while batch := worker.pull(100):
        found += [each.data for each in batch if each.ack()]
    return found


# Values


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_that_no_float_can_hold_is_refused(broker: Broker, kind: str) -> None:
    _, worker = group(broker, kind)
    (delivery,) = worker.pull()
    for call in (delivery.nack, delivery.extend):
        with pytest.raises(SubscriptionError, match="seconds"):
            call(HUGE)
    name = "ack_deadline" if kind == "shared" else "session_timeout"
    with pytest.raises(SubscriptionError, match=f"{name} is a number of seconds"):
        broker.subscribe("orders", "new", assignment=kind, **{name: HUGE})  # type: ignore[arg-type]
    assert delivery.ack()


@pytest.mark.parametrize("name", ["base", "cap", "factor", "attempts"])
def test_a_retry_policy_takes_no_number_that_no_float_can_hold(name: str) -> None:
    wrong: dict[str, Any] = {name: HUGE}
    with pytest.raises(RetryPolicyError):
        RetryPolicy(**wrong)


def test_a_large_whole_factor_is_no_large_work() -> None:
    policy = RetryPolicy(factor=10**300, cap=None)
    assert policy.delay(10**9, random.Random(0)) <= 1e9


@pytest.mark.parametrize("name", [[], {}, {"a"}, 5, b"x"])
def test_what_is_no_name_is_refused_where_a_name_belongs(broker: Broker, name: Any) -> None:
    broker.topic("orders")
    broker.topic("orders.dead")
    broker.publish("orders.dead", 1)
    with pytest.raises(SubscriptionError, match="dead_letter is the name of a topic"):
        broker.subscribe("orders", "all", max_deliveries=2, dead_letter=name)
    with pytest.raises(BrokerError, match="to is the name of a topic"):
        broker.redrive("orders.dead", to=name)
    with pytest.raises(BrokerError, match="'orders' has no group"):
        broker.unsubscribe("orders", name)
    assert broker.redrive("orders.dead", to="orders") == 1


@pytest.mark.parametrize("source", [None, "orders", 5, object()])
def test_a_consumer_needs_something_to_pull_from(source: Any) -> None:
    with pytest.raises(ConsumerError, match="A Subscription or a Member is needed"):
        Consumer(source, print)


@pytest.mark.parametrize("wrong", [{"to": "nowhere"}, {"to": 5}, {"limit": -1}, {}])
def test_a_redrive_that_is_refused_makes_no_group(broker: Broker, wrong: dict[str, Any]) -> None:
    broker.topic("orders")
    broker.publish("orders", "no dead letter")
    for _ in range(2):
        with pytest.raises(BrokerError):
            broker.redrive("orders", **wrong)
        assert broker.subscriptions == {}
    broker.topic("bills")
    assert broker.redrive("orders", "bills") == 1
    with pytest.raises(BrokerError, match="limit is a number"):
        broker.redrive("orders", "bills", limit=-1)
    broker.publish("orders", "another")
    with pytest.raises(BrokerError, match="can't go to the topic 'nowhere'"):
        broker.redrive("orders", "nowhere")
    assert broker.redrive("orders", "bills") == 1


# The clock


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [None, "noon", math.nan, math.inf, -math.inf, HUGE, 1j])
def test_a_clock_without_the_time_stops_nothing_for_ever(
    broker: Broker, clock: Clock, kind: str, wrong: Any
) -> None:
    found, worker = group(broker, kind)
    held = worker.pull(2)
    clock.time = wrong
    calls: list[Callable[[], Any]] = [
        worker.pull, held[0].ack, held[1].nack, found.next_wakeup, lambda: found.lag,
        lambda: found.oldest_age, lambda: broker.publish("orders", None, key="a"),
        lambda: found.seek(offset=0),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(PubSubKitError):
            call()
    clock.time = 1001.0
    assert held[0].ack()
    assert held[1].ack()
    assert len(pulled(worker)) == 38


# Reading that is interrupted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reads", range(4))
@pytest.mark.parametrize("error", [LogError, KeyboardInterrupt])
def test_a_reading_that_fails_halfway_loses_nothing(
    broker: Broker, kind: str, reads: int, error: type[BaseException]
) -> None:
    found, worker = group(broker, kind, retry=RetryPolicy(base=0))
    for delivery in worker.pull(3):
        delivery.nack(0)
    log, left = broker.topics["orders"].log, iter(range(reads))
    peek = log.peek

    def fail(*place: Any) -> Any:
        if next(left, None) is None:
            raise error
        return peek(*place)

    vars(log)["peek"] = fail
    batch = []
    with suppress(error):
        batch = worker.pull(40)
    del vars(log)["peek"]
    assert sorted([each.data for each in batch if each.ack()] + pulled(worker)) == [*range(40)]
    assert found.lag == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ordered", [False, True])
def test_a_filter_that_is_interrupted_loses_nothing(
    broker: Broker, kind: str, ordered: bool
) -> None:
    raises = [5]

    def wanted(event: Event) -> bool:
        if event.data in raises:
            raise KeyboardInterrupt
        return True

    found, worker = group(broker, kind, filter=wanted, ordered=ordered)
    with pytest.raises(KeyboardInterrupt):
        worker.pull(40)
    raises.clear()
    assert sorted(pulled(worker)) == [*range(40)]
    assert found.lag == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["pull", "seek"])
def test_a_filter_cannot_move_its_own_group(broker: Broker, kind: str, verb: str) -> None:
    sources, said = list[Any](), list[str]()

    def wanted(event: Event) -> bool:
        if event.data == 5 and sources:
            pull, seek = sources.pop()
            with pytest.raises(SubscriptionError) as refused:
                pull(40) if verb == "pull" else seek(offset=0)
            said.append(str(refused.value))
        return True

    found, worker = group(broker, kind, filter=wanted)
    sources.append((worker.pull, found.seek))
    assert sorted(pulled(worker)) == [*range(40)]
    assert "can't pull or seek for its group" in said[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["unsubscribe", "delete_topic"])
def test_a_filter_that_removes_its_group_gets_nothing(broker: Broker, kind: str, verb: str) -> None:
    def wanted(event: Event) -> bool:
        if event.data == 5:
            broker.unsubscribe("orders", "all") if verb[0] == "u" else broker.delete_topic("orders")
        return True

    _, worker = group(broker, kind, filter=wanted)
    with pytest.raises(SubscriptionError, match="was unsubscribed"):
        worker.pull(40)
    assert broker.subscriptions == {}


# A log that is closed, a folder that is elsewhere, a fork


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("partitions", [1, 3])
def test_a_topic_whose_log_is_closed_says_so(broker: Broker, kind: str, partitions: int) -> None:
    found, worker = group(broker, kind, partitions)
    worker.pull(3)
    broker.topics["orders"].log.close()
    calls: list[Callable[[], Any]] = [
        lambda: broker.publish("orders", 1), lambda: broker.publish("orders", 1, key="a"),
        lambda: broker.publish_batch("orders", [1, 2]), lambda: worker.pull(40),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(LogError, match="is closed"):
            call()
    assert found.cursors == []
    assert found.oldest_age is not None
    with pytest.raises(LogError, match="is closed"):
        broker.close()
    assert broker.closed


def test_a_relative_path_means_the_same_folder_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Broker("data") as broker:
        broker.topic("orders")
        monkeypatch.chdir(tmp_path / "elsewhere")
        broker.topic("bills")
        broker.publish("bills", 1)
        assert broker.strangers == []
    assert [*(tmp_path / "elsewhere").iterdir()] == []
    with Broker(tmp_path / "data") as broker:
        assert [topic.log.count() for topic in broker.topics.values()] == [1, 0]


@forks
@pytest.mark.parametrize("verb", ["publish", "batch", "pull", "seek"])
def test_a_forked_child_is_told_why_a_durable_broker_is_not_its_own(
    tmp_path: Path, verb: str
) -> None:
    with Broker(tmp_path / "data", fsync=Fsync.never()) as broker:
        found, _ = group(broker, "shared")
        calls: dict[str, Callable[[], Any]] = {
            "publish": lambda: broker.publish("orders", 1),
            "batch": lambda: broker.publish_batch("orders", [1, 2]),
            "pull": found.pull, "seek": lambda: found.seek(offset=3),
        }  # fmt: skip
        if not (child := os.fork()):
            try:
                calls[verb]()
            except PubSubKitError:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(pulled(found)) == 40


@forks
@pytest.mark.parametrize("made", [EventLog, Broker])
def test_a_lock_that_another_thread_holds_is_free_in_a_forked_child(made: Any) -> None:
    lock = made()._lock
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    thread.join()  # and never lets go: to fork while a thread runs may deadlock, as Python warns
    assert not lock.acquire(blocking=False)
    if not (child := os.fork()):
        os._exit(0 if lock.acquire(blocking=False) else 1)
    assert os.waitpid(child, 0)[1] == 0


# What grows


def test_failures_of_messages_that_the_log_forgot_are_forgotten(clock: Clock) -> None:
    broker = Broker(clock=clock)
    log = broker.topic("orders", retention=Retention(max_age=5)).log
    found = broker.subscribe("orders", "all", assignment="partitioned", retry=RetryPolicy(base=0))
    worker = found.join()
    for i in range(20):
        broker.publish("orders", i)
        for delivery in worker.pull():
            delivery.nack(0)
        clock.time += 9
        log.retain()
        worker.pull()
    assert len(vars(found)["tries"]) <= 1
