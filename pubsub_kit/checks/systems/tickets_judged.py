"""What a learner says of a log from a shop of tickets, against what its oracles prove.

Nothing here says what holds: that is what `incident(…).judged()` finds. The first of the learner's
verdicts that it contradicts is shown in the log, with the words of the finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from pubsub_kit.incidents import Finding, Incident, incident, sample
from pubsub_kit.incidents.finding import BROKEN, HOLDS, UNDECIDABLE
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

ORACLES = (
    "lost", "doubled effect", "redelivered though acked", "late ack", "out of order", "stuck",
)  # fmt: skip
VERDICTS = (HOLDS, BROKEN, UNDECIDABLE)
OVERLOOKS, ACCUSES = "what is broken is overlooked", "what looks odd is broken"
TRUSTS, GUESSES, DOUBTS = "silence means it holds", "silence proves it", "a log decides nothing"
#: What somebody believes, by what was found, and by what was said instead.
BELIEFS = {
    (BROKEN, HOLDS): OVERLOOKS, (HOLDS, BROKEN): ACCUSES, (UNDECIDABLE, HOLDS): TRUSTS,
    (UNDECIDABLE, BROKEN): GUESSES, (BROKEN, UNDECIDABLE): DOUBTS, (HOLDS, UNDECIDABLE): DOUBTS,
}  # fmt: skip


@cache
def _case() -> Incident:
    return incident(sample("tickets"))


def right() -> dict[str, str]:
    """Return what its oracles find, as an answer."""
    return {oracle: _case().finding(oracle).verdict for oracle in ORACLES}


def _differs(choice: Mapping[str, str]) -> Finding | None:
    """Return the first finding that contradicts what was said."""
    found = (_case().finding(oracle) for oracle in ORACLES)
    return next((each for each in found if each.verdict != choice[each.oracle]), None)


def stage(world: World, choice: Mapping[str, str]) -> None:
    """Let the log be the run: its steps are those of the incident."""
    world.store("said", dict(choice))
    for step in _case().trace:
        world.trace.add(*step)


def as_found(world: World) -> Violation | None:
    """Compare what was said of the log with what it proves."""
    choice = world.stores["said"].rows
    if (found := _differs(choice)) is None:
        return None
    said, name, steps = choice[found.oracle], found.oracle, _case().steps(found)
    wants = f" The field {found.missing[0]!r} would decide it." if found.missing else ""
    finds = {HOLDS: "It holds", BROKEN: "It is broken", UNDECIDABLE: "It is undecidable here"}
    words = f"You said of “{name}”: {said}. {finds[found.verdict]}: {found.message}{wants}"
    step = steps[-1] if steps else None
    belief = BELIEFS[found.verdict, said]
    return Violation(words, step, belief=belief)


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the log with what its finding is about marked."""
    return drawn(world, violation, title, axis="order", limit=120)


#: Why a verdict is wrong.
WHY = {
    OVERLOOKS: "The log proves it: two of its lines contradict the rule, and no other line can "
    "take that back.",
    ACCUSES: "What looks odd in a log need not break this rule. Name the two lines that do, or "
    "let it hold.",
    TRUSTS: "That a field is missing doesn't mean that all was well. The lines that are there fit "
    "both a right system and a wrong one.",
    GUESSES: "It may have happened so. But the lines that are there also fit a system that did "
    "nothing wrong, and the field that would tell is missing.",
    DOUBTS: "Here the log says enough: every field that this rule asks for is there.",
}
