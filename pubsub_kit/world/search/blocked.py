"""What a run still waits for when it is over, and which step keeps it from coming.

All of it is read off the trace. A handler that has begun and not ended waits for the last call that
it made and that nobody answered. The call was lost, or its reply was; the other side crashed; or
the other side is itself waiting, and so on, until a fault explains it all or a circle closes: a
deadlock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pubsub_kit.world.trace import Step, Trace

_REPLY, _REFUSAL = "reply ", "refusal ("
_NO_CALLS = (_REPLY, _REFUSAL, "ack ", "nack ", "extend ")


class Cause(NamedTuple):
    """The step that keeps something from happening, and the words for it."""

    step: int
    words: str


class Wait(NamedTuple):
    """A handler that waits: where it began, and its unanswered call, if that is what it waits for.

    `chain` are the waits that this one waits for, one after the other; a circle ends with this one.
    """

    begin: int
    call: int | None
    cause: Cause | None
    chain: tuple[Wait, ...] = ()


def at(step: Step) -> str:
    """Return when a step happened, as a message says it."""
    return f"at {round(step.time, 3):g} s"


def asks(step: Step) -> bool:
    """Return whether a message may be a call, as far as its own words tell."""
    return not step.text.startswith(_NO_CALLS)


def open_handlers(trace: Trace) -> list[int]:
    """Return the steps at which the handlers began that have not ended."""
    return [begin for begin, end in handled(trace).items() if end is None]


def handled(trace: Trace) -> dict[int, int | None]:
    """Return where each handler that began has ended, at an `end` or at a crash of its node."""
    left: dict[int, tuple[str, str]] = {}
    found: dict[int, int | None] = {}
    for i, step in enumerate(trace.steps):
        if step.kind == "begin":
            left[i] = (step.node, step.message)
            found[i] = None
        elif step.kind in ("end", "crash"):
            over = [n for n, (node, _) in left.items() if node == step.node]
            if step.kind == "end":
                over = [n for n in over if left[n][1] == step.message][:1]
            for n in over:
                del left[n]
                found[n] = i
    return found


class Calls:
    """The calls of a run, each with what became of it."""

    def __init__(self, trace: Trace) -> None:
        self.steps = trace.steps
        self.handled = handled(trace)
        self.began: dict[tuple[str, str], list[int]] = {}
        for begin in self.handled:
            step = self.steps[begin]
            self.began.setdefault((step.node, step.message), []).append(begin)
        self.lost: dict[str, int] = {}
        self.came: dict[str, int] = {}
        self.given_up: set[str] = set()
        for i, step in enumerate(self.steps):
            if step.kind == "lose":
                self.lost[step.message] = i
            elif step.kind == "receive":
                self.came.setdefault(step.message, i)
            elif step.kind == "timeout":
                self.given_up.add(step.message)
        self.services = {s.node for s in self.steps if s.kind in ("begin", "crash")}

    def waiting(self) -> list[Wait]:
        """Return every handler that waits when the run is over, the one that began first first."""
        taken: set[int] = set()
        found = []
        for begin in (begin for begin, end in self.handled.items() if end is None):
            call = self._call_of(begin, taken)
            taken |= {call} if call is not None else set()
            found.append(Wait(begin, call, None))
        waits = {wait.begin: wait for wait in found}
        return [self._explained(wait, waits) for wait in found]

    def unanswered(self, node: str, since: int = 0) -> list[int]:
        """Return the calls of a node, from a step on, that it still waits for at the end."""
        return [i for i in range(since, len(self.steps)) if self._waits(i, node)]

    def _waits(self, i: int, node: str) -> bool:
        step = self.steps[i]
        if step.kind != "send" or step.node != node or not asks(step):
            return False
        if step.message in self.given_up or not (
            step.peer in self.services or step.message not in self.came
        ):
            return False
        return not any(self.steps[r].message in self.came for r in self.replies(step))

    def replies(self, call: Step) -> Iterator[int]:
        """Yield the steps at which a reply to a call, or a refusal, was sent."""
        ends = [self.handled[begin] for begin in self.began.get((call.peer, call.message), ())]
        for i in (*ends, self.came.get(call.message)):
            if i is not None and i + 1 < len(self.steps):
                after = self.steps[i + 1]
                words = (_REPLY, _REFUSAL)
                if (after.kind, after.node) == ("send", call.peer) and after.text.startswith(words):
                    yield i + 1

    def _call_of(self, begin: int, taken: set[int]) -> int | None:
        """Return the call that a handler waits for: of several, one about what it handles."""
        step = self.steps[begin]
        mine = [i for i in self.unanswered(step.node, begin) if i not in taken]
        same = [i for i in mine if self.steps[i].text == step.text]
        return next(iter(same or mine), None)

    def _explained(self, wait: Wait, waits: dict[int, Wait]) -> Wait:
        """Follow what a handler waits for, from one that waits to the next."""
        chain = [wait]
        while True:
            cause = self.cause(chain[-1].call)
            if cause is not None:
                return wait._replace(cause=cause, chain=tuple(chain[1:]))
            held_by = self._held_by(chain[-1].call, waits)
            if held_by is None or held_by in chain[1:]:
                return wait._replace(chain=tuple(chain[1:]))
            chain.append(held_by)
            if held_by == wait:
                return wait._replace(chain=tuple(chain[1:]))

    def cause(self, call: int | None) -> Cause | None:
        """Return why a call got no answer; None if whom it reached still has it in hand."""
        if call is None:
            return None
        step = self.steps[call]
        if step.message in self.lost:
            return Cause(self.lost[step.message], "that call was lost")
        for sent in self.replies(step):
            reply = self.steps[sent]
            if (lost := self.lost.get(reply.message)) is not None:
                what = "reply" if reply.text.startswith(_REPLY) else "refusal"
                return Cause(lost, f"{step.peer}'s {what} was lost {at(self.steps[lost])}")
        begun = self.began.get((step.peer, step.message), [])
        over = self.handled[begun[-1]] if begun else self._crash(step)
        if over is None or self.steps[over].kind != "crash":
            return None
        when = at(self.steps[over])
        had = "before it answered" if begun else "with that call in its queue"
        return Cause(over, f"{step.peer} crashed {when} {had}")

    def _crash(self, call: Step) -> int | None:
        """Return the crash that emptied the queue in which a call was waiting."""
        came = self.came.get(call.message)
        if came is None:
            return None
        later = range(came, len(self.steps))
        return next((i for i in later if self._is_crash(i, call.peer)), None)

    def _is_crash(self, i: int, node: str) -> bool:
        return self.steps[i].kind == "crash" and self.steps[i].node == node

    def _held_by(self, call: int | None, waits: dict[int, Wait]) -> Wait | None:
        """Return the handler that has a call in hand, or keeps its service's worker busy."""
        if call is None or self.steps[call].message not in self.came:
            return None
        step = self.steps[call]
        mine = [waits[b] for b in self.began.get((step.peer, step.message), ()) if b in waits]
        busy = [wait for begin, wait in waits.items() if self.steps[begin].node == step.peer]
        return next(iter(mine or busy), None)
