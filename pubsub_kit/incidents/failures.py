"""Oracles about what fails again and again: messages that are stuck, and dead letters.

A message is *stuck* after three deliveries without an ack; one that a worker may still have in hand
does not count.
"""

from __future__ import annotations

from pubsub_kit.incidents.finding import Finding, Notes, told
from pubsub_kit.incidents.history import History, Passage

#: So many deliveries without an ack are called stuck: one or two may fail by bad luck.
OFTEN = 3


def stuck(history: History) -> Finding:
    """No message is delivered three times or more without an ack."""
    notes = Notes("stuck")
    if not history.has("delivered"):
        notes.undecided("delivered", "The log has no delivery.")
    notes.unplaced(history)
    acking = {p.group for p in history.placed if p.acked}
    for passage in history.placed:
        attempts = [history.records[i].attempt or n for n, i in enumerate(passage.delivered, 1)]
        if not attempts or passage.acked or passage.dead:
            continue
        last = passage.delivered[-1]
        if max(attempts) - _under_way(history, passage, last) < OFTEN:
            continue
        words = (
            f"{passage.message} was delivered {max(attempts)} times, the last time to "
            f"{history.who(last)} at {history.when(last)}"
        )
        failed = len(passage.nacked) >= len(passage.delivered) - 1
        if failed or passage.group in acking:
            reasons = told(dict.fromkeys(_reasons(history, passage)), 2)
            because = f" It failed with: {reasons}." if reasons else ""
            notes.broken(f"{words}, and nobody acked it.{because}", *passage.delivered)
        else:
            notes.undecided("acked", f"{words}, and the log has no ack of its group.", last)
    return notes.finding(f"No message was delivered {OFTEN} times without an ack.")


def _under_way(history: History, passage: Passage, last: int) -> bool:
    """Say whether a worker may still be at the last delivery when the log ends."""
    if any(each.record > last for each in passage.nacked):
        return False
    lease = history.lease_of(last)
    return lease is None or history.end < history.records[last].at + lease


def _reasons(history: History, passage: Passage) -> list[str]:
    reasons = (history.records[each.record].reason for each in passage.nacked)
    return [reason for reason in reasons if reason]


def unreasoned(history: History) -> Finding:
    """Each dead letter has a reason: its own, or a failure before it."""
    notes = Notes("dead letter without reason")
    for passage in history.passages.values():
        for dead in passage.dead[:1]:
            if history.records[dead].reason or passage.nacked:
                continue
            words = f"{passage.message} was dead-lettered at {history.when(dead)} without a reason"
            if not passage.delivered:
                notes.undecided("delivered", f"{words}; the log has no delivery of it.", dead)
                continue
            several = len(passage.delivered)
            count = "1 delivery" if several == 1 else f"{several} deliveries"
            notes.broken(
                f"{words}. The log has {count} of it, and no nack.",
                *passage.delivered, dead,
            )  # fmt: skip
    if not history.has("dead"):
        return notes.finding("The log has no dead letter.")
    return notes.finding("Each dead letter has a reason, or a nack before it.")
