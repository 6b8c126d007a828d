"""What a durable broker still knows after a restart, and after a crash."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import Mock, patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.storage import Storage
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, Fsync, LogCorrupt, LogFull, LogLocked

ROOT = Path(__file__).resolve().parents[2]
NEVER = Fsync.never()


@pytest.fixture(autouse=True)
def no_power_cut() -> Iterator[None]:
    """Do not wait for the disk: what the system was given outlives a process."""
    with patch("os.fsync"):
        yield


def crash(folder: Path) -> Path:
    """Return a copy of what a process that dies now would leave behind."""
    left = folder.with_name(folder.name + "+")
    shutil.copytree(folder, left)
    return left


def drain(subscription: Subscription) -> list[Any]:
    """Pull and ack until nothing is available; return the data."""
    drained = []
    while batch := subscription.pull(10):
        drained += [delivery.data for delivery in batch]
        assert subscription.ack_batch(batch) == len(batch)
    return drained


def test_topics_come_back_with_partitions_and_messages(tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker:
        broker.topic("orders", partitions=3)
        broker.topic("clicks").log.add_partitions(1)
        broker.publish_batch("orders", range(7))
    with Broker(str(tmp_path / "data")) as broker:
        assert {name: topic.partitions for name, topic in broker.topics.items()} == {
            "clicks": 2,
            "orders": 3,
        }
        assert sorted(drain(broker.subscribe("orders", "new", start="earliest"))) == list(range(7))


def test_a_group_goes_on_where_it_stood(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders", partitions=2)
        subscription = broker.subscribe("orders", "billing", start="earliest")
        broker.publish_batch("orders", range(8))
        batch = subscription.pull(6)
        subscription.ack_batch(batch[1:3] + batch[4:5])
    with Broker(tmp_path) as broker:
        broker.publish("orders", 8)
        left = {*range(9)} - {batch[1].data, batch[2].data, batch[4].data}
        assert set(drain(broker.subscribe("orders", "billing", start="latest"))) == left


def test_what_was_in_flight_comes_again_at_once_and_its_attempts_count_on(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing", retry=RetryPolicy(base=60))
        broker.publish_batch("orders", ["in flight", "nacked", "unread"])
        subscription.pull()
        subscription.pull()[0].nack(60)
    with Broker(tmp_path) as broker:
        again = broker.subscribe("orders", "billing").pull(9)
        assert [(d.data, d.attempt) for d in again] == [
            ("in flight", 2),
            ("nacked", 2),
            ("unread", 1),
        ]


def test_the_last_delivery_is_not_repeated_by_a_restart(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing", max_deliveries=1)
        broker.publish("orders", "poison")
        subscription.pull()
    with Broker(tmp_path) as broker:
        assert broker.subscribe("orders", "billing").pull() == []
        (letter,) = broker.subscribe("orders.dead", "clerk", start="earliest").pull(9)
        assert "restarted" in str(letter.event.extensions["deadreason"])
        assert broker.redrive("orders.dead") == 1
    with Broker(tmp_path) as broker:
        assert broker.redrive("orders.dead") == 0
        assert [d.attempt for d in broker.subscribe("orders", "billing").pull(9)] == [1]


def test_order_by_key_holds_across_a_restart(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing", ordered=True)
        for i in range(4):
            broker.publish("orders", i, key="ann")
        assert len(subscription.pull(9)) == 1
    with Broker(tmp_path) as broker:
        assert drain(broker.subscriptions["orders", "billing"]) == [0, 1, 2, 3]


def test_an_ack_id_from_before_the_restart_is_stale(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing")
        broker.publish("orders", 1)
        (old,) = subscription.pull()
    with Broker(tmp_path) as broker:
        subscription = broker.subscribe("orders", "billing")
        (new,) = subscription.pull()
        assert not subscription.ack(old.ack_id)
        assert not subscription.nack(old.ack_id)
        assert subscription.ack(new.ack_id)


def test_settings_come_back_and_the_first_to_subscribe_may_change_them(tmp_path: Path) -> None:
    retry = RetryPolicy(base=7, jitter=None)
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        before = broker.subscribe("orders", "billing", ack_deadline=5, retry=retry, ordered=True)
    with Broker(tmp_path) as broker:
        restored = broker.subscriptions["orders", "billing"]
        assert restored.settings == before.settings
        broker.publish_batch("orders", [1, 2])
        (delivery, _) = restored.pull(2)
        assert broker.subscribe("orders", "billing", ack_deadline=6) is restored
        assert restored.settings.ack_deadline == 6
        assert not delivery.ack()
        assert [(d.data, d.attempt) for d in restored.pull(9)] == [(1, 2), (2, 2)]
        with pytest.raises(SubscriptionError, match="already exists with ack_deadline=6"):
            broker.subscribe("orders", "billing", ack_deadline=7)
    with Broker(tmp_path) as broker:
        assert broker.subscriptions["orders", "billing"].settings.ack_deadline == 6


def test_a_filter_must_be_supplied_again(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        broker.subscribe("orders", "billing", filter=lambda event: event.data > 1)
        broker.publish_batch("orders", [1, 2])
    with Broker(tmp_path) as broker:
        subscription = broker.subscribe("orders", "billing")
        with pytest.raises(SubscriptionError, match=r"no file can hold.*: subscribe again"):
            subscription.pull()
        broker.subscribe("orders", "billing", filter=lambda event: event.data > 1)
        assert drain(subscription) == [2]


def test_a_seek_survives(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing")
        broker.publish_batch("orders", [1, 2, 3])
        assert drain(subscription) == [1, 2, 3]
        subscription.seek(offset=1)
        left = crash(tmp_path)
    with Broker(left) as broker:
        assert drain(broker.subscribe("orders", "billing")) == [2, 3]


def test_what_retention_took_while_it_was_unacked_is_skipped_and_counted(tmp_path: Path) -> None:
    with Broker(tmp_path, clock=lambda: 1000.0) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing")
        broker.publish_batch("orders", [1, 2, 3])
        subscription.pull(2)[0].ack()
    rule = Retention(max_age=60)
    with DurableEventLog(tmp_path / "orders", segment_bytes=1, retention=rule) as log:
        log.append(Event.new("orders", 4, time=1061))  # in a segment of its own
        assert log.retain(1061) == 3
    with Broker(tmp_path) as broker:
        subscription = broker.subscribe("orders", "billing")
        assert (drain(subscription), subscription.skipped) == ([4], 2)


def test_a_topic_whose_folder_was_removed_is_gone_with_its_readers(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        for name in ("orders", "clicks"):
            broker.topic(name)
            broker.publish(name, name)
            broker.subscribe(name, "billing", start="earliest")
    shutil.rmtree(tmp_path / "orders")
    with Broker(tmp_path) as broker:
        assert list(broker.subscriptions) == [("clicks", "billing")]
        broker.topic("orders")
        broker.publish("orders", "new")
        assert drain(broker.subscribe("orders", "billing", start="earliest")) == ["new"]


# ── crashes ─────────────────────────────────────────────────────────────────────────────────────


def test_a_group_that_began_with_the_latest_message_misses_none_after_a_crash(
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path / "data")
    broker.topic("orders")
    broker.publish("orders", "before")
    broker.subscribe("orders", "billing")
    broker.publish("orders", "after")
    with broker, Broker(crash(tmp_path / "data")) as revived:
        assert drain(revived.subscribe("orders", "billing")) == ["after"]


def test_a_crash_repeats_fewer_acks_than_commit_every(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "data", commit_every=10)
    broker.topic("orders")
    subscription = broker.subscribe("orders", "billing")
    broker.publish_batch("orders", range(100))
    for _ in range(57):
        subscription.pull()[0].ack()
    with broker, Broker(crash(tmp_path / "data")) as revived:
        assert drain(revived.subscribe("orders", "billing")) == list(range(50, 100))


def test_a_flush_makes_a_crash_repeat_nothing(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "data")
    broker.topic("orders")
    subscription = broker.subscribe("orders", "billing")
    broker.publish_batch("orders", range(5))
    subscription.ack_batch(subscription.pull(2))
    broker.flush()
    with broker, Broker(crash(tmp_path / "data")) as revived:
        assert drain(revived.subscribe("orders", "billing")) == [2, 3, 4]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 5)),
        st.tuples(st.just("pull"), st.integers(1, 4)),
        st.tuples(st.just("ack"), st.integers(0, 5)),
        st.tuples(st.just("nack"), st.integers(0, 5)),
        st.tuples(st.just("flush"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(operations=OPERATIONS, commit_every=st.integers(1, 5), ordered=st.booleans())
def test_whenever_it_crashes_nothing_is_lost_and_only_the_last_acks_are_repeated(
    operations: list[tuple[str, int]], commit_every: int, ordered: bool
) -> None:
    with TemporaryDirectory() as folder:
        data, published, acked = Path(folder, "data"), 0, list[int]()
        broker = Broker(data, clock=lambda: 0.0, fsync=NEVER, commit_every=commit_every)
        broker.topic("orders", 2)
        group = broker.subscribe("orders", "billing", ordered=ordered)
        flying = []
        for verb, n in operations:
            if verb == "publish":
                for _ in range(n):
                    published += 1
                    broker.publish("orders", published, key="ab"[published % 2])
            elif verb == "pull":
                flying += group.pull(n)
            elif verb == "flush":
                broker.flush()
            elif n < len(flying) and verb == "nack":
                flying.pop(n).nack(0)
            elif n < len(flying):
                acked.append(flying[n].data)
                assert flying.pop(n).ack()
        with broker, Broker(crash(data), clock=lambda: 0.0) as revived:
            again = drain(revived.subscribe("orders", "billing"))
        assert len(again) == len(set(again))
        assert {*range(1, published + 1)} - {*acked} <= set(again)
        assert {*acked} & {*again} <= set(acked[max(0, len(acked) - commit_every + 1) :])


def test_cursors_ahead_of_a_log_that_lost_its_tail_are_set_back_for_good(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Broker(data) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing")
        broker.publish("orders", "kept")
        broker.publish_batch("orders", ["lost", "lost too"])
        assert len(drain(subscription)) == 3
    (segment,) = (data / "orders" / "0").glob("*.log")
    segment.write_bytes(segment.read_bytes()[:-10])
    broker = Broker(data)
    assert broker.topics["orders"].log.end() == 1
    broker.publish_batch("orders", ["new", "newer"])
    with broker, Broker(crash(data)) as revived:
        assert drain(revived.subscribe("orders", "billing")) == ["new", "newer"]


WORKER = """
import sys
from pubsub_kit.broker.broker import Broker
from pubsub_kit.log.segments import Fsync
broker = Broker(sys.argv[1], fsync=Fsync.never(), commit_every=10)
broker.topic("orders", 2)
subscription = broker.subscribe("orders", "billing")
for i in range(10**9):
    broker.publish("orders", i)
    print("published", i, flush=True)
    if i % 2:
        for delivery in subscription.pull(2):
            delivery.ack()
            print("acked", delivery.data, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 10, 100, 321])
def test_a_killed_process_loses_nothing(tmp_path: Path, lines: int) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    said = [worker.stdout.readline() for _ in range(lines)]
    worker.send_signal(signal.SIGKILL)
    said += worker.stdout.readlines()
    worker.wait()
    worker.stdout.close()
    words = [line.split() for line in said if line.endswith("\n")]
    published = {int(number) for verb, number in words if verb == "published"}
    acked = [int(number) for verb, number in words if verb == "acked"]
    with Broker(tmp_path) as broker:
        again = drain(broker.subscribe("orders", "billing"))
    assert published - {*acked} <= {*again}
    assert len({*acked} & {*again}) < 10


def test_many_acks_do_not_make_a_long_cursor_log(tmp_path: Path) -> None:
    with Broker(tmp_path, commit_every=1) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing")
        broker.publish_batch("orders", range(3000))
        for _ in range(3000):
            subscription.pull()[0].ack()
    with DurableEventLog(tmp_path / "__cursors") as log:
        assert len(log.read(0, 0, 10_000)) <= 1010
    with Broker(tmp_path) as broker:
        assert broker.subscribe("orders", "billing").lag == 0


# ── trouble ─────────────────────────────────────────────────────────────────────────────────────


def test_two_brokers_cannot_share_a_folder(tmp_path: Path) -> None:
    with Broker(tmp_path), pytest.raises(LogLocked):
        Broker(tmp_path)
    Broker(tmp_path).close()


def test_a_damaged_topic_stops_the_opening_and_leaves_nothing_locked(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        for name in ("clicks", "orders"):
            broker.topic(name)
            broker.publish_batch(name, range(9))
    (segment,) = (tmp_path / "orders" / "0").glob("*.log")
    bytes_ = bytearray(segment.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    segment.write_bytes(bytes_)
    with pytest.raises(LogCorrupt):
        Broker(tmp_path)
    for name in ("clicks", "__cursors"):
        DurableEventLog(tmp_path / name).close()


def test_a_full_disk_fails_the_call_and_the_broker_goes_on(tmp_path: Path) -> None:
    with Broker(tmp_path, commit_every=2) as broker:
        broker.topic("orders")
        subscription = broker.subscribe("orders", "billing")
        broker.publish_batch("orders", range(3))
        first, second, third = subscription.pull(3)
        with full(broker.topics["orders"].log), pytest.raises(LogFull, match="no room"):
            broker.publish("orders", 4)
        assert first.ack()
        assert isinstance(broker._storage, Storage)
        with full(broker._storage.log):
            assert second.ack()  # which counts, and is saved once there is room
            assert "no room" in str(broker.trouble)
            with pytest.raises(LogFull, match="no room"):
                broker.flush()
        assert subscription.lag == 1
        assert third.ack()
        broker.flush()
        assert broker.trouble is None
    with Broker(tmp_path) as broker:
        assert broker.subscribe("orders", "billing").lag == 0


def full(log: EventLog) -> AbstractContextManager[Any]:
    """Let a log's disk be full for a while."""
    no_room = {"side_effect": LogFull("no room")}
    return patch.multiple(log, append=Mock(**no_room), append_batch=Mock(**no_room))


@pytest.mark.parametrize("commit_every", [0, -1, 1.5, None])
def test_commit_every_is_a_count(tmp_path: Path, commit_every: Any) -> None:
    with pytest.raises(BrokerError, match="commit_every is a number of acks"):
        Broker(tmp_path, commit_every=commit_every)
