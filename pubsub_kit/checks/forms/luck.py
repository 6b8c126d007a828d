"""How much bad luck broke an answer, in words that the trace of the run bears out.

A question may bring trouble of its own: a link that is cut at 2 s, a service that crashes in every
run. A search adds faults to that. What it added is in the schedule's code; what was there anyway
is in the trace of the calm run, to which nothing was added.
"""

from __future__ import annotations

from collections.abc import Iterator

from pubsub_kit.world.trace import Step, Trace


def needed(code: str, run: Trace, calm: Trace, own_error: bool = False) -> str:
    """Return the head of a failure: how many faults the search had to add to make it fail.

    `run` is the run that failed under the schedule `code`, `calm` the same without added faults.
    `own_error` says that what fails in the run is the learner's own code.
    """
    added = sum(letter.isalpha() for letter in code)
    here = set(_troubles(run))
    troubles = [words for words in dict.fromkeys(_troubles(calm)) if words in here]
    given = " and ".join([*troubles[:2], *(["more"] if len(troubles) > 2 else [])])
    if added:
        enough = "1 fault is enough" if added == 1 else f"{added} faults are enough"
        return f"fails: {enough}" + (
            f", besides what every run here has ({given})" if given else ""
        )
    if given:
        return f"fails without any added fault: every run here has this one ({given})"
    if not own_error and any(map(_failed, run)):
        return "fails without any added fault"
    return "fails even when nothing goes wrong"


def _troubles(trace: Trace) -> Iterator[str]:
    """Yield in words what goes wrong in a run by itself, and not as a consequence."""
    for step in trace.faults():
        if step.kind == "crash":
            yield f"{step.node} crashes"
        elif step.kind == "partition":
            yield f"the link from {step.node} to {step.peer} is cut"
        elif step.kind == "note":
            yield (
                step.text if step.text.startswith(("the ", "its ")) else f"{step.node} {step.text}"
            )


def _failed(step: Step) -> bool:
    return step.fault or (step.kind == "end" and step.text.startswith("failed"))
