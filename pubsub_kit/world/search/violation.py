"""What went wrong in a run, and what is wrong with any run: that it never comes to an end.

A handler may loop: the run then exceeds its limit of steps. It may wait for something that never
comes: then nothing is left to happen. Or it may have been busy for most of the run when time is up.
Of each of these, the trace says what is waited for, and which step keeps it from coming.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pubsub_kit.world.event_store import CONFLICT
from pubsub_kit.world.search.blocked import Calls, Wait, asks, at, open_handlers
from pubsub_kit.world.system import System
from pubsub_kit.world.trace import Trace

#: How long a handler must have been busy to count as endless when time is up (seconds).
LONG = 60.0
_REFUSED = "appends were refused"
_OFTEN = 3  # so many times is worth saying
_IDLE = 30.0  # so many seconds without a step are more than a pause between tries


@dataclass(frozen=True, slots=True)
class Violation:
    """What went wrong in a run: in words, at which step of the trace, expected and actual state.

    `belief` names the misconception that this failure shows, if it is known. If what went wrong is
    that something never happened, `blocker` is the step that kept it from happening, and `unmet`
    says how many waits were left: of failures with equally many faults, a search then keeps the one
    that came closest to its end.
    """

    message: str
    step: int | None = None
    expected: Any = None
    actual: Any = None
    belief: str = ""
    blocker: int | None = None
    unmet: int = 0


def never_ends(world: System) -> Violation:
    """Return the violation of a run that took more steps than it may take.

    Where no call and no write was repeated, it is a wait in a loop.
    """
    trace, still = world.trace, open_handlers(world.trace)
    what, at_step, blocker, belief = "something was still repeating", None, None, "never ends"
    if still:
        step = trace[still[0]]
        more, at_step, blocker = _repeats(trace, still[0])
        what = f"{step.node} was still handling {step.text}, which it began {at(step)}{more}"
        belief = _belief(more)
    return Violation(
        f"the run never ends: after {world.steps:,} steps, {what}",
        step=len(trace) - 1 if trace and at_step is None else at_step,
        belief=belief,
        blocker=blocker,
        unmet=max(len(still), 1),
    )


def unfinished(world: System) -> Violation | None:
    """Return a violation if a handler waits forever, or was busy for most of the run."""
    return (waits_forever(world) or stays_busy(world)) if world.busy else None


def waits_forever(world: System) -> Violation | None:
    """Return a violation if a handler still waits when nothing is left that could wake it up."""
    still = Calls(world.trace).waiting() if world.env.peek() == float("inf") else []
    if not still:
        return None
    text, step, blocker = _why(world.trace, still[0])
    return Violation(text, step=step, belief="waits for ever", blocker=blocker, unmet=len(still))


def stays_busy(world: System) -> Violation | None:
    """Return a violation if, when time is up, a handler has been busy for most of the run."""
    still = open_handlers(world.trace)
    if not still or world.now - world.trace[still[0]].time < max(LONG, world.now / 2):
        return None
    step = world.trace[still[0]]
    more, _, blocker = _repeats(world.trace, still[0])
    belief = _belief(more)
    wait = next((w for w in Calls(world.trace).waiting() if w.begin == still[0]), None)
    if not more and wait is not None and wait.call is not None:
        called = world.trace[wait.call]
        more = f", and has waited for {called.peer}'s reply since {round(called.time, 3):g} s"
        belief, blocker = "one call takes too long", wait.cause and wait.cause.step
    elif (pause := _pause(world, still[0])) is not None:
        more += f", and neither called nor wrote anything from {pause[0]:g} s to {pause[1]:g} s"
        belief = "nobody ends its wait"
    text = f"{step.node} is still handling {step.text} after {world.now - step.time:,.0f} s{more}"
    return Violation(text, step=still[0], belief=belief, blocker=blocker, unmet=len(still))


def finished(trace: Trace) -> int:
    """Return how much work a run has finished: its writes and ends, each of them once."""
    done = (s for s in trace.steps if s.kind == "effect" or (s.kind == "end" and s.text == "done"))
    return len({(step.node, step.kind, step.text) for step in done})


def _why(trace: Trace, wait: Wait) -> tuple[str, int, int | None]:
    """Say which wait is unmet and what blocks it; return the words and both steps."""
    if wait.chain and wait.chain[-1].begin == wait.begin:
        return _deadlock(trace, wait)
    *outer, last = (wait, *wait.chain)
    step = trace[last.begin]
    head = f"{step.node} waits forever while handling {step.text}"
    also = "".join(f". {trace[w.begin].node} waits for {_callee(trace, w)}" for w in outer[::-1])
    if last.call is None:
        return f"{head}: nothing is left that could wake it up{also}", last.begin, None
    called = f"{head}: it called {_about(trace, last)}"
    if wait.cause is None:
        return f"{called}, and no reply will come{also}", last.call, None
    return f"{called}, and {wait.cause.words}{also}", last.call, wait.cause.step


def _deadlock(trace: Trace, wait: Wait) -> tuple[str, int, int | None]:
    ring = (wait, *wait.chain[:-1])
    step = trace[wait.begin]
    text = f"{step.node} waits forever while handling {step.text}: it called {_about(trace, wait)}"
    for each in ring[1:]:
        text += f", and {trace[each.begin].node} called {_about(trace, each)}"
    others = "has no other worker" if len(ring) == 1 else "each waits for the other"
    others = "each waits for the next" if len(ring) > 2 else others
    alone = f", which {others}" if len(ring) == 1 else f". So {others}"
    assert wait.call is not None
    return f"{text}{alone}: a deadlock", wait.call, ring[-1].call if len(ring) > 1 else wait.begin


def _callee(trace: Trace, wait: Wait) -> str:
    assert wait.call is not None
    return trace[wait.call].peer


def _about(trace: Trace, wait: Wait) -> str:
    """Say whom a handler called and when; and about what, if that is not what it handles."""
    assert wait.call is not None
    call = trace[wait.call]
    what = "" if call.text in ("None", trace[wait.begin].text) else f" about {call.text}"
    return f"{call.peer}{what} {at(call)}"


def _repeats(trace: Trace, begin: int) -> tuple[str, int | None, int | None]:
    """Say what a handler does again and again.

    If its link is cut, that is why: return the first call after the cut, and the cut.
    """
    node = trace[begin].node
    mine = [(i, step) for i, step in enumerate(trace) if i > begin and step.node == node]
    calls = Counter(step.peer for _, step in mine if step.kind == "send" and asks(step))
    writes = sum(step.kind == "effect" for _, step in mine)
    peer, often = (calls.most_common(1) or [("", 0)])[0]
    refused = [(i, step.text) for i, step in mine if step.text.startswith(CONFLICT)]
    if len(refused) > max(often, writes, _OFTEN):
        last = refused[-1][1].removeprefix(CONFLICT).replace("expects", "expected")
        last = last.replace(", has ", " events, and its stream had ")
        return f". {len(refused):,} {_REFUSED}; the last one {last}", refused[0][0], None
    if max(often, writes) < _OFTEN:
        return "", None, None
    if writes > often:
        return f": it has written {writes:,} times", None, None
    said = f": it has called {peer} {often:,} times"
    if (cut := _cut(trace, node, peer)) is None:
        return said, None, None
    vain = (i for i, s in mine if i > cut and (s.kind, s.peer) == ("send", peer))
    since = f", and their link has been cut since {trace[cut].time:g} s"
    return f"{said}{since}", next(vain, None), cut


def _belief(more: str) -> str:
    """Name what keeps a handler busy, given what it does again and again."""
    if _REFUSED in more:
        return "expects an old version"
    return "never ends" if more else "nobody ends its wait"


def _pause(world: System, begin: int) -> tuple[float, float] | None:
    """Return the longest time in which a handler's node did nothing, if it awaited no reply."""
    trace = world.trace
    node = trace[begin].node
    mine = [step for step in trace.steps[begin:] if step.node == node]
    spans = [(a.time, b.time) for a, b in pairwise(mine) if not (a.kind == "send" and asks(a))]
    if not (mine[-1].kind == "send" and asks(mine[-1])):
        spans.append((mine[-1].time, world.now))
    start, end = max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0))
    return (round(start, 3), round(end, 3)) if end - start >= _IDLE else None


def _cut(trace: Trace, node: str, peer: str) -> int | None:
    """Return where the link between two nodes was cut, if it still is at the end."""
    ends = {node, peer}
    last = [i for i, s in enumerate(trace) if s.kind in ("partition", "repair")
            and {s.node, s.peer} == ends]  # fmt: skip
    return last[-1] if last and trace[last[-1]].kind == "partition" else None
