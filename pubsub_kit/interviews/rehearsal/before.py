"""What a question's earlier rehearsals came to, for the report of the next one."""

from __future__ import annotations

from contextlib import suppress

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal import store
from pubsub_kit.interviews.rehearsal.report import Report, report
from pubsub_kit.interviews.rehearsal.state import ENDED
from pubsub_kit.interviews.rehearsal.store import Kept, Shelf
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog


def events_of(log: EventLog) -> list[Event]:
    """Return the events of a rehearsal's log, in order. Raises LogCorrupt for damage."""
    return [event for _, event in log.read(0, log.start(0), log.count(0))]


def earlier(shelf: Shelf, question: Question, number: float = float("inf")) -> list[Report]:
    """Return the report of the question's last rehearsal before this number that has ended.

    One that can't be read is passed over: it is no reason to withhold the report of another.
    """
    for kept in reversed(shelf.all(question.id)):
        if kept.number < number and (found := _ended(kept, question)):
            return [found]
    return []


def _ended(kept: Kept, question: Question) -> Report | None:
    with suppress(PubSubKitError, OSError):
        standing = store.read(kept)
        if standing.state and standing.state.status == ENDED:
            return report(standing.events, question)
    return None
