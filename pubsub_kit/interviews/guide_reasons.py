"""Why the decision guide advises a choice, or advises against it: a sentence for each reason.

Every sentence is tied to the answers that it rests on, so that a reason can't name an answer that
you did not give. The lesson that it names shows it in a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A sentence for or against a choice, and the answers that it rests on, by question."""

    choice: str
    rests_on: Mapping[str, str]
    why: str
    lesson: str


FOR = (
    Sentence(
        "call",
        {"reply": "yes"},
        "The caller can't go on without the result. Let it ask and wait, with a timeout, and with "
        "one id for all retries.",
        "01",
    ),
    Sentence(
        "call",
        {"reply": "yes", "load": "in bursts"},
        "In a burst, refuse early: callers give up, and nobody reads the answers to what waited.",
        "01",
    ),
    Sentence(
        "transaction",
        {"together": "in one database"},
        "All or none in one database is what a transaction is for. Nobody sees it half done.",
        "05",
    ),
    Sentence(
        "saga",
        {"together": "across services", "between": "for a while"},
        "Each service commits its own part at once, and a compensation undoes it if a later one "
        "refuses.",
        "05",
    ),
    Sentence(
        "two-phase commit",
        {"together": "across services", "between": "never"},
        "Every service promises and locks before any of them commits, and readers wait for the "
        "locks. First see whether one database can hold it all.",
        "05",
    ),
    Sentence(
        "pub/sub",
        {"readers": "several services"},
        "Each service gets a copy of its own, and you add one without touching the publisher.",
        "02",
    ),
    Sentence(
        "pub/sub",
        {"order": "each key"},
        "Publish with a key: one partition keeps what shares it in order.",
        "05",
    ),
    Sentence(
        "log",
        {"history": "yes"},
        "A log keeps what was read, so a new reader starts at the beginning, and a fixed one "
        "replays.",
        "07",
    ),
    Sentence(
        "log",
        {"readers": "several services"},
        "Each service reads at its own offset, so a log gives every one of them a copy as well.",
        "07",
    ),
    Sentence(
        "log",
        {"order": "everything"},
        "One partition is one order. It is also one reader in each group, and no faster than that.",
        "05",
    ),
    Sentence(
        "log",
        {"order": "each key"},
        "Append with a key: one partition keeps what shares it in order.",
        "05",
    ),
    Sentence(
        "queue",
        {"reply": "no", "readers": "one service"},
        "Nobody waits for the result, and one service does the work. Its workers share the queue.",
        "02",
    ),
    Sentence(
        "queue",
        {"reply": "no", "load": "in bursts"},
        "A burst waits in the queue instead of in your callers. Alert on the age of the oldest "
        "message.",
        "06",
    ),
    Sentence(
        "queue",
        {"order": "each key"},
        "Give each message its key, and let one worker at a time have a key.",
        "05",
    ),
    Sentence(
        "table",
        {"load": "a few a minute", "broker": "no"},
        "For a few a minute, write a row in the transaction that you have anyway, and let a loop "
        "take it.",
        "02",
    ),
    Sentence(
        "table",
        {"order": "everything"},
        "Let one loop take the rows in the order of their commits, which their ids don't tell.",
        "05",
    ),
    Sentence(
        "table",
        {"order": "each key"},
        "One loop, one row after the other, keeps every key in order.",
        "05",
    ),
    *(
        Sentence(
            choice,
            {"reply": "yes", "readers": "several services"},
            "The caller waits for one answer; everyone else hears of it afterwards.",
            "02",
        )
        for choice in ("pub/sub", "log")
    ),
    *(
        Sentence(
            choice,
            {"together": where},
            "Publish after the commit, through an outbox, and never between the changes.",
            "05",
        )
        for choice in ("pub/sub", "log")
        for where in ("in one database", "across services")
    ),
    *(
        Sentence(
            "queue",
            {"together": where},
            "What waits is the request. A worker takes it and makes all the changes, or none.",
            "05",
        )
        for where in ("in one database", "across services")
    ),
)

AGAINST = (
    Sentence(
        "pub/sub",
        {"together": "in one database"},
        "Not for a transaction: a topic between two changes lets a crash keep one without the "
        "other.",
        "05",
    ),
    Sentence(
        "pub/sub",
        {"together": "across services"},
        "Not for a transaction: one event to several services can charge the fee and move no "
        "money.",
        "05",
    ),
    Sentence(
        "pub/sub",
        {"reply": "yes"},
        "An event says nothing about when, or whether, somebody handles it.",
        "10",
    ),
    Sentence(
        "pub/sub",
        {"readers": "one service"},
        "There is one reader, so nobody needs a copy.",
        "02",
    ),
    Sentence(
        "pub/sub",
        {"history": "yes"},
        "Without a log behind it, a topic delivers only what is published from now on.",
        "02",
    ),
    Sentence(
        "pub/sub",
        {"order": "everything"},
        "Over several partitions there is no order of everything.",
        "05",
    ),
    Sentence(
        "queue",
        {"reply": "yes"},
        "A queue makes the caller wait without telling it how long, and hides that you are "
        "overloaded.",
        "01",
    ),
    Sentence(
        "queue",
        {"readers": "several services"},
        "Services that share a queue each see only a part of the messages.",
        "02",
    ),
    Sentence(
        "queue",
        {"history": "yes"},
        "What is acked is gone from a queue, so there is nothing to replay.",
        "07",
    ),
    Sentence(
        "queue",
        {"order": "everything"},
        "Workers that share a queue finish in any order.",
        "02",
    ),
    Sentence(
        "call",
        {"reply": "no", "together": "no"},
        "The caller would wait for what it doesn't need, and fail whenever the other side does.",
        "01",
    ),
    Sentence(
        "log",
        {"history": "no"},
        "You'd keep a history that nobody reads.",
        "07",
    ),
    Sentence(
        "saga",
        {"together": "in one database"},
        "One database rolls back by itself; compensations are what you write without one.",
        "05",
    ),
    Sentence(
        "saga",
        {"together": "across services", "between": "never"},
        "Between its steps, everyone can see money that has left and hasn't arrived.",
        "05",
    ),
    Sentence(
        "two-phase commit",
        {"together": "across services", "between": "for a while"},
        "You'd hold locks through every outage of the coordinator, for a guarantee that you don't "
        "need.",
        "05",
    ),
    Sentence(
        "two-phase commit",
        {"together": "in one database"},
        "There is one participant, and it can commit alone.",
        "05",
    ),
)
