"""What is said of an answer that raised an error, was stopped, or forgot an await.

Where that happened in a run, its verdict has what every other failure has: the code that runs it
again, and a picture.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any, TypeVar

from pubsub_kit.checks.forms import luck
from pubsub_kit.checks.forms.judges import Judge
from pubsub_kit.checks.forms.raised import Place
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.checks.sandbox.blame import miscalled, own_line, told
from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.world.running import FOREIGN
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace

_STOPPED = "The check did not come to its end, so it proves nothing more than that."
_WAIT = 1.0  # seconds that what an answer still had to do may take, once it has failed
T = TypeVar("T")


def of_error(ran: guard.Ran[T], answer: Any, judge: Judge | None) -> Judgement:
    """Return the judgement of an answer that raised an error or ran out of time."""
    assert ran.error is not None
    judged = _in_words(ran.error, answer)
    place = ran.place
    if judge is None or not isinstance(place, Place) or not place.world.trace:
        return judged
    guard.run(place.world.end_tasks, _WAIT)
    return _of_run(judged, place, judge)


def failed(summary: str, message: str, belief: str) -> Judgement:
    """Return the judgement of a wrong answer that was not run to its end."""
    return Judgement("fails", summary, Violation(message, belief=belief), claim=_STOPPED)


def _in_words(error: Exception, answer: Any) -> Judgement:
    where = own_line(error)
    if isinstance(error, PubSubKitError):
        message = said(error)
        at = f" ({where})" if where and where not in message else ""
        return failed("cannot run", message + at, "misuse")
    if where:
        return failed("your code raises an exception", f"Your code raised {told(error)}", "raises")
    if sentence := miscalled(error, answer):
        return failed("cannot run", sentence, "misuse")
    message = f"The check itself failed on this answer: {told(error)}."
    return failed("cannot be checked", message, "misuse")


def _of_run(judged: Judgement, place: Place, judge: Judge) -> Judgement:
    """Add to a judgement the run that it is about."""
    assert judged.violation is not None
    world, wrong = place.world, judged.violation
    violation = Violation(wrong.message, len(world.trace) - 1, belief=wrong.belief)
    if place.seed:
        run = place.name or f"seed {place.seed}"
        summary = f"fails in {run}" if place.name else f"fails under {run}"
    else:
        calm = world.trace if place.schedule == "-" else Trace()
        summary = luck.needed(place.schedule, world.trace, calm, own_error=True)
        run = f"schedule {place.schedule}"
    return Judgement(
        "fails", summary, violation, place.code, world.trace,
        lambda title, wrong: judge.picture(world, wrong, title), ": the run that it ended",
        f"The run under {run} ends with this error. {_STOPPED}",
    )  # fmt: skip


def never_awaited(violation: Violation, unawaited: str, answer: Any) -> Violation:
    """Return what nobody awaited, if there is such a thing: the rest follows from it."""
    if not unawaited or (_has_said_more(violation) and not _is_about_one(violation)):
        return violation
    message, belief = f"{unawaited} was called but never awaited, so it never ran.", "no await"
    name = getattr(answer, "__name__", "")
    if unawaited == f"{name}(…)" and inspect.iscoroutinefunction(answer):  # no line: not by them
        message = f"{name} is called as an ordinary function: write def {name}, not async def."
        belief = "async where none is awaited"
    return replace(violation, message=message, belief=belief)


def suspects_one(violation: Violation, unawaited: str) -> bool:
    """Say whether something in a failure may be a coroutine that nobody awaited."""
    return (bool(unawaited) and not _has_said_more(violation)) or _is_about_one(violation)


def _has_said_more(violation: Violation) -> bool:
    """Say whether a failure is an error, from which a coroutine that nobody awaits may follow."""
    return violation.belief == "raises" or FOREIGN in violation.message


def _is_about_one(violation: Violation) -> bool:
    return "<coroutine" in violation.message or "'coroutine'" in violation.message
