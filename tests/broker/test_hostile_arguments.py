"""Arguments that make no sense, in every public call: one sentence, and nothing has changed.

What the caller's own code raises (a comparison, an iterator) is the caller's, and passes through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.starts import At, Offset
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.disk import Fsync
from pubsub_kit.log.event import Event

HUGE = 10**400  # more than a float can hold
LONG = "x" * 3000


class Mute:
    """Its repr raises."""

    def __repr__(self) -> str:
        raise ValueError


class Place(NamedTuple):
    """A broker with a group of twelve messages, of which four are in hand."""

    broker: Broker
    group: Any
    worker: Any
    held: list[Any]


def raises(*_: Any) -> Any:
    raise ZeroDivisionError("mine")


def event(**changes: Any) -> Event:
    return Event(
        **{"id": "1", "source": "s", "type": "t", "time": 1.0, "data": {"a": 1}, **changes}
    )


NO_TEXT: list[Any] = [5, 1.5, None, True, b"x", [], {}, {1}, Mute(), Event.new("t"), str]
NO_NAME = [*NO_TEXT, "", " ", ".", "..", "a/b", "a\0b", "a\nb", LONG, "\ud83d"]
NO_NUMBER: list[Any] = [math.nan, math.inf, "5", b"5", True, [], {}, 1j, Mute(), raises]
NO_COUNT = [*NO_NUMBER, 0, -1, HUGE, -HUGE, 1.5, Decimal(3), Fraction(1, 2)]
NO_SECONDS = [*NO_NUMBER, -1, -0.1, HUGE, -HUGE, -math.inf, Decimal("NaN"), Fraction(1, 2)]
NO_TIME: list[Any] = [HUGE, -HUGE, math.nan, -math.inf, "5", [], 1j, Decimal("NaN"), None, Mute()]
NO_DATA: list[Any] = [math.nan, -math.inf, {1}, object(), Mute(), raises, 1j, Decimal(1), range(3)]
NO_DATA += [10**4500, "\ud83d\ude00", int]
NO_ID: list[Any] = ["1", None, 1.5, True, [], {}, math.nan, Event.new("t"), raises]
NO_STARTS = [(Offset, -1), (Offset, "5"), (Offset, HUGE), (At, "noon"), (At, math.nan), (At, HUGE)]

#: What is called with each of some values; "m" stands for calls that a partitioned group has.
CALLS: dict[str, tuple[Callable[[Place, Any], Any], list[Any]]] = {
    "topic name": (lambda p, v: p.broker.topic(v), [*NO_NAME, "ORDERS", "con", "__own"]),
    "topic partitions": (lambda p, v: p.broker.topic("new", v), NO_COUNT),
    "topic other partitions": (lambda p, v: p.broker.topic("orders", v), [*NO_COUNT, 4]),
    "topic retention": (lambda p, v: p.broker.topic("orders", retention=v), [5, "7d", {}, Mute()]),
    "topic compact": (lambda p, v: p.broker.topic("orders", compact=v), [0, 1, "yes", [], Mute()]),
    "delete_topic": (lambda p, v: p.broker.delete_topic(v), [*NO_NAME, "nowhere"]),
    "publish topic": (lambda p, v: p.broker.publish(v, 1), [*NO_NAME, "nowhere"]),
    "publish data": (lambda p, v: p.broker.publish("orders", v), NO_DATA),
    "publish nested": (lambda p, v: p.broker.publish("orders", {"a": [v]}), [*NO_DATA, b"x"]),
    "publish key": (lambda p, v: p.broker.publish("orders", 1, key=v), [5, "", b"a", [], Mute()]),
    "publish type": (lambda p, v: p.broker.publish("orders", 1, type=v), [5, "", b"a", [], Mute()]),
    "publish id": (lambda p, v: p.broker.publish("orders", 1, id=v), [5, "", b"a", [], Mute()]),
    "publish source": (lambda p, v: p.broker.publish("orders", 1, source=v), [5, "", None, Mute()]),
    "publish extensions": (
        lambda p, v: p.broker.publish("orders", 1, extensions=v),
        [5, "a", None, [1], {"A": 1}, {5: 1}, {"id": 1}, {"a": 1.5}, {"a": Mute()}, {"a": None},
         {Mute(): 1}, Mute()],
    ),
    "publish_event": (lambda p, v: p.broker.publish_event("orders", v), [5, None, {}, "x", Event]),
    "publish_event topic": (lambda p, v: p.broker.publish_event(v, event()), NO_NAME),
    "publish_event time": (lambda p, v: p.broker.publish_event("orders", event(time=v)), NO_TIME),
    "publish_event id": (lambda p, v: p.broker.publish_event("orders", event(id=v)), [5, "", None]),
    "publish_event key": (lambda p, v: p.broker.publish_event("orders", event(key=v)), [5, "", []]),
    "publish_event extensions": (
        lambda p, v: p.broker.publish_event("orders", event(extensions=v)),
        [5, "a", [1], {"A": 1}, {"a": 1.5}],
    ),
    "publish_batch topic": (lambda p, v: p.broker.publish_batch(v, [1]), NO_NAME),
    "publish_batch": (
        lambda p, v: p.broker.publish_batch("orders", v),
        [5, None, "abc", b"abc", {"a": 1}, event(), object, 1j],
    ),
    "publish_batch item": (lambda p, v: p.broker.publish_batch("orders", [1, v, 2]), NO_DATA),
    "publish_batch event": (
        lambda p, v: p.broker.publish_batch("orders", [event(), v]),
        [*(event(time=t) for t in NO_TIME), event(key=5), event(id="")],
    ),
    "redrive": (lambda p, v: p.broker.redrive(v), [*NO_NAME, "nowhere"]),
    "redrive to": (lambda p, v: p.broker.redrive("orders.dead", v), [5, b"x", [], "", "nowhere"]),
    "redrive limit": (
        lambda p, v: p.broker.redrive("orders.dead", "orders", v), [*NO_NUMBER, -1, 1.5]
    ),
    "subscribe topic": (lambda p, v: p.broker.subscribe(v, "new"), [*NO_NAME, "nowhere"]),
    "subscribe group": (lambda p, v: p.broker.subscribe("orders", v), NO_NAME),
    "subscribe start": (
        lambda p, v: p.broker.subscribe("orders", "new", start=v),
        [5, "first", None, 1.5, [], Mute()],
    ),
    "subscribe start at": (
        lambda p, v: p.broker.subscribe("orders", "new", start=v[0](v[1])), NO_STARTS
    ),
    "subscribe filter": (
        lambda p, v: p.broker.subscribe("orders", "new", filter=v), [5, "x", [], True]
    ),
    "subscribe ack_deadline": (
        lambda p, v: p.broker.subscribe("orders", "new", ack_deadline=v), [*NO_SECONDS, 0, None]
    ),
    "subscribe retry": (
        lambda p, v: p.broker.subscribe("orders", "new", retry=v), [5, None, "x", raises]
    ),
    "subscribe max_deliveries": (
        lambda p, v: p.broker.subscribe("orders", "new", max_deliveries=v), NO_COUNT
    ),
    "subscribe dead_letter": (
        lambda p, v: p.broker.subscribe("orders", "new", max_deliveries=2, dead_letter=v),
        [5, b"x", [], "", "a/b", "orders", LONG, "a\0b"],
    ),
    "subscribe ordered": (
        lambda p, v: p.broker.subscribe("orders", "new", ordered=v), [0, 1, "yes", None]
    ),
    "subscribe max_outstanding": (
        lambda p, v: p.broker.subscribe("orders", "new", max_outstanding=v), [*NO_COUNT, None]
    ),
    "subscribe assignment": (
        lambda p, v: p.broker.subscribe("orders", "new", assignment=v),
        [5, None, "both", "", [], {}, Mute()],
    ),
    "subscribe session_timeout": (
        lambda p, v: p.broker.subscribe(
            "orders", "new", assignment="partitioned", session_timeout=v
        ),
        [*NO_SECONDS, 0, None],
    ),
    "subscribe again": (
        lambda p, v: p.broker.subscribe("orders", "all", max_outstanding=v), [*NO_COUNT, 7]
    ),
    "unsubscribe topic": (lambda p, v: p.broker.unsubscribe(v, "all"), [*NO_NAME, "nowhere"]),
    "unsubscribe group": (lambda p, v: p.broker.unsubscribe("orders", v), [*NO_NAME, "nobody"]),
    "pull": (lambda p, v: p.worker.pull(v), [*NO_NUMBER, 0, -1, -HUGE, 1.5, Decimal(3), None]),
    "ack": (lambda p, v: p.group.ack(v), NO_ID),
    "ack_batch": (
        lambda p, v: p.group.ack_batch(v), [5, None, "abc", b"1", event(), [1], [None], Mute()]
    ),
    "ack_batch one": (
        lambda p, v: p.group.ack_batch([p.held[0], v]), [1, None, "x", event(), Mute()]
    ),
    "nack": (lambda p, v: p.group.nack(v), NO_ID),
    "nack delay": (lambda p, v: p.held[0].nack(v), NO_SECONDS),
    "nack reason": (lambda p, v: p.held[0].nack(0, v), [5, None, b"x", [], Mute()]),
    "extend": (lambda p, v: p.held[0].extend(v), [*NO_SECONDS, 0, None]),
    "extend id": (lambda p, v: p.group.extend(v, 5), NO_ID),
    "seek offset": (lambda p, v: p.group.seek(offset=v), [*NO_NUMBER, -1, HUGE, 1.5]),
    "seek time": (lambda p, v: p.group.seek(time=v), [*NO_TIME, "noon", raises]),
    "seek both": (lambda p, v: p.group.seek(offset=1, time=v), [0, 1.5, "x", HUGE]),
    "m join": (lambda p, v: p.group.join(v), [v for v in NO_NAME if v is not None]),
    "m pause": (lambda p, v: p.worker.pause(v), [*NO_NUMBER, 9, -1, HUGE, 1.5, LONG]),
    "m resume": (lambda p, v: p.worker.resume(v), [*NO_NUMBER, 9, -1, HUGE, 1.5, LONG]),
}  # fmt: skip


@pytest.fixture(params=["memory", "durable"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "data" if request.param == "durable" else None


@pytest.fixture(params=["shared", "partitioned"])
def place(request: pytest.FixtureRequest, path: Path | None) -> Iterator[Place]:
    fsync = None if path is None else Fsync.never()
    with Broker(path, clock=lambda: 1000.0, fsync=fsync) as broker:
        broker.topic("orders", 3)
        broker.topic("orders.dead")
        broker.publish("orders.dead", 1)
        options: Any = {"assignment": request.param, "retry": RetryPolicy(base=0)}
        group: Any = broker.subscribe("orders", "all", start="earliest", **options)
        broker.publish_batch("orders", range(12))
        worker = group.join("w") if request.param == "partitioned" else group
        yield Place(broker, group, worker, worker.pull(4))


def standing(broker: Broker) -> dict[Any, Any]:
    """Return all that a call could have changed, so that two of them can be compared."""
    found: dict[Any, Any] = {}
    for name, topic in broker.topics.items():
        log = topic.log
        counts = [log.count(number) for number in range(log.partitions)]
        found[name] = topic.partitions, [*log.ends], counts, log.retention, log.compact
    for of, group in broker.subscriptions.items():
        waiting = {k: repr(v) for k, v in vars(group.queue).items() if k != "flying"}
        flying = {ack_id: each.deadline for ack_id, each in group.queue.flying.items()}
        members = sorted(getattr(group, "members", {}))
        found[of] = (
            id(group), group.settings, group.most, group.removed, [*group.reader.next],
            group.reader.filter, waiting, flying, members, getattr(group, "owners", None),
        )  # fmt: skip
    return found


@pytest.mark.parametrize("name", CALLS)
def test_it_is_refused_in_a_sentence_and_nothing_has_changed(
    place: Place, path: Path | None, name: str
) -> None:
    call, values = CALLS[name]
    if name.startswith("m ") and place.worker is place.group:
        return
    before = standing(place.broker)
    files = sorted(path.rglob("*")) if path else []
    for value in values:
        with pytest.raises(PubSubKitError) as refused:
            call(place, value)
        said = str(refused.value)
        assert 10 < len(said) <= 400, said
        assert "\n" not in said
        assert said.endswith((".", "?")), said
        assert standing(place.broker) == before, said
        assert (sorted(path.rglob("*")) if path else []) == files, said
    assert place.broker.publish("orders", "goes on")
    assert all(delivery.ack() for delivery in place.held)


def test_that_is_many_cases() -> None:
    assert sum(len(values) for _, values in CALLS.values()) >= 150


# --- calls from inside a call ---------------------------------------------------------------------

WITHIN: dict[str, Callable[[Place], Any]] = {
    "publish": lambda p: p.broker.publish("orders", 1000),
    "publish a batch": lambda p: p.broker.publish_batch("orders", [1000, 1001]),
    "make a topic": lambda p: p.broker.topic("fresh"),
    "add partitions": lambda p: p.broker.topics["orders"].log.add_partitions(1),
    "subscribe": lambda p: p.broker.subscribe("orders", "new", start="earliest"),
    "subscribe again": lambda p: p.broker.subscribe("orders", "all", filter=lambda _: True),
    "pause and resume": lambda p: (p.group.pause(), p.group.resume()),
    "look": lambda p: (p.group.lag, p.group.oldest_age, p.group.next_wakeup()),
    "ack": lambda p: p.held[0].ack(),
    "nack": lambda p: p.held[0].nack(0),
    "flush": lambda p: p.broker.flush(),
    "m heartbeat": lambda p: p.worker.heartbeat(),
}
REFUSED: dict[str, Callable[[Place], Any]] = {
    "pull": lambda p: p.worker.pull(),
    "seek": lambda p: p.group.seek(offset=0),
    "m join under its own name": lambda p: p.group.join("w"),
    "m join": lambda p: p.group.join("another"),
    "m leave": lambda p: p.worker.leave(),
}
ENDS: dict[str, Callable[[Place], Any]] = {
    "unsubscribe": lambda p: p.broker.unsubscribe("orders", "all"),
    "delete": lambda p: p.broker.delete_topic("orders"),
    "close": lambda p: p.broker.close(),
}


def filtered(place: Place, act: Callable[[Place], Any]) -> list[str]:
    """Let the group's filter act once, in the middle of a pull; return what was refused."""
    said, left = list[str](), [act]

    def wanted(event: Event) -> bool:
        if event.data in (5, 8) and left:
            try:
                left.pop()(place)
            except PubSubKitError as error:
                said.append(str(error))
        return True

    place.broker.subscribe("orders", "all", filter=wanted)
    return said


def drained(place: Place) -> list[Any]:
    """Pull and ack all that is left; return every number below 1000, in order."""
    found = [each.data for each in place.held if each.ack()]
    while batch := place.worker.pull(100):
        found += [each.data for each in batch if each.ack()]
    return sorted(number for number in found if number < 1000)


@pytest.mark.parametrize("name", WITHIN)
def test_a_filter_may_use_its_broker_meanwhile(place: Place, name: str) -> None:
    if name.startswith("m ") and place.worker is place.group:
        return
    said = filtered(place, WITHIN[name])
    assert drained(place) == [*range(12)]
    assert said == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_filter_moves_neither_its_group_nor_its_members(place: Place, name: str) -> None:
    if name.startswith("m ") and place.worker is place.group:
        return
    said = filtered(place, REFUSED[name])
    assert drained(place) == [*range(12)]
    assert said == [
        "The filter of orders/all can't pull or seek for its group, nor change who is a member."
    ]


@pytest.mark.parametrize("name", ENDS)
def test_a_filter_that_ends_it_all_gets_a_sentence(place: Place, name: str) -> None:
    filtered(place, ENDS[name])
    with suppress(PubSubKitError):  # what was read before may still be handed out
        place.worker.pull(12)
    with pytest.raises(PubSubKitError, match=r"was unsubscribed|is closed"):
        place.worker.pull(12)
    if name == "close":
        assert place.broker.closed
    else:
        assert place.broker.subscriptions == {}


def test_time_that_passes_in_a_filter_expels_nobody_before_the_pull_is_over(path: Any) -> None:
    now = [1000.0]
    with Broker(path, clock=lambda: now[0], fsync=path and Fsync.never()) as broker:
        broker.topic("orders", 3)
        group = broker.subscribe("orders", "all", start="earliest", assignment="partitioned")
        broker.publish_batch("orders", range(12))
        worker, other = group.join("w"), group.join("v")

        def slow(event: Event) -> bool:
            now[0] += 9.0
            assert group.lag > 0
            return True

        broker.subscribe("orders", "all", filter=slow)
        batch = worker.pull(3)
        assert batch
        assert [each.ack() for each in batch] == [False] * len(batch)
        broker.subscribe("orders", "all", filter=lambda _: True)
        assert sorted(each.data for each in other.pull(100)) == [*range(12)]


@pytest.mark.parametrize("name", [*ENDS, "m leave", "m join under its own name"])
def test_a_handler_that_ends_it_all_ends_the_consumer_in_a_sentence(
    place: Place, name: str
) -> None:
    if name.startswith("m ") and place.worker is place.group:
        return
    act = {**ENDS, **REFUSED}[name]
    handled = list[int]()

    def handle(event: Any) -> None:
        handled.append(event.data)
        if len(handled) == 1:
            act(place)

    consumer = Consumer(place.worker, handle)
    with suppress(PubSubKitError):
        consumer.step(3)
    with pytest.raises(PubSubKitError):
        consumer.step(3)
    assert 1 <= len(handled) <= 3


def test_what_the_callers_own_code_raises_passes_through_and_changes_nothing(place: Place) -> None:
    class Breaks:
        def __iter__(self) -> Any:
            yield 1
            raise KeyError("mine")

    before = standing(place.broker)
    for call in (
        lambda: place.broker.publish_batch("orders", Breaks()),
        lambda: place.group.ack_batch(Breaks()),
    ):
        with pytest.raises(KeyError, match="mine"):
            call()
        assert standing(place.broker) == before
