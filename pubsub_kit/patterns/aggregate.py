"""Aggregate: state from events, and decisions that no other writer can slip in between.

    command ──▶ read the stream ──▶ fold: state ──▶ decide ──▶ append, if the stream is as it was
                      ▲                                               │ Conflict: it has grown
                      └───────────────── decide again ◀───────────────┘

Two functions know the domain. `decide(state, command)` checks the rules and returns new events;
`apply(state, event)` says what an event changes. It checks nothing: what has happened has happened,
and a rule that is tightened later must not make old events unreadable.

Each append says how many events its decision has seen. If there are more by now, the decision is
out of date, and appending its events all the same would put into effect what nobody decided. Every
event carries the id of the command that caused it, so a command that comes again finds its own
events. One that is refused appends nothing, and is decided anew.

What it costs: every command reads the whole stream (a snapshot shortens that), and all writers of
one aggregate take turns. Where only the current state matters, a row with a version does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from pubsub_kit.patterns.ports import Conflict, Streams

Fields = Mapping[str, Any]
#: Returns the events that follow from a command; raises, or returns none, to refuse it.
Decide = Callable[[Any, Fields], Sequence[Fields]]
Apply = Callable[[Any, Fields], Any]


class Aggregate:
    """One stream with its rules; commands and events are dicts, and a command has an "id"."""

    def __init__(
        self, streams: Streams, stream: str, decide: Decide, apply: Apply, initial: Any
    ) -> None:
        self.streams, self.stream, self.initial = streams, stream, initial
        self.decide, self.apply = decide, apply

    async def execute(self, command: Fields) -> list[Any]:
        """Return the events that a command has caused, now or when it first came."""
        while True:
            events = await self.streams.read(self.stream)
            if mine := [event for event in events if event.get("cause") == command["id"]]:
                return mine
            state = reduce(self.apply, events, self.initial)
            new = [{**event, "cause": command["id"]} for event in self.decide(state, command)]
            try:
                await self.streams.append(self.stream, *new, expected=len(events))
            except Conflict:
                continue  # somebody else was faster: decide again
            return new
