"""What both kinds of groups do beyond the contract of any broker, in memory and durable.

tests/checks/contract/ holds them to that. `Group` makes a group of each kind and its workers; a
test sees no other difference. Where the kinds differ, a test says what each does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any, Literal
from unittest.mock import patch

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.member import Member
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.snapshot import of_group
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError

Kind = Literal["shared", "partitioned"]
SILENCE = 10.0  # seconds after which either kind takes back what a worker holds
AT_ONCE = RetryPolicy(base=0)


class Group:
    """A broker with a topic of `partitions`, one group of it, and the workers of that group."""

    def __init__(self, kind: Kind, path: Path | None) -> None:
        self.kind, self.path, self.now = kind, path, 1000.0
        self.broker = self.open()

    def open(self) -> Broker:
        return Broker(self.path, clock=lambda: self.now)

    def start(self, partitions: int = 1, **settings: Any) -> None:
        """Create the topic and the group."""
        self.settings: dict[str, Any] = {"ordered": True, "retry": AT_ONCE, **settings}
        self.broker.topic("orders", partitions)
        self.subscribe()

    def subscribe(self) -> Subscription:
        self.subscription = self.broker.subscribe(
            "orders", "billing", assignment=self.kind, **self.settings
        )
        return self.subscription

    def worker(self, name: str) -> Subscription | Member:
        """Let one more worker in, and return what it pulls from."""
        return self.subscription if self.kind == "shared" else self.subscription.join(name)

    def publish(self, *items: Any, key: str | None = "ann") -> None:
        for item in items:
            self.broker.publish("orders", item, key=key)

    def restart(self) -> None:
        self.broker.close()
        self.broker = self.open()
        self.subscribe()

    def lose(self, worker: Subscription | Member) -> None:
        """Let so much time pass that a worker which has said nothing loses what it holds."""
        self.now += SILENCE


KINDS: tuple[Kind, ...] = ("shared", "partitioned")


def made(kind: Kind, path: Path | None) -> Iterator[Group]:
    with patch("os.fsync"):
        group = Group(kind, path)
        yield group
        group.broker.close()


@pytest.fixture(params=[f"{kind}-{where}" for kind in KINDS for where in ("memory", "durable")])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Group]:
    kind, _, where = request.param.partition("-")
    yield from made(kind, tmp_path / "data" if where == "durable" else None)


@pytest.fixture(params=KINDS)
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Group]:
    yield from made(request.param, tmp_path / "data")


def data(deliveries: list[Delivery]) -> list[Any]:
    return [delivery.data for delivery in deliveries]


def drain(worker: Subscription | Member) -> list[Any]:
    """Handle one message after another until there is none."""
    seen = []
    while batch := worker.pull():
        seen.append(batch[0].data)
        assert batch[0].ack()
    return seen


def letters(group: Group) -> list[tuple[Any, str]]:
    log = group.broker.topic("orders.dead").log
    return [(event.data, str(event.extensions["deadreason"])) for _, event in log.read(0, 0)]


# ── what is alike ───────────────────────────────────────────────────────────────────────────────


def test_a_nack_brings_the_message_again_after_its_delay(group: Group) -> None:
    group.start(retry=RetryPolicy(base=3, jitter=None))
    worker = group.worker("w1")
    group.publish("tea")
    assert worker.pull()[0].nack()
    assert worker.pull() == []
    group.now += 3
    assert group.subscription.pending
    assert worker.pull()[0].attempt == 2


def test_a_dead_letter_that_is_redriven_comes_to_its_group_again(group: Group) -> None:
    group.start(max_deliveries=1)
    worker = group.worker("w1")
    group.publish("poison")
    assert worker.pull()[0].nack(reason="no such item")
    assert letters(group) == [("poison", "no such item")]
    assert group.broker.redrive("orders.dead") == 1
    assert drain(worker) == ["poison"]


def test_nobody_holds_more_than_max_outstanding(group: Group) -> None:
    group.start(2, max_outstanding=2, ordered=False)
    worker = group.worker("w1")
    for number in range(6):
        group.publish(number, key=None)
    assert len(worker.pull(10)) == 2
    assert worker.pull() == []


def test_what_a_filter_keeps_out_is_no_lag(group: Group) -> None:
    group.start(filter=lambda event: event.data != "spam")
    worker = group.worker("w1")
    group.publish("spam", "tea", "spam")
    assert drain(worker) == ["tea"]
    assert group.subscription.lag == 0


def test_a_filter_that_fails_first_lets_through_what_came_before(group: Group) -> None:
    group.start(filter=lambda event: event.data / 1 > 0)
    worker = group.worker("w1")
    group.publish(1, "two")
    assert data(worker.pull(5)) == [1]
    with pytest.raises(SubscriptionError, match="offset 1"):
        worker.pull()


def test_a_late_group_starts_where_it_says(group: Group) -> None:
    group.broker.topic("orders")
    group.publish("before")
    group.start(start="earliest")
    assert drain(group.worker("w1")) == ["before"]


def test_lag_and_cursors_say_how_far_the_group_is(group: Group) -> None:
    group.start()
    worker = group.worker("w1")
    group.publish("tea", "jam", "rye", key=None)
    first, second = worker.pull(2)
    assert (group.subscription.lag, group.subscription.cursors) == (3, [0])
    second.ack()
    assert (group.subscription.lag, group.subscription.cursors) == (2, [0])
    first.ack()
    assert (group.subscription.lag, group.subscription.cursors) == (1, [2])
    assert group.subscription.oldest_age == 0


def test_an_unsubscribed_group_is_gone_and_its_acks_are_stale(group: Group) -> None:
    group.start()
    worker = group.worker("w1")
    group.publish("tea")
    delivery = worker.pull()[0]
    group.broker.unsubscribe("orders", "billing")
    assert not delivery.ack()
    verbs: list[Callable[[], object]] = [
        worker.pull,
        group.subscription.pull,
        group.subscription.pause,
        group.subscription.resume,
    ]
    for verb in verbs:
        with pytest.raises(SubscriptionError, match="was unsubscribed"):
            verb()
    assert not group.subscription.paused
    assert ("orders", "billing") not in group.broker.subscriptions
    group.subscribe()
    assert group.worker("w1").pull() == []  # a new group, which starts at the latest


def test_unsubscribing_an_unknown_group_says_which_there_are(group: Group) -> None:
    group.start()
    with pytest.raises(BrokerError, match=r"no group 'biling' \(groups: 'billing'\)"):
        group.broker.unsubscribe("orders", "biling")
    with pytest.raises(BrokerError, match="no topic 'order'"):
        group.broker.unsubscribe("order", "billing")


def test_a_consumer_works_for_either_kind(group: Group) -> None:
    group.start(max_deliveries=2)
    seen: list[Any] = []

    def handle(delivery: Delivery) -> None:
        seen.append((delivery.data, delivery.attempt))
        if delivery.data == "poison":
            raise ValueError("no such item")

    consumer = Consumer(group.worker("w1"), handle)
    group.publish("tea", "poison", "jam")
    while consumer.step(5):
        pass
    assert seen == [("tea", 1), ("poison", 1), ("poison", 2), ("jam", 1)]
    assert letters(group) == [("poison", "ValueError: no such item")]
    assert (consumer.handled, consumer.failed) == (2, 2)


@pytest.mark.parametrize("semantics", ["at_least_once", "at_most_once"])
def test_a_consumer_in_a_thread_ends_with_nothing_left(group: Group, semantics: Any) -> None:
    group.start()
    seen: list[Any] = []
    all_seen = Event()

    def handle(delivery: Delivery) -> None:
        seen.append(delivery.data)
        if len(seen) == 20:
            all_seen.set()

    consumer = Consumer(group.worker("w1"), handle, semantics=semantics)
    group.publish(*range(20))
    with consumer.run_in_thread():
        assert all_seen.wait(30)
    assert seen == list(range(20))


def test_a_group_whose_settings_change_after_a_restart_stays_paused(durable: Group) -> None:
    durable.start()
    durable.subscription.pause()
    durable.settings["max_outstanding"] = 7
    durable.restart()
    assert durable.subscription.paused
    assert durable.subscription.settings.max_outstanding == 7


def test_an_unsubscribed_group_is_gone_after_a_restart(durable: Group) -> None:
    durable.start(2, start="earliest")
    durable.publish("tea")
    assert drain(durable.worker("w1")) == ["tea"]
    durable.broker.unsubscribe("orders", "billing")
    durable.broker.close()
    durable.broker = durable.open()
    assert durable.broker.subscriptions == {}
    durable.subscribe()
    assert drain(durable.worker("w1")) == ["tea"]  # its position is gone, too


def test_a_group_never_changes_its_kind(group: Group) -> None:
    group.start()
    if group.path is not None:
        group.restart()
    other: Kind = "shared" if group.kind == "partitioned" else "partitioned"
    with pytest.raises(SubscriptionError, match=f"assignment='{group.kind}'"):
        group.broker.subscribe("orders", "billing", assignment=other, max_outstanding=5)
    assert group.broker.subscribe("orders", "billing") is group.subscription


@pytest.mark.parametrize(
    "change",
    [
        lambda group, worker: worker.pull(),
        lambda group, worker: group.subscription.pause(),
        lambda group, worker: group.subscription.seek(offset=1),
        lambda group, worker: worker.pull()[0].nack(2),
        lambda group, worker: worker.pull()[0].ack(),
    ],
    ids=["pull", "pause", "seek", "nack", "ack"],
)
def test_a_snapshot_shows_whatever_decides_what_comes_next(group: Group, change: Any) -> None:
    group.start()
    worker = group.worker("w1")
    group.publish("tea", "jam")
    before = of_group(group.subscription)
    assert before == of_group(group.subscription)
    change(group, worker)
    assert of_group(group.subscription) != before


# ── what differs ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("partitions", "shared", "partitioned"), [(1, (3, 3), (6, 0)),
                                                                  (2, (3, 3), (3, 3))])  # fmt: skip
def test_how_two_workers_divide_six_messages(
    group: Group, partitions: int, shared: tuple[int, int], partitioned: tuple[int, int]
) -> None:
    group.start(partitions, ordered=False)
    workers = [group.worker("w1"), group.worker("w2")]
    group.publish(*range(6), key=None)
    counts = [0, 0]
    for turn in range(12):
        for delivery in workers[turn % 2].pull():
            counts[turn % 2] += delivery.ack()
    assert tuple(counts) == (shared if group.kind == "shared" else partitioned)


def test_who_gets_what_was_nacked(group: Group) -> None:
    group.start(ordered=False)
    first, second = group.worker("w1"), group.worker("w2")
    group.publish("tea")
    first.pull()[0].nack()
    assert data(second.pull()) == (["tea"] if group.kind == "shared" else [])
    assert data(first.pull()) == ([] if group.kind == "shared" else ["tea"])


def test_whether_a_nacked_message_blocks_the_ones_behind_it(group: Group) -> None:
    group.start(ordered=False)
    worker = group.worker("w1")
    group.publish("tea", "jam", key=None)
    worker.pull()[0].nack(5)
    assert data(worker.pull()) == (["jam"] if group.kind == "shared" else [])
    group.now += 5
    assert data(worker.pull(2)) == (["tea"] if group.kind == "shared" else ["tea", "jam"])


def test_whether_acks_beyond_an_unacked_message_outlive_its_worker(group: Group) -> None:
    group.start(ordered=False)
    lost = group.worker("lost")
    group.publish("tea", "jam", key=None)
    assert lost.pull(2)[1].ack()
    group.lose(lost)
    again = drain(group.worker("heir"))
    assert again == (["tea"] if group.kind == "shared" else ["tea", "jam"])


def test_whether_a_live_worker_loses_a_message_by_being_slow(group: Group) -> None:
    group.start(2, ordered=False)
    worker = group.worker("w1")
    group.publish("tea", key=None)
    delivery = worker.pull()[0]
    for _ in range(3):
        group.now += SILENCE / 2
        worker.pull()
    assert delivery.ack() == (group.kind == "partitioned")


def test_what_the_other_kind_of_worker_is_told(group: Group) -> None:
    group.start()
    if group.kind == "shared":
        with pytest.raises(SubscriptionError, match="is shared, so its workers pull from it"):
            group.subscription.join("w1")
    else:
        with pytest.raises(SubscriptionError, match=r"join\(\"worker-1\"\)"):
            group.subscription.pull()
