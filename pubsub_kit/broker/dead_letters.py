"""Dead letters: messages that failed too often, put aside with their story, and put back.

A dead letter is the event as it was, id, time, key and data, so that whoever knows the event knows
the letter. Its story travels in CloudEvents extension attributes, which are made for that:

    deadreason       why the last delivery failed: what nack said, or that its deadline passed
    deadattempts     how many deliveries there were
    deadgroup        whose they were
    deadtopic, deadpartition, deadoffset     where the original still is
"""

from __future__ import annotations

from pubsub_kit.broker.reader import Row
from pubsub_kit.log.event import Event

LONGEST_REASON = 500  # characters
STORY = "deadreason", "deadattempts", "deadgroup", "deadtopic", "deadpartition", "deadoffset"


def dead_letter(row: Row, topic: str, group: str, reason: str) -> Event:
    """Return the event of a row with its story added."""
    partition, offset, attempts, event = row
    # A CloudEvents string has no control characters; a reason, which may quote an error, may.
    reason = "".join(c if c.isprintable() else " " for c in reason[:LONGEST_REASON])
    story: tuple[str | int, ...] = (reason, attempts, group, topic, partition, offset)
    return event._replace(extensions={**event.extensions, **dict(zip(STORY, story, strict=True))})


def revive(letter: Event) -> tuple[str | None, Event]:
    """Return the topic that a dead letter came from, if it is one, and the event as it was."""
    rest = {k: v for k, v in letter.extensions.items() if k not in STORY}
    topic = letter.extensions.get("deadtopic")
    return (None if topic is None else str(topic)), letter._replace(extensions=rest)
