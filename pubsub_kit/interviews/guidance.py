"""What the decision guide asks, and what it can advise: eight questions and eight choices, as data.

`guide.py` decides by a few rules, and `guide_reasons.py` has the sentences for and against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer: its words, and what follows "If" where another answer would change the advice."""

    words: str
    given: str


@dataclass(frozen=True)
class Asking:
    """One question about your system, with its answers; the first is the usual one."""

    id: str
    ask: str
    answers: tuple[Answer, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of its answers."""
        return tuple(answer.words for answer in self.answers)


@dataclass(frozen=True)
class Choice:
    """One way to do it: its name, in full and in a list, its price, and the lessons for both."""

    id: str
    name: str
    short: str
    price: str
    lessons: tuple[str, ...]
    broker: bool = False


QUESTIONS = (
    Asking(
        "reply",
        "Does the caller need the result before it goes on?",
        (
            Answer("no", "the caller could go on without the result"),
            Answer("yes", "the caller needed the result before it goes on"),
        ),
    ),
    Asking(
        "together",
        "Must several changes happen all or none?",
        (
            Answer("no", "no changes had to happen all or none"),
            Answer("in one database", "several changes in one database had to happen all or none"),
            Answer("across services", "changes in several services had to happen all or none"),
        ),
    ),
    Asking(
        "between",
        "May anyone see one of those changes without the others?",
        (
            Answer("for a while", "somebody might see one of those changes first"),
            Answer("never", "nobody might ever see one of those changes without the others"),
        ),
    ),
    Asking(
        "readers",
        "Who acts on it?",
        (
            Answer("one service", "one service alone acted on it"),
            Answer("several services", "several services acted on it, each in its own way"),
        ),
    ),
    Asking(
        "history",
        "Will anyone need old messages again?",
        (
            Answer("no", "nobody needed old messages again"),
            Answer("yes", "somebody needed old messages again"),
        ),
    ),
    Asking(
        "order",
        "What has to stay in order?",
        (
            Answer("nothing", "nothing had to stay in order"),
            Answer("each key", "what shares a key had to stay in order"),
            Answer("everything", "everything had to stay in one order"),
        ),
    ),
    Asking(
        "load",
        "How does the work arrive?",
        (
            Answer("steadily", "the work arrived steadily"),
            Answer("a few a minute", "only a few arrived a minute"),
            Answer("in bursts", "the work arrived in bursts"),
        ),
    ),
    Asking(
        "broker",
        "Do you run a broker already?",
        (
            Answer("yes", "you ran a broker already"),
            Answer("no", "you ran no broker yet"),
        ),
    ),
)

CHOICES = (
    Choice(
        "pub/sub",
        "pub/sub",
        "pub/sub",
        "Each reader deduplicates and lags on its own, and no one piece of code says what happens "
        "next.",
        ("02", "03"),
        broker=True,
    ),
    Choice(
        "queue",
        "a queue",
        "a queue",
        "Work may be delivered twice, a poison message needs a place to go, and what is acked is "
        "gone.",
        ("04", "03"),
        broker=True,
    ),
    Choice(
        "log",
        "a log",
        "a log",
        "You pay for the disk, keep reading old versions, and need a plan for data that must be "
        "erased.",
        ("07", "10"),
        broker=True,
    ),
    Choice(
        "table",
        "a table and a loop",
        "a table",
        "You write leases and retries yourself, and the loop polls your database.",
        ("02", "04"),
    ),
    Choice(
        "call",
        "a plain call (RPC)",
        "a call",
        "You are up only while the other side is. Latencies add up, and retries at every layer "
        "multiply.",
        ("01",),
    ),
    Choice(
        "transaction",
        "one transaction in one database, and no pub/sub",
        "a transaction",
        "Everything that changes together lives in one database, and shares its limits and its "
        "failures.",
        ("05",),
    ),
    Choice(
        "saga",
        "a saga",
        "a saga",
        "You write a compensation for each step, and everyone may see the state in between.",
        ("05",),
    ),
    Choice(
        "two-phase commit",
        "two-phase commit",
        "two-phase commit",
        "Rows stay locked while the coordinator is down. It is atomic, not isolated: readers have "
        "to wait for the locks too.",
        ("05",),
    ),
)

#: What leaving costs, by whether you run a broker already; said where the advice needs one.
LEAVING = {
    "yes": "Hard to exit: each reader, each event type and each version still in the log has to "
    "move, one reader at a time (lesson 10).",
    "no": "Hard to exit, and you'd enter for this alone: learning, upgrades and on-call first; "
    "then, to leave, each reader, event type and version has to move (lesson 10).",
}

#: Systems that everyone knows, by what they answer differently from the usual.
SYSTEMS: Mapping[str, Mapping[str, str]] = {
    "a price at checkout": {"reply": "yes"},
    "a signup: mail, analytics, search": {"readers": "several services"},
    "films to render": {"load": "in bursts"},
    "ten reminders an hour, no broker": {"load": "a few a minute", "broker": "no"},
    "orders, for readers still to come": {"readers": "several services", "history": "yes"},
    "order and stock in one database": {"reply": "yes", "together": "in one database"},
    "money between two services": {"together": "across services"},
    "a seat and its payment, never apart": {
        "reply": "yes",
        "together": "across services",
        "between": "never",
    },
    "a ledger that feeds reports": {
        "reply": "yes",
        "together": "in one database",
        "readers": "several services",
        "history": "yes",
    },
}
