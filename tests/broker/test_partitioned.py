"""What only a partitioned group promises: members, generations, sessions, pauses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.snapshot import of_group
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import Retention


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock=clock)


def subscribe(broker: Broker, partitions: int = 1, **settings: Any) -> Subscription:
    broker.topic("orders", partitions)
    settings = {"retry": RetryPolicy(base=0), **settings}
    return broker.subscribe("orders", "billing", assignment="partitioned", **settings)


def spread(broker: Broker, *items: Any) -> None:
    """Publish in turn to each partition."""
    for item in items:
        broker.publish("orders", item)


def data(deliveries: list[Delivery]) -> list[Any]:
    return [delivery.data for delivery in deliveries]


def test_each_join_is_a_generation_and_moves_few_partitions(broker: Broker) -> None:
    group = subscribe(broker, 6)
    ann = group.join("ann")
    assert (ann.partitions, ann.generation) == ([0, 1, 2, 3, 4, 5], 1)
    bob = group.join("bob")
    assert (ann.partitions, bob.partitions) == ([0, 1, 2], [3, 4, 5])
    assert (ann.generation, bob.generation) == (2, 2)
    ann.leave()
    assert (ann.partitions, bob.partitions) == ([], [0, 1, 2, 3, 4, 5])
    assert (ann.generation, bob.generation) == (2, 3)


def test_more_members_than_partitions_leave_some_idle(broker: Broker) -> None:
    group = subscribe(broker, 2)
    members = [group.join() for _ in range(3)]
    assert [member.name for member in members] == ["member-1", "member-2", "member-3"]
    assert [member.partitions for member in members] == [[0], [1], []]
    spread(broker, 1, 2)
    assert members[2].pull() == []
    members[0].leave()
    assert data(members[2].pull()) == [1]


def test_a_partition_that_is_added_gets_an_owner(broker: Broker) -> None:
    ann = subscribe(broker).join("ann")
    broker.topics["orders"].log.add_partitions(1)
    assert ann.partitions == [0, 1]
    spread(broker, 1, 2)
    assert data(ann.pull(2)) == [1, 2]


def test_who_keeps_a_partition_at_a_rebalance_keeps_what_it_holds(broker: Broker) -> None:
    group = subscribe(broker, 2)
    ann = group.join("ann")
    spread(broker, 1, 2)
    kept, moved = ann.pull(2)
    bob = group.join("bob")
    assert moved.revoked
    assert not moved.ack()
    assert not kept.revoked
    assert kept.ack()
    assert data(bob.pull()) == [2]
    assert group.lag == 1


def test_moving_and_leaving_count_for_no_attempt(broker: Broker) -> None:
    group = subscribe(broker, max_deliveries=1)
    spread(broker, 1)
    for name in ("ann", "bob"):
        member = group.join(name)
        assert [d.attempt for d in member.pull()] == [1]
        member.leave()
    assert broker.topics["orders.dead"].log.end() == 0


def test_a_commit_acks_all_in_hand_unless_the_generation_is_old(broker: Broker) -> None:
    group = subscribe(broker, 2)
    ann = group.join("ann")
    spread(broker, 1, 2)
    ann.pull(2)
    generation = ann.generation
    bob = group.join("bob")
    assert not ann.commit(generation)
    assert group.outstanding == 1
    assert ann.commit(ann.generation)
    assert (group.outstanding, group.cursors) == (0, [1, 0])
    bob.pull()
    assert bob.commit()
    assert group.lag == 0
    with pytest.raises(SubscriptionError, match="a generation, a number, not 'two'"):
        ann.commit("two")  # type: ignore[arg-type]


def test_a_member_that_is_silent_is_expelled_and_its_commit_refused(
    broker: Broker, clock: Clock
) -> None:
    group = subscribe(broker, session_timeout=5)
    ann = group.join("ann")
    spread(broker, 1)
    ann.pull()
    clock.now += 5
    assert not ann.commit()
    assert not ann.heartbeat()
    assert (ann.partitions, group.outstanding, group.cursors) == ([], 0, [0])


def test_an_expelled_member_joins_again_when_it_pulls(broker: Broker, clock: Clock) -> None:
    group = subscribe(broker)
    ann = group.join("ann")
    spread(broker, 1)
    ann.pull()
    clock.now += 60
    again = ann.pull()[0]
    assert (again.data, again.attempt, ann.generation) == (1, 2, 3)


SIGNS: dict[str, Callable[[Any, Delivery], Any]] = {
    "heartbeat": lambda member, delivery: member.heartbeat(),
    "pull": lambda member, delivery: member.pull(),
    "commit": lambda member, delivery: member.commit(),
    "ack": lambda member, delivery: delivery.ack(),
    "nack": lambda member, delivery: delivery.nack(),
    "extend": lambda member, delivery: delivery.extend(1),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_of_life_starts_the_session_anew(broker: Broker, clock: Clock, sign: str) -> None:
    member = subscribe(broker, session_timeout=5).join()
    spread(broker, 1)
    delivery = member.pull()[0]
    clock.now += 4
    SIGNS[sign](member, delivery)
    clock.now += 4
    assert member.partitions == [0]
    clock.now += 1
    assert member.partitions == []


def test_a_stale_ack_is_no_sign_of_life(broker: Broker, clock: Clock) -> None:
    member = subscribe(broker, session_timeout=5).join()
    spread(broker, 1)
    delivery = member.pull()[0]
    delivery.ack()
    clock.now += 4
    delivery.ack()
    clock.now += 1
    assert member.partitions == []


def test_a_heartbeat_takes_nothing_from_an_extension(broker: Broker, clock: Clock) -> None:
    member = subscribe(broker, session_timeout=5).join()
    spread(broker, 1)
    delivery = member.pull()[0]
    delivery.extend(60)
    member.heartbeat()
    clock.now += 59
    assert delivery.ack()
    for bad in (0, -1, "5"):
        with pytest.raises(SubscriptionError, match="seconds above 0"):
            delivery.extend(bad)  # type: ignore[arg-type]


def test_a_worker_takes_the_place_of_one_with_its_name(broker: Broker) -> None:
    group = subscribe(broker, 2)
    old, bob = group.join("ann"), group.join("bob")
    spread(broker, 1)
    held = old.pull()[0]
    new = group.join("ann")
    assert (new.partitions, bob.partitions) == ([0], [1])
    assert not held.ack()
    assert not old.heartbeat()
    assert [d.attempt for d in new.pull()] == [2]
    with pytest.raises(SubscriptionError, match="Another worker has joined orders/billing as"):
        old.pull()
    old.leave()
    assert new.partitions == [0]


def test_an_expelled_member_whose_name_is_taken_stays_out(broker: Broker, clock: Clock) -> None:
    group = subscribe(broker)
    old = group.join("ann")
    clock.now += 60
    new = group.join("ann")
    with pytest.raises(SubscriptionError, match="Another worker"):
        old.pull()
    assert new.partitions == [0]


def test_a_member_that_has_left_is_told_how_to_come_back(broker: Broker, clock: Clock) -> None:
    group = subscribe(broker)
    ann, bob = group.join("ann"), group.join("bob")
    ann.leave()
    ann.leave()
    clock.now += 60
    bob.leave()  # expelled by now
    for member in (ann, bob):
        with pytest.raises(SubscriptionError, match=rf"join\('{member.name}'\) makes a new member"):
            member.pull()
    assert group.generation == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["", "a b", 7, "x" * 101])
def test_a_bad_name_is_refused(broker: Broker, name: Any) -> None:
    with pytest.raises(BrokerError, match="A member's name"):
        subscribe(broker).join(name)


@pytest.mark.parametrize("n", [0, -1, 1.5, "2"])
def test_a_pull_takes_a_whole_number(broker: Broker, n: Any) -> None:
    with pytest.raises(SubscriptionError, match="whole number from 1 up"):
        subscribe(broker).join().pull(n)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"assignment": "sticky"}, "assignment is 'shared' or 'partitioned', not 'sticky'"),
        ({"assignment": None}, "not None"),
        ({"assignment": "partitioned", "session_timeout": 0}, "above 0, not 0"),
        ({"assignment": "partitioned", "session_timeout": "5"}, "above 0, not '5'"),
        ({"session_timeout": 5}, "a shared group has an ack_deadline"),
        ({"assignment": "partitioned", "ack_deadline": 5}, "group has a session_timeout"),
    ],
)
def test_bad_settings_are_refused(broker: Broker, settings: Any, complaint: str) -> None:
    broker.topic("orders")
    with pytest.raises(SubscriptionError, match=complaint):
        broker.subscribe("orders", "billing", **settings)
    assert broker.subscriptions == {}


def test_a_member_takes_turns_among_its_partitions(broker: Broker) -> None:
    member = subscribe(broker, 3).join()
    spread(broker, *range(9))
    assert [member.pull()[0].partition for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_a_nack_takes_back_what_lies_behind_it_and_not_what_lies_before(broker: Broker) -> None:
    group = subscribe(broker)
    member = group.join()
    spread(broker, 1, 2, 3)
    first, second, third = member.pull(3)
    assert second.nack()
    assert (first.revoked, second.revoked, third.revoked) == (False, True, True)
    assert not third.ack()
    assert first.ack()
    assert [(d.data, d.attempt) for d in member.pull(3)] == [(2, 2), (3, 1)]


def test_a_consumer_skips_what_a_nack_took_back(broker: Broker) -> None:
    seen: list[Any] = []

    def handle(delivery: Delivery) -> None:
        seen.append(delivery.data)
        if seen == [1]:
            raise ValueError

    consumer = Consumer(subscribe(broker).join(), handle)
    spread(broker, 1, 2)
    consumer.step(2)
    consumer.step(2)
    assert seen == [1, 1, 2]


def test_a_pause_stops_some_partitions_of_a_member(broker: Broker) -> None:
    group = subscribe(broker, 2)
    member = group.join("ann")
    spread(broker, 1, 2)
    member.pause(0)
    assert data(member.pull(5)) == [2]
    member.resume()
    assert data(member.pull(5)) == [1]
    member.pause()
    spread(broker, 3, 4)
    assert member.pull(5) == []
    member.resume(1)
    assert data(member.pull(5)) == [4]
    with pytest.raises(SubscriptionError, match=r"does not own partition 2 .* owns \[0, 1\]"):
        member.pause(0, 2)


def test_a_partition_that_moves_is_no_longer_paused(broker: Broker) -> None:
    group = subscribe(broker, 2)
    ann = group.join("ann")
    ann.pause()
    bob = group.join("bob")
    spread(broker, 1, 2)
    assert data(bob.pull(5)) == [2]
    bob.leave()
    assert data(ann.pull(5)) == [2]  # 1 is still paused
    with pytest.raises(SubscriptionError, match="it owns none"):
        bob.resume(1)


def test_an_expelled_members_pause_is_over(broker: Broker, clock: Clock) -> None:
    member = subscribe(broker).join()
    member.pause()
    spread(broker, 1)
    clock.now += 60
    assert data(member.pull()) == [1]


def test_a_wakeup_is_a_redelivery_or_the_end_of_a_session(broker: Broker, clock: Clock) -> None:
    group = subscribe(broker, 2, max_outstanding=1)
    assert group.next_wakeup() is None
    ann = group.join("ann")
    clock.now += 1
    bob = group.join("bob")
    assert (group.next_wakeup(), ann.next_wakeup(), bob.next_wakeup()) == (1010, 1010, 1010)
    spread(broker, 1, 2)
    bob.pull()[0].nack(3)
    assert (group.next_wakeup(), ann.next_wakeup(), bob.next_wakeup()) == (1004, 1010, 1004)
    bob.pause()
    assert (group.next_wakeup(), bob.next_wakeup()) == (1010, 1010)
    bob.resume()
    group.pause()
    assert group.next_wakeup() == 1010
    group.resume()
    clock.now += 3
    bob.pull()
    assert group.next_wakeup() == 1010


def test_what_the_log_forgot_before_it_was_read_is_counted_once(
    broker: Broker, clock: Clock
) -> None:
    group = subscribe(broker)
    member = group.join()
    log = broker.topics["orders"].log
    for number, key in enumerate("aabab"):
        broker.publish_event("orders", Event.new("t", number, key=key, time=clock.now))
    log.compact()
    batch = member.pull(5)
    assert (data(batch), group.skipped) == ([3, 4], 3)
    batch[0].nack()
    log.retention = Retention(max_age=10)
    assert (data(member.pull(5)), group.skipped) == ([3, 4], 3)


def test_a_gap_between_messages_is_counted_once(broker: Broker) -> None:
    group = subscribe(broker)
    member = group.join()
    for key in "abba":
        broker.publish("orders", key, key=key)
    first = member.pull()[0]
    broker.topics["orders"].log.compact()
    second = member.pull()[0]
    assert (first.offset, second.offset, group.skipped) == (0, 2, 1)
    second.ack()
    first.nack()  # the log has forgotten it, and the gap is now longer
    assert data(member.pull(5)) == ["b", "a"]
    assert group.skipped == 2


def test_the_generation_survives_a_restart_and_members_do_not(tmp_path: Path) -> None:
    with patch("os.fsync"):
        with Broker(tmp_path / "data") as broker:
            member = subscribe(broker, 2).join("ann")
            assert member.generation == 1
        with Broker(tmp_path / "data") as broker:
            group = broker.subscribe("orders", "billing")
            with pytest.raises(BrokerError, match="closed"):
                member.pull()
            member = group.join("ann")
            assert (member.generation, member.partitions) == (3, [0, 1])


def test_a_crash_repeats_what_was_acked_since_the_last_write(tmp_path: Path) -> None:
    with patch("os.fsync"):
        broker = Broker(tmp_path / "data", commit_every=2)
        member = subscribe(broker).join()
        spread(broker, 1, 2, 3)
        for _ in range(3):
            member.pull()[0].ack()
        broker.topics["orders"].log.flush()
        broker._storage.log.flush()  # type: ignore[attr-defined]
        broker._close_logs()  # nothing more is written
        with Broker(tmp_path / "data") as broker:
            group = broker.subscribe("orders", "billing")
            assert group.cursors == [2]
            assert data(group.join().pull(5)) == [3]


@pytest.mark.parametrize(
    "change",
    [
        lambda group, ann, bob: ann.pause(),
        lambda group, ann, bob: ann.leave(),
        lambda group, ann, bob: (ann.leave(), group.join("ann")),
        lambda group, ann, bob: bob.pull()[0].nack(5),
        lambda group, ann, bob: bob.pull()[0].nack(0),
        lambda group, ann, bob: setattr(group._shared.wall, "now", 1001),
    ],
    ids=["pause", "leave", "generation", "delay", "attempt", "session"],
)
def test_a_snapshot_shows_who_owns_what_and_until_when(
    broker: Broker, clock: Clock, change: Any
) -> None:
    group = subscribe(broker, 2)
    ann, bob = group.join("ann"), group.join("bob")
    spread(broker, 1, 2)
    before = of_group(group)
    assert hash(before) == hash(of_group(group))
    change(group, ann, bob)
    assert of_group(group) != before
