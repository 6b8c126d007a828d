"""The world and the oracle of exercise 08's view: at position p it equals the fold of p events.

A topic carries what was appended to the streams of all accounts, each event with its position. The
learner's view keeps a row for each account, and the row "position". After each write somebody looks
at all of them. A view may lag, but at each look it has to be what its position says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.stores import Store
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

FAULTS = ("duplicate", "late duplicate", "crash", "ack lost")
LOG: Sequence[tuple[str, str, int]] = [
    ("ann", "deposited", 100), ("cy", "deposited", 50), ("ann", "withdrawn", 80),
    ("cy", "withdrawn", 20),
]  # fmt: skip
MORE = [
    ("ann", "deposited", 200), ("ann", "withdrawn", 150), ("cy", "withdrawn", 40),
    *(("cy", "deposited", 5),) * 5,
]  # fmt: skip
NAMES = ("position", "ann", "cy")


class Looked(Store):
    """A store at which somebody looks after each write: at the position, and the balances."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "db", {})
        world.stores["db"] = self
        self.seen: list[tuple[int, dict[str, Any]]] = []  # the step, and what was seen

    def _write(self, changes: dict[str, Any]) -> None:
        super()._write(changes)
        step = len(self.world.trace) - 1
        self.seen.append((step, {name: self.rows.get(name, 0) for name in NAMES}))


def data(position: int) -> dict[str, Any]:
    """Return the event at a position, which counts from 1."""
    account, type, amount = [*LOG, *MORE][position - 1]
    return {"position": position, "account": account, "type": type, "amount": amount}


def fold(position: int) -> dict[str, Any]:
    """Return what an honest view shows at a position."""
    sums: Counter[str] = Counter(ann=0, cy=0)
    for number in range(1, position + 1):
        event = data(number)
        sums[event["account"]] += event["amount"] * (1 if event["type"] == "deposited" else -1)
    return {"position": position, **sums}


def view(world: World, answer: Any, more: Sequence[Any] = MORE) -> None:
    """One worker runs the learner's view on what a topic brings, in order, at least once."""
    db = Looked(world)
    world.topic("log")
    world.consumer("view", lambda: answer(db), "log", start="earliest", ordered=True)
    world.spawn(_published(world, more), "accounts")


def first_events(world: World, answer: Any) -> None:
    """The same without a second act, for a view on trial."""
    view(world, answer, ())


async def _published(world: World, more: Sequence[Any]) -> None:
    for position in range(1, len(LOG) + 1):
        await publish("log", data(position), key="log", id=f"e-{position}")
    await sleep(100.0)
    if more and honest(world) is None:
        second_act.follows(world)
        for position in range(len(LOG) + 1, len(LOG) + len(more) + 1):
            await publish("log", data(position), key="log", id=f"e-{position}")


def published(world: World) -> int:
    """Return how many different events were published."""
    log = world.broker.topic("log").log
    return len({event.id for _, event in log.read(0, 0)})


def honest(world: World) -> Violation | None:
    """At position p the view equals the fold of p events; p never falls, and reaches the end."""
    db, end = world.stores["db"], published(world)
    assert isinstance(db, Looked)
    before: Mapping[str, Any] = fold(0)
    for step, seen in db.seen:
        if (wrong := _wrong(world, step, before, seen, end)) is not None:
            return wrong
        before = seen
    if before["position"] != end:
        words = f"The view stays at position {before['position']}, and the log has {end} events."
        return Violation(words, len(world.trace) - 1, fold(end), before, "stops on the way")
    return None


def _wrong(
    world: World, step: int, before: Mapping[str, Any], seen: Mapping[str, Any], end: int
) -> Violation | None:
    at, p = moment(world.trace[step]), seen["position"]
    if type(p) is not int or not 0 <= p <= end:
        words = f"At {at} the row 'position' was {p!r}, and the log had {end} events."
        return Violation(words, step, fold(end), seen, "no position")
    if p < before["position"]:
        words = f"At {at} the position fell from {before['position']} to {p}."
        return Violation(words, step, before, seen, "goes back")
    if seen == fold(p):
        return None
    words = f"At {at} the view was at position {p} with {seen['ann']} for ann and {seen['cy']} "
    words += f"for cy. Up to there, the log makes {fold(p)['ann']} and {fold(p)['cy']}."
    return Violation(words, step, fold(p), seen, _why(world, before, seen))


def _why(world: World, before: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    """Name what a dishonest look shows, if the look before it was honest."""
    db, p, last = world.stores["db"], seen["position"], before["position"]
    assert isinstance(db, Looked)
    if not any(each["position"] for _, each in db.seen):
        return "no position"
    apart = all(seen[name] == before[name] for name in NAMES[1:])
    apart = apart and fold(p) in [each for _, each in db.seen]
    apart = apart or (p < published(world) and {**seen, "position": p + 1} == fold(p + 1))
    return "two writes" if apart else "counts a repeat" if p == last else "another fold"
