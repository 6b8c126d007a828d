"""What must not surprise a broker: folders and files, settings, copies, clocks, growth, names.

Each case is a kind of fault that other brokers' users have reported: a reader's change that comes
back with the retry (symfony/symfony 36735), a lag that counts what is not there (redpanda 30624), a
stream that was made anew under an old consumer (nats-server 6600), dead letters that go round in a
ring (lavinmq 1716).
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.member import Member
from pubsub_kit.broker.retry import RetryPolicy, RetryPolicyError
from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.broker.snapshot import of_broker
from pubsub_kit.broker.starts import At, Offset
from pubsub_kit.broker.storage import Storage
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, LogCorrupt, LogFull
from pubsub_kit.log.values import EventError

KINDS: list[Any] = ["shared", "partitioned"]
NOW = RetryPolicy(base=0)


@pytest.fixture(autouse=True)
def no_power_cut() -> Iterator[None]:
    """Do not wait for the disk: what the system was given outlives a process."""
    with patch("os.fsync"):
        yield


@pytest.fixture(params=["memory", "disk"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    with Broker(None if request.param == "memory" else tmp_path / "data") as made:
        yield made


def worker(broker: Broker, kind: Any, group: str = "billing", **settings: Any) -> Any:
    """Return what one worker of a group pulls from."""
    options: dict[str, Any] = {"start": "earliest", "retry": NOW} | settings
    made = broker.subscribe("orders", group, assignment=kind, **options)
    return made.join("w") if kind == "partitioned" else made


def drain(source: Subscription | Member) -> list[Any]:
    seen = []
    while batch := source.pull():
        seen.append(batch[0].data)
        assert batch[0].ack()
    return seen


def state(broker: Broker) -> Any:
    """Return all that a refused call must leave as it was."""
    rules = {name: (t.log.retention, t.log.compacted) for name, t in broker.topics.items()}
    groups = {of: (g.settings, g.reader.filter) for of, g in broker.subscriptions.items()}
    on_disk = getattr(broker._storage, "_latest", {}).copy()
    return of_broker(broker, exact=True), rules, groups, on_disk


# ── folders and files ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seen", [True, False], ids=["opened without it", "made anew while closed"])
def test_a_topic_that_was_made_anew_starts_its_groups_anew(
    tmp_path: Path, kind: Any, seen: bool
) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders", 2)
        broker.publish_batch("orders", range(10))
        group = worker(broker, kind)
        for delivery in group.pull(6)[:2]:
            delivery.ack()
        group.pull(2)
    shutil.rmtree(tmp_path / "orders")
    if seen:
        with Broker(tmp_path) as broker:
            broker.topic("orders", 2)
            broker.publish_batch("orders", ["new"] * 8)
    else:
        with DurableEventLog(tmp_path / "orders", 2) as log:
            log.append_across({p: [Event.new("orders", "new")] * 4 for p in range(2)})
    with Broker(tmp_path) as broker:
        assert broker.subscriptions == {}
        found = worker(broker, kind).pull(99)
        assert [(d.data, d.attempt) for d in found] == [("new", 1)] * 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_topic_whose_folder_comes_back_has_its_groups_back(tmp_path: Path, kind: Any) -> None:
    with Broker(tmp_path / "data") as broker:
        broker.topic("orders")
        broker.publish_batch("orders", range(4))
        worker(broker, kind).pull(2)[0].ack()
    shutil.move(tmp_path / "data" / "orders", tmp_path / "aside")
    with Broker(tmp_path / "data") as broker:
        assert broker.topics == {}
    shutil.move(tmp_path / "aside", tmp_path / "data" / "orders")
    with Broker(tmp_path / "data") as broker:
        assert drain(worker(broker, kind)) == [1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_failures_of_messages_that_a_power_cut_took_do_not_count_for_others(
    tmp_path: Path, kind: Any
) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        group = worker(broker, kind, max_deliveries=3)
        broker.publish("orders", "lost")
        group.pull()[0].nack(0)
        group.pull()[0].nack(0)
    (segment,) = (tmp_path / "orders" / "0").glob("*.log")
    segment.write_bytes(segment.read_bytes()[:-10])
    with Broker(tmp_path) as broker:
        group = worker(broker, kind, max_deliveries=3)
        broker.publish("orders", "new")
        assert [(d.data, d.attempt) for d in group.pull(9)] == [("new", 1)]


def test_strange_folders_and_files_are_left_alone_and_named(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders", 2)
        broker.publish_batch("orders", range(4))
    strange = [
        tmp_path / "lost+found", tmp_path / "notes", tmp_path / "readme.txt", tmp_path / ".git",
        tmp_path / "my topic", tmp_path / "orders" / "7", tmp_path / "orders" / "0" / "old.log",
    ]  # fmt: skip
    for path in strange:
        path.write_text("mine") if path.suffix else path.mkdir()
    DurableEventLog(tmp_path / "my topic").close()
    with Broker(tmp_path) as broker:
        assert list(broker.topics) == ["orders"]
        assert broker.topic("orders").partitions == 2
        assert sorted(broker.strangers) == sorted(strange)
        broker.delete_topic("orders")
    assert all(path.exists() for path in strange)
    assert Broker().strangers == []


def test_a_topic_deleted_under_a_running_broker_is_a_sentence(tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker:
        broker.topic("orders")
        broker.subscribe("orders", "billing")
        broker.publish("orders", 1)
        shutil.rmtree(tmp_path / "data" / "orders")
        for call in (broker.publish, lambda *a: broker.publish_batch(a[0], [a[1]])):
            with pytest.raises(LogError, match="moved, deleted or made anew"):
                call("orders", 2)
        assert broker.topics["orders"].log.end() == 1
        with pytest.raises(LogError, match="moved or deleted"):
            assert broker.strangers == []


@pytest.mark.parametrize("which", [1, -1], ids=["middle", "last"])
def test_a_missing_segment_is_refused_at_opening(tmp_path: Path, which: int) -> None:
    with Broker(tmp_path) as broker:
        log = broker.topic("orders").log
        assert isinstance(log, DurableEventLog)
        log._partitions[0].segment_bytes = 100
        for number in range(9):
            broker.publish("orders", number)
    sorted((tmp_path / "orders" / "0").glob("*.log"))[which].unlink()
    with pytest.raises(LogCorrupt, match="is missing"):
        Broker(tmp_path)


# ── settings ────────────────────────────────────────────────────────────────────────────────────

WRONG = [-1, math.nan, math.inf, -math.inf, "5", True, [], {}]
SETTINGS: dict[str, list[Any]] = {
    "ack_deadline": [*WRONG, 0, None],
    "max_deliveries": [*WRONG, 0, 1.5],
    "max_outstanding": [*WRONG, 0, 1.5, None],
    "retry": [*WRONG, 0, None],
    "ordered": [1, "yes", None, math.nan],
    "dead_letter": ["", "a b", "__dead", "con", 5, "orders", "Orders", True],
    "filter": ["x", 5],
    "start": ["now", 5, None, Offset(-1), Offset(True), Offset(9), At(math.nan), At(-1), []],
    "assignment": ["exclusive", None, 5, []],
    "session_timeout": [*WRONG, 0, None],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in SETTINGS.items() for v in vs])
def test_a_wrong_setting_of_a_group_is_refused_and_changes_nothing(
    broker: Broker, name: str, value: Any
) -> None:
    broker.topic("orders")
    before = state(broker)
    more = {"max_deliveries": 5} if name == "dead_letter" else {}
    with pytest.raises(PubSubKitError):
        broker.subscribe("orders", "billing", **more | {name: value})
    assert state(broker) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [{"filter": 5}, {"start": "now"}, {"max_deliveries": 5}])
def test_a_second_subscribe_that_is_refused_changes_nothing(
    broker: Broker, kind: Any, more: Any
) -> None:
    broker.topic("orders")
    broker.subscribe("orders", "billing", assignment=kind)
    before = state(broker)
    with pytest.raises(SubscriptionError):
        broker.subscribe("orders", "billing", assignment=kind, **more)
    assert state(broker) == before


@pytest.mark.parametrize("field", ["base", "factor", "cap", "attempts"])
@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_retry_policy_is_refused(field: str, value: Any) -> None:
    with pytest.raises(RetryPolicyError):
        RetryPolicy(**{field: value})


@pytest.mark.parametrize("value", [5, "half", math.nan, []])
def test_a_wrong_jitter_is_refused(value: Any) -> None:
    with pytest.raises(RetryPolicyError, match="jitter is"):
        RetryPolicy(jitter=value)


def test_none_is_no_limit() -> None:
    policy = RetryPolicy(cap=None, jitter=None, attempts=None)
    assert policy.bound(30) == 0.1 * 2**29
    assert math.isfinite(policy.bound(10**6))
    assert Retention(max_age=None, max_bytes=None, tombstone_age=None).max_age is None


TOPICS: dict[str, list[Any]] = {
    "partitions": [*WRONG, 0, 1.0, 10**9],
    "retention": [5, "a day", True, {}, {"max_age": 5}, 0, ""],
    "compact": ["yes", 1, 0, [], math.nan],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in TOPICS.items() for v in vs])
@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_a_wrong_setting_of_a_topic_is_refused_and_changes_nothing(
    broker: Broker, name: str, value: Any, old: bool
) -> None:
    broker.topic("orders")
    before = state(broker)
    right: dict[str, Any] = {"retention": Retention(max_age=5), "compact": True}
    with pytest.raises(PubSubKitError):
        broker.topic("orders" if old else "clicks", **right | {name: value})
    assert state(broker) == before


@pytest.mark.parametrize(
    "name", ["con", "Aux", "nul.txt", "COM1", "lpt9.a.b", "ORDERS", "", "a/b", "..", "__x", 5, None]
)
def test_a_name_that_some_disk_cannot_hold_is_refused(broker: Broker, name: Any) -> None:
    broker.topic("orders")
    with pytest.raises(BrokerError):
        broker.topic(name)
    assert list(broker.topics) == ["orders"]
    broker.topic("console")


@pytest.mark.parametrize(
    "options",
    [
        {"clock": 5}, {"rng": 5}, {"commit_every": True}, {"commit_every": math.nan},
        {"fsync": "always"},
    ],
)  # fmt: skip
def test_a_broker_is_not_made_of_wrong_parts(tmp_path: Path, options: Any) -> None:
    with pytest.raises(PubSubKitError):
        Broker(tmp_path, **options)
    Broker(tmp_path).close()


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_arguments_of_a_group_are_refused_and_change_nothing(
    broker: Broker, kind: Any
) -> None:
    broker.topic("orders")
    group = worker(broker, kind)
    broker.publish_batch("orders", range(4))
    first = group.pull(2)[0]
    shared = broker.subscriptions["orders", "billing"]
    other = Broker()
    other.topic("orders")
    theirs = other.subscribe("orders", "billing", start="earliest")
    other.publish_batch("orders", range(2))
    before = state(broker)
    for call, values in CALLS.items():
        for value in values:
            with pytest.raises(SubscriptionError):
                call(shared, first, value)
            assert state(broker) == before
    for wrong in (5, [5], [first, 5], [first.ack_id], None, "ab"):
        with pytest.raises(SubscriptionError, match="ack_batch takes deliveries"):
            shared.ack_batch(wrong)  # type: ignore[arg-type]
    assert state(broker) == before
    assert shared.ack_batch(theirs.pull(2)) == 0


CALLS: dict[Callable[..., Any], list[Any]] = {
    lambda group, first, value: first.nack(value): WRONG,
    lambda group, first, value: first.nack(0, value): [5, None, b"x"],
    lambda group, first, value: first.extend(value): [*WRONG, 0, None],
    lambda group, first, value: group.ack(value): [True, "1", 1.0, None],
    lambda group, first, value: group.seek(offset=value): [*WRONG, 1.5, 99],
    lambda group, first, value: group.seek(time=value): WRONG,
}


def test_redrive_takes_a_count_or_none(broker: Broker) -> None:
    broker.topic("orders.dead")
    limits: list[Any] = [*WRONG, 1.5]
    for limit in limits:
        with pytest.raises(BrokerError, match="limit is a number"):
            broker.redrive("orders.dead", limit=limit)
    assert broker.redrive("orders.dead") == 0


# ── nothing is registered before it is saved ────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_saved_changes_nothing(tmp_path: Path, kind: Any) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders", retention=Retention(max_age=60))
        group = worker(broker, kind)
        broker.publish_batch("orders", range(4))
        group.pull(3)[0].ack()
        shared, before = broker.subscriptions["orders", "billing"], state(broker)
        calls: list[Callable[[], Any]] = [
            lambda: broker.topic("clicks"),
            lambda: broker.topic("orders", retention=Retention(max_age=1)),
            lambda: broker.topic("orders", compact=True),
            lambda: broker.subscribe("orders", "new", max_deliveries=5),
            lambda: broker.subscribe("orders", "billing", filter=bool),
            lambda: broker.unsubscribe("orders", "billing"),
            lambda: shared.seek(offset=0),
            lambda: shared.pause(),
        ]
        assert isinstance(broker._storage, Storage)
        for call in calls:
            with (
                patch.object(broker._storage.log, "append_batch", side_effect=LogFull("no room")),
                pytest.raises(LogFull),
            ):
                call()
            assert state(broker) == before
        assert not (tmp_path / "orders.dead").exists()
        assert not (tmp_path / "clicks").exists()
    with Broker(tmp_path) as broker:
        assert list(broker.topics) == ["orders"]
        assert drain(worker(broker, kind)) == [1, 2, 3]


FEW_HANDLES = """
import resource, sys, os
from pubsub_kit.broker.broker import Broker
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.segments import Fsync
broker = Broker(sys.argv[1], fsync=Fsync.never())
broker.topic("orders", 2); broker.subscribe("orders", "billing", start="earliest")
broker.publish("orders", 1)
refused = 0
for more in range(12):
    add = lambda: broker.topics["orders"].log.add_partitions(1)
    for call in (lambda: broker.topic(f"t{more}", 9), add):
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 4096))
        highest = max(map(int, os.listdir("/dev/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + more % 4, 4096))
        topics, partitions = dict(broker.topics), broker.topics["orders"].partitions
        try:
            call()
        except PubSubKitError as error:
            refused += 1
            assert broker.topics == topics, error
            assert broker.topics["orders"].partitions == partitions
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 4096))
assert refused > 5, refused
broker.topic("later", 9)
broker.publish("orders", 2)
parts = {name: topic.partitions for name, topic in broker.topics.items()}
broker.close()
with Broker(sys.argv[1]) as broker:
    assert {name: topic.partitions for name, topic in broker.topics.items()} == parts
    assert len(broker.subscribe("orders", "billing").pull(9)) == 2
print("fine")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of this kind")
def test_running_out_of_file_handles_undoes_the_call(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FEW_HANDLES, str(tmp_path / "data")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("fine\n", "")


def test_retention_and_compaction_of_a_topic_survive_a_restart(tmp_path: Path) -> None:
    rule = Retention(max_age=60, max_bytes=10**6)
    with Broker(tmp_path) as broker:
        broker.topic("orders", retention=rule, compact=True)
    with Broker(tmp_path) as broker:
        log = broker.topic("orders").log
        assert (log.retention, log.compacted) == (rule, True)
        broker.topic("orders", retention=Retention(), compact=False)
    with Broker(tmp_path) as broker:
        log = broker.topic("orders").log
        assert (log.retention, log.compacted) == (Retention(), False)


# ── batches ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("items", ["text", b"bytes", {"a": 1}, 5, None, Event.new("t"), 1.5])
def test_a_batch_is_an_iterable_of_events_or_data(broker: Broker, items: Any) -> None:
    broker.topic("orders")
    with pytest.raises(BrokerError, match="publish_batch takes an iterable"):
        broker.publish_batch("orders", items)
    assert broker.topics["orders"].log.end() == 0
    assert len(broker.publish_batch("orders", (i for i in range(3)))) == 3
    assert broker.publish_batch("orders", []) == []


def test_a_batch_is_all_or_nothing_over_partitions(broker: Broker) -> None:
    broker.topic("orders", 3)
    broker.publish("orders", 0)
    before = state(broker)

    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("the source failed")

    with pytest.raises(EventError):
        broker.publish_batch("orders", [1, 2, 3, {4}])
    with pytest.raises(KeyError):
        broker.publish_batch("orders", failing())
    assert state(broker) == before


# ── copies ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_that_changes_its_data_changes_nobody_elses(broker: Broker, kind: Any) -> None:
    broker.topic("orders")
    sent: dict[str, Any] = {"n": 1, "list": [{"deep": 1}]}
    clean: dict[str, Any] = {"n": 1, "list": [{"deep": 1}]}
    one, two = worker(broker, kind, max_deliveries=2), worker(broker, kind, "shipping")
    broker.subscribe("orders", "picky", start="earliest", filter=lambda e: e.data.clear() or True)
    broker.publish("orders", sent, extensions={"trace": "t"})
    sent["list"][0]["deep"] = 2
    broker.subscriptions["orders", "picky"].pull()
    for attempt in (1, 2):
        (delivery,) = one.pull()
        assert (delivery.data, delivery.attempt) == (clean, attempt)
        assert delivery.event.data is delivery.data
        delivery.data["list"][0]["deep"] = "changed"
        delivery.data["more"] = {}
        delivery.event.extensions["trace"] = "changed"
        assert delivery.nack(0)
    (letter,) = broker.subscribe("orders.dead", "clerk", start="earliest").pull()
    assert (letter.data, letter.event.extensions["trace"]) == (clean, "t")
    (theirs,) = two.pull()
    assert (theirs.data, theirs.event.extensions) == (clean, {"trace": "t"})
    theirs.data.clear()
    ((_, stored),) = broker.topics["orders"].log.read(0, 0)
    assert stored.data == clean


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 1


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"a": [1, {2, 3}]}, r"data\['a'\]\[1\]"),
        ([1.5, math.nan], r"data\[1\]"),
        ({"a": {(1,): 1}}, r"data\['a'\]"),
        (deep(200), r"data\[0\]"),
        (object(), "data is"),
    ],
)
@pytest.mark.parametrize("batch", [False, True])
def test_data_that_is_no_json_is_refused_with_its_place(
    broker: Broker, data: Any, place: str, batch: bool
) -> None:
    broker.topic("orders", 2)
    before = state(broker)
    with pytest.raises(EventError, match=place):
        broker.publish_batch("orders", [0, data]) if batch else broker.publish("orders", data)
    assert state(broker) == before


# ── extensions ──────────────────────────────────────────────────────────────────────────────────


def test_extensions_carry_the_context_of_a_trace(broker: Broker) -> None:
    broker.topic("orders")
    group = broker.subscribe("orders", "billing")
    parent = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    broker.publish("orders", 1, extensions=parent)
    parent.clear()
    (delivery,) = group.pull()
    assert list(delivery.event.extensions) == ["traceparent"]


@pytest.mark.parametrize("extensions", ["x", 5, None, {"Trace": "x"}, {"a": None}, {"id": "x"}, []])
def test_wrong_extensions_are_refused(broker: Broker, extensions: Any) -> None:
    broker.topic("orders")
    with pytest.raises(EventError):
        broker.publish("orders", 1, extensions=extensions)
    assert broker.topics["orders"].log.end() == 0


@pytest.mark.parametrize("name", ["key", "type", "id", "source"])
@pytest.mark.parametrize("value", [5, "", [], True])
def test_wrong_attributes_are_refused(broker: Broker, name: str, value: Any) -> None:
    broker.topic("orders", 2)
    before = state(broker)
    with pytest.raises(PubSubKitError):
        broker.publish("orders", 1, **{name: value})
    assert state(broker) == before


# ── lag ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_lag_counts_messages_and_no_gaps(broker: Broker, kind: Any) -> None:
    log = broker.topic("orders", 2, compact=True).log
    group = worker(broker, kind)
    shared = broker.subscriptions["orders", "billing"]
    for number in range(40):
        broker.publish("orders", number, key=["ann", "bob", "cy"][number % 3])
    assert shared.lag == 40
    assert log.compact() == 37
    assert shared.lag == 3
    (first,) = group.pull()
    assert shared.lag == 3
    first.ack()
    assert shared.lag == 2
    assert len(drain(group)) == 2
    assert shared.lag == 0


# ── dead letters ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_ring_of_dead_letter_topics_is_refused(broker: Broker, kind: Any) -> None:
    for name in "abc":
        broker.topic(name)
    options: dict[str, Any] = {"max_deliveries": 1, "assignment": kind}
    broker.subscribe("a", "g", dead_letter="b", **options)
    broker.subscribe("b", "g", dead_letter="c", **options)
    before = state(broker)
    with pytest.raises(SubscriptionError, match="c → a → b → c"):
        broker.subscribe("c", "g", dead_letter="a", **options)
    assert state(broker) == before
    broker.subscribe("c", "g", dead_letter="d", **options)


class Mute(Exception):
    """An exception without words, whose words fail."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError(), "ValueError"), (Mute(), "Mute"), (KeyError("x"), "KeyError: 'x'")],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_without_words_is_nacked_with_its_class(
    broker: Broker, kind: Any, error: Exception, reason: str
) -> None:
    broker.topic("orders")
    source = worker(broker, kind, max_deliveries=1)
    broker.publish("orders", 1)

    def handle(delivery: Any) -> None:
        raise error

    assert Consumer(source, handle).step() == 1
    ((_, letter),) = broker.topics["orders.dead"].log.read(0, 0)
    assert letter.extensions["deadreason"] == reason


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_is_set_back_makes_no_lease_longer(kind: Any) -> None:
    clock = Clock()
    broker = Broker(clock=clock)
    broker.topic("orders")
    source = worker(broker, kind)
    broker.publish("orders", 1)
    (delivery,) = source.pull()
    clock.now -= 3600
    assert broker.subscriptions["orders", "billing"].outstanding == 1
    clock.now += 10.5
    assert broker.subscriptions["orders", "billing"].outstanding == 0
    assert not delivery.ack()


def test_the_wall_clock_does_not_rule_leases() -> None:
    broker = Broker()
    broker.topic("orders")
    group = broker.subscribe("orders", "billing")
    assert group.clock is time.monotonic
    broker.publish("orders", 1)
    assert abs(group.pull()[0].event.time - time.time()) < 3600
    assert group.oldest_age is not None
    assert group.oldest_age < 3600


def test_a_tombstone_has_its_age_from_its_append(broker: Broker) -> None:
    log = broker.topic("orders", retention=Retention(tombstone_age=3600), compact=True).log
    broker.publish_event("orders", Event.new("orders", None, key="ann", time=0))
    assert log.compact() == 0
    assert log.compact(time.time() + 3601) == 1


# ── growth ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("restart", [False, True], ids=["on", "restarted"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_moves_keeps_its_order(tmp_path: Path, kind: Any, restart: bool) -> None:
    path = tmp_path / "data"
    broker = Broker(path)
    log = broker.topic("orders", 2).log
    source = worker(broker, kind, ordered=True)
    keys = [f"k{n}" for n in range(12)]
    for number in range(60):
        broker.publish("orders", number, key=keys[number % 12])
        if number in (20, 40):
            log.add_partitions(number // 20)
    held = source.pull(3)
    held[0].ack()
    if restart:
        broker.close()
        broker = Broker(path)
        source = worker(broker, kind, ordered=True)
    seen: dict[str, list[int]] = {}
    busy: list[Any] = [] if restart else held[1:]
    for delivery in busy:
        seen.setdefault(delivery.key, []).append(delivery.data)
    for _ in range(500):
        for delivery in source.pull(4):
            same = [other for other in busy if other.key == delivery.key]
            moved = [other for other in same if other.partition != delivery.partition]
            assert not (same if kind == "shared" else moved)
            busy.append(delivery)
            seen.setdefault(delivery.key, []).append(delivery.data)
        if busy:
            assert busy.pop().ack()  # the last first: the slowest worker has the oldest message
    assert sum(map(len, seen.values())) == 59
    assert all(row == sorted(row) for row in seen.values())
    assert broker.subscriptions["orders", "billing"].lag == 0
    broker.close()


def test_owners_of_partitions_wait_for_what_came_before_a_growth(broker: Broker) -> None:
    log = broker.topic("orders", 1).log
    settings: dict[str, Any] = {"assignment": "partitioned", "ordered": True}
    group = broker.subscribe("orders", "billing", start="earliest", **settings)
    ann = group.join("ann")
    for number in range(3):
        broker.publish("orders", number, key="moves")
    log.add_partitions(3)
    bob = group.join("bob")
    broker.publish("orders", 3, key="moves")
    (_, partition) = max((log.end(p), p) for p in range(1, 4))
    assert log.end(partition) == 1
    batch = [*ann.pull(9), *bob.pull(9)]
    assert [d.data for d in batch] == [0, 1, 2]
    assert [*ann.pull(9), *bob.pull(9)] == []
    for delivery in batch:
        delivery.ack()
    assert [d.data for d in [*ann.pull(9), *bob.pull(9)]] == [3]


def test_growth_does_not_hold_back_what_a_power_cut_or_retention_took(tmp_path: Path) -> None:
    with Broker(tmp_path, clock=lambda: 1000.0) as broker:
        log = broker.topic("orders", retention=Retention(max_age=10)).log
        broker.subscribe("orders", "billing", ordered=True)
        broker.publish_batch("orders", range(3))
        log.add_partitions(1)
        assert isinstance(log, DurableEventLog)
        log._partitions[0]._roll()
        assert log.retain(5000.0) == 3
        broker.publish_event("orders", Event.new("orders", "new", key="b", time=5000))
        assert drain(broker.subscriptions["orders", "billing"]) == ["new"]


# ── deleting ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_topic_is_gone_with_its_groups(broker: Broker, kind: Any) -> None:
    broker.topic("orders", 2)
    source = worker(broker, kind)
    broker.publish_batch("orders", range(4))
    (delivery,) = source.pull()
    broker.delete_topic("orders")
    assert (broker.topics, broker.subscriptions) == ({}, {})
    assert not delivery.ack()
    with pytest.raises(SubscriptionError):
        source.pull()
    for call in (broker.delete_topic, broker.publish):
        with pytest.raises(BrokerError, match="There is no topic"):
            call("orders")
    broker.topic("orders", 3)
    broker.publish("orders", "new")
    assert [(d.data, d.attempt, d.offset) for d in worker(broker, kind).pull(9)] == [("new", 1, 0)]


def test_a_deleted_topic_stays_deleted(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        for name in ("orders", "clicks"):
            broker.topic(name)
            broker.publish(name, 1)
            broker.subscribe(name, "billing")
        broker.delete_topic("orders")
        assert not (tmp_path / "orders").exists()
    with Broker(tmp_path) as broker:
        assert (list(broker.topics), list(broker.subscriptions)) == (
            ["clicks"],
            [("clicks", "billing")],
        )


def test_a_topic_that_dead_letters_go_to_is_not_deleted(broker: Broker) -> None:
    broker.topic("orders")
    broker.subscribe("orders", "billing", max_deliveries=3)
    with pytest.raises(BrokerError, match="dead letters of orders/billing go there"):
        broker.delete_topic("orders.dead")
    broker.unsubscribe("orders", "billing")
    broker.delete_topic("orders.dead")


def test_a_delete_that_the_disk_refuses_changes_nothing(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        broker.topic("orders")
        broker.subscribe("orders", "billing")
        broker.publish("orders", 1)
        before = state(broker)
        with (
            patch("pubsub_kit.log.folder.write_note", side_effect=LogFull("no room")),
            pytest.raises(LogFull),
        ):
            broker.delete_topic("orders")
        assert state(broker) == before
        broker.publish("orders", 2)


# ── by themselves ───────────────────────────────────────────────────────────────────────────────


def test_retention_and_compaction_run_by_themselves(broker: Broker) -> None:
    window = broker.topic("window", retention=Retention(max_bytes=10_000)).log
    latest = broker.topic("latest", compact=True).log
    for log in (window, latest):
        if isinstance(log, DurableEventLog):
            log._partitions[0].segment_bytes = 5_000
    for number in range(60):
        broker.publish_batch("window", range(100))
        events = [Event.new("t", number, key=f"k{n}") for n in range(100)]
        broker.publish_batch("latest", events)
    assert window.count() < 4000
    assert latest.count() < 3000
    assert broker.trouble is None


def test_closing_closes_all_even_if_one_log_fails(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    for name in ("a", "b"):
        broker.topic(name)
    with (
        patch.object(broker.topics["a"].log, "flush", side_effect=LogError("no")),
        pytest.raises(LogError, match="no"),
    ):
        broker.close()
    assert broker.closed
    Broker(tmp_path).close()
