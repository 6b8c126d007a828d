"""All families, in the order of their lessons."""

from __future__ import annotations

from pubsub_kit.interviews.cards.families import (
    calls,
    charges,
    deliveries,
    failovers,
    flows,
    logs,
    orders,
    rates,
    repeats,
)
from pubsub_kit.interviews.cards.families.problem import Family

_FILES = (calls, charges, deliveries, failovers, flows, logs, orders, rates, repeats)

#: Every family by its name.
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in sorted(
        (family for file in _FILES for family in file.FAMILIES), key=lambda family: family.lesson
    )
}
