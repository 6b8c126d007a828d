"""What a broker promises, one sentence a test. Time stands still until a test moves it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.retry import RetryPolicy, RetryPolicyError
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.snapshot import of_broker, of_group, of_topic
from pubsub_kit.broker.starts import At, Offset
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError, Position
from pubsub_kit.log.event import Event
from pubsub_kit.log.retention import Retention

ROOT = Path(__file__).resolve().parents[2]
NAN = float("nan")
AT_ONCE = RetryPolicy(base=0)


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
    broker = Broker(clock=clock)
    broker.topic("orders")
    return broker


def data(deliveries: list[Delivery]) -> list[Any]:
    return [delivery.data for delivery in deliveries]


def drain(subscription: Subscription) -> list[Any]:
    """Pull and ack until nothing is available; return the data."""
    drained = []
    while batch := subscription.pull(10):
        drained += data(batch)
        assert subscription.ack_batch(batch) == len(batch)
    return drained


# ── topics and publishing ───────────────────────────────────────────────────────────────────────


def test_publishing_returns_where_the_message_is_kept(broker: Broker) -> None:
    broker.publish("orders", "a")
    assert broker.publish("orders", "b") == Position("orders", 0, 1)


def test_a_published_event_has_the_brokers_time_and_the_topics_name_as_type(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    broker.publish("orders", {"total": 1}, key="ann", id="o-1", source="shop")
    (delivery,) = subscription.pull()
    assert delivery.event == Event("o-1", "shop", "orders", 1000.0, {"total": 1}, key="ann")


def test_two_messages_without_an_id_get_different_ones(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    broker.publish("orders", 1)
    broker.publish("orders", 1)
    first, second = subscription.pull(2)
    assert first.id != second.id


def test_a_topic_that_is_there_is_returned(broker: Broker) -> None:
    three = broker.topic("shipments", partitions=3)
    assert broker.topic("shipments") is three
    assert three.partitions == 3


def test_messages_of_a_key_share_a_partition_and_the_others_take_turns(broker: Broker) -> None:
    broker.topic("shipments", partitions=4)
    keyed = {broker.publish("shipments", i, key="ann").partition for i in range(8)}
    assert len(keyed) == 1
    assert [broker.publish("shipments", i).partition for i in range(5)] == [0, 1, 2, 3, 0]


RUN = """
from pubsub_kit.broker.broker import Broker
now = [0.0]
broker = Broker(clock=lambda: now[0])
broker.topic("orders", partitions=7)
subscription = broker.subscribe("orders", "billing", ordered=True, max_deliveries=2)
for i in range(60):
    print(broker.publish("orders", i, key=f"customer-{i % 13}"))
while subscription.lag:
    for delivery in subscription.pull(5):
        print(delivery, delivery.deadline)
        delivery.nack() if delivery.offset % 3 == 0 else delivery.ack()
    now[0] += 0.05
"""


def test_a_run_is_the_same_in_every_process() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", RUN],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert runs.pop().count(b"attempt 2") > 5


def test_a_batch_gets_the_positions_that_it_would_have_got_one_by_one(clock: Clock) -> None:
    events = [Event.new("made", i, key=key, time=0) for i, key in enumerate("abcabcxyz")]
    one, many = Broker(clock=clock), Broker(clock=clock)
    for broker in (one, many):
        broker.topic("orders", partitions=3)
    assert many.publish_batch("orders", events) == [one.publish_event("orders", e) for e in events]
    assert of_topic(many.topics["orders"]) == of_topic(one.topics["orders"])


def test_a_batch_may_be_of_data(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    broker.publish_batch("orders", ["a", Event.new("made", "b"), {"c": 1}])
    assert drain(subscription) == ["a", "b", {"c": 1}]
    assert broker.publish_batch("orders", []) == []


def test_data_is_not_taken_for_an_event(broker: Broker) -> None:
    with pytest.raises(BrokerError, match=r"takes an Event, not .*: use publish for data"):
        broker.publish_event("orders", {"total": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "a b", "a\n", ".a", "a.", "ä", 3, []]
)
def test_a_name_that_could_not_be_a_folder_is_refused(broker: Broker, name: Any) -> None:
    with pytest.raises(BrokerError, match="A topic's name has"):
        broker.topic(name)
    with pytest.raises(BrokerError, match="A group's name has"):
        broker.subscribe("orders", name)


@pytest.mark.parametrize("name", ["orders", "a", "_", "orders.dead", "x" * 100, "Q-1_2.3"])
def test_a_usual_name_is_accepted(broker: Broker, name: str) -> None:
    assert broker.topic(name).name == name


def test_a_name_is_at_most_100_characters_and_not_the_brokers_own(broker: Broker) -> None:
    with pytest.raises(BrokerError, match="1 to 100"):
        broker.topic("x" * 101)
    with pytest.raises(BrokerError, match="__cursors"):
        broker.topic("__cursors")


@pytest.mark.parametrize("partitions", [0, -1, 2.5, "3"])
def test_a_topic_has_at_least_one_partition(broker: Broker, partitions: Any) -> None:
    with pytest.raises(BrokerError, match="1 partition or more"):
        broker.topic("new", partitions=partitions)
    assert "new" not in broker.topics


def test_another_number_of_partitions_is_refused(broker: Broker) -> None:
    with pytest.raises(BrokerError, match=r"has 1 partitions, not 2: .*add_partitions"):
        broker.topic("orders", partitions=2)


@pytest.mark.parametrize("wrong", ["ordres", None, ["orders"]])
def test_an_unknown_topic_is_an_error_that_names_the_known_ones(broker: Broker, wrong: Any) -> None:
    for act in (
        lambda: broker.publish(wrong, 1),
        lambda: broker.publish_event(wrong, Event.new("made")),
        lambda: broker.publish_batch(wrong, [1]),
        lambda: broker.subscribe(wrong, "billing"),
        lambda: broker.redrive(wrong),
    ):
        with pytest.raises(BrokerError, match=r"There is no topic .*topics: 'orders'"):
            act()


def test_the_first_error_of_a_newcomer_says_what_to_type() -> None:
    with pytest.raises(BrokerError, match=r"topics: none yet\): broker.topic\('orders'\) makes it"):
        Broker().publish("orders", 1)


# ── subscriptions ───────────────────────────────────────────────────────────────────────────────


def test_each_group_gets_each_message_and_a_group_shares_them(broker: Broker) -> None:
    billing, shipping = (
        broker.subscribe("orders", "billing"),
        broker.subscribe("orders", "shipping"),
    )
    assert broker.subscribe("orders", "billing") is billing
    broker.publish_batch("orders", [1, 2])
    assert data(billing.pull()) == [1]
    assert data(broker.subscribe("orders", "billing").pull(5)) == [2]
    assert data(shipping.pull(5)) == [1, 2]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("latest", [4]),
        ("earliest", [0, 1, 2, 3, 4]),
        (Offset(2), [2, 3, 4]),
        (Offset(0), [0, 1, 2, 3, 4]),
        (Offset(4), [4]),
        (At(1002.0), [2, 3, 4]),
        (At(1002.5), [3, 4]),
        (At(2000.0), [4]),
    ],
)
def test_a_new_group_starts_where_it_says(
    broker: Broker, clock: Clock, start: Any, expected: list[int]
) -> None:
    for i in range(4):
        broker.publish("orders", i)
        clock.now += 1
    subscription = broker.subscribe("orders", "billing", start=start)
    broker.publish("orders", 4)
    assert drain(subscription) == expected


@pytest.mark.parametrize(
    "start",
    [
        "newest",
        None,
        3,
        Offset(-1),
        Offset(cast(int, "2")),
        At(-1),
        At(cast(float, "now")),
        At(NAN),
    ],
)
def test_a_start_that_is_none_is_refused(broker: Broker, start: Any) -> None:
    with pytest.raises(SubscriptionError, match="A start is 'latest', 'earliest'"):
        broker.subscribe("orders", "billing", start=start)
    assert broker.subscriptions == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ack_deadline": 0}, "ack_deadline is a number of seconds above 0, not 0"),
        ({"ack_deadline": -1}, "ack_deadline"),
        ({"ack_deadline": float("inf")}, "ack_deadline"),
        ({"ack_deadline": "10"}, "ack_deadline"),
        ({"max_deliveries": 0}, "max_deliveries is 1 or more"),
        ({"max_outstanding": 0}, "max_outstanding is 1 or more"),
        ({"max_outstanding": None}, "max_outstanding"),
        ({"dead_letter": "dead"}, "needs max_deliveries"),
        ({"dead_letter": "orders", "max_deliveries": 3}, "need another topic"),
        ({"filter": "data == 1"}, "A filter must be a function"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    broker: Broker, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(SubscriptionError, match=words):
        broker.subscribe("orders", "billing", **settings)
    assert broker.subscriptions == {}


def test_subscribing_again_with_other_settings_is_refused(broker: Broker) -> None:
    settings: dict[str, Any] = {"ack_deadline": 5, "max_deliveries": 3}
    subscription = broker.subscribe("orders", "billing", **settings)
    assert broker.subscribe("orders", "billing", **settings) is subscription
    assert broker.subscribe("orders", "billing") is subscription
    with pytest.raises(SubscriptionError, match="already exists with ack_deadline=5: give"):
        broker.subscribe("orders", "billing", ack_deadline=6, max_deliveries=3)


def test_a_filter_passes_messages_over_without_delivering_them(broker: Broker) -> None:
    subscription = broker.subscribe(
        "orders", "billing", filter=lambda event: event.data % 100 == 99
    )
    broker.publish_batch("orders", range(1000))
    assert drain(subscription) == list(range(99, 1000, 100))
    assert (subscription.lag, subscription.cursors) == (0, [1000])


def test_subscribing_again_replaces_the_filter(broker: Broker) -> None:
    broker.subscribe("orders", "billing", filter=lambda event: event.data > 1)
    subscription = broker.subscribe("orders", "billing", filter=lambda event: event.data > 2)
    broker.publish_batch("orders", [1, 2, 3])
    assert drain(subscription) == [3]


def test_a_filter_that_fails_stops_before_the_event_that_it_cannot_judge(broker: Broker) -> None:
    subscription = broker.subscribe(
        "orders", "billing", filter=lambda event: event.data["total"] > 1
    )
    broker.publish_batch("orders", [{"total": 2}, {"totl": 3}, {"total": 4}])
    assert data(subscription.pull(5)) == [{"total": 2}]
    for _ in range(2):
        with pytest.raises(
            SubscriptionError, match=r"filter of orders/billing failed at .*offset 1 .*'total'"
        ):
            subscription.pull(5)
    broker.subscribe("orders", "billing", filter=lambda event: "total" in event.data)
    assert data(subscription.pull(5)) == [{"total": 4}]


# ── deliveries ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def subscription(broker: Broker) -> Subscription:
    subscription = broker.subscribe("orders", "billing", retry=RetryPolicy(base=1, jitter=None))
    broker.publish_batch("orders", ["a", "b", "c"])
    return subscription


def test_a_delivery_says_all_about_itself(broker: Broker, subscription: Subscription) -> None:
    broker.publish("orders", 4, key="ann", id="o-4")
    *_, last = subscription.pull(4)
    assert (last.topic, last.partition, last.offset) == ("orders", 0, 3)
    assert (last.id, last.key, last.data, last.attempt) == ("o-4", "ann", 4, 1)
    assert last.deadline == 1010.0
    assert repr(last) == "<Delivery orders/0/3 attempt 1 key='ann' data=4>"


def test_an_acked_message_never_comes_again(subscription: Subscription, clock: Clock) -> None:
    assert [delivery.ack() for delivery in subscription.pull(3)] == [True, True, True]
    clock.now += 1000
    assert subscription.pull(3) == []
    assert subscription.lag == 0


def test_a_message_in_flight_is_given_to_nobody_else(subscription: Subscription) -> None:
    subscription.pull(3)
    assert subscription.pull() == []
    assert (subscription.outstanding, subscription.lag) == (3, 3)


def test_past_its_deadline_a_message_is_available_again(
    subscription: Subscription, clock: Clock
) -> None:
    (first,) = subscription.pull()
    clock.now += 9.999
    assert data(subscription.pull(9)) == ["b", "c"]
    clock.now = first.deadline
    (again,) = subscription.pull(9)
    assert (again.data, again.attempt) == ("a", 2)
    assert again.ack_id != first.ack_id


def test_a_stale_ack_does_not_touch_the_redelivery(
    subscription: Subscription, clock: Clock
) -> None:
    (late,) = subscription.pull()
    clock.now += 10
    (again,) = subscription.pull()
    assert not late.ack()
    assert not late.nack(0)
    assert not late.extend(60)
    assert subscription.ack_batch([late]) == 0
    assert (again.deadline, subscription.outstanding) == (1020.0, 1)
    assert again.ack()


def test_an_ack_at_the_deadline_is_stale_even_if_nobody_had_pulled(
    subscription: Subscription, clock: Clock
) -> None:
    (delivery,) = subscription.pull()
    clock.now = delivery.deadline
    assert not delivery.ack()
    assert [again.attempt for again in subscription.pull()] == [2]


def test_an_ack_counts_once(subscription: Subscription) -> None:
    (delivery,) = subscription.pull()
    assert [delivery.ack(), delivery.ack(), delivery.nack()] == [True, False, False]


def test_an_ack_id_of_another_subscription_is_stale(
    broker: Broker, subscription: Subscription
) -> None:
    other = broker.subscribe("orders", "shipping", start="earliest")
    (mine,), (theirs,) = subscription.pull(), other.pull()
    assert not subscription.ack(theirs.ack_id)
    assert subscription.ack_batch([theirs]) == 0
    assert (subscription.outstanding, other.outstanding) == (1, 1)
    assert mine.ack()


def test_acking_with_a_delivery_in_place_of_its_ack_id_is_an_error(
    subscription: Subscription,
) -> None:
    (delivery,) = subscription.pull()
    with pytest.raises(SubscriptionError, match="Give the ack_id of a delivery, a number"):
        subscription.ack(delivery)  # type: ignore[arg-type]


def test_extend_moves_the_deadline(subscription: Subscription, clock: Clock) -> None:
    (delivery,) = subscription.pull()
    clock.now += 9
    assert delivery.extend(30)
    clock.now += 29
    assert data(subscription.pull(9)) == ["b", "c"]
    assert delivery.ack()


def test_extend_may_also_bring_the_deadline_nearer(
    subscription: Subscription, clock: Clock
) -> None:
    subscription.pull()[0].extend(1)
    clock.now += 1
    assert data(subscription.pull()) == ["a"]


def test_a_nacked_message_comes_again_after_a_backoff_that_doubles(
    subscription: Subscription, clock: Clock
) -> None:
    for wait in (1, 2, 4, 8, 10, 10):
        (delivery,) = subscription.pull()
        assert delivery.data == "a"
        delivery.nack()
        assert subscription.next_wakeup() == clock.now + wait
        subscription.ack_batch(subscription.pull(9))
        clock.now += wait - 0.001
        assert subscription.pull() == []
        clock.now += 0.001


def test_nack_may_say_the_delay(subscription: Subscription, clock: Clock) -> None:
    first, second, _ = subscription.pull(3)
    first.nack(delay=5)
    second.nack(delay=0)
    assert data(subscription.pull(3)) == ["b"]
    clock.now += 5
    assert data(subscription.pull(3)) == ["a"]


def test_redeliveries_come_first_by_due_time_then_partition_then_offset(
    broker: Broker, subscription: Subscription, clock: Clock
) -> None:
    first, second, third = subscription.pull(3)
    first.nack(2)
    third.nack(1)
    second.nack(2)
    broker.publish("orders", "d")
    clock.now += 2
    assert data(subscription.pull(4)) == ["c", "a", "b", "d"]


def test_partitions_take_turns(broker: Broker) -> None:
    topic = broker.topic("shipments", partitions=3)
    for partition in range(3):
        topic.log.append_batch([Event.new("made", f"{partition}{i}") for i in "abc"], partition)
    subscription = broker.subscribe("shipments", "billing", start="earliest")
    assert [data(subscription.pull())[0] for _ in range(4)] == ["0a", "1a", "2a", "0b"]
    assert data(subscription.pull(3)) == ["1b", "1c", "2b"]
    assert data(subscription.pull(9)) == ["0c", "2c"]


def test_new_partitions_are_read_from_their_start(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    topic = broker.topic("orders")
    topic.log.add_partitions(1)
    topic.log.append(Event.new("made", "new"), 1)
    assert (subscription.lag, subscription.cursors) == (1, [0, 0])
    assert drain(subscription) == ["new"]


@pytest.mark.parametrize("n", [0, -1, 1.5, "1", None])
def test_a_pull_takes_a_count(subscription: Subscription, n: Any) -> None:
    with pytest.raises(SubscriptionError, match="whole number from 1 up"):
        subscription.pull(n)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), "5"])
def test_a_delay_is_in_seconds(subscription: Subscription, seconds: Any) -> None:
    (delivery,) = subscription.pull()
    with pytest.raises(SubscriptionError, match="takes a delay in seconds"):
        delivery.nack(seconds)
    with pytest.raises(SubscriptionError, match="extend takes a number of seconds"):
        delivery.extend(seconds)
    with pytest.raises(SubscriptionError, match="above 0"):
        delivery.extend(0)
    assert delivery.ack()


# ── flow control ────────────────────────────────────────────────────────────────────────────────


def test_no_more_than_max_outstanding_are_in_flight(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing", max_outstanding=2)
    broker.publish_batch("orders", [1, 2, 3, 4])
    first, _ = subscription.pull(10)
    assert subscription.pull(10) == []
    first.ack()
    assert data(subscription.pull(10)) == [3]


def test_a_nacked_message_leaves_room_for_the_next(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing", max_outstanding=1)
    broker.publish_batch("orders", [1, 2])
    subscription.pull()[0].nack(60)
    assert data(subscription.pull()) == [2]


def test_a_group_whose_every_message_fails_does_not_read_the_whole_log(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pubsub_kit.broker.subscription.READ_AHEAD", 10)
    subscription = broker.subscribe("orders", "billing")
    broker.publish_batch("orders", range(100))
    tried = 0
    while batch := subscription.pull():
        batch[0].nack(60)
        tried += 1
    assert tried == 10


def test_a_hot_key_does_not_make_a_group_read_the_whole_log(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pubsub_kit.broker.subscription.READ_AHEAD", 10)
    subscription = broker.subscribe("orders", "billing", ordered=True)
    broker.publish_batch("orders", [Event.new("made", i, key="hot") for i in range(100)])
    assert len(subscription.pull(50)) == 1
    assert subscription.reader.next[0] < 70
    assert drain_after(subscription) == list(range(1, 100))


def drain_after(subscription: Subscription) -> list[Any]:
    """Ack what is in flight, then drain."""
    subscription.ack_batch(list(subscription.queue.flying.values()))
    return drain(subscription)


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def fragile(broker: Broker) -> Subscription:
    return broker.subscribe("orders", "billing", max_deliveries=2, retry=AT_ONCE)


def test_after_max_deliveries_a_message_goes_to_the_dead_letters_with_its_story(
    broker: Broker, fragile: Subscription
) -> None:
    broker.publish("orders", "fine")
    broker.publish("orders", "poison", key="ann", id="o-1")
    letters = broker.subscribe("orders.dead", "clerk")
    drained, (bad,) = fragile.pull()[0].ack(), fragile.pull()
    bad.nack(reason="first")
    (bad,) = fragile.pull()
    bad.nack(reason="KeyError:\n\x00'total'")
    assert (drained, fragile.pull(), fragile.lag) == (True, [], 0)
    (letter,) = letters.pull()
    assert letter.event._replace(extensions={}) == bad.event
    assert dict(letter.event.extensions) == {
        "deadreason": "KeyError:  'total'",
        "deadattempts": 2,
        "deadgroup": "billing",
        "deadtopic": "orders",
        "deadpartition": 0,
        "deadoffset": 1,
    }
    assert Event.from_json(letter.event.to_json()) == letter.event


def test_deliveries_that_pass_their_deadline_count_too(
    broker: Broker, fragile: Subscription, clock: Clock
) -> None:
    broker.publish("orders", "slow")
    letters = broker.subscribe("orders.dead", "clerk")
    for _ in range(2):
        assert data(fragile.pull()) == ["slow"]
        clock.now += 10
    assert fragile.lag == 0
    assert [d.event.extensions["deadreason"] for d in letters.pull(5)] == [
        "the ack deadline passed"
    ]


def test_the_dead_letter_topic_may_be_named_and_the_retry_policy_may_set_the_limit(
    broker: Broker,
) -> None:
    subscription = broker.subscribe(
        "orders", "billing", retry=RetryPolicy(base=0, attempts=1), dead_letter="graveyard"
    )
    broker.publish("orders", "poison")
    subscription.pull()[0].nack()
    assert drain(broker.subscribe("graveyard", "clerk", start="earliest")) == ["poison"]


def test_without_a_limit_a_message_is_tried_for_ever(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    broker.publish("orders", "poison")
    for attempt in range(1, 1500):
        (delivery,) = subscription.pull()
        assert delivery.attempt == attempt
        delivery.nack(0)


def test_a_dead_letter_that_cannot_be_written_is_not_lost(
    broker: Broker, fragile: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.publish("orders", "poison")
    fragile.pull()[0].nack()
    (last,) = fragile.pull()
    with monkeypatch.context() as full:
        full.setattr(broker.topics["orders.dead"].log, "append", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            last.nack()
    assert fragile.outstanding == 1
    assert last.nack()
    assert broker.topics["orders.dead"].log.end() == 1


def test_redrive_puts_dead_letters_back_with_id_and_key_and_only_once(
    broker: Broker, fragile: Subscription
) -> None:
    for i in range(3):
        broker.publish("orders", i, key=f"k{i}", id=f"o-{i}")
    for _ in range(2):
        for delivery in fragile.pull(3):
            delivery.nack()
    assert broker.redrive("orders.dead", limit=2) == 2
    assert [(d.id, d.key, d.attempt, d.ack()) for d in fragile.pull(9)] == [
        ("o-0", "k0", 1, True),
        ("o-1", "k1", 1, True),
    ]
    assert broker.redrive("orders.dead") == 1
    (revived,) = fragile.pull(9)
    assert (revived.id, dict(revived.event.extensions)) == ("o-2", {})
    assert broker.redrive("orders.dead") == 0


def test_redrive_may_go_elsewhere(broker: Broker, fragile: Subscription) -> None:
    repaired = broker.subscribe(broker.topic("repaired").name, "clerk")
    broker.publish("orders", "poison")
    for _ in range(2):
        fragile.pull()[0].nack()
    with pytest.raises(BrokerError, match="can't go to the topic 'nowhere'"):
        broker.redrive("orders.dead", to="nowhere")
    with pytest.raises(BrokerError, match=r"can't go to the topic 'orders.dead'"):
        broker.redrive("orders.dead", to="orders.dead")
    assert broker.redrive("orders.dead", to="repaired") == 1
    assert drain(repaired) == ["poison"]


def test_redriving_what_is_no_dead_letter_is_refused(broker: Broker) -> None:
    broker.publish("orders", "fine", id="o-1")
    with pytest.raises(BrokerError, match="'o-1' can't go to the topic None"):
        broker.redrive("orders")
    assert broker.subscriptions == {}


def test_attributes_of_the_publisher_survive_a_redrive(
    broker: Broker, fragile: Subscription
) -> None:
    event = Event.new("made", 1)._replace(extensions={"traceid": "t", "deadlinems": 5})
    broker.publish_event("orders", event)
    for _ in range(2):
        fragile.pull()[0].nack()
    broker.redrive("orders.dead")
    assert fragile.pull()[0].event == event


def test_a_dead_letter_that_fails_too_remembers_where_it_came_from_first(
    broker: Broker, fragile: Subscription
) -> None:
    event = Event.new("made", 1)._replace(extensions={"traceid": "t"})
    broker.publish("orders", "fine")
    broker.publish_event("orders", event)
    clerks = broker.subscribe("orders.dead", "clerks", max_deliveries=1)
    last = broker.subscribe("orders.dead.dead", "last", max_deliveries=1, dead_letter="lost")
    lost = broker.subscribe("lost", "finder")
    fragile.pull()[0].ack()
    for _ in range(2):
        fragile.pull()[0].nack(reason="no total")
    (letter,) = clerks.pull()
    first = dict(letter.event.extensions)
    letter.nack(reason="no clerk")
    last.pull()[0].nack(reason="nobody")
    story = dict(lost.pull()[0].event.extensions)
    assert story.pop("traceid") == "t"
    assert story == {
        "firstdeadreason": "no total",
        "firstdeadattempts": 2,
        "firstdeadgroup": "billing",
        "firstdeadtopic": "orders",
        "firstdeadpartition": 0,
        "firstdeadoffset": 1,
        "deadreason": "nobody",
        "deadattempts": 1,
        "deadgroup": "last",
        "deadtopic": "orders.dead.dead",
        "deadpartition": 0,
        "deadoffset": 0,
    }
    assert broker.redrive("orders.dead.dead") == 1
    assert clerks.pull()[0].event == event._replace(extensions=first)
    assert broker.redrive("orders.dead") == 2
    assert [letter.event for letter in fragile.pull(9)] == [event, event]


# ── order ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ordered(broker: Broker) -> Subscription:
    subscription = broker.subscribe(
        "orders", "billing", ordered=True, max_deliveries=2, retry=AT_ONCE
    )
    for text in ("a1", "a2", "b1", "a3", "b2", "-1", "-2"):
        broker.publish("orders", text, key=None if text[0] == "-" else text[0])
    return subscription


def test_a_keys_next_message_waits_for_the_one_in_flight(ordered: Subscription) -> None:
    batch = ordered.pull(9)
    assert data(batch) == ["a1", "b1", "-1", "-2"]
    assert ordered.pull(9) == []
    batch[0].ack()
    assert data(ordered.pull(9)) == ["a2"]
    ordered.ack_batch(batch[1:])
    assert data(ordered.pull(9)) == ["b2"]


def test_a_keys_next_message_waits_for_the_redelivery_too(
    ordered: Subscription, clock: Clock
) -> None:
    a1, b1, *_ = ordered.pull(9)
    b1.ack()
    a1.nack(5)
    assert data(ordered.pull(9)) == ["b2"]
    clock.now += 5
    (a1,) = ordered.pull(9)
    assert (a1.data, a1.attempt) == ("a1", 2)
    a1.ack()
    assert data(ordered.pull(9)) == ["a2"]


def test_a_dead_letter_lets_its_key_go(ordered: Subscription) -> None:
    for attempt in (1, 2):
        first = ordered.pull()[0]
        assert (first.data, first.attempt) == ("a1", attempt)
        first.nack()
    assert data(ordered.pull()) == ["a2"]


def test_unordered_a_key_is_not_waited_for(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing")
    for i in range(3):
        broker.publish("orders", i, key="ann")
    assert data(subscription.pull(3)) == [0, 1, 2]


# ── going elsewhere ─────────────────────────────────────────────────────────────────────────────


def test_seeking_to_an_offset_replays_from_there(subscription: Subscription) -> None:
    assert drain(subscription) == ["a", "b", "c"]
    subscription.seek(offset=1)
    assert subscription.lag == 2
    assert [(d.data, d.attempt) for d in subscription.pull(9)] == [("b", 1), ("c", 1)]


def test_seeking_to_a_time_replays_from_there(
    broker: Broker, subscription: Subscription, clock: Clock
) -> None:
    clock.now += 60
    broker.publish("orders", "d")
    assert drain(subscription) == ["a", "b", "c", "d"]
    subscription.seek(time=1000.5)
    assert drain(subscription) == ["d"]


def test_seeking_forgets_what_was_in_flight(ordered: Subscription) -> None:
    before = ordered.pull(9)
    before[1].nack(60)
    ordered.seek(offset=0)
    assert [delivery.ack() for delivery in before] == [False] * 4
    assert ordered.outstanding == 0
    assert drain(ordered) == ["a1", "b1", "-1", "-2", "a2", "b2", "a3"]


def test_an_offset_past_the_end_is_refused(broker: Broker, subscription: Subscription) -> None:
    with pytest.raises(SubscriptionError, match="can't start at offset 4: the log ends at 3"):
        subscription.seek(offset=4)
    with pytest.raises(SubscriptionError, match="can't start at offset 4"):
        broker.subscribe("orders", "shipping", start=Offset(4))
    assert drain(subscription) == ["a", "b", "c"]


def test_an_offset_past_the_end_of_a_shorter_partition_is_its_end(broker: Broker) -> None:
    topic = broker.topic("shipments", partitions=2)
    topic.log.append_batch([Event.new("made", i) for i in range(3)], 0)
    subscription = broker.subscribe("shipments", "billing", start=Offset(2))
    topic.log.append(Event.new("made", "first of the other"), 1)
    assert drain(subscription) == [2, "first of the other"]


@pytest.mark.parametrize("where", [{}, {"offset": 1, "time": 2}, {"offset": -1}, {"time": "now"}])
def test_seeking_takes_an_offset_or_a_time(
    subscription: Subscription, where: dict[str, Any]
) -> None:
    (delivery,) = subscription.pull()
    with pytest.raises(SubscriptionError, match=r"either offset=.* or time=|A start is"):
        subscription.seek(**where)
    assert delivery.ack()


def test_what_retention_took_before_it_was_read_is_skipped_and_counted(
    broker: Broker, clock: Clock
) -> None:
    broker.topic("clicks", retention=Retention(max_age=60))
    subscription = broker.subscribe("clicks", "billing")
    broker.publish_batch("clicks", range(10))
    assert data(subscription.pull(4)) == [0, 1, 2, 3]
    clock.now += 61
    broker.publish("clicks", 10)
    assert broker.topics["clicks"].log.retain(clock.now) == 10
    assert subscription.lag == 5
    assert data(subscription.pull(9)) == [0, 1, 2, 3, 10]
    assert subscription.skipped == 6


def test_what_compaction_took_is_skipped_and_counted(broker: Broker) -> None:
    topic = broker.topic("prices", compact=True)
    for i in range(6):
        broker.publish("prices", i, key="ab"[i % 2])
    all_of_it = broker.subscribe("prices", "all", start="earliest")
    chosen = broker.subscribe("prices", "some", start="earliest", filter=lambda e: e.data == 5)
    topic.log.retain(0)
    assert (drain(all_of_it), all_of_it.skipped, all_of_it.lag) == ([4, 5], 4, 0)
    assert (drain(chosen), chosen.skipped) == ([5], 4)


def test_a_log_whose_tail_was_compacted_away_is_read_to_its_end(broker: Broker) -> None:
    topic = broker.topic("prices")
    broker.publish("prices", 1, key="a")
    broker.publish("prices", None, key="a")
    subscription = broker.subscribe("prices", "all", start="earliest")
    topic.log.compact(now=1e9)
    assert (subscription.pull(), subscription.skipped, subscription.lag) == ([], 2, 0)


# ── looking ─────────────────────────────────────────────────────────────────────────────────────


def test_lag_counts_all_that_is_not_acked(subscription: Subscription) -> None:
    assert subscription.lag == 3
    first, second = subscription.pull(2)
    assert subscription.lag == 3
    first.nack(60)
    assert subscription.lag == 3
    second.ack()
    assert subscription.lag == 2


def test_a_cursor_stands_at_the_first_message_that_is_not_acked(
    subscription: Subscription,
) -> None:
    first, second, _ = subscription.pull(3)
    second.ack()
    assert subscription.cursors == [0]
    first.ack()
    assert subscription.cursors == [2]


def test_the_age_of_the_oldest_is_that_of_the_first_message_not_acked(
    broker: Broker, subscription: Subscription, clock: Clock
) -> None:
    clock.now += 7
    broker.publish("orders", "d")
    clock.now += 1
    assert subscription.oldest_age == 8
    *rest, last = subscription.pull(4)
    subscription.ack_batch(rest)
    assert subscription.oldest_age == 1
    last.ack()
    assert subscription.oldest_age is None


def test_the_next_wakeup_is_the_earliest_deadline_or_end_of_a_backoff(
    subscription: Subscription, clock: Clock
) -> None:
    assert subscription.next_wakeup() is None
    first, second, third = subscription.pull(3)
    assert subscription.next_wakeup() == 1010
    first.extend(4)
    assert subscription.next_wakeup() == 1004
    second.nack(2)
    assert subscription.next_wakeup() == 1002
    assert (first.ack(), third.ack()) == (True, True)
    clock.now += 5
    assert subscription.next_wakeup() == 1002
    subscription.ack_batch(subscription.pull())
    assert subscription.next_wakeup() is None


def test_with_no_room_left_only_a_deadline_wakes(broker: Broker) -> None:
    subscription = broker.subscribe("orders", "billing", max_outstanding=1)
    broker.publish_batch("orders", [1, 2])
    subscription.pull()[0].nack(1)
    subscription.pull()
    assert subscription.next_wakeup() == 1010


def test_equal_states_have_equal_snapshots_at_whatever_time() -> None:
    early, late = scene(at=0.0), scene(at=1234.56)
    assert of_broker(early) == of_broker(late)
    assert len({of_broker(early), of_broker(late)}) == 1
    (mine,), (theirs,) = early.subscriptions.values(), late.subscriptions.values()
    assert of_group(mine) == of_group(theirs)


@pytest.mark.parametrize(
    "change",
    [
        lambda broker, group, clock: broker.publish("orders", 9),
        lambda broker, group, clock: group.pull(),
        lambda broker, group, clock: group.ack_batch(list(group.queue.flying.values())),
        lambda broker, group, clock: next(iter(group.queue.flying.values())).nack(1),
        lambda broker, group, clock: next(iter(group.queue.flying.values())).extend(20),
        lambda broker, group, clock: group.seek(offset=0),
        lambda broker, group, clock: setattr(clock, "now", clock.now + 1),
        lambda broker, group, clock: broker.topic("more"),
        lambda broker, group, clock: broker.subscribe("orders", "more"),
    ],
)
def test_whatever_changes_what_comes_changes_the_snapshot(change: Any) -> None:
    broker = scene(at=0.0)
    (group,) = broker.subscriptions.values()
    before = of_broker(broker)
    change(broker, group, broker.clock)
    assert of_broker(broker) != before


def test_what_is_in_the_log_is_part_of_the_snapshot() -> None:
    assert of_broker(scene(at=0.0, texts="abcdef")) != of_broker(scene(at=0.0, texts="abcdfe"))


def scene(at: float, texts: str = "abcdef") -> Broker:
    """Make a broker with messages unread, in flight, aside and held."""
    clock = Clock()
    clock.now = at
    broker = Broker(clock=clock)
    broker.topic("orders")
    subscription = broker.subscribe("orders", "billing", ordered=True)
    for i, text in enumerate(texts):
        broker.publish("orders", text, key="xxyz"[i % 4], id=f"o-{i}")
    first, _ = subscription.pull(2)
    first.nack(0.3)
    clock.now += 0.1
    return broker


# ── the end ─────────────────────────────────────────────────────────────────────────────────────


def test_a_closed_broker_says_so(broker: Broker, subscription: Subscription) -> None:
    (delivery,) = subscription.pull()
    with broker:
        pass
    broker.close()
    assert repr(subscription) == "<Subscription orders/billing next=[1] in_flight=1>"
    for act in (
        lambda: broker.publish("orders", 1),
        lambda: broker.publish("orders", 1, key="ann"),
        lambda: broker.topic("more"),
        lambda: broker.subscribe("orders", "billing"),
        lambda: subscription.lag,
        subscription.pull,
        delivery.ack,
        delivery.nack,
        broker.flush,
        lambda: of_broker(broker),
    ):
        with pytest.raises(BrokerError, match="This broker is closed"):
            act()


# ── retries ─────────────────────────────────────────────────────────────────────────────────────


def test_full_jitter_draws_between_nothing_and_the_bound() -> None:
    policy, rng = RetryPolicy(base=1, cap=60), random.Random(1)
    drawn = [policy.delay(4, rng) for _ in range(1000)]
    assert 0 <= min(drawn) < 0.1
    assert 7.9 < max(drawn) < 8


def test_the_bound_grows_to_the_cap_and_never_overflows() -> None:
    policy = RetryPolicy(base=0.5, factor=3, cap=20, jitter=None)
    waits = [policy.delay(attempt, random.Random()) for attempt in (1, 2, 3, 4, 5, 10_000)]
    assert waits == [0.5, 1.5, 4.5, 13.5, 20, 20]


def test_the_broker_draws_jitter_from_the_generator_that_it_is_given(clock: Clock) -> None:
    broker = Broker(clock=clock, rng=random.Random(7))
    broker.topic("orders")
    subscription = broker.subscribe("orders", "billing", retry=RetryPolicy(base=4))
    broker.publish("orders", 1)
    subscription.pull()[0].nack()
    assert subscription.next_wakeup() == clock.now + 4 * random.Random(7).random()


@pytest.mark.parametrize(
    "numbers",
    [
        {"base": -1},
        {"cap": -1},
        {"factor": 0.5},
        {"base": float("nan")},
        {"jitter": "some"},
        {"attempts": 0},
    ],
)
def test_a_policy_that_cannot_work_is_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(RetryPolicyError):
        RetryPolicy(**numbers)
