"""The oracle of exercise 04's commit: clicks in several batches, and offsets that say what is done.

A reader that crashes starts again at the committed offset. Each click takes its time, all of a
batch side by side, so the trace tells whether somebody was hasty, or did one after the other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pubsub_kit.scenarios.delivery_semantics.batches import (
    CLICKS,
    QUICK,
    SLOW,
    commit,
    commits,
    counted,
)
from pubsub_kit.scenarios.delivery_semantics.clicks import COUNT, READER
from pubsub_kit.scenarios.idempotency.looks import Watched, watched
from pubsub_kit.scenarios.plain import moment, plain, shown
from pubsub_kit.scenarios.second_act import bad_luck
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

MOST = 2  # clicks in a batch


def commit_in_rounds(world: World, answer: Any) -> None:
    """The same log in batches of two: a slow click and a quick one, then two quick ones."""
    commit(world, answer, most=MOST, db=watched(world))


def every_click_counts_in_time(world: World) -> Violation | None:
    """Each click is counted in its time, once if nothing fails; the offset is the log's end."""
    return _Reading(world).wrong()


class _Reading:
    """What a reader counted and committed, and what that proves."""

    def __init__(self, world: World) -> None:
        db = world.stores["db"]
        assert isinstance(db, Watched)
        kinds = [deed.kind for deed in db.deeds]
        self.never_entered = kinds.count("begin") > kinds.count("enter")
        self.trace: Trace = world.trace
        self.committed = db.rows.get("committed")
        self.lucky = not bad_luck(world.trace)
        self.missing = [i for i in range(CLICKS) if not counted(world.trace, i)]
        self.reads = [i for i, s in enumerate(self.trace) if _reads(s)]

    def wrong(self) -> Violation | None:
        """Return what is wrong, if anything is."""
        if type(self.committed) is not int:
            message = f"The committed offset is {shown(self.committed)}, not a whole number."
            wanted, found = {"committed": CLICKS}, {"committed": plain(self.committed)}
            return Violation(message, self._last_commit(), wanted, found, "commits no offset")
        if len(self.missing) == CLICKS and self.lucky:
            return self._counts_nothing()
        hasty = self._hasty()
        if hasty is not None:
            return hasty
        if self.missing:
            return self._passed_over()
        if self.lucky and (again := self._counts_again()) is not None:
            return again
        if self.committed != CLICKS:
            return self._off()
        return self._goes_back() or (self._one_by_one() if self.lucky else None)

    def _counts_nothing(self) -> Violation:
        acted = [
            i for i, s in enumerate(self.trace) if s.kind == "effect" and "committed" not in s.text
        ]
        did = f": the first thing it did was {self.trace[acted[0]].text!r}" if acted else ""
        message = f"No click was counted{did}."
        step = acted[0] if acted else len(self.trace) - 1
        return Violation(message, step, {"counted": CLICKS}, {"counted": 0}, "counts nothing")

    # -- time --------------------------------------------------------------------------------------

    def _hasty(self) -> Violation | None:
        """Find a click that was counted before its time was over."""
        for read in self.reads:
            for name in self.trace[read].data:
                at = self._next_count(name, read)
                if at is None or not self._in_this_round(read, at):
                    continue
                took = self.trace[at].time - self.trace[read].time
                if took < (takes := _takes(name)) - 0.001:
                    message = f"{name} was counted after {took:g} s, but it takes {takes:g} s."
                    states = {name: f"{takes:g} s"}, {name: f"{took:g} s"}
                    return Violation(message, at, *states, "counts before its time")
        return None

    def _one_by_one(self) -> Violation | None:
        """Find a batch that took longer than its slowest click."""
        for read in self.reads:
            names = self.trace[read].data
            ends = [at for name in names if (at := self._next_count(name, read)) is not None]
            if not ends:
                continue
            took, needs = (
                self.trace[max(ends)].time - self.trace[read].time,
                max(map(_takes, names)),
            )
            if took > needs + 0.001:
                message = (
                    f"The batch of {' and '.join(names)} took {took:g} s. At the same time, they "
                    f"take {needs:g} s."
                )
                states = {"the batch": f"{needs:g} s"}, {"the batch": f"{took:g} s"}
                return Violation(message, max(ends), *states, "one after the other")
        return None

    def _next_count(self, name: str, after: int) -> int | None:
        return next(
            (i for i in range(after, len(self.trace)) if _counts(self.trace[i], name)), None
        )

    def _in_this_round(self, read: int, at: int) -> bool:
        later = next((i for i in self.reads if i > read), len(self.trace))
        return at < later

    # -- offsets -----------------------------------------------------------------------------------

    def _passed_over(self) -> Violation:
        """Say that an offset was committed past clicks that were never counted."""
        first, names = self.missing[0], _list([f"click-{i}" for i in self.missing])
        was = "was" if len(self.missing) == 1 else "were"
        states = {"counted": CLICKS}, {"counted": CLICKS - len(self.missing)}
        if (marked := self._marked_before()) is not None:
            return marked
        early = next((i for i in commits(self.trace) if self._offset(i) > first), None)
        if early is None:
            message = f"{names} {was} never counted. {self._where()}"
            belief = self._left_out() if commits(self.trace) else self._why_off()
            return Violation(message, len(self.trace) - 1, *states, belief)
        said = f"the reader committed offset {self._offset(early)} at {moment(self.trace[early])}"
        message = f"{names} {was} never counted, but {said}: all before it counts as done."
        crash = next((i for i, s in enumerate(self.trace) if i > early and s.kind == "crash"), None)
        if crash is None:
            return Violation(message, early, *states, self._left_out() or self._why_off())
        batch = self.trace[max(i for i in self.reads if i < early)].data
        before = [n for n in batch if self._counted_before(n, early)]
        belief = "commit the highest finished" if before else "committed means processed"
        if self._offset(early) > CLICKS or f"click-{first}" not in batch:
            belief = "the last, not the next"
        return Violation(message, early, *states, belief, crash)

    def _marked_before(self) -> Violation | None:
        """Find a click that was never counted because a crash fell between its mark and it."""
        for number in self.missing:
            name = f"click-{number}"
            marks = [i for i, s in enumerate(self.trace) if _marks(s, name)]
            crash = next((i for i in range(marks[0], len(self.trace))
                          if self.trace[i].kind == "crash"), None) if marks else None  # fmt: skip
            again = crash is not None and any(
                name in self.trace[read].data for read in self.reads if read > crash
            )
            if crash is None or not again:
                continue
            row = next(k for k, row in self.trace[marks[0]].data[2].items() if row is not None)
            message = (
                f"{name} was never counted. At {moment(self.trace[marks[0]])} the reader wrote the "
                f"row {row!r}, and it crashed at {moment(self.trace[crash])}, before the count. "
                f"When {name} was read again, that row was there."
            )
            states = {name: "counted"}, {name: "marked"}
            return Violation(message, crash, *states, "marks it before it counts", marks[0])
        return None

    def _left_out(self) -> str:
        """Tell whether a batch that was handled to its end has a click that was not counted."""
        for read, later in pairwise(self.reads):
            names = self.trace[read].data
            ends = [at for name in names if (at := self._next_count(name, read)) is not None]
            if len([at for at in ends if at < later]) < len(names):
                return "leaves clicks out"
        return ""

    def _counted_before(self, name: str, step: int) -> bool:
        return any(_counts(s, name) for s in self.trace[:step])

    def _counts_again(self) -> Violation | None:
        """Find a click that was counted twice though nothing went wrong."""
        seen: dict[str, int] = {}
        for i, step in enumerate(self.trace):
            name = next((f"click-{n}" for n in range(CLICKS) if _counts(step, f"click-{n}")), "")
            if not name or seen.setdefault(name, i) == i:
                continue
            between = any(seen[name] < read < i for read in self.reads)
            message = f"{name} was counted again at {moment(step)}, though nothing went wrong."
            states = {name: "counted once"}, {name: "counted again"}
            if not between:
                return Violation(message, i, *states, "counts twice")
            return self._passed_unfinished() or Violation(
                f"{message} {self._where()}", i, *states, self._why_off()
            )
        return None

    def _passed_unfinished(self) -> Violation | None:
        """Find a commit past a click that was counted only later."""
        for i in commits(self.trace):
            for n in range(min(self._offset(i), CLICKS)):
                done = self._next_count(f"click-{n}", 0)
                if done is not None and done > i:
                    message = (
                        f"The reader committed offset {self._offset(i)} at {moment(self.trace[i])},"
                        f" but click-{n} was counted only at {moment(self.trace[done])}. "
                        f"{self._where()}"
                    )
                    states = {"committed": n}, {"committed": self._offset(i)}
                    return Violation(message, i, *states, "commit the highest finished", done)
        return None

    def _goes_back(self) -> Violation | None:
        """Find a batch after which the next read does not begin behind it."""
        for read, later in pairwise(self.reads):
            names = self.trace[read].data
            if not names or any(s.kind == "crash" for s in self.trace[read:later]):
                continue
            wanted = int(names[-1].removeprefix("click-")) + 1
            found = self.trace[later].text.split()[3].rstrip(":")
            if found != str(wanted):
                message = (
                    f"After the batch of {' and '.join(names)} the reader read from offset {found}"
                    f" at {moment(self.trace[later])}. {self._where()}"
                )
                states = {"committed": wanted}, {"committed": found}
                return Violation(message, later, *states, self._why_off())
        return None

    def _off(self) -> Violation:
        message = (
            f"All {CLICKS} clicks were counted, but the committed offset is {self.committed} "
            f"instead of {CLICKS}."
        )
        states = {"committed": CLICKS}, {"committed": self.committed}
        return Violation(message, self._last_commit(), *states, self._why_off())

    def _why_off(self) -> str:
        """Tell what is wrong with the offsets: none at all, one off at each batch, or something."""
        made = commits(self.trace)
        if not made:
            return "never entered" if self.never_entered else "never commits"
        off = set()
        for i in made:
            read = max((n for n in self.reads if n < i), default=None)
            if read is not None and self.trace[read].data:
                last = int(self.trace[read].data[-1].removeprefix("click-"))
                off.add(self._offset(i) - last)
        return "the last, not the next" if off and off <= {0, 2} else "commits another offset"

    def _where(self) -> str:
        made = commits(self.trace)
        if not made:
            never = " A transaction was begun and never entered." if self.never_entered else ""
            return f"No offset was committed.{never}"
        said = [f"{self._offset(i)} at {moment(self.trace[i])}" for i in made[:3]]
        return f"Committed: {', '.join(said)}."

    def _offset(self, step: int) -> Any:
        offset = self.trace[step].data[2]["committed"]
        return offset if type(offset) is int else -1

    def _last_commit(self) -> int:
        return (commits(self.trace) or [len(self.trace) - 1])[-1]


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else names[0]


def _reads(step: Step) -> bool:
    return step.kind == "note" and step.node == READER and isinstance(step.data, tuple)


def _counts(step: Step, name: str) -> bool:
    return step.kind == "effect" and step.text.partition(" (")[0] == f"{COUNT}{name}"


def _marks(step: Step, name: str) -> bool:
    """Say whether a step wrote a row that names a click."""
    if step.kind != "effect" or step.data[0] == "outside":
        return False
    rows = {k: row for k, row in step.data[2].items() if k != "committed" and row is not None}
    return any(name in f"{k} {row}".replace(",", " ").replace("'", " ").split() or k.endswith(name)
               for k, row in rows.items())  # fmt: skip


def _takes(name: str) -> float:
    return SLOW if name == "click-0" else QUICK
