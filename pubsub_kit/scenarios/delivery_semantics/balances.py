"""The oracle of exercise 04's fifo: the balance is the sum of the deposits, or why it isn't.

A *mark* is any row that is not the balance. What each worker looked at and wrote while it had a
deposit in hand tells which belief is behind a balance that is too high, or too low.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.scenarios.delivery_semantics.deposits import (
    AMOUNT,
    APART,
    DEPOSITS,
    IN_ORDER,
    LOOKS,
    OWED,
    ROW,
    SWALLOWED,
)
from pubsub_kit.scenarios.delivery_semantics.in_hand import LAX, Held, held
from pubsub_kit.scenarios.idempotency.looks import Deed
from pubsub_kit.scenarios.plain import crashes, moment, plain
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

LOST, ANOTHER = "a deposit is lost", "takes another for a repeat"


def deposited_once(world: World) -> Violation | None:
    """The balance is the sum of the deposits, and not by chance."""
    found = world.stores["db"].rows.get(ROW, 0)
    wrong = _Wrong(world, found)
    return wrong.by_chance() if found == OWED else wrong.why()


class _Wrong:
    """Why the balance of a run is wrong, as far as the run proves it."""

    def __init__(self, world: World, found: Any) -> None:
        self.trace, self.found, self.all = world.trace, found, held(world)
        self.keeps_marks = any(set(d.rows) - {ROW} for h in self.all for d in _writes(h))

    def why(self) -> Violation:
        """Return the violation, with a reason if there is a proof of it."""
        if not any(_adds(h) for h in self.all):
            return self._adds_nothing()
        return self._overwritten() or self._left_out() or self._twice() or self._unknown()

    def by_chance(self) -> Violation | None:
        """Find a deposit that was added twice in place of another, if the sum is right."""
        added = {id: [h for h in self.all if _id(h) == id and _adds(h)] for id in DEPOSITS}
        grew = [[h for h in mine if _grew(_adds(h)[0], ROW)] for mine in added.values()]
        twice = next((hands for hands in grew if len(hands) > 1), None)
        left = next((id for id, mine in added.items() if not mine), None)
        if twice is None or left is None or not any(_id(h) == left for h in self.all):
            return None
        again = max(twice, key=lambda h: _adds(h)[0].step)
        message = (
            f"The balance is {OWED}, but {left} was never added: {again.node} added "
            f"{_id(again)} once more at {self._at(_adds(again)[0].step)}."
        )
        wanted, found = {left: "added once"}, {left: "never added"}
        return Violation(message, _adds(again)[0].step, wanted, found, "the sum is enough")

    # -- nothing was added -------------------------------------------------------------------------

    def _adds_nothing(self) -> Violation:
        last = len(self.trace) - 1
        if any(h.never_entered for h in self.all):
            words = "A transaction was begun and never entered, so nothing was committed"
            return self._wrong(words, last, "never entered")
        if (past := self._past_its_transaction(*self.all)) is not None:
            return past
        for h in self.all:
            other = next(((k, d) for d in _writes(h) for k in d.rows if _grew(d, k)), None)
            if h.how == "done" and other is not None:
                words = f"{h.node} added {_id(h)} to the row {other[0]!r}, not to {ROW!r}"
                return self._wrong(words, other[1].step, "keeps no balance")
        for h in self.all:
            if h.how == "done" and (key := _looked_in_vain(h)):
                words = f"{h.node} found no row {key!r}, so {_id(h)} was new, and added nothing"
                return self._wrong(words, h.end, "the wrong way round")
        return self._wrong(f"No row {ROW!r} was written", last, "keeps no balance")

    # -- a write that did not add ------------------------------------------------------------------

    def _overwritten(self) -> Violation | None:
        added: set[str] = set()
        for h in self.all:
            for d in _adds(h):
                had, has = d.before.get(ROW) or 0, d.rows[ROW]
                if has == had and _id(h) in added:
                    continue  # the same sum, of a deposit that is in it
                added.add(_id(h))
                if not _grew(d, ROW):
                    pauses = self.trace[: d.step].of("pause", node=h.node)
                    paused = f", after a pause since {moment(pauses[-1])}" if pauses else ""
                    words = f"At {self._at(d.step)} the balance was {had}, and {h.node} wrote "
                    words += f"{plain(has)} over it{paused}"
                    return self._wrong(words, d.step, "overwrites")
        return None

    # -- a deposit that was never added ------------------------------------------------------------

    def _left_out(self) -> Violation | None:
        for id in DEPOSITS:
            mine = [h for h in self.all if _id(h) == id]
            passed = next((h for h in mine if h.how == "done"), None)
            if any(_adds(h) for h in mine) or passed is None:
                continue
            if (past := self._past_its_transaction(*mine)) is not None:
                return past
            cut = next((h for h in mine if h.how in ("crash", "failed") and _marks(h)), None)
            if cut is not None and cut.how == "crash" and cut.begin < passed.begin:
                words = (
                    f"{cut.node} wrote its mark for {id}, crashed at {self._at(cut.end)}, and "
                    f"never added it. When {id} was redelivered, the mark was there"
                )
                return self._wrong(words, cut.end, LOST, _marks(cut)[-1].step)
            words = f"{passed.node} acked {id}, but never added its {AMOUNT}"
            conflict = next((d for d in passed.deeds if d.kind == "conflict"), None)
            if conflict is not None:
                words += f": its commit raised Conflict at {self._at(conflict.step)}"
                return self._wrong(words, passed.end, SWALLOWED, conflict.step)
            if marks := passed.found(but=ROW):
                key = next(iter(marks))
                words += f": it had found the row {key!r}{self._written_by(key, passed, id)}"
            elif key := _looked_in_vain(passed):
                words += f": it found no row {key!r}, so the deposit was new"
                return self._wrong(words, passed.end, "the wrong way round")
            return self._wrong(words, passed.end, "" if cut or _marks(passed) else ANOTHER)
        return None

    def _written_by(self, key: str, worker: Held, id: str) -> str:
        """Say for which other deposit a row was written that made a worker pass over this one."""
        wrote = [h for h in self.all for d in _writes(h) if key in d.rows and d.step < worker.end]
        if not wrote or _id(wrote[-1]) == id:
            return ""
        return f", written for {_id(wrote[-1])}"

    def _past_its_transaction(self, *workers: Held) -> Violation | None:
        """Find a worker whose own write made the commit of its transaction fail."""
        for h in workers:
            if (own := h.past_its_transaction) is not None:
                write, conflict, key = own
                words = (
                    f"At {self._at(conflict.step)} {h.node}'s commit raised Conflict, because "
                    f"{h.node} itself had written the row {key!r} past its transaction, which had "
                    "read that row"
                )
                return self._wrong(words, conflict.step, "writes past its transaction", write.step)
        return None

    # -- a deposit that was added twice ------------------------------------------------------------

    def _twice(self) -> Violation | None:
        for id in DEPOSITS:
            mine = [h for h in self.all if _id(h) == id and _adds(h)]
            wrong = (self._past_its_transaction(*mine) or self._blind(mine)) if mine else None
            if wrong is not None:
                return wrong
            if len(mine) > 1:
                return self._again(*sorted(mine[:2], key=lambda h: _adds(h)[0].step))
            if mine and len(_adds(mine[0])) > 1:
                words = f"{mine[0].node} added {id} twice"
                return self._wrong(words, _adds(mine[0])[1].step, "adds twice")
        return None

    def _blind(self, workers: list[Held]) -> Violation | None:
        """Find an add after a conflict, without another look at the mark."""
        for h in workers:
            for add in _adds(h):
                before = h.deeds[: h.deeds.index(add)]
                conflicts = [n for n, d in enumerate(before) if d.kind == "conflict"]
                looks = [
                    n for n, d in enumerate(before) if d.kind == "look" and set(d.rows) - {ROW}
                ]
                if conflicts and looks and looks[-1] < conflicts[-1]:
                    words = (
                        f"{h.node}'s commit raised Conflict for {_id(h)}, and at "
                        f"{self._at(add.step)} it added it without another look"
                    )
                    return self._wrong(words, add.step, "adds after a conflict")
        return None

    def _again(self, first: Held, second: Held) -> Violation:
        add, again = _adds(first)[0], _adds(second)[0]
        words = (
            f"{first.node} added {_id(first)} at {self._at(add.step)}, and {second.node} added "
            f"it again at {self._at(again.step)}"
        )
        if (gone := self._mark_gone(first, again.step)) is not None:
            words += f". Its mark had made way at {self._at(gone)}"
            return self._wrong(words, again.step, "the last id is enough", gone)
        if not self.keeps_marks:
            return self._wrong(words, again.step, IN_ORDER)
        if first.how == "crash" and not _marks(first) and set(add.rows) == {ROW}:
            words += f". {first.node} had crashed at {self._at(first.end)}, before its mark"
            return self._wrong(words, again.step, APART, first.end)
        if second.begin < add.step or first.begin < second.begin < first.end:
            words += ": both had it in hand"
            vain = [d for d in second.deeds if d.kind == "look" and d.step < again.step
                    and set(d.rows) - {ROW} and d.isolation == LAX]  # fmt: skip
            lax = bool(vain) and second.of_one_transaction(vain[-1], again)
            return self._wrong(words, again.step, LAX if lax else LOOKS, add.step)
        if marks := _found(second, again.step) & {k for d in _writes(first) for k in d.rows}:
            words += f", though it had found the row {min(marks)!r}"
            return self._wrong(words, again.step, "the mark is ignored")
        looked = any(d.kind == "look" and set(d.rows) - {ROW} for d in second.deeds)
        return self._wrong(words, again.step, "" if looked else "nobody looks")

    def _mark_gone(self, first: Held, until: int) -> int | None:
        """Return where the mark of one deposit was replaced or deleted by the handling of another.

        None if a row that it wrote still stands, or if it wrote none.
        """
        marks = {k: row for d in _writes(first) for k, row in d.rows.items()}
        marks.pop(ROW, None)
        gone: dict[str, int] = {}
        if marks and all(row is None for row in marks.values()):
            gone = {k: d.step for d in _marks(first) for k, row in d.rows.items() if row is None}
        for h in self.all:
            for d in _writes(h) if _id(h) != _id(first) else ():
                changed = [k for k, row in d.rows.items() if k in marks and row != marks[k]]
                lost = [k for k in changed if not _holds(d.rows[k], _id(first))]
                gone |= {k: d.step for k in lost if _adds(first)[0].step < d.step < until}
        return max(gone.values()) if marks and len(gone) == len(marks) else None

    # -- in words ----------------------------------------------------------------------------------

    def _unknown(self) -> Violation:
        effects = [i for i, s in enumerate(self.trace) if s.kind == "effect"]
        return self._wrong(crashes(self.trace).strip(" ."), effects[-1], "")

    def _at(self, step: int) -> str:
        return moment(self.trace[step if step < len(self.trace) else -1])

    def _wrong(self, words: str, step: int, belief: str, blocker: int | None = None) -> Violation:
        had = str(plain(self.found))[:20]
        each = (
            f"{len(DEPOSITS)} deposits of {AMOUNT} were made, but the balance is {had} instead of "
            f"{OWED}."
        )
        message = f"{each} {words}." if words else each
        wanted, found = {ROW: OWED}, {ROW: plain(self.found)}
        return Violation(message, step, wanted, found, belief, blocker)


def _id(worker: Held) -> str:
    return worker.text.split(" ")[0]


def _writes(worker: Held) -> list[Deed]:
    return [d for d in worker.deeds if d.kind == "write"]


def _adds(worker: Held) -> list[Deed]:
    """Return the writes of the balance."""
    return [d for d in _writes(worker) if ROW in d.rows]


def _marks(worker: Held) -> list[Deed]:
    """Return the writes of other rows, and not of the balance."""
    return [d for d in _writes(worker) if ROW not in d.rows]


def _grew(write: Deed, key: str) -> bool:
    """Say whether a write added a deposit to a row."""
    try:
        return bool((write.rows[key] or 0) - (write.before.get(key) or 0) == AMOUNT)
    except TypeError:
        return False


def _found(worker: Held, until: int) -> set[str]:
    """Return the marks that a worker looked for and found, before a step."""
    looks = (d for d in worker.deeds if d.kind == "look" and d.step <= until)
    return {k for d in looks for k, row in d.rows.items() if row is not None and k != ROW}


def _looked_in_vain(worker: Held) -> str:
    """Return a mark that a worker looked for and did not find, or wrote anew, or ""."""
    vain = [k for d in worker.deeds if d.kind == "look" for k, row in d.rows.items()
            if row is None and k != ROW]  # fmt: skip
    new = [k for d in _marks(worker) for k in d.rows if d.before.get(k) is None]
    return next(iter([*vain, *new]), "")


def _holds(row: Any, id: str) -> bool:
    """Say whether a row names this deposit."""
    parts = [*row, *row.values()] if isinstance(row, dict) else row
    return id in parts if isinstance(parts, list) else bool(row == id)
