"""What a trace tells in numbers: how many messages were lost or doubled, and how late they were.

Only what the steps themselves say is counted. A delivery is a `send` that names the group which it
goes to. A message is meant for a group if it was delivered to it in either run: of one that a
filter may have kept away, nothing is said. What was published from outside the world has no step,
so its wait is not known, and neither is the lag of its group.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from pubsub_kit.show.ink import seconds
from pubsub_kit.world.trace import Step

_ACK = re.compile(r"(ack|nack|extend) (.+)")
_AGAIN = re.compile(r"(.+) \(attempt \d+\)")
_MOST_ROWS = 3
_TWICE, _DEAD = ", published again", " goes to "


class Event(NamedTuple):
    """An event in its topic."""

    topic: str
    id: str


Meant = tuple[Event, str]  # with the group that it was delivered to


def changed(
    before: Sequence[Step], after: Sequence[Step], also: Mapping[str, tuple[object, object]]
) -> list[tuple[str, str, str]]:
    """Return the numbers that differ: the name of each, and its value in each run.

    `also` has further ones by name, which the trace can't tell; they are left out if they are equal
    too.
    """
    both = [_Story(before), _Story(after)]
    for story, other in (both, both[::-1]):
        story.hear(other)
    groups = both[0].groups & both[1].groups
    for story in both:
        story.meant = {meant for meant in story.meant if meant[1] in groups}
    one, two = map(_counts, (before, after), both)
    rows = [(name, f"{one[name]:,}", f"{two[name]:,}") for name in one if name in two]
    for name, waits in (("median", median), ("longest", max)):
        if all(story.waits for story in both):
            first, second = (seconds(waits(story.waits)) for story in both)
            rows.append((f"publish to ack, {name}", first, second))
    rows += _rows(before, after)
    rows += [(name, _said(left), _said(right)) for name, (left, right) in also.items()]
    return [row for row in rows if row[1] != row[2]]


def _rows(before: Sequence[Step], after: Sequence[Step]) -> list[tuple[str, str, str]]:
    """Return the first rows that hold another number at the end of each run."""
    one, two = _last(before), _last(after)
    found = [
        (f"{row} at the end", _said(value), _said(two[store, row]))
        for (store, row), value in one.items()
        if (store, row) in two and two[store, row] != value
    ]
    return found[:_MOST_ROWS]


def _last(steps: Iterable[Step]) -> dict[tuple[str, str], int | float]:
    written: dict[tuple[str, str], object] = {}
    for step in steps:
        if step.kind == "effect" and isinstance(step.data, tuple):
            store, _, rows = step.data
            written.update({(store, name): row for name, row in rows.items()})
    return {k: v for k, v in written.items() if type(v) in (int, float)}  # type: ignore[misc]


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if type(value) is int else str(value)


def _counts(steps: Sequence[Step], story: _Story) -> dict[str, int]:
    kinds = Counter(step.kind for step in steps)
    counts = {}
    if story.meant:
        counts["messages never handled"] = len(story.unhandled())
        counts["messages handled twice or more"] = sum(n > 1 for n in story.done.values())
        counts["redeliveries"] = story.redelivered
    for group, lags in story.lags().items():
        of = f" of {group}" if len(story.groups) > 1 else ""
        counts[f"lag{of} at most (messages)"] = max(lags)
        counts[f"lag{of} at the end (messages)"] = lags[-1]
    counts |= {"messages lost on the way": kinds["lose"], "timeouts": kinds["timeout"]}
    return {**counts, "writes": kinds["effect"]}


class _Story:
    """What became of each event: when it was published, and what each group made of it.

    A group that only one of the runs knows says nothing about the other.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.topics = {step.node for step in steps if _group(step)}
        self.published: dict[Event, tuple[int, float]] = {}  # at which step, when
        self.groups: set[str] = set()  # that anything was delivered to
        self.meant: set[Meant] = set()
        self.done: Counter[Meant] = Counter()
        self.settled: dict[Meant, int] = {}  # at which step: by an ack, or as a dead letter
        self.waits: list[float] = []  # from each publishing to its ack (seconds)
        self.redelivered = 0
        self._steps = steps
        self._known: set[Event] = set()  # that this run has seen

    def hear(self, other: _Story) -> None:
        """Read the run; the other one tells of topics and messages too."""
        self.topics = self.topics | other.topics
        delivered: dict[str, Meant] = {}  # by message
        works: dict[str, str] = {}  # a worker's group
        for i, step in enumerate(self._steps):
            if group := _group(step):
                again = _AGAIN.fullmatch(step.text)
                self.redelivered += again is not None
                meant = Event(step.node, again[1] if again else step.text), group
                delivered[step.message], works[step.peer] = meant, group
                self._known.add(meant[0])
            elif step.kind == "send" and step.peer in self.topics:
                if not _ACK.fullmatch(step.text):
                    event = Event(step.peer, step.text.partition(_TWICE)[0])
                    self.published.setdefault(event, (i, step.time))
            elif step.kind == "end" and step.text == "done" and step.message in delivered:
                self.done[delivered[step.message]] += 1
            elif step.node in self.topics:
                self._settle(i, step, works)
        self._known |= self.published.keys()
        self.groups = {*works.values()}
        self.meant |= {*delivered.values()}
        other.meant |= self.meant

    def _settle(self, i: int, step: Step, works: Mapping[str, str]) -> None:
        verb = _ACK.fullmatch(step.text) if step.kind == "receive" else None
        if verb and verb[1] == "ack" and " refused: " not in step.text and step.peer in works:
            meant = Event(step.node, verb[2]), works[step.peer]
            if meant not in self.settled and meant[0] in self.published:
                self.waits.append(step.time - self.published[meant[0]][1])
            self.settled.setdefault(meant, i)
        elif step.kind == "note" and isinstance(step.data, str) and _DEAD in step.text:
            event = Event(step.node, step.text.partition(_DEAD)[0])
            self.settled.setdefault((event, step.data), i)

    def unhandled(self) -> set[Meant]:
        """Return what this run knows of and its group has not handled."""
        return {m for m in self.meant if m[0] in self._known and not self.done[m]}

    def lags(self) -> dict[str, list[int]]:
        """Return for each group how many were published and not settled, after each change.

        A group of which the publishing of some message is not known is left out.
        """
        found = {}
        for group in sorted(self.groups):
            meant = [m for m in self.meant if m[1] == group and m[0] in self._known]
            if meant and all(m[0] in self.published for m in meant):
                changes = [(self.published[m[0]][0], 1) for m in meant]
                changes += [(self.settled[m], -1) for m in meant if m in self.settled]
                found[group] = _sums(sorted(changes))
        return found


def _sums(changes: Iterable[tuple[int, int]]) -> list[int]:
    total, found = 0, []
    for _, change in changes:
        total += change
        found.append(total)
    return found


def _group(step: Step) -> str:
    """Return the group that a delivery goes to; "" if the step is none."""
    return step.data if step.kind == "send" and isinstance(step.data, str) else ""
