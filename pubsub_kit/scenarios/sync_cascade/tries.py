"""What a service asked of another one while it handled one request, as the trace tells it.

A verdict on retries has to know how often the service called, which calls were answered in time,
and which it gave up on although nothing was lost.
"""

from __future__ import annotations

from typing import NamedTuple

from pubsub_kit.world.search.blocked import handled
from pubsub_kit.world.trace import Trace


class Try(NamedTuple):
    """One call: the steps at which it left, was given up, and its reply came; its id as sent."""

    sent: int
    message: str
    id: str
    gave_up: int | None
    replied: int | None
    disturbed: bool  # a fault struck its request or its reply

    @property
    def answered(self) -> bool:
        """Whether the reply came while the caller still waited."""
        return self.replied is not None and (self.gave_up is None or self.replied < self.gave_up)


class Tries(NamedTuple):
    """The calls of one handler, from the step at which it began to the one at which it ended."""

    begin: int
    end: int
    calls: list[Try]
    breaker_opened: bool

    @property
    def answered(self) -> list[Try]:
        """Those that were answered in time."""
        return [each for each in self.calls if each.answered]

    @property
    def hasty(self) -> list[Try]:
        """Those that the caller gave up on although no fault had struck them."""
        return [each for each in self.calls if each.gave_up is not None and not each.disturbed]

    @property
    def renamed(self) -> bool:
        """Whether a call went out under another id than one that was given up before."""
        given_up = [(each.gave_up, each.id) for each in self.calls if each.gave_up is not None]
        return any(at < c.sent and id != c.id for c in self.calls for at, id in given_up)


def why_unanswered(tried: Tries, error: bool, gave_up: bool) -> str:
    """Return the belief behind calls that came to nothing, or whose reply was not passed on.

    `error` says that the caller raised an error, `gave_up` that it called the work failed.
    """
    calls = len(tried.calls)
    if not calls:
        return "asks nobody"
    if tried.answered:
        return "one reply is enough" if calls > 1 and (error or gave_up) else "another answer"
    if tried.breaker_opened:
        return "a breaker for one order"
    if tried.hasty:
        return "too little patience"
    if calls > 1:
        return "gives up too soon"
    return "a timeout means it failed" if gave_up else "gives up at once"


def tries(trace: Trace, caller: str, callee: str, request: str) -> Tries | None:
    """Return the calls to `callee` that `caller` made while it handled a request of this label.

    None if it never began to.
    """
    spans = handled(trace)
    mine = (i for i in spans if (trace[i].node, trace[i].text) == (caller, request))
    begin = next(mine, None)
    if begin is None:
        return None
    ended = spans[begin]
    end = len(trace) - 1 if ended is None else ended
    steps = list(enumerate(trace))[begin : end + 1]
    sent = [i for i, s in steps if (s.kind, s.node, s.peer) == ("send", caller, callee)]
    opened = any((s.kind, s.node, s.text) == ("breaker", caller, "opens") for _, s in steps)
    return Tries(begin, end, [_try(trace, i) for i in sent], opened)


def _try(trace: Trace, sent: int) -> Try:
    call = trace[sent]
    messages, replied, replies, gave_up = {call.message}, None, False, None
    for i in range(sent + 1, len(trace)):
        step = trace[i]
        if step.kind == "timeout" and step.message == call.message:
            gave_up = i
        elif step.kind == "end" and step.node == call.peer and step.message == call.message:
            replies = True
        elif replies and (step.kind, step.node, step.peer) == ("send", call.peer, call.node):
            messages.add(step.message)  # a handler's reply is the first thing that follows its end
            replies = False
        elif step.kind == "receive" and step.node == call.node and step.message in messages:
            replied = i if replied is None else replied
    disturbed = any(step.fault and step.message in messages for step in trace)
    return Try(sent, call.message, call.text, gave_up, replied, disturbed)


def made_by(trace: Trace, tried: Tries, callee: str) -> list[int]:
    """Return the writes of `callee` that these calls led to, if it handles one at a time."""
    mine, in_hand, found = {each.message for each in tried.calls}, "", []
    for i, step in enumerate(trace):
        if step.node != callee:
            continue
        if step.kind == "begin":
            in_hand = step.message
        elif step.kind == "effect" and in_hand in mine:
            found.append(i)
    return found
