"""The answers that go to every engine, each with its bad luck, and what is expected of them.

Right answers hold wherever their process dies. Each wrong one meets the moment that breaks it: the
same that the search finds in a world. What an engine makes of a case otherwise is in expected/.
"""

from __future__ import annotations

from typing import NamedTuple

from pubsub_kit.engines.trials.answers.places import Place
from pubsub_kit.engines.trials.answers.trial import FAILS, HOLDS, Case

_MONEY = "pubsub_kit.checks.systems.idempotency:"
_MARKS = "tests.mistakes.idempotency:"
_MEANT = "tests.mistakes.delivery_semantics:"
_MOVES = "tests.mistakes.numbered_moves:"
_SHOPS = "tests.mistakes.outboxes:"


class Listed(NamedTuple):
    """A case, the verdict that is expected of it, and words of the reason."""

    case: Case
    verdict: str = HOLDS
    words: str = ""


def _dies(question: str, answer: str, *at: str, of: str = "", published: str = "") -> Case:
    """Return a case whose processes die at these places."""
    return Case(question, answer, tuple(Place(each, of=of) for each in at), _ids(published))


def _stops(question: str, answer: str, at: str) -> Case:
    """Return a case whose process is stopped there, until another one has taken over."""
    return Case(question, answer, (Place(at, stops=True),))


def _ids(published: str) -> tuple[str, ...]:
    return tuple(published.split())


_LATE = "move-1 move-3 move-2 move-4"
_AGAIN = "pay-1 pay-2 pay-3 pay-1"
_ONCE_MORE = "deposit-9 deposit-10 deposit-11 deposit-9"

#: What the tests try on each engine; all of them are tried where results are recorded.
CORE = (
    "mark and money at once, dies before the ack",
    "adds each time, dies before the ack",
    "extends, never fences, stopped past its lease",
    "deletes the note, then publishes, dies between",
)

CASES = {
    # ── exercise 03: each payment counts once ───────────────────────────────────────────────────
    "mark and money at once, dies before the ack": Listed(
        _dies("consumer", f"{_MONEY}MarksAndBooksAtOnce", "acking pay-1")
    ),
    "mark and money at once, dies before the commit": Listed(
        _dies("consumer", f"{_MONEY}MarksAndBooksAtOnce", "committing")
    ),
    "adds each time, dies before the ack": Listed(
        _dies("consumer", f"{_MONEY}AddsEachTime", "acking pay-1"), FAILS, "charged 30"
    ),
    "marks, then adds, dies between the two": Listed(
        _dies("consumer", f"{_MONEY}MarksThenBooks", "adding +10 to ann"), FAILS, "charged 10"
    ),
    "adds, then marks, dies between the two": Listed(
        _dies("consumer", f"{_MONEY}BooksThenMarks", "writing seen pay-1"), FAILS, "charged 30"
    ),
    "acks, then handles, dies between the two": Listed(
        _dies("consumer", f"{_MONEY}MarksAndBooksAtOnce", "committing")._replace(
            semantics="at_most_once"
        ),
        FAILS,
        "instead of",
    ),
    "knows the last id, a repeat comes after others": Listed(
        _dies("consumer", f"{_MARKS}RemembersTheLastIdOnly", published=_AGAIN), FAILS, "charged 30"
    ),
    # ── exercise 04: an ordered queue, and a job that outlasts its lease ────────────────────────
    "in order: marks the id, dies before the ack": Listed(
        _dies("fifo", f"{_MEANT}MarksTheId", "acking deposit-9")
    ),
    "in order: trusts the order, dies before the ack": Listed(
        _dies("fifo", f"{_MEANT}TrustsTheOrder", "acking deposit-9"), FAILS, "balance is 40"
    ),
    "in order: knows the last id, dies before the ack": Listed(
        _dies("fifo", f"{_MEANT}RemembersTheLastId", "acking deposit-9")
    ),
    "in order: knows the last id, a repeat comes after others": Listed(
        _dies("fifo", f"{_MEANT}RemembersTheLastId", published=_ONCE_MORE), FAILS, "balance is 40"
    ),
    "extends and fences, dies at work": Listed(
        _dies("worker", f"{_MEANT}ExtendsAndFences", "sleeping")
    ),
    "acks on receipt, dies at work": Listed(
        _dies("worker", f"{_MEANT}AcksOnReceipt", "sleeping"), FAILS, "never rendered"
    ),
    "extends and fences, stopped past its lease": Listed(
        _stops("worker", f"{_MEANT}ExtendsAndFences", "reading film tea")
    ),
    "extends, never fences, stopped past its lease": Listed(
        _stops("worker", f"{_MEANT}NeverFences", "writing film tea"), FAILS, "carries number 1"
    ),
    # ── exercise 05: moves by number, and an outbox ─────────────────────────────────────────────
    "holds the early move, dies before the commit": Listed(
        _dies("account", f"{_MOVES}Holds", "committing", published=_LATE)
    ),
    "sends the early move back": Listed(
        _dies("account", f"{_MOVES}SendsBackWhatIsEarly", published=_LATE)
    ),
    "drops the late move": Listed(
        _dies("account", f"{_MOVES}DropsWhatIsLate", published=_LATE), FAILS, "balance is 170"
    ),
    "number apart from balance, dies between the two": Listed(
        _dies("account", f"{_MOVES}NumberApartFromBalance", "writing next", of="move-4"),
        FAILS,
        "balance is 180",
    ),
    "publishes, then deletes the note, dies between": Listed(
        _dies("relay", f"{_SHOPS}SavesBoth", "deleting outbox o-1")
    ),
    "deletes the note, then publishes, dies between": Listed(
        _dies("relay", f"{_SHOPS}DeletesThenPublishes", "publishing o-1"), FAILS, "o-1 was saved"
    ),
    "saves, then publishes, dies between": Listed(
        _dies("relay", f"{_SHOPS}SavesThenPublishes", "publishing o-1"), FAILS, "o-1 was saved"
    ),
    "publishes, then saves, dies between": Listed(
        _dies("relay", f"{_SHOPS}PublishesThenSaves", "writing order o-1"), FAILS, "no such order"
    ),
}
