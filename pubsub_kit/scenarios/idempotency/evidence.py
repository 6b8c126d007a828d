"""Why something counted twice, or never: the belief that a run shows, or "" if it shows none.

All of it is read off what the handlers did with their store: which marks they looked for and found,
which they wrote, and in which step. A *mark* is any row that is not one of the sums.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from pubsub_kit.scenarios.idempotency.looks import Deed
from pubsub_kit.world.trace import Trace


class Evidence(NamedTuple):
    """A run: its trace, all that was done with its store, and which rows are sums."""

    trace: Trace
    deeds: list[Deed]
    sums: Collection[str]

    def of(self, lease: Any) -> list[Deed]:
        """Return what was done while this delivery or request was in hand."""
        return [deed for deed in self.deeds if deed.lease is lease]

    def marks(self, deed: Deed) -> dict[str, Any]:
        """Return the rows of a deed that are no sums."""
        return {key: value for key, value in deed.rows.items() if key not in self.sums}

    def books(self, deed: Deed) -> bool:
        """Say whether a deed writes a sum."""
        return deed.kind == "write" and any(key in self.sums for key in deed.rows)


# -- it counted twice ------------------------------------------------------------------------------


def why_twice(run: Evidence, first: Deed, again: Deed) -> str:
    """Return the belief behind two writes of a sum for what should have been one."""
    if first.lease is again.lease:
        return "adds it twice"
    one, two = run.of(first.lease), run.of(again.lease)
    marks = _written(run, one)
    if _never_entered(run, first.lease):
        return "never entered"
    if _blind(run, one, first) or _blind(run, two, again):
        return "adds after a conflict"
    over = _overwritten(run, marks, first, again)
    found = {k: d for d in two if d.kind == "look" and d.step <= again.step
             for k, value in run.marks(d).items() if value is not None}  # fmt: skip
    mine = [found[key] for key in found if key in marks and marks[key].step <= found[key].step]
    late = bool(mine) and over is None and _had_added(run, two, mine[0])
    if looks := _raced(run, one, two, first, again):
        if late:
            return "looks too late"
        lax = all(deed.isolation == "read committed" for deed in looks)
        return "read committed" if lax else "check then act"
    crashed = _crashed(run.trace, first.node, first.step, again.step)
    if crashed and not run.marks(first) and len(_marking(run, one)) < _most_marks(run):
        return "mark and effect apart"
    if mine and over is None:
        return "looks too late" if late else "the mark is ignored"
    if not marks and found and any(k in run.marks(d) for k in found for d in one
                                   if d.kind == "look" and d.rows.get(k) is not None):  # fmt: skip
        return "the wrong way round"
    if _deleted(run, marks, first, again):
        return "forgets the mark"
    others = _written(run, two)
    if marks and others and not marks.keys() & others.keys():
        return "a new mark each time"
    if over is not None:
        if any(is_stale(run, over, key) for key in run.marks(over) if key in marks):
            return "a mark is wiped out"
        many = any(isinstance(v, list) and len(v) > 1 for v in run.marks(over).values())
        return "forgets the mark" if many else "one mark for all"
    if marks:
        return "nobody looks"
    return "" if any(_writes(run, deed) for deed in run.deeds) else "no dedup"


def _had_added(run: Evidence, deeds: list[Deed], look: Deed) -> bool:
    """Say whether a handler had looked at a sum, as add() does, before this look of its own."""
    sums = [d for d in deeds if d.kind == "look" and any(key in run.sums for key in d.rows)]
    return bool(sums) and sums[0].step <= look.step and deeds.index(sums[0]) < deeds.index(look)


def _writes(run: Evidence, deed: Deed) -> bool:
    return deed.kind == "write" and bool(run.marks(deed))


def _written(run: Evidence, deeds: Iterable[Deed]) -> dict[str, Deed]:
    """Return the marks that were written, each with the last write of it."""
    return {key: deed for deed in deeds if deed.kind == "write" for key in run.marks(deed)}


def _raced(run: Evidence, one: list[Deed], two: list[Deed], first: Deed, again: Deed) -> list[Deed]:
    """Return both looks for the same mark before either wrote, if both found nothing."""
    looks = [_vain(run, one, first), _vain(run, two, first)]
    both = looks[0].keys() & looks[1].keys()
    return [each[key] for each in looks for key in both]


def _vain(run: Evidence, deeds: list[Deed], before: Deed) -> dict[str, Deed]:
    """Return the marks that were looked for in vain before a write, each with the look."""
    looks = (d for d in deeds if d.kind == "look" and d.step <= before.step)
    return {key: d for d in looks for key, value in run.marks(d).items() if value is None}


def _blind(run: Evidence, deeds: list[Deed], booking: Deed) -> bool:
    """Say whether a conflict took back a look for a mark, and the booking came without another."""
    before = [d for d in deeds if d.step <= booking.step]
    conflicts = [i for i, d in enumerate(before) if d.kind == "conflict"]
    looks = [i for i, d in enumerate(before) if d.kind == "look" and run.marks(d)]
    return bool(conflicts and looks) and looks[-1] < conflicts[-1]


def _marking(run: Evidence, deeds: Iterable[Deed]) -> list[Deed]:
    """Return the writes of marks alone, apart from any sum."""
    return [deed for deed in deeds if _writes(run, deed) and not run.books(deed)]


def _most_marks(run: Evidence) -> int:
    """Return how often the one handler did that which did it most often."""
    leases = {id(deed.lease): deed.lease for deed in run.deeds}.values()
    return max((len(_marking(run, run.of(lease))) for lease in leases), default=0)


def _crashed(trace: Trace, node: str, start: int, end: int) -> bool:
    """Say whether a node crashed in a span of steps, before it ended what it had in hand."""
    for step in trace.steps[start:end]:
        if step.node == node and step.kind in ("crash", "end"):
            return step.kind == "crash"
    return False


def _deleted(run: Evidence, marks: dict[str, Deed], first: Deed, again: Deed) -> bool:
    """Say whether what the first one marked was deleted before the second one."""
    between = (d for d in run.deeds if d.kind == "write" and first.step <= d.step < again.step)
    return any(d.rows.get(key, "") is None for d in between for key in marks)


def _overwritten(run: Evidence, marks: dict[str, Deed], first: Deed, again: Deed) -> Deed | None:
    """Return what replaced a mark of the first one before the second one came, if anything did."""
    others = (d for d in run.deeds if d.kind == "write" and first.step <= d.step <= again.step)
    found = (
        d
        for d in others
        for key, w in marks.items()
        if key in d.rows and d.lease is not first.lease and d.lease is not again.lease
        and d.rows[key] not in (None, w.rows[key])
    )  # fmt: skip
    return next(found, None)


# -- it never counted ------------------------------------------------------------------------------


class Missing(NamedTuple):
    """Why something never counted: the belief, and the deed that made somebody pass it over."""

    belief: str
    mark: str = ""
    by: Any = None  # the lease of whoever wrote that mark


def why_never(run: Evidence, leases: list[Any]) -> Missing:
    """Return why something never counted, from the deliveries or requests that it came in."""
    if any(_never_entered(run, lease) for lease in leases):
        return Missing("never entered")
    if not any(run.books(deed) for deed in run.deeds):
        own = [mark for lease in leases if (mark := _stopped_by_its_own(run, lease))]
        return Missing("stops itself", own[-1], leases[-1]) if own else Missing("books nothing")
    if not leases:
        return Missing("")
    deeds = run.of(leases[-1])
    conflicts = [deed for deed in deeds if deed.kind == "conflict"]
    if conflicts:
        raised = _raised(run.trace, conflicts[-1])
        return Missing("remembers too early" if raised else "a conflict is done")
    looks = [
        d for d in deeds if d.kind == "look" and any(v is not None for v in run.marks(d).values())
    ]
    if not looks:
        alone = [d for lease in leases for d in run.of(lease) if _writes(run, d)]
        return Missing("mark and effect apart" if alone and _cut(run, alone[-1]) else "")
    look = looks[-1]
    key = next(iter(run.marks(look)))
    writes = [d for d in run.deeds if d.kind == "write" and d.step <= look.step and key in d.rows]
    if not writes:
        return Missing("")
    last = writes[-1]
    mine = any(last.lease is lease for lease in leases)
    if _raised(run.trace, look) and (mine or _cut(run, last)):
        held = _cut(run, last) or _conflicted(run, last.lease)
        return Missing("a lock stays" if held else "", key, last.lease)
    if mine:
        if last.lease is look.lease and not _cut(run, last):
            return Missing("stops itself", key, last.lease)
        apart = not run.books(last) and (_cut(run, last) or _conflicted(run, last.lease))
        return Missing("mark and effect apart" if apart else "", key, last.lease)
    if any(_unlocks(run, deed.lease, key) for deed in writes):
        return Missing("a lock is no mark", key, last.lease)
    changes = {repr(d.rows[key]) for d in writes}
    return Missing("order is no mark" if len(changes) > 1 else "one mark for all", key, last.lease)


def _unlocks(run: Evidence, lease: Any, key: str) -> bool:
    """Say whether a handler wrote a row and took it away again: a lock, and no mark."""
    kept = [deed.rows[key] for deed in run.of(lease) if deed.kind == "write" and key in deed.rows]
    return None in kept and any(value is not None for value in kept[: kept.index(None)])


NO_BLOCK = "its transaction stands in no async with block, so nothing was committed"


def _never_entered(run: Evidence, lease: Any) -> bool:
    """Say whether a handler began a transaction that it never entered, so nothing commits it."""
    kinds = [deed.kind for deed in run.of(lease) if deed.kind in ("begin", "enter")]
    return kinds.count("begin") > kinds.count("enter")


def _stopped_by_its_own(run: Evidence, lease: Any) -> str:
    """Return a mark that a handler wrote and then found, taking it for another's, or ""."""
    written: set[str] = set()
    for deed in run.of(lease):
        if deed.kind == "write":
            written |= run.marks(deed).keys()
        elif deed.kind in ("look", "own"):
            for key, value in run.marks(deed).items():
                if value is not None and (key in written or deed.kind == "own"):
                    return key
    return ""


def _is_its_first(run: Evidence, look: Deed, key: str) -> bool:
    """Say whether nobody had written a row by the time that a look found it: a look at its own."""
    return not any(d.kind == "write" and key in d.rows and d.step <= look.step for d in run.deeds)


def _cut(run: Evidence, mark: Deed) -> bool:
    return _crashed(run.trace, mark.node, mark.step, len(run.trace))


def _raised(trace: Trace, deed: Deed) -> bool:
    """Say whether a handler ended with an error after a deed of its own."""
    message = getattr(deed.lease, "message", "")
    ends = (s for s in trace.steps[deed.step :] if s.kind == "end" and s.node == deed.node)
    mine = next((s for s in ends if message in ("", s.message)), None)
    return mine is not None and mine.text.startswith("failed")


def _conflicted(run: Evidence, lease: Any) -> bool:
    return any(deed.kind == "conflict" for deed in run.of(lease))


# -- a sum is wrong --------------------------------------------------------------------------------


def is_stale(run: Evidence, write: Deed, key: str) -> bool:
    """Say whether a sum had changed between its writer's last look at it and the write."""
    looks = [d for d in run.of(write.lease)
             if d.kind == "look" and key in d.rows and d.step <= write.step]  # fmt: skip
    return bool(looks) and (looks[-1].rows[key] or 0) != (write.before.get(key) or 0)


def why_wrong(run: Evidence, write: Deed, key: str, amount: Any) -> str:
    """Return the belief behind a write that did not add its amount to a sum; "" if it did."""
    before, after = write.before.get(key) or 0, write.rows[key]
    if after is not None and after == before + amount:
        return ""
    if is_stale(run, write, key):
        return "lost update"
    return "overwrites" if after == amount and before else "another amount"
