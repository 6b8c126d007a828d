"""A rehearsal's events as a report hears them: a kind, a moment, details that nobody has checked.

A log may have been cut short by a crash or written by an older edition. So a detail that is missing
or of another kind reads as "" or None; only events that are no events are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.interviews.rehearsal import wording
from pubsub_kit.interviews.rehearsal.account import ReportError

_DUE = "give the events of a rehearsal's log, one after the other"


@dataclass(frozen=True)
class Told:
    """One event: `at` is seconds of rehearsal time, `day` seconds since the epoch, if known."""

    kind: str
    at: float
    data: Mapping[str, Any]
    day: float | None = None

    def text(self, name: str) -> str:
        """Return a detail that was typed, its lines kept; "" where there is none."""
        return wording.plain(self.data.get(name))

    def line(self, name: str) -> str:
        """Return a detail on one line; "" where there is none."""
        return wording.line(self.data.get(name))

    def lines(self, name: str) -> str:
        """Return a detail that is a text, or a list of sentences; "" where there is none."""
        given = self.data.get(name)
        several = given if isinstance(given, list | tuple) else [given]
        return " ".join(filter(None, map(wording.plain, several)))

    def number(self, name: str) -> float | None:
        """Return a detail that is a finite number, or None."""
        return wording.number(self.data.get(name))


def told(events: Iterable[object]) -> list[Told]:
    """Return what a log's events tell, with pauses taken out; (offset, event) pairs will do too.

    Raises ReportError for what is no event.
    """
    if isinstance(events, str | bytes | Mapping) or not isinstance(events, Iterable):
        raise ReportError(f"{brief(events)} are no events: {_DUE}.")
    return list(_without_pauses([_fact(event) for event in events]))


def of(found: Iterable[Told], *kinds: str) -> list[Told]:
    """Return the facts of these kinds."""
    return [fact for fact in found if fact.kind in kinds]


def _fact(event: Any) -> Told:
    if isinstance(event, tuple) and len(event) == 2:
        event = event[1]
    kind, data = getattr(event, "type", getattr(event, "kind", None)), getattr(event, "data", None)
    if not isinstance(kind, str) or not isinstance(data, Mapping):
        raise ReportError(f"{brief(event)} is no event of a rehearsal: {_DUE}.")
    at = wording.number(data.get("at", getattr(event, "at", 0.0))) or 0.0
    day = wording.number(getattr(event, "time", None))
    return Told(kind.rpartition(".")[2], max(at, 0.0), data, day)


def _without_pauses(found: list[Told]) -> Iterator[Told]:
    """Yield facts whose clock stands still between `paused` and `resumed`, and never runs back."""
    lost = latest = 0.0
    since: float | None = None
    for fact in found:
        if fact.kind == "resumed" and since is not None:
            lost, since = lost + max(fact.at - since, 0.0), None
        latest = max(latest, (fact.at if since is None else since) - lost)
        if fact.kind == "paused" and since is None:
            since = fact.at
        yield Told(fact.kind, latest, fact.data, fact.day)
