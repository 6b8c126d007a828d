"""How much bad luck broke an answer, in words that the trace of the run bears out.

A question may bring trouble of its own: a link that is cut at 2 s, a service that crashes in every
run. A search adds faults to that. What it added is in the schedule's code; what was there anyway
is in the trace of the calm run, to which nothing was added.
"""

from __future__ import annotations

from pubsub_kit.scenarios.drawn import with_causes_marked
from pubsub_kit.world.chance import parse
from pubsub_kit.world.search.kept import fault_count
from pubsub_kit.world.trace import Step, Trace

_SHOWN = 2  # troubles that are named


def needed(code: str, run: Trace, calm: Trace, own_error: bool = False) -> str:
    """Return the head of a failure: how many faults the search had to add to make it fail.

    `run` is the run that failed under the schedule `code`, `calm` the same without added faults.
    `own_error` says that what fails in the run is the learner's own code.
    """
    added = fault_count(parse(code))
    here = set(map(_shape, with_causes_marked(run).faults()))
    troubles = with_causes_marked(calm).faults()
    anyway = [_words(step) for step in troubles if _shape(step) in here]
    given = " and ".join(list(dict.fromkeys(anyway))[:_SHOWN])
    besides = f" ({given} anyway)" if given else ""
    if added:
        return f"fails: {'1 fault is' if added == 1 else f'{added} faults are'} enough{besides}"
    if besides or (not own_error and any(map(_failed, run))):
        return f"fails without any added fault{besides}"
    return "fails even when nothing goes wrong"


def _shape(step: Step) -> tuple[str, ...]:
    return step.kind, step.node, step.peer, step.text


def _words(step: Step) -> str:
    if step.kind == "crash":
        return f"{step.node} crashes"
    if step.kind == "partition":
        return f"the link from {step.node} to {step.peer} is cut"
    alone = step.kind != "note" or step.text.startswith("the ")
    return step.text if alone else f"{step.node} {step.text}"


def _failed(step: Step) -> bool:
    return step.fault or (step.kind == "end" and step.text.startswith("failed"))
