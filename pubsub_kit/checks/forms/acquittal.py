"""What is said of an oracle that finds nothing wrong, be it in one bad run or in any run at all.

A bad run that an oracle lets pass tells more once the oracle is asked further: about the same rows
after a run without faults, or with a row added that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pubsub_kit.checks.forms import objections
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.world.search.claim import count
from pubsub_kit.world.trace import Trace

Rows = dict[str, Any]


@dataclass(frozen=True)
class Acquittal:
    """A run that an oracle is asked about further: its rows and trace, and a trace without faults.

    As a rule it is a bad one, which the oracle let pass.
    """

    oracle: Callable[..., Any]
    rows: Rows
    trace: Trace
    calm: Trace

    def objects(self, rows: Rows, calm: bool = False) -> bool:
        """Say whether the oracle objects to such rows at the end of this run, or of a calm one."""
        with suppress(Exception):  # the oracle's own, about what no run ends with
            return bool(objections.asked(self.oracle, rows, self.calm if calm else self.trace))
        return False

    def spares(self, rows: Rows) -> bool:
        """Say whether the oracle finds nothing wrong with such rows, and raises nothing."""
        return not objections.words(self.oracle, rows, self.trace)


def cut_off(runs: int) -> Judgement:
    """Return the judgement of an oracle that was too slow to be asked about all runs."""
    said = f"cut off: your oracle is slow, and judged only {count(runs, 'run')} in time"
    claim = (
        f"{count(runs, 'run')} were judged, and none of them shows a mistake of your oracle. It "
        "was not asked about the others, so nothing is proven about those."
    )
    return Judgement("not exercised", said, claim=claim)


def holds(runs: int, suspects: Sequence[Suspect], most: int, faults: Sequence[str]) -> Judgement:
    """Return the judgement of an oracle that spared each right system and failed each wrong one."""
    right = sum(suspect.is_right for suspect in suspects)
    wrong = len(suspects) - right
    spared, up_to = count(right, "right system"), count(most, "fault")
    said = f"holds: it spares {spared}, and fails each of {wrong} wrong ones"
    claim = (
        f"Your oracle was asked about {runs:,} runs. It spared {spared} under every schedule of up "
        f"to {up_to} of these kinds, and failed each of {wrong} wrong ones under at least one: "
        f"{', '.join(faults)}.{_fewer(suspects)} Every latency takes its median; other systems "
        "and other faults are not covered."
    )
    return Judgement("holds", said, claim=claim)


def _fewer(suspects: Sequence[Suspect]) -> str:
    """Name the systems that were not tried under all kinds of fault, in a sentence; or ""."""
    told = [f"the one that {s.does} (only {', '.join(s.kinds)})" for s in suspects if s.kinds]
    return f" Some systems met fewer kinds: {'; '.join(told)}." if told else ""
