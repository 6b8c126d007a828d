"""The world and the oracle of exercise 07's read model: the stock, kept from a log of moves.

The amounts are powers of eight, so a wrong sum says by itself which moves are missing in it, and
which count twice. Two offsets were compacted away. `run()` of the learner's view is called now and
then, on one object until a crash throws it away, while more moves arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

MOVES = {0: 1, 2: 8, 4: 64, 5: 512, 6: 4096}  # by offset: a gap in a page, and one between two
LATE = {5: 4.5, 6: 6.5}  # seconds at which a move arrives, if not before the run
STOCK = sum(MOVES.values())
PAGE = 2  # events in one read
FAULTS = ("crash",)


class Read(NamedTuple):
    """One read of the log: at which step of the trace, from where, and what there was."""

    step: int
    asked: int
    found: list[int]


class Moves:
    """The log as the learner has it: read only, a page at a time."""

    def __init__(self, world: World) -> None:
        self._world, self._reads = world, list[Read]()
        self.behind: tuple[int, int] | None = None  # the step of a return, and what was unread

    def _there(self) -> list[int]:
        return [at for at in MOVES if LATE.get(at, 0.0) <= self._world.now]

    async def read(self, offset: int = 0) -> list[tuple[int, int]]:
        """Return up to two (offset, amount) pairs, from the first offset ≥ `offset` on."""
        await self._world.point(f"reading the log from {offset}", ("read", "log", ()))
        found = [at for at in self._there() if at >= offset][:PAGE]
        self._reads.append(Read(len(self._world.trace), offset, found))
        words = f"finds {', '.join(map(str, found)) or 'nothing new'}"
        self._world.note("note", "view", text=f"reads from {shown(offset, 20)}, {words}")
        return [(at, MOVES[at]) for at in found]

    async def end(self) -> int:
        """Return the offset that the next move will get."""
        await self._world.point("asking where the log ends", ("read", "log", ()))
        return self._there()[-1] + 1

    async def five_times(self, run: Callable[[], Any]) -> None:
        """Let a view catch up five times, every two seconds; note when it returns too early."""
        for _ in range(5):
            there = self._there()
            await run()
            read = max((at for read in self._reads for at in read.found), default=-1)
            if self.behind is None and read < there[-1]:
                left = next(at for at in there if at > read)
                self.behind = len(self._world.trace) - 1, left
            await sleep(2.0)


def stock(world: World, answer: Callable[..., Any]) -> None:
    """The log, a database, and the learner's view, which may crash at any await."""
    db, log = world.store("db"), Moves(world)
    vars(world)["moves"] = log
    world.note("note", "log", text="has 0, 2 and 4")
    for offset, seconds in LATE.items():
        world.at(seconds, lambda at: world.note("note", "log", text=f"gets {at}"), offset)
    world.service("view", lambda: Unasked(partial(log.five_times, answer(db, log).run)))


def stock_is_right(world: World) -> Violation | None:
    """Each move of the log counts once in the row 'stock'."""
    found = world.stores["db"].rows.get("stock", 0)
    run = _Run(world, found)
    return run.foreseen() if found == STOCK and type(found) is int else run.wrong()


class _Run:
    """A run that ended with the wrong stock: which move is wrong, and why."""

    def __init__(self, world: World, found: Any) -> None:
        self.world, self.trace, self.found = world, world.trace, found
        self.log: Moves = vars(world)["moves"]
        self.reads = self.log._reads
        self.crash = next((i for i, s in enumerate(self.trace) if s.kind == "crash"), None)
        self.crashed = f" The view crashed at {moment(self.trace[self.crash or 0])}."
        self.wrote = [i for i, step in enumerate(self.trace) if _writes_stock(step)]
        self.last = self.wrote[-1] if self.wrote else None
        self.other = any(key != "stock" for key in world.stores["db"].rows)

    def foreseen(self) -> Violation | None:
        """Say where more was written than the moves that had been read."""
        for i in self.wrote:
            sum_, wrote = self._read(0, i), self.trace[i].data[2]["stock"]
            if isinstance(wrote, int) and wrote > sum_:
                words = (
                    f"At {moment(self.trace[i])} you wrote a stock of {wrote}, and the moves that "
                )
                words += f"you had read make {sum_}."
                return Violation(words, i, {"stock": sum_}, {"stock": wrote}, "not from the log")
        if self.log.behind is None:
            return None
        step, left = self.log.behind
        words = f"A call of run() returned at {moment(self.trace[step])}, and had not read the "
        words += f"move at offset {left}, which was there. So for a while the sum is too low."
        return Violation(words, step, belief="one page is enough")

    def wrong(self) -> Violation:
        if self.found and self.found == sum({at for read in self.reads for at in read.found}):
            return self._said("", self.last, "sum of offsets")
        if not isinstance(self.found, int) or not 0 <= self.found < 8 * max(MOVES.values()):
            return self._said("", self.last, "no sum")
        times = {at: self.found // amount % 8 for at, amount in MOVES.items()}
        offset = next(at for at, n in times.items() if n != 1)
        seen = [read for read in self.reads if offset in read.found]
        return self._missing(offset, seen) if not times[offset] else self._twice(offset, seen)

    def _missing(self, offset: int, seen: list[Read]) -> Violation:
        words = f" The move at offset {offset}, of {MOVES[offset]}, is missing."
        if not self.reads or (seen and not self.wrote):
            rows = " and ".join(f"'{key}'" for key in sorted(self.world.stores["db"].rows))
            return self._said(f" You wrote {rows}." if rows else "", None, "does nothing")
        if seen:
            late = [read for read in seen if self.crash is not None and read.step <= self.crash]
            if late and self.other:
                belief = "sum in memory" if self._began_at_0() else "position first"
                return self._said(words + self.crashed, self.crash, belief)
            some = self.found % MOVES[offset] and self.found != len(MOVES)
            odd = "read and not added" if some else "no sum"
            return self._said(f"{words} You had read it.", self.last, odd)
        first = self.reads[0].asked
        if first > offset:
            words += f" Your first read began at {first}."
            return self._said(words, None, "starts at the end")
        past = next((read for read in self.reads if read.asked > offset), None)
        if past is None:
            return self._said(words + " You never read it.", None, "one page is enough")
        words += f" You read on from {past.asked}, and had never read {offset}."
        belief = "off by one" if self.crash is None else "position first"
        return self._said(words, past.step, belief)

    def _twice(self, offset: int, seen: list[Read]) -> Violation:
        words = f" The move at offset {offset}, of {MOVES[offset]}, counts twice."
        if len(seen) < 2:
            return self._said(words, self.last, "no sum")
        first, again = seen[:2]
        words += f" You read it a second time, from {again.asked} on."
        if self.crash is not None and first.step <= self.crash < again.step:
            belief = "position and sum apart" if self.other else "memory is enough"
            return self._said(words + self.crashed, self.crash, belief)
        behind = all(b.asked == a.found[-1] for a, b in pairwise(self.reads) if a.found)
        belief = "off by one" if behind else "offsets are dense"
        belief = "a full page only" if again.asked == first.asked else belief
        return self._said(words, again.step, belief if again.asked else "no position")

    def _read(self, start: int, stop: int) -> int:
        """Return the sum of the moves that were read between two steps."""
        steps = range(start, stop + 1)
        return sum(MOVES[at] for at in {n for r in self.reads if r.step in steps for n in r.found})

    def _began_at_0(self) -> bool:
        """Whether the first sum that was written after the crash has only what was read since."""
        crash = self.crash or 0
        after = [i for i in self.wrote if i > crash]
        if not after or self.wrote[0] > crash:
            return False
        return bool(self.trace[after[0]].data[2]["stock"] == self._read(crash, after[0]))

    def _said(self, words: str, step: int | None, belief: str) -> Violation:
        message = f"The stock is {shown(self.found, 20)} instead of {STOCK}.{words}"
        return Violation(message, step, {"stock": STOCK}, {"stock": self.found}, belief)


def _writes_stock(step: Step) -> bool:
    return step.kind == "effect" and isinstance(step.data, tuple) and "stock" in step.data[2]
