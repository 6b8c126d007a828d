"""Dead letters: messages that failed too often, set aside with the reason, and put back later.

A dead letter is the same event, with its id, time, key and data. What happened to it is added as
CloudEvents extension attributes:

    deadreason       why the last delivery failed: the nack's reason, or that the deadline passed
    deadattempts     how many times it was delivered
    deadgroup        to which group
    deadtopic, deadpartition, deadoffset     where the original still is

If a dead letter fails in its turn, its own story moves to firstdeadreason, firstdeadtopic and so
on, where that of the first failure stays for good. Redriven, it is the dead letter again that it
was.
"""

from __future__ import annotations

from pubsub_kit.broker.reader import Row
from pubsub_kit.log.event import Event

LONGEST_REASON = 500  # characters
STORY = "deadreason", "deadattempts", "deadgroup", "deadtopic", "deadpartition", "deadoffset"


def dead_letter(row: Row, topic: str, group: str, reason: str) -> Event:
    """Return the event of a row, with what happened to it added."""
    partition, offset, attempts, event = row
    # A CloudEvents string has no control characters; a reason, which may quote an error, may.
    reason = "".join(c if c.isprintable() else " " for c in reason[:LONGEST_REASON])
    story: tuple[str | int, ...] = (reason, attempts, group, topic, partition, offset)
    before = event.extensions
    first = {f"first{name}": before[name] for name in STORY if name in before}
    after = {**first, **before, **dict(zip(STORY, story, strict=True))}
    return event._replace(extensions=after)


def revive(letter: Event) -> tuple[str | None, Event]:
    """Return the topic that a dead letter came from, or None, and the event as it was."""
    after = letter.extensions
    first = {name: after[f"first{name}"] for name in STORY if f"first{name}" in after}
    stories = {*STORY, *(f"first{name}" for name in STORY)}
    before = {name: value for name, value in after.items() if name not in stories} | first
    topic = after.get("deadtopic")
    return (None if topic is None else str(topic)), letter._replace(extensions=before)


def said(error: BaseException) -> str:
    """Return an exception's class, and its words if it has any."""
    try:
        words = str(error)
    except Exception:  # an exception can have a faulty __str__
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
