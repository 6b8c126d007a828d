"""Why an oracle of exercise 08's views errs: it is asked about more looks, and about other logs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Protocol

from pubsub_kit.checks.systems.event_sourcing_cqrs import ANY, FOLD
from pubsub_kit.checks.systems.suspect import Suspect

Rows = dict[str, Any]


class Asked(Protocol):
    """A run that an oracle was asked about, and can be asked about with other rows."""

    @property
    def rows(self) -> Rows:
        """What the oracle got."""

    def objects(self, rows: Rows) -> bool:
        """Say whether the oracle finds something wrong with other rows."""

    def spares(self, rows: Rows) -> bool:
        """Say whether it finds nothing wrong with other rows, and raises nothing."""


def overlooked(missed: Sequence[Suspect], run: Asked) -> str:
    """Say what an oracle doesn't see: a wrong balance in some looks, or only in none of its own."""
    looks, belief = run.rows["seen"], missed[0].belief
    if belief not in (ANY, FOLD):
        return belief
    odd = [{**look, "ann": look["ann"] + 12_345, "cy": look["cy"] + 678} for look in looks]
    judged = [
        run.objects({**run.rows, "seen": [*looks[:i], look, *looks[i + 1 :]]})
        for i, look in enumerate(odd)
    ]
    if all(judged):
        return "a look may be of any position" if belief == FOLD else belief
    if not any(judged[:-1]):
        return FOLD if judged[-1] else belief
    return "some looks don't count"


def mistaken(run: Asked) -> str:
    """Say what an oracle takes for wrong in an honest run, from honest runs that it spares."""
    log, looks = run.rows["log"], run.rows["seen"]
    rising = [{**event, "type": "deposited"} for event in log]
    no_withdrawal = [_fold(rising, look["position"]) for look in looks]
    spares_rising, spares_the_last = (
        run.spares({"log": log, "seen": seen})
        for log, seen in ((rising, no_withdrawal), (log, looks[-1:]))
    )
    made_up = [{**look, "ann": -1} for look in looks]
    if run.spares({"log": log, "seen": []}) and run.spares({"log": log, "seen": made_up}):
        return "the two answers are swapped"
    shifted = [{**_fold(log, look["position"] + 1), "position": look["position"]} for look in looks]
    if run.spares({"log": log, "seen": shifted}):
        return ""
    if spares_the_last and len({look["position"] for look in looks}) == len(looks):
        return "balances may not fall" if spares_rising else "a lag is dishonest"
    if not spares_rising and run.spares({"log": log, "seen": looks[:-1]}):
        return "another end"
    each = [next(same) for _, same in groupby(looks)]
    return "each look moves" if each != looks and run.spares({"log": log, "seen": each}) else ""


def _fold(log: Sequence[Rows], position: int) -> Rows:
    sums = {"position": position, "ann": 0, "cy": 0}
    for event in log[:position]:
        sums[event["account"]] += event["amount"] * (1 if event["type"] == "deposited" else -1)
    return sums
