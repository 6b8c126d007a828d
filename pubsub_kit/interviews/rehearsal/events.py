"""What happens in a rehearsal, as facts in a log: all that is known of it is folded from these.

A fact has a kind, the second of rehearsal time at which it happened, and details that are JSON:

    started   question, minutes, role, edition      ran      level, outcome, words, code, schedules,
    said      who, text, box, awaits                         faults, up_to, broke, next_question,
    asked     text, topic (None: unknown)                    measures, shown, misses, filled
    estimated id, text, value, unit, verdict        settled  claim, held (None: undecided), why
    decided   id, option (None: own words), text    signed   dimension, level, sign, seen
    claimed   text, confidence                      hinted   rung, text
    designed  design                                box      name, by ("candidate" or "time")
    rated     dimension, band, by                   paused   resumed   ended (why)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog

PREFIX = "rehearsal."
KINDS = (
    "started", "said", "asked", "estimated", "decided", "claimed", "designed", "ran", "settled",
    "hinted", "signed", "box", "paused", "resumed", "ended", "rated",
)  # fmt: skip


class RehearsalError(PubSubKitError):
    """A rehearsal cannot begin, go on or be read like this; the message says what to do."""


class Fact(NamedTuple):
    """One thing that happened, `at` so many seconds of rehearsal time after its start."""

    kind: str
    at: float
    data: Mapping[str, Any]


def write(log: EventLog, facts: Sequence[Fact], question: str) -> None:
    """Append facts to a rehearsal's log: all of them, or none.

    The wall-clock time of each comes from the log's own clock. Raises LogError and EventError.
    """
    now = log.clock()
    log.append_batch(
        Event.new(
            f"{PREFIX}{fact.kind}",
            {**fact.data, "at": round(fact.at, 3)},
            source="rehearsal",
            subject=question,
            time=now,
        )
        for fact in facts
    )


def read(log: EventLog) -> list[Fact]:
    """Return the facts of a rehearsal's log, in their order. Raises LogCorrupt for damage.

    Events of other kinds are left out, so that a later edition may add some.
    """
    facts = [_fact(event) for _, event in log.read(0, log.start(0), log.count(0))]
    return [fact for fact in facts if fact.kind in KINDS]


def _fact(event: Event) -> Fact:
    data = dict(event.data) if isinstance(event.data, Mapping) else {}
    at = data.pop("at", 0.0)
    return Fact(event.type.removeprefix(PREFIX), at if isinstance(at, int | float) else 0.0, data)
