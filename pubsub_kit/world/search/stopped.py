"""Why something that should have happened to one message never did: the step that stopped it.

An oracle that misses something knows what: an order that was never placed, a payment that was never
charged. Which step is to blame is in the trace. The message or its reply was lost; it became a dead
letter; its handler crashed or gave up; or it was acked too early, and from then on the broker has
no more copies to redeliver.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pubsub_kit.world.search.blocked import Cause, at, handled
from pubsub_kit.world.trace import Step, Trace


def stopped_by(trace: Trace, id: str, *, node: str = "", until: int | None = None) -> Cause | None:
    """Return the step that kept the work on a message from being finished, and the words for it.

    `id` is the id of an event, or of a request. With `node`, only what this consumer did with it
    counts. `until` is how many steps to look at. None if the trace does not tell.
    """
    steps = trace.steps[: len(trace) if until is None else until]
    if (lost := _lost_for_good(steps, id)) is not None:
        return lost
    if (dead := _last(i for i, s in enumerate(steps) if s.text.startswith(f"{id} goes to "))) >= 0:
        return Cause(dead, f"{steps[dead].text}, {at(steps[dead])}")
    ends = _ends(steps, id, node)
    acked = _last(
        i
        for i, s in enumerate(steps)
        if (s.kind, s.text) == ("receive", f"ack {id}") and node in ("", s.peer)
    )
    crash = _last(i for i in ends if steps[i].kind == "crash")
    if acked >= 0:
        so = f", before {steps[crash].node} crashed {at(steps[crash])}" if crash > acked else ""
        return Cause(acked, f"{id} was acked {at(steps[acked])}{so}: the broker has no more copies")
    if crash >= 0:
        return Cause(crash, f"{steps[crash].node} crashed {at(steps[crash])} while handling {id}")
    failed = _last(i for i in ends if steps[i].text.startswith("failed"))
    if failed >= 0:
        return Cause(failed, f"{steps[failed].node} gave up on {id} {at(steps[failed])}")
    return None


def _lost_for_good(steps: Sequence[Step], id: str) -> Cause | None:
    """Return the last loss of a request or a reply on a link where none came through later."""
    fates: dict[tuple[str, str, str], int] = {}
    sent: dict[str, tuple[str, str, str]] = {}
    for i, step in enumerate(steps):
        if step.kind == "send" and step.text in (id, f"reply {id}"):
            sent[step.message] = (step.node, step.peer, step.text)
        elif (link := sent.get(step.message)) is None:
            continue
        elif step.kind == "receive" or (step.kind == "lose" and step.node == link[0]):
            fates[link] = i  # what is lost the other way is only its confirm
    lost = _last(i for i in fates.values() if steps[i].kind == "lose")
    if lost < 0:
        return None
    what = f"the reply to {id}" if steps[lost].text.startswith("reply ") else id
    return Cause(lost, f"{what} was lost {at(steps[lost])}")


def _ends(steps: Sequence[Step], id: str, node: str) -> list[int]:
    """Return where the handlers of a message ended, and where nodes that just had it crashed."""
    spans = handled(Trace(steps))
    mine = [begin for begin in spans if _is_of(steps[begin], id, node)]
    ends = [end for begin in mine if (end := spans[begin]) is not None]
    begun = {steps[begin].message for begin in mine}
    for i, step in enumerate(steps):
        if step.kind == "receive" and _is_of(step, id, node) and step.message not in begun:
            later = (c for c in range(i, len(steps)) if steps[c].node == step.node)
            ends += [c for c in later if steps[c].kind == "crash"][:1]
    return ends


def _is_of(step: Step, id: str, node: str) -> bool:
    return step.text.partition(" (attempt")[0] == id and node in ("", step.node)


def _last(found: Iterable[int]) -> int:
    return max(found, default=-1)
