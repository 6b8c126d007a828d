"""Why a post never came, as the trace shows it: who held its message, and what became of it."""

from __future__ import annotations

from pubsub_kit.world.trace import Step, Trace


def at_fault(step: Step) -> bool:
    """Say whether a step is a fault that makes work come again, and not an error of a handler's.

    An emptied cache is none either.
    """
    return step.fault and step.kind != "end" and step.text != "restarts empty"


def why_lost(trace: Trace, viewer: str, post: str) -> tuple[str, str]:
    """Return why nobody wrote a post into a feed, and the belief that it shows.

    A message may have come again and been passed over, by a mark that was written before the work;
    or it was acked before the work, or after a call that failed.
    """
    for found in (_marked(trace, viewer, post), _early(trace), _swallowed(trace)):
        if found is not None:
            return found
    return "nobody comes back to it", "nobody comes back"


def _held(trace: Trace, crash: int) -> int | None:
    """Return the step at which a node began what it was at when it crashed."""
    node = trace[crash].node
    for n in range(crash - 1, -1, -1):
        if trace[n].node == node and trace[n].kind in ("begin", "end"):
            return n if trace[n].kind == "begin" else None
    return None


def _marked(trace: Trace, viewer: str, post: str) -> tuple[str, str] | None:
    for n, crash in enumerate(trace):
        began = _held(trace, n) if crash.kind == "crash" else None
        if began is None:
            continue
        message = trace[began].text.partition(" (")[0]
        again = [s for s in trace[n:] if s.kind == "begin" and s.text.startswith(f"{message} (")]
        marks = [s for s in trace[began:n] if s.kind == "effect" and s.node == crash.node]
        marks = [s for s in marks if post in s.text.split(" = ")[0].split()[0].split("/") or
                 post in s.text.split(" = ")[0].split()]  # fmt: skip
        if again and marks:
            words = (
                f"{message} came again at {again[0].time:g} s, and {viewer} was passed over, since "
                f"{crash.node} had written {marks[-1].text!r} before its work was done"
            )
            return words, "marked before the effect"
    return None


def _early(trace: Trace) -> tuple[str, str] | None:
    for n, crash in enumerate(trace):
        began = _held(trace, n) if crash.kind == "crash" else None
        if began is None:
            continue
        message = trace[began].text
        acks = [s for s in trace[:n] if s.kind == "send" and s.text == f"ack {message}"]
        if acks and acks[-1].node == crash.node:
            words = (
                f"{crash.node} acked {message} at {acks[-1].time:g} s, before its work, and "
                "no message is left to retry it"
            )
            return words, "acked before the work"
    return None


def _swallowed(trace: Trace) -> tuple[str, str] | None:
    for n, step in enumerate(trace):
        if step.kind != "timeout":
            continue
        later = (s for s in trace[n:] if s.kind == "send" and s.node == step.node)
        ack = next((s for s in later if s.text.startswith("ack ")), None)
        if ack is not None:
            words = (
                f"{step.node} heard nothing from {step.peer} by {step.time:g} s, and sent the "
                f"{ack.text} all the same"
            )
            return words, "a failed call is swallowed"
    return None
