"""What a consumer promises, whoever drives it: a hand, a thread or asyncio."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pubsub_kit.broker.driver
from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer, Semantics
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.driver import ConsumerError
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError

ROOT = Path(__file__).resolve().parents[2]
LONG = 30.0  # seconds: no test waits so long unless it fails


@pytest.fixture
def broker() -> Broker:
    broker = Broker(clock=lambda: 0.0)  # no deadline passes, however slow the machine
    broker.topic("orders")
    return broker


@pytest.fixture
def subscription(broker: Broker) -> Subscription:
    return broker.subscribe("orders", "billing", retry=RetryPolicy(base=0), max_deliveries=3)


class Shelf:
    """A handler that keeps what it got, fails on some of it, and can be waited for."""

    def __init__(self, *bad: Any, enough: int = 1) -> None:
        self.bad, self.enough = bad, enough
        self.kept: list[Any] = []
        self.full = threading.Event()

    def __call__(self, delivery: Delivery) -> None:
        self.kept.append(delivery.data)
        if len(self.kept) >= self.enough:
            self.full.set()
        if delivery.data in self.bad:
            raise ValueError(f"no {delivery.data}")

    async def handle(self, delivery: Delivery) -> None:
        await asyncio.sleep(0)
        self(delivery)


# ── by hand ─────────────────────────────────────────────────────────────────────────────────────


def test_a_step_handles_and_acks_one_message(broker: Broker, subscription: Subscription) -> None:
    shelf = Shelf()
    consumer = Consumer(subscription, shelf)
    assert consumer.step() == 0
    broker.publish_batch("orders", [1, 2, 3])
    assert (consumer.step(), shelf.kept, subscription.lag) == (1, [1], 2)
    assert (consumer.step(5), shelf.kept, subscription.lag) == (2, [1, 2, 3], 0)
    assert (consumer.handled, consumer.failed, consumer.error) == (3, 0, None)


@pytest.mark.parametrize(("semantics", "left"), [("at_least_once", 1), ("at_most_once", 0)])
def test_at_least_once_acks_after_handling_and_at_most_once_before(
    broker: Broker, subscription: Subscription, semantics: Semantics, left: int
) -> None:
    lags: list[int] = []

    def look(delivery: Delivery) -> None:
        lags.append(subscription.lag)

    broker.publish("orders", 1)
    assert Consumer(subscription, look, semantics=semantics).step() == 1
    assert (lags, subscription.lag) == ([left], 0)


def test_a_handler_that_fails_gets_the_message_again(
    broker: Broker, subscription: Subscription
) -> None:
    shelf = Shelf("bad")
    consumer = Consumer(subscription, shelf)
    broker.publish_batch("orders", ["bad", "good"])
    assert [consumer.step() for _ in range(5)] == [1, 1, 1, 1, 0]
    assert shelf.kept == ["bad", "bad", "bad", "good"]
    assert (consumer.handled, consumer.failed) == (1, 3)
    assert repr(consumer.error) == "ValueError('no bad')"


def test_the_dead_letter_says_what_the_handler_raised(
    broker: Broker, subscription: Subscription
) -> None:
    broker.publish("orders", "bad")
    consumer = Consumer(subscription, Shelf("bad"))
    while consumer.step():
        pass
    (letter,) = broker.subscribe("orders.dead", "clerk", start="earliest").pull()
    assert letter.event.extensions["deadreason"] == "ValueError: no bad"


def test_at_most_once_a_failure_loses_the_message(
    broker: Broker, subscription: Subscription
) -> None:
    shelf = Shelf("bad")
    consumer = Consumer(subscription, shelf, semantics="at_most_once")
    broker.publish("orders", "bad")
    assert [consumer.step(), consumer.step()] == [1, 0]
    assert (shelf.kept, subscription.lag, consumer.failed) == (["bad"], 0, 1)


def test_at_most_once_does_not_handle_what_it_may_no_longer_ack() -> None:
    now = [0.0]
    broker = Broker(clock=lambda: now[0])
    broker.topic("orders")
    subscription = broker.subscribe("orders", "billing", ack_deadline=1)
    kept: list[Any] = []

    def slow(delivery: Delivery) -> None:
        kept.append((delivery.data, delivery.attempt))
        now[0] += 2

    broker.publish_batch("orders", [1, 2])
    consumer = Consumer(subscription, slow, semantics="at_most_once")
    assert (consumer.step(2), kept) == (2, [(1, 1)])
    assert (consumer.step(2), kept) == (1, [(1, 1), (2, 2)])


def test_a_handler_may_ack_or_nack_by_itself(broker: Broker, subscription: Subscription) -> None:
    broker.publish_batch("orders", [1, 2])
    consumer = Consumer(subscription, lambda d: d.ack() if d.data == 1 else d.nack(60))
    assert consumer.step(2) == 2
    assert (subscription.lag, subscription.outstanding) == (1, 0)


def test_what_is_no_exception_of_the_handler_passes_and_frees_the_message(
    broker: Broker, subscription: Subscription
) -> None:
    def interrupted(delivery: Delivery) -> None:
        raise KeyboardInterrupt

    broker.publish("orders", 1)
    with pytest.raises(KeyboardInterrupt):
        Consumer(subscription, interrupted).step()
    assert [delivery.attempt for delivery in subscription.pull()] == [2]


def test_an_async_handler_is_not_taken_for_a_plain_one(
    broker: Broker, subscription: Subscription
) -> None:
    shelf = Shelf()
    broker.publish("orders", 1)
    with pytest.raises(ConsumerError, match=r"await consumer\.run"):
        Consumer(subscription, shelf.handle).step()
    assert (shelf.kept, subscription.lag, subscription.outstanding) == ([], 1, 0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"semantics": "exactly_once"}, "not 'exactly_once': for effectively once, use at_least"),
        ({"handler": None}, "A handler is a function of a delivery, not None"),
    ],
)
def test_a_consumer_that_cannot_work_is_refused(
    subscription: Subscription, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConsumerError, match=words):
        Consumer(subscription, **{"handler": print, **settings})


def test_importing_a_consumer_does_not_import_asyncio() -> None:
    code = "import sys, pubsub_kit.broker.consumer; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# ── in a thread ─────────────────────────────────────────────────────────────────────────────────


def test_a_thread_handles_what_is_published_while_it_runs(
    broker: Broker, subscription: Subscription
) -> None:
    shelf = Shelf(enough=100)
    with Consumer(subscription, shelf).run_in_thread() as consumer:
        assert consumer.running
        for i in range(100):
            broker.publish("orders", i)
        assert shelf.full.wait(LONG)
    assert (shelf.kept, subscription.lag, consumer.running) == (list(range(100)), 0, False)


def test_a_thread_outlives_its_handlers_exceptions(
    broker: Broker, subscription: Subscription
) -> None:
    shelf = Shelf("bad", enough=4)
    with Consumer(subscription, shelf).run_in_thread() as consumer:
        broker.publish_batch("orders", ["bad", "good"])
        assert shelf.full.wait(LONG)
        assert consumer.running
    assert sorted(shelf.kept) == ["bad", "bad", "bad", "good"]
    assert broker.topics["orders.dead"].log.end() == 1


def test_workers_in_threads_share_a_group_and_lose_and_repeat_nothing(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    shelf = Shelf(enough=2000)
    workers = [Consumer(subscription, shelf).run_in_thread() for _ in range(3)]
    publishers = [
        threading.Thread(target=lambda: [broker.publish("orders", i) for i in range(1000)])
        for _ in range(2)
    ]
    for thread in publishers:
        thread.start()
    assert shelf.full.wait(LONG)
    for worker in workers:
        worker.stop()
    assert sorted(shelf.kept) == sorted([*range(1000)] * 2)
    assert (subscription.lag, sum(worker.handled for worker in workers)) == (0, 2000)


def test_stop_lets_the_message_at_hand_be_handled(
    broker: Broker, subscription: Subscription
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(delivery: Delivery) -> None:
        begun.set()
        assert go_on.wait(LONG)

    consumer = Consumer(subscription, slow).run_in_thread()
    broker.publish_batch("orders", [1, 2])
    assert begun.wait(LONG)
    stopping = threading.Thread(target=consumer.stop)
    stopping.start()
    assert consumer._stopping.wait(LONG)
    go_on.set()
    stopping.join(LONG)
    assert (consumer.running, consumer.handled, subscription.lag) == (False, 1, 1)


def test_a_consumer_can_be_stopped_by_its_handler_and_started_again(
    broker: Broker, subscription: Subscription
) -> None:
    done: list[Any] = []

    def once(delivery: Delivery) -> None:
        done.append(delivery.data)
        consumer.stop()

    consumer = Consumer(subscription, once)
    broker.publish_batch("orders", [1, 2])
    for so_far in ([1], [1, 2]):
        thread = consumer.run_in_thread()._thread
        assert thread is not None
        thread.join(LONG)
        assert done == so_far


def test_a_second_thread_for_one_consumer_is_refused(subscription: Subscription) -> None:
    consumer = Consumer(subscription, print).run_in_thread()
    with consumer, pytest.raises(ConsumerError, match="already running"):
        consumer.run_in_thread()


def test_a_handler_that_never_ends_does_not_hang_stop(
    broker: Broker, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubsub_kit.broker.driver, "PATIENCE", 0.01)
    go_on, begun = threading.Event(), threading.Event()

    def stuck(delivery: Delivery) -> None:
        begun.set()
        go_on.wait(LONG)

    consumer = Consumer(subscription, stuck).run_in_thread()
    broker.publish("orders", 1)
    assert begun.wait(LONG)
    with pytest.raises(ConsumerError, match=r"still running after 0\.01 s"):
        consumer.stop()
    go_on.set()
    thread = consumer._thread
    assert thread is not None
    thread.join(LONG)
    consumer.stop()


def test_what_breaks_the_thread_is_raised_by_stop(
    broker: Broker, subscription: Subscription
) -> None:
    consumer = Consumer(subscription, print).run_in_thread()
    broker.close()
    thread = consumer._thread
    assert thread is not None
    thread.join(LONG)
    assert not consumer.running
    with pytest.raises(BrokerError, match="closed"):
        consumer.stop()
    consumer.stop()


def test_a_handler_that_exits_ends_its_thread_and_frees_its_message(
    broker: Broker, subscription: Subscription
) -> None:
    consumer = Consumer(subscription, lambda delivery: sys.exit("enough")).run_in_thread()
    broker.publish("orders", 1)
    thread = consumer._thread
    assert thread is not None
    thread.join(LONG)
    with pytest.raises(SystemExit, match="enough"):
        consumer.stop()
    assert [delivery.attempt for delivery in subscription.pull()] == [2]


# ── in asyncio ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [lambda shelf: shelf, lambda shelf: shelf.handle])
def test_asyncio_drives_plain_and_async_handlers(
    broker: Broker, subscription: Subscription, make: Callable[[Shelf], Any]
) -> None:
    shelf = Shelf("bad", enough=5)
    consumer = Consumer(subscription, make(shelf))

    async def main() -> None:
        task = asyncio.create_task(consumer.run())
        broker.publish_batch("orders", ["a", "bad", "b"])
        async with asyncio.timeout(LONG):
            while not shelf.full.is_set():
                await asyncio.sleep(0)
            consumer.stop()
            await task

    asyncio.run(main())
    assert sorted(shelf.kept) == ["a", "b", "bad", "bad", "bad"]
    assert (subscription.lag, consumer.handled, consumer.failed) == (0, 2, 3)


def test_handlers_in_asyncio_overlap(broker: Broker, subscription: Subscription) -> None:
    inside: list[Any] = []
    both = asyncio.Event()

    async def meet(delivery: Delivery) -> None:
        inside.append(delivery.data)
        if len(inside) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), LONG)

    async def main() -> None:
        broker.publish_batch("orders", [1, 2])
        await asyncio.gather(*[Consumer(subscription, meet).step_async() for _ in range(2)])

    asyncio.run(main())
    assert (inside, subscription.lag) == ([1, 2], 0)


def test_a_cancelled_handler_leaves_its_message_to_others(
    broker: Broker, subscription: Subscription
) -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def endless(delivery: Delivery) -> None:
            begun.set()
            await asyncio.sleep(LONG)

        task = asyncio.create_task(Consumer(subscription, endless).run())
        broker.publish("orders", 1)
        await asyncio.wait_for(begun.wait(), LONG)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [delivery.attempt for delivery in subscription.pull()] == [2]
