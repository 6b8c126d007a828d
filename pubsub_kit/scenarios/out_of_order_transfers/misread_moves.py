"""Why a ledger's balance is wrong: which moves it applied, dropped or forgot, as the trace proves.

Every write of the balance is matched with the moves that turn its old value into its new one. So
the trace tells in which order moves were applied, and which were acked without a trace of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, permutations
from typing import Any, NamedTuple

from pubsub_kit.scenarios.idempotency.payments import crash_between_effects
from pubsub_kit.scenarios.plain import moment, plain, shown
from pubsub_kit.world.search.blocked import handled
from pubsub_kit.world.trace import Trace

ROW = "balance"
Move = Mapping[str, Any]
#: A belief, and a sentence to add to what is known already.
Why = tuple[str, str]
NONE: Why = ("", "")


class Handling(NamedTuple):
    """One delivery of a move: its number, its steps, how it ended, and what it wrote."""

    seq: int
    begin: int
    end: int
    how: str
    writes: tuple[int, ...]
    applied: tuple[int, ...] | None  # which moves it applied; None if nothing explains its write


class Ledger:
    """What a ledger did with the moves of one run."""

    def __init__(self, trace: Trace, moves: Sequence[Move]) -> None:
        self.trace, self.moves = trace, {move["seq"]: move for move in moves}
        self.all = [self._handling(*span) for span in handled(trace).items()]
        self.crash = next((i for i, s in enumerate(trace) if s.kind == "crash"), None)
        self.order = [h.seq for h in self.all]

    def _handling(self, begin: int, end: int | None) -> Handling:
        trace, last = self.trace, len(self.trace) if end is None else end
        seq = int(trace[begin].text.split()[0].removeprefix("move-"))
        ledger = trace[begin].node
        writes = tuple(i for i in range(begin, last) if (trace[i].kind, trace[i].node) == (
            "effect", ledger))  # fmt: skip
        how = "" if end is None else "crash" if trace[end].kind == "crash" else trace[end].text
        return Handling(seq, begin, last, how, writes, self._applied(seq, writes))

    def _applied(self, seq: int, writes: Sequence[int]) -> tuple[int, ...] | None:
        made: tuple[int, ...] = ()
        for i in writes:
            _, before, after = self.trace[i].data
            if ROW not in after or (before.get(ROW) or 0) == after[ROW]:
                continue
            step = self._between(before.get(ROW) or 0, after[ROW], seq)
            if step is None:
                return None
            made += step
        return made

    def _between(self, had: Any, has: Any, seq: int) -> tuple[int, ...] | None:
        """Return the fewest moves that turn one balance into another, this one's first."""
        numbers = sorted(self.moves, key=lambda n: n != seq)
        for many in range(1, len(numbers) + 1):
            for some in permutations(numbers, many):
                if self.after(some, had) == has:
                    return some
        return None

    def after(self, numbers: Sequence[int], balance: Any = 0) -> Any:
        """Return the balance after these moves, in this order."""
        for number in numbers:
            move = self.moves[number]
            balance = balance * move["times"] + move["plus"]
        return balance

    @property
    def applied(self) -> list[int]:
        """The moves that were applied, in that order, as far as it is known."""
        return [number for h in self.all for number in h.applied or ()]

    def why(self, rows: Mapping[str, Any]) -> Why:
        """Return the belief behind a wrong balance, given the rows that are left in the end."""
        checks: tuple[Callable[[], Why], ...] = (
            self._recounted,
            lambda: self._apart(rows),
            self._forgotten,
            self._overwritten,
            self._twice,
            self._jumps,
            self._dropped,
            lambda: self.still_held(rows),
            self._as_they_come,
            self._miscounted,
        )
        return next((why for check in checks if (why := check()) != NONE), NONE)

    # -- crashes -----------------------------------------------------------------------------------

    def _apart(self, rows: Mapping[str, Any]) -> Why:
        if self.crash is None or not crash_between_effects(self.trace):
            return NONE
        cut = next((h for h in self.all if h.how == "crash" and h.writes), None)
        known = cut and (self._taken_out(cut) or self._turned_away(cut, rows))
        return known or ("mark and effect apart", "")

    def _taken_out(self, cut: Handling) -> Why | None:
        """Find that a held row was deleted before a crash, and its move not applied."""
        at = cut.writes[-1]
        _, before, after = self.trace[at].data
        for key, row in after.items():
            number = next((n for n in self.moves if _holds(key, before.get(key), n)), None)
            if ROW in after or row is not None or number is None or number in self._done_by(at):
                continue
            return "taken out, and not applied", (
                f"The row {shown(key, 20)} was deleted at {self._at(at)}, before the crash, and "
                f"move-{number} had not been applied."
            )
        return None

    def _turned_away(self, cut: Handling, rows: Mapping[str, Any]) -> Why | None:
        """Find that a move came again after a crash, and was known by what had been written."""
        later = (h for h in self.all if h.begin > cut.end and h.seq == cut.seq)
        if not any(h.how == "done" and not h.writes for h in later):
            return None
        again = f"When move-{cut.seq} came again, it was turned away"
        wrote = {k: i for i in cut.writes for k in self.trace[i].data[2]}
        if cut.seq in self.applied:
            belief, held = self.still_held(rows)
            when = self._at(wrote.get(ROW, cut.begin))
            said = f"move-{cut.seq} was applied at {when}, before the crash. {again}. {held}"
            return (belief, said) if held else None
        key = next(iter(wrote))
        said = f"The row {shown(key, 20)} was written at {self._at(wrote[key])}, before the crash, "
        return "marked, and not applied", f"{said}and the balance was not. {again}."

    def _forgotten(self) -> Why:
        """Find a move that was acked before a crash without a write, or a sum that began anew."""
        if self.crash is None:
            return NONE
        for h in self.all:
            if h.end < self.crash and h.how == "done" and not self._keeps(h) and self._is_new(h):
                said = f"move-{h.seq} had been acked, and no row held it."
                return "a memory is enough", said
        for h in self.all:
            if h.begin > self.crash and h.applied is None and self._from_memory(h):
                i = next(i for i in h.writes if ROW in self.trace[i].data[2])
                _, before, after = self.trace[i].data
                said = (
                    f"After its restart, at {moment(self.trace[i])}, it wrote the balance "
                    f"{plain(after[ROW])} over {plain(before[ROW])}."
                )
                return "a memory is enough", said
            turned_away = h.begin > self.crash and h.how.startswith("failed")
            if turned_away and sorted(self._done_by(h.begin)) == list(range(1, h.seq)):
                said = (
                    f"After its restart, at {moment(self.trace[h.end])}, it turned move-{h.seq} "
                    f"away, though all before it had been applied."
                )
                return "a memory is enough", said
        return NONE

    def _from_memory(self, h: Handling) -> bool:
        """Say whether a balance is made of nothing but moves that came after the crash."""
        assert self.crash is not None
        since = {o.seq for o in self.all if self.crash < o.begin <= h.begin}
        made = [self.trace[i].data[2][ROW] for i in h.writes if ROW in self.trace[i].data[2]]
        return self.after(sorted(since)) in made

    def _recounted(self) -> Why:
        """Find a balance that is right but for a move that was delivered twice."""
        for n, h in enumerate(self.all):
            came = [o.seq for o in self.all[: n + 1]]
            made = [self.trace[i].data[2].get(ROW) for i in h.writes]
            if h.applied is None and came.count(h.seq) > 1 and self.after(sorted(came)) in made:
                return "no dedup", f"The balance holds move-{h.seq} twice."
        return NONE

    def _is_new(self, h: Handling) -> bool:
        """Say whether a move had not been applied before, and was not now."""
        return not any(h.seq in (o.applied or ()) for o in self.all if o.begin <= h.begin)

    # -- order -------------------------------------------------------------------------------------

    def _overwritten(self) -> Why:
        """Find a row in which one early move took the place of another."""
        for i in (i for h in self.all for i in h.writes):
            _, before, after = self.trace[i].data
            for key in after:
                old, new = _seq(before.get(key)), _seq(after[key])
                lost = old and new and old != new and old not in self._done_by(i)
                if lost and old not in self.applied:
                    said = f"At {moment(self.trace[i])} move-{new} took the place of "
                    return "one row for all", f"{said}move-{old} in the row {shown(key, 20)}."
        return NONE

    def _done_by(self, step: int) -> list[int]:
        return [n for h in self.all if h.end <= step for n in h.applied or ()]

    def _twice(self) -> Why:
        for n, h in enumerate(self.all):
            again = h.writes and h.applied and h.applied[0] == h.seq
            if again and any(h.seq in (o.applied or ()) for o in self.all[:n]):
                return "no dedup", f"move-{h.seq} was applied again at {self._at(h.writes[-1])}."
        return NONE

    @property
    def begins_with_another(self) -> bool:
        """Whether the first move to arrive was not number 1, and was applied at once."""
        first = self.all[0]
        return first.seq != 1 and first.applied == (first.seq,)

    def _jumps(self) -> Why:
        """Find moves that were applied together though a number between them was missing."""
        for h in self.all:
            for one, following in pairwise(h.applied or ()):
                if following > one + 1:
                    said = f"At {self._at(h.writes[-1])} move-{following} was applied after move-"
                    return "jumps a gap", f"{said}{one}."
        return NONE

    def _dropped(self) -> Why:
        """Find a move that was acked and never applied, and that no row holds."""
        for n, h in enumerate(self.all):
            if h.how != "done" or h.seq in self.applied or self._keeps(h) or self._counts(h):
                continue
            said = f"move-{h.seq} was acked at {self._at(h.end)}, and neither applied nor held."
            higher = any(o.seq > h.seq for o in self.all[:n])
            return "late means stale" if higher else "drops what is early", said
        return NONE

    def _counts(self, h: Handling) -> bool:
        return any(ROW in self.trace[i].data[2] for i in h.writes)

    def _keeps(self, h: Handling) -> bool:
        """Say whether a row was written that holds this move."""
        rows = (row for i in h.writes for row in self.trace[i].data[2].items())
        return any(_holds(key, row, h.seq) for key, row in rows)

    def still_held(self, rows: Mapping[str, Any]) -> Why:
        """Find a move that was never applied, and that a row holds to the end."""
        if self.applied and self.order == sorted(self.order):
            return NONE
        for number in self.moves:
            if number in self.applied or number not in self.order:
                continue
            key = next((k for k, row in rows.items() if k != ROW and _holds(k, row, number)), None)
            if key is not None:
                belief = "never takes it up" if self.applied else "applies nothing"
                return belief, f"move-{number} is still in the row {shown(key, 20)}."
        return NONE

    def sent_back(self) -> Why:
        """Find that every delivery of every move was sent back."""
        if not self.all or not all(h.how.startswith("failed") for h in self.all):
            return NONE
        return "applies nothing", "Each delivery was sent back, that of move-1 too."

    def _as_they_come(self) -> Why:
        made = [h for h in self.all if h.applied]
        alone = all(h.applied == (h.seq,) for h in made)
        came = [h.seq for h in made]
        return ("as they come", "") if alone and came != sorted(came) else NONE

    def _miscounted(self) -> Why:
        """Find a move that came in its turn, and turned the balance into something else."""
        for h, i in ((it, i) for it in self.all if not it.applied for i in it.writes):
            _, before, after = self.trace[i].data
            if ROW not in after:
                continue
            had, has = before.get(ROW) or 0, after[ROW]
            said = f"move-{h.seq} turned {plain(had)} into {plain(has)}; from {plain(had)} it makes"
            return "another sum", f"{said} {self.after((h.seq,), had)}."
        return NONE

    def _at(self, step: int) -> str:
        return moment(self.trace[step])


def _seq(row: Any) -> int | None:
    """Return the number of the move that a row holds, if it holds one."""
    number = row.get("seq") if isinstance(row, Mapping) else None
    return number if type(number) is int else None


def _holds(key: str, row: Any, number: int) -> bool:
    """Say whether a row holds a move of this number, by its key or in its value."""
    if row is None:
        return False
    parts = [row, *row.values()] if isinstance(row, Mapping) else list(row) if isinstance(
        row, list | tuple) else [row]  # fmt: skip
    inside = any(_seq(part) == number for part in parts)
    named = key.endswith(str(number)) or (isinstance(row, Mapping) and str(number) in row)
    return inside or (named and isinstance(row, Mapping | list | tuple))
