"""Holds a broker to its contract, and reports what it was held to and what it was not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pubsub_kit.checks.contract.capabilities import CAPABILITIES
from pubsub_kit.checks.contract.case import Case, Factory
from pubsub_kit.checks.contract.leases import LEASES
from pubsub_kit.checks.contract.rows import CORE
from pubsub_kit.checks.contract.trial import Breach, Row, breach_of
from pubsub_kit.errors import PubSubKitError

#: Every row, and the name of every capability that one of them needs.
ROWS = [*CORE, *LEASES, *CAPABILITIES]
KNOWN = list(dict.fromkeys(need for row in ROWS for need in row.needs))


class UnknownCapability(PubSubKitError):
    """A capability that no row needs; the message says which there are."""


class Report(NamedTuple):
    """What became of each row; as text, it says so in a sentence or two."""

    kept: list[Row]
    breaches: list[Breach]
    not_held_to: list[str]

    def __str__(self) -> str:
        rows = len(self.kept) + len(self.breaches)
        said = f"{len(self.kept)} of {rows} rows kept."
        for breach in self.breaches:
            said += f" Broken, {breach.row.name}: {breach.words}"
        return said + (f" Not held to: {', '.join(self.not_held_to)}." if self.not_held_to else "")


def rows_for(can: Iterable[str] = ()) -> list[Row]:
    """Return the rows for a broker with these capabilities, the core rows first.

    Raises UnknownCapability for a name that no row needs.
    """
    has = set(can)
    if strange := sorted(has - set(KNOWN)):
        raise UnknownCapability(
            f"No row needs {strange[0]!r}: the capabilities are {', '.join(KNOWN)}."
        )
    return [row for row in ROWS if has.issuperset(row.needs)]


def held_to(
    factory: Factory,
    can: Iterable[str] = (),
    *,
    lease: float = 30.0,
    sleep: Callable[[float], Any] | None = None,
) -> Report:
    """Hold a broker to the core rows, and to those that need no more than what it `can`.

    A new broker is made for each row; `lease` and `sleep` are those of `Case` (seconds). Raises
    UnknownCapability for a name that no row needs.
    """
    has = [*can]
    breaches = {row.name: breach for row, breach in _played(factory, has, lease, sleep)}
    kept = [row for row in rows_for(has) if row.name not in breaches]
    return Report(kept, [*breaches.values()], [need for need in KNOWN if need not in has])


def _played(
    factory: Factory, can: list[str], lease: float, sleep: Callable[[float], Any] | None
) -> Iterator[tuple[Row, Breach]]:
    for row in rows_for(can):
        if (breach := breach_of(Case(factory, lease, sleep), row)) is not None:
            yield row, breach
