"""What happened, as a list of small immutable records.

The world and the live broker write a `Trace`; every picture, metric and verdict reads one. A trace
knows nothing of either, so anything you can say about a run, you can say from its trace alone.

The steps of one message share a key: a `send` opens the message under a key that no other send has,
and a `receive` with that key ends it. Two receives mean that the network duplicated it; a `lose`
means that it never arrived. A step that belongs to no message has an empty key.

    kind        node         peer        means
    send        sender       receiver    a message (a request, reply, ack …) leaves; a delivery has
                                         as its data the group that it goes to
    receive     receiver     sender      it arrives
    lose        sender       receiver    it is lost on the way
    effect      where        –           durable state changes; data: (store, rows before, after)
    read        where        –           durable state is read
    begin, end  where        –           a handler starts, finishes (`text` says how)
    timeout     caller       callee      the caller stops waiting for the message `message`
    retry       caller       callee      the caller will try again
    pause       where        –           the process pauses (a long garbage collection, say)
    crash       where        –           its memory is gone; durable state stays
    restart     where        –           it runs again, with an empty memory
    breaker     caller       callee      a circuit breaker opens, closes, or half-opens (`text`)
    partition   one side     other side  a link is cut
    repair      one side     other side  the link works again
    rebalance   topic        –           a group's partitions get owners; data: who owns which
    replicas    leader       –           how several brokers stand; data: a row for each of them
    note        where        –           anything else worth reading
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload


class Step(NamedTuple):
    """One thing that happened: when (virtual seconds), which kind, where, to which message."""

    time: float
    kind: str
    node: str
    peer: str = ""
    message: str = ""
    text: str = ""
    fault: bool = False
    data: Any = None

    def __str__(self) -> str:
        """Render the step as one line of words, as text summaries print it."""
        arrow = f" → {self.peer}" if self.peer else ""
        words = f": {self.text}" if self.text else ""
        mark = " ✗" if self.fault else ""
        return f"{self.time:8.3f}s  {self.kind:<9} {self.node}{arrow}{words}{mark}"


class Trace(Sequence[Step]):
    """The steps of one run in the order in which they happened."""

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps: list[Step] = list(steps)

    def add(self, *fields: Any, **named: Any) -> Step:
        """Append a step built from `Step`'s fields, and return it."""
        step = Step(*fields, **named)
        self.steps.append(step)
        return step

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Trace: ...
    def __getitem__(self, index: int | slice) -> Step | Trace:
        return Trace(self.steps[index]) if isinstance(index, slice) else self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def of(self, *kinds: str, node: str | None = None) -> list[Step]:
        """Return the steps of these kinds, at one node if you name it."""
        return [s for s in self.steps if s.kind in kinds and (node is None or s.node == node)]

    def nodes(self) -> list[str]:
        """Return every node that takes part, in the order in which they appear."""
        seen: dict[str, None] = {}
        for step in self.steps:
            seen.setdefault(step.node)
            if step.peer:
                seen.setdefault(step.peer)
        return list(seen)

    def faults(self) -> list[Step]:
        """Return the steps that were faults, in order."""
        return [s for s in self.steps if s.fault]

    def text(self) -> str:
        """Return the whole run as text, one step a line, to compare it with another run."""
        return "\n".join(map(str, self.steps))
