"""Dead letters: messages that failed too often, set aside with the reason, and put back later.

A dead letter is the same event, with its id, time, key and data. What happened to it is added as
CloudEvents extension attributes:

    deadreason       why the last delivery failed: the nack's reason, or that the deadline passed
    deadattempts     how many times it was delivered
    deadgroup        to which group
    deadtopic, deadpartition, deadoffset     where the original still is
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
    return event._replace(extensions={**event.extensions, **dict(zip(STORY, story, strict=True))})


def revive(letter: Event) -> tuple[str | None, Event]:
    """Return the topic that a dead letter came from, or None, and the event as it was."""
    rest = {k: v for k, v in letter.extensions.items() if k not in STORY}
    topic = letter.extensions.get("deadtopic")
    return (None if topic is None else str(topic)), letter._replace(extensions=rest)
