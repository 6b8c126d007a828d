"""What befell a run, in words: the faults of its trace, for the interviewer's next question."""

from __future__ import annotations

from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

_MOST = 3
_NOTHING, _STILL = "Nothing has failed here, and still:", "Which decision makes it so?"


def moment(seconds: float) -> str:
    """Return a moment as a sentence has it, with three digits: "40 s" for 40.001."""
    return f"{seconds:.3g} s" if seconds < 1_000 else f"{seconds:.0f} s"


def faults(trace: Trace) -> str:
    """Return the faults of a run as one sentence, the first three of them; "" if it has none.

    "At 0.25 s the cache restarts empty; at 2 s payer-1 crashes before writing entries/order-1."
    """
    said = [f"at {moment(step.time)} {_words(step)}" for step in trace.faults()]
    if not said:
        return ""
    more = f"; and {len(said) - _MOST} more" if len(said) > _MOST else ""
    sentence = "; ".join(said[:_MOST]) + more
    return f"{sentence[0].upper()}{sentence[1:]}."


def question(
    world: World, wrong: Violation, asks: str, still: str = _STILL, until: int | None = None
) -> str:
    """Return the interviewer's next question, made from the run that broke a design.

    It opens with an error of the candidate's own code, or else with the faults (up to the step
    `until`), and goes on with `asks`; where nothing had failed, with what is wrong, and `still`.
    """
    if why := raised(world):
        return f"{why} What becomes of the request or the message meanwhile?"
    befell = faults(Trace([s for s in world.trace.steps[:until] if s.kind != "end"]))
    return f"{befell} {asks}" if befell else f"{_NOTHING} {wrong.message} {still}"


def raised(world: World) -> str:
    """Return the first error of a candidate's own code in a run, as a sentence; "" if none.

    What the kit raises, such as a call that got no reply, is part of the run.
    """
    if (at := raised_at(world)) is None:
        return ""
    step, error = world.trace[at], next(e for e in map(_own, world.raised) if e is not None)
    return f"At {moment(step.time)} {step.node} raised {type(error).__name__}: {said(error)}."


def raised_at(world: World) -> int | None:
    """Return the step of the trace at which a candidate's own code first raised; None if never."""
    at = next((at for at, error in world.raised if _own((at, error)) is not None), None)
    return None if at is None else min(at, len(world.trace) - 1)


def _own(raised: tuple[int, Exception]) -> Exception | None:
    """Return the error if a candidate's code raised it, and not the kit."""
    return None if isinstance(raised[1], PubSubKitError) else raised[1]


def _words(step: Step) -> str:
    text = step.text.rstrip(".")
    if step.kind == "lose":
        return f"the {text} on its way from {step.node} to {step.peer}"
    of_node = step.kind != "note" or not step.peer  # and not of a message
    if of_node and step.kind in ("crash", "pause", "restart", "note", "timeout", "retry"):
        return f"{step.node} {text}"
    return f"{text} (at {step.node})"
