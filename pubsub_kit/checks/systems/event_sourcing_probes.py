"""What an answer to exercise 08 that failed has done: asked of its run, or of the answer itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pubsub_kit.scenarios.event_sourcing_cqrs import views
from pubsub_kit.world.search.explore import Exploration
from pubsub_kit.world.stores import Conflict

_FIELDS = {"v", "type", "cents", "currency", "rate"}


def why_dishonest(answer: Any, found: Exploration) -> str:
    """Name what a view did before its first dishonest look, if its run shows it."""
    assert found.world is not None
    assert found.violation is not None
    world, wrong, db = found.world, found.violation, found.world.stores["db"]
    assert isinstance(db, views.Looked)
    if wrong.belief == "stops on the way":
        return "no position" if db.rows and "position" not in db.rows else ""
    if wrong.belief not in ("another fold", "two writes") or wrong.step is None:
        return ""
    steps, seen = world.trace.steps[: wrong.step + 1], wrong.actual
    before = [look for step, look in db.seen if step < wrong.step][-1:] or [views.fold(0)]
    handled = _handled(steps)
    p, was = seen["position"], before[0]["position"]
    at_once = "position" in steps[-1].data[2] and len(steps[-1].data[2]) > 1
    if at_once and {**seen, "position": p + 1} == views.fold(p + 1):
        return "counts from 0"
    crashes = [i for i, step in enumerate(steps) if step.kind == "crash"]
    if crashes and _sums(dict.fromkeys(_handled(steps[crashes[-1] :])), views.fold(0), p) == seen:
        return "forgets its balances"
    if handled and _sums(handled[-1:], before[0], p) == seen:
        if handled[-1] <= was:
            return "counts a repeat"
        if p > was + 1:
            return "skips an event"
    bounced = any(isinstance(error, Conflict) for _, error in world.raised)
    return "two writes" if bounced and {**before[0], "position": p} == seen else ""


def _handled(steps: Sequence[Any]) -> list[int]:
    """Return the positions of the events that the view has begun to handle, in order."""
    begun = [step.text.split()[0] for step in steps if (step.kind, step.node) == ("begin", "view")]
    return [int(id.removeprefix("e-")) for id in begun]


def _sums(positions: Any, start: Any, position: int) -> dict[str, Any]:
    """Return what a look shows if these events were added to an earlier one."""
    sums = {**start, "position": position}
    for event in map(views.data, positions):
        sums[event["account"]] += event["amount"] * (1 if event["type"] == "deposited" else -1)
    return sums


def why_read(answer: Any, found: Exploration) -> str:
    """Name what is wrong with the form that an event was read in."""
    assert found.violation is not None
    got = found.violation.actual
    if found.violation.belief not in ("another form", "changes what is right"):
        return ""
    if got is not None and not isinstance(got, dict):
        return "no event"
    extra = isinstance(got, dict) and {key: got[key] for key in _FIELDS & got.keys()}
    return "one field too many" if extra == found.violation.expected != got else ""


class _Rows:
    """Notes which keys are read and written; nothing is in there."""

    def __init__(self) -> None:
        self.looked, self.saved = list[str](), list[str]()

    async def get(self, key: str) -> None:
        self.looked.append(key)

    async def put(self, key: str, value: Any) -> None:
        self.saved.append(key)

    async def read(self, stream: str, after: int = 0) -> list[Any]:
        return []


def why_loaded(answer: Any, found: Exploration) -> str:
    """See whether a load returns nothing, or looks for its snapshot where it never saves one."""
    assert found.violation is not None
    rows = _Rows()
    with suppress(Exception):
        answer(rows, rows, 1).send(None)
    if found.violation.belief == "another state":
        return "returns nothing" if found.violation.actual is None else ""
    apart = rows.looked and rows.saved and rows.looked[-1] not in rows.saved
    return "another key" if apart and found.violation.belief == "reads all" else ""
