"""What a search has shown, in sentences that claim no more than was run.

"Holds" is true of the faults that were named, up to a number of them in one run, with every latency
at its median. A reader should not have to know that, so the search says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Protocol

WIDE = 96  # letters in a line: a notebook breaks a longer one within a word
_REST = "other faults, more faults or other timings are not covered"


class Searched(Protocol):
    """What a search counted and found; `Exploration` explains each."""

    outcome: str
    schedules: int
    merged: int
    max_faults: int
    complete: int
    code: str
    sample: str
    until: float
    unended: int
    second_act: str
    race: str

    @property
    def fired(self) -> Mapping[str, int]:
        """How often each fault happened."""


def claim(found: Searched) -> str:
    """Return what is proven and what is not, in a few sentences, to be printed."""
    return folded(_sentences(found))


def folded(text: str) -> str:
    """Break a text into lines between words."""
    return fill(" ".join(text.split()), WIDE)


def _sentences(found: Searched) -> str:
    if found.outcome == "holds":
        tried = found.fired and found.max_faults
        beyond = _REST if tried else "no fault and no other timing was tried"
        said = f"{no_schedule(found, found.max_faults)} {_limits(found, beyond)}"
    elif found.outcome == "cut off":
        said = _cut_off(found)
    elif found.outcome == "not exercised":
        said = _not_exercised(found)
    elif found.outcome == "not found":
        said = _not_found(found)
    else:
        return _fails(found)
    return f"{said}{_ends(found)}"


def no_schedule(found: Searched, most: int, kinds: Sequence[str] = ()) -> str:
    """Say that no schedule of up to so many faults breaks it, of these kinds or of all."""
    kinds = kinds or [*found.fired]
    if not kinds or not most:
        return "The run without faults does not break it."
    of = "this kind" if len(kinds) == 1 else "these kinds"
    return f"No schedule with up to {count(most, 'fault')} of {of} breaks it: {', '.join(kinds)}."


def _cut_off(found: Searched) -> str:
    runs = count(found.schedules, "schedule")
    if found.complete < 0:
        return f"Nothing is proven: the search stopped after {runs}."
    most = count(found.complete, "fault")
    stopped = f"The search stopped after {runs}, so nothing is proven about more than {most}."
    limits = _limits(found, "other faults or other timings are not covered")
    return f"{no_schedule(found, found.complete)} {stopped} {limits}"


def _not_exercised(found: Searched) -> str:
    never = ""
    if silent := _silent(found):
        never = f"Nothing is proven about {_listed(silent)}, which never had a chance to happen. "
    if found.race:
        never += (
            f"Nothing is proven about the order of tasks that were only spawned: {found.race}. "
        )
    rest = [kind for kind, times in found.fired.items() if times]
    held = no_schedule(found, found.max_faults if rest else 0, rest)
    return f"{never}{held} {_limits(found, _REST)}"


def _not_found(found: Searched) -> str:
    runs = count(found.schedules, f"{found.sample} schedule")
    kinds = f": {', '.join(found.fired)}" if found.fired else ""
    most = count(found.max_faults, "fault")
    silent = f" None of them had {_listed(_silent(found), 'or')}." if _silent(found) else ""
    return (
        f"Of {runs} with up to {most}, none breaks it{kinds}.{silent} A sample proves nothing "
        f"about the schedules that it did not draw. {_limits(found, _REST)}"
    )


def _fails(found: Searched) -> str:
    run = "The run without faults" if found.code == "-" else f"The run under schedule {found.code}"
    breaks = f"{run} breaks it, and one run is proof enough."
    if found.sample or found.complete < 0:
        return breaks
    return f"{breaks} {no_schedule(found, found.complete)}{_ends(found)}"


def _limits(found: Searched, beyond: str) -> str:
    return f"Every latency takes its median; {beyond}."


def _ends(found: Searched) -> str:
    """Say what a reader could take for granted, and was not so in this search."""
    said = ""
    if found.unended:
        were = "1 run was" if found.unended == 1 else f"{found.unended:,} runs were"
        said += f" {were} not over at {found.until:,g} s; what comes later is not covered."
    if found.second_act and found.max_faults:
        whole = found.second_act.endswith(".")  # or else which runs go on
        rest = "" if whole else " goes on with a second part, where no fault was tried."
        said += f" {found.second_act}{rest}"
    if found.merged:
        said += (
            " Runs that reached the same state were merged, so this is proven only if the rule "
            "looks at nothing but stores and effects."
        )
    return said


def _silent(found: Searched) -> list[str]:
    return [kind for kind, times in found.fired.items() if not times]


def count(number: int, what: str) -> str:
    """Return a number of things: "1 fault", "2,000 schedules"."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def _listed(names: Sequence[str], word: str = "and") -> str:
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last
