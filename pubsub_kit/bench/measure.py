"""How a figure is taken: contenders in turn, several rounds, medians, and ratios of one run.

A round runs every contender once, in turn, so that a slow moment of the machine falls on all of
them; the figure is the median of the rounds, with the least and the most beside it.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Does `n` operations, and returns nothing or the seconds that count (without its set-up).
Work = Callable[[], float | None]


#: Says lines about the figures of a row, by the names of its contenders.
Notes = Callable[[dict[str, "Figure"]], Iterable[str]]


class Contender(NamedTuple):
    """Something that is measured: its name, how many operations one go does, and the go."""

    name: str
    operations: int
    go: Work


class Aim(NamedTuple):
    """What ours is to reach: at least this ratio to a peer, or this rate if the peer is ""."""

    peer: str
    least: float


@dataclass
class Row:
    """One line of the table: ours first, its peers, and what ours is to reach.

    `notes` has more to say once it is measured: a cost of which less is better, or memory.
    """

    what: str
    unit: str
    ours: Contender
    peers: list[Contender] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    notes: Notes | None = None


class Figure(NamedTuple):
    """A rate, in operations a second: median, least and most of the rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        """Return the figure as a table shows it."""
        return f"{short(self.median):>6} [{short(self.least)}–{short(self.most)}]"


def measure(row: Row, rounds: int) -> dict[str, Figure]:
    """Run every contender of a row so many times, in turn; return a figure for each."""
    contenders = [row.ours, *row.peers]
    rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:  # one go that does not count warms caches and imports
        contender.go()
    for _ in range(rounds):
        for contender in contenders:
            gc.collect()
            begin = time.perf_counter()
            own = contender.go()
            seconds = own if own is not None else time.perf_counter() - begin
            rates[contender.name].append(contender.operations / seconds)
    return {n: Figure(statistics.median(r), min(r), max(r)) for n, r in rates.items()}


def lines(row: Row, figures: dict[str, Figure]) -> Iterator[str]:
    """Yield a measured row as lines of text: each contender, its ratio, and the aims."""
    ours = figures[row.ours.name]
    yield f"\n{row.what}  ({row.unit})"
    yield f"  {row.ours.name:<34} {ours}"
    for peer in row.peers:
        figure = figures[peer.name]
        yield f"  {peer.name:<34} {figure}   ours is {ours.median / figure.median:.2f} ×"
    for absent in row.absent:
        yield f"  {absent}"
    for aim in row.aims:
        yield f"  {said(aim, ours, figures)}"
    for note in row.notes(figures) if row.notes else ():
        yield f"  {note}"


def said(aim: Aim, ours: Figure, figures: dict[str, Figure]) -> str:
    """Say whether an aim is reached."""
    if not aim.peer:
        sign = "reached" if ours.median >= aim.least else "MISSED "
        return f"{sign}: at least {short(aim.least)}/s; it is {short(ours.median)}/s"
    if aim.peer not in figures:
        return f"unknown: at least {aim.least:g} × {aim.peer}, which is not here"
    ratio = ours.median / figures[aim.peer].median
    sign = "reached" if ratio >= aim.least else "MISSED "
    return f"{sign}: at least {aim.least:g} × {aim.peer}; it is {ratio:.2f} ×"


def short(rate: float) -> str:
    """Return a rate in three digits: 1.23M, 45.6K, 789."""
    for factor, letter in ((1e6, "M"), (1e3, "K")):
        if rate >= factor:
            return f"{rate / factor:.3g}{letter}"
    return f"{rate:.3g}"


def present(*contenders: Callable[[], Contender]) -> tuple[list[Contender], list[str]]:
    """Make contenders; for one that is not installed, a sentence instead."""
    made: list[Contender] = []
    absent: list[str] = []
    for make in contenders:
        try:
            made.append(make())
        except (ImportError, OSError) as error:
            absent.append(f"{make.__name__.replace('_', ' ')}: not measured ({error})")
    return made, absent


def batches(items: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    """Split a sequence into batches."""
    return [items[i : i + size] for i in range(0, len(items), size)]
