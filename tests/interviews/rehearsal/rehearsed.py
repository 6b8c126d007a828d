"""A rehearsal of the notification system, as the events of its log; tests bend it as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pubsub_kit.interviews.bank.question import load
from pubsub_kit.log.event import Event

QUESTION = load("notification-system")
BEGAN = 1_796_000_000.0
CODE = "3f2a.7"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="120">'
    '<rect width="600" height="120" fill="white"/><text x="20" y="60">push-1 → ann</text></svg>'
)
WORDS = "push-1 reached ann at 1.2 s.\nIts reply was lost, and sms-1 reached ann at 3.4 s."


def event(kind: str, at: float, **details: Any) -> Event:
    """Make one event as a rehearsal's log has it."""
    data = {**details, "at": at}
    return Event.new(f"rehearsal.{kind}", data, source="rehearsal", time=BEGAN + at)


def started(minutes: float = 45, question: str = QUESTION.id) -> Event:
    """Make the first event of a rehearsal."""
    return event(
        "started", 0, question=question, minutes=minutes, role="candidate", edition="0.1.0"
    )


def rehearsal() -> list[Event]:
    """Return a whole rehearsal: a claim that was sure and wrong, one that held, one undecided."""
    lanes, timeout = QUESTION.decisions[3], QUESTION.decisions[5]
    peak, share = QUESTION.estimates[0], QUESTION.estimates[1]
    sure = "no person is told twice under crash, reply lost up to 1 with confidence 90%"
    ask = "How many notifications a day?"
    return [
        started(),
        event("said", 1, who="interviewer", text=QUESTION.pitch, box="requirements"),
        event("said", 40, who="candidate", text=ask, box="requirements"),
        event("asked", 40, text=ask, topic="volume"),
        event("said", 41, who="interviewer", text=QUESTION.clarifications[0].answer,
              box="requirements"),
        event("asked", 100, text="Which cloud do we run on?", topic=None),
        event("signed", 101, dimension="requirements and estimation", level="mid",
              sign="clarified before design"),
        event("box", 420, name="estimation", by="candidate"),
        event("estimated", 480, id=peak.id, text="30K/s", value=30_000.0, unit=peak.unit,
              verdict="right"),
        event("estimated", 560, id=share.id, text="about 30%", value=30.0, unit=share.unit,
              verdict="too low"),
        event("box", 590, name="API and data", by="candidate"),
        event("box", 900, name="high-level design", by="time"),
        event("decided", 1000, id=lanes.id, option="lanes", text="A lane for codes."),
        event("decided", 1100, id=timeout.id, option=None, text="Send again, with our own id."),
        event("paused", 1200),
        event("resumed", 1200),
        event("claimed", 1250, text=sure, confidence=0.9),
        event("claimed", 1300, text="p99 under 5 s in the burst", confidence=0.6),
        event("claimed", 1310, text="no stale code", confidence=0.8),
        event("ran", 1400, level="messages", outcome="fails", words=WORDS.split("\n"), code=CODE,
              schedules=1_184, faults=["crash", "reply lost"], up_to=1,
              broke="Nobody is told of one event twice", next_question="What did the worker know?",
              measures={}, misses=[]),
        event("settled", 1400, claim=sure, held=False,
              why=f"sms-1 reached ann at 3.4 s (schedule {CODE})"),
        event("settled", 1401, claim="p99 under 5 s in the burst", held=True,
              why="p99 in the burst was 3.1 s"),
        event("settled", 1402, claim="no stale code", held=None,
              why="the run broke something else first"),
        event("box", 1600, name="deep dives", by="time"),
        event("hinted", 1700, rung=1, text=QUESTION.hints[0]),
        event("hinted", 1760, rung=2, text=QUESTION.hints[1]),
        event("said", 1900, who="candidate", text="Then the outcome is unknown.\nI wait.",
              box="deep dives"),
        event("signed", 1901, dimension="failure", level="senior",
              sign="Names the provider's lost reply without being asked."),
        event("box", 2400, name="wrap-up", by="time"),
        event("rated", 2650, dimension="trade-offs", band="strong", by="Ann"),
        event("rated", 2660, dimension="trade-offs", band="weak", by="Bob <b>"),
        event("ended", 2700, why="the time is up"),
    ]  # fmt: skip


def without(events: Sequence[Event], *kinds: str) -> list[Event]:
    """Return the events but for these kinds."""
    return [each for each in events if each.type.removeprefix("rehearsal.") not in kinds]
