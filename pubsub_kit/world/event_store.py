"""An event store: a stream of events for each aggregate, and one order of them all.

    log = EventStore(world, {"ann": [{"type": "deposited", "amount": 100}]})
    events = await log.read("ann")
    await log.append("ann", {"type": "withdrawn", "amount": 80}, expected=len(events))

Each event has a row of its own, "ann 2", and the rows are in the order in which they were written.
So an append that expects a version is an insert under a unique key: of two writers who read the
same events, one gets a Conflict. One that expects none always succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pubsub_kit.world.handlers import copied
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.stores import Conflict, Store
from pubsub_kit.world.system import System

#: How the note of an append begins that came too late.
CONFLICT = "conflict: "


class EventStore(Store):
    """Streams of events; a position counts the events of all streams, from 1."""

    def __init__(
        self, world: System, streams: Mapping[str, Sequence[Any]], name: str = "log"
    ) -> None:
        if not isinstance(streams, Mapping) or any(
            isinstance(events, str) or not isinstance(events, Sequence)
            for events in streams.values()
        ):
            raise WorldError("EventStore(world, streams) takes lists of events by stream")
        rows = {f"{s} {n}": e for s, events in streams.items() for n, e in enumerate(events, 1)}
        super().__init__(world, name, rows)
        world.stores[name] = self

    async def read(self, stream: str, after: int = 0) -> list[Any]:
        """Return the events of a stream that come after its first `after` ones."""
        await self.world.point(f"reading {stream}", ("read", self.name, ()))
        return copied(self.of(stream)[after:])  # type: ignore[no-any-return]

    async def read_all(self, after: int = 0) -> list[tuple[int, str, Any]]:
        """Return (position, stream, event) of all events beyond a position, in order."""
        await self.world.point(f"reading from {after + 1}", ("read", self.name, ()))
        rows = [*self.rows.items()][after:]
        return [(n, k.rpartition(" ")[0], copied(e)) for n, (k, e) in enumerate(rows, after + 1)]

    async def append(self, stream: str, *events: Any, expected: int | None = None) -> int:
        """Append events in one step, and return the position of the last one.

        Raises Conflict, and appends nothing, if the stream has not `expected` events (None: any),
        and WorldError for an event that is no dict, or a version that is no whole number.
        """
        if odd := [event for event in events if not isinstance(event, Mapping)]:
            raise WorldError(
                f"append(stream, event, expected=…) takes events as dicts, not {odd[0]!r:.40}, and "
                "the expected version by name"
            )
        if expected is not None and type(expected) is not int:
            raise WorldError(
                "append(stream, event, expected=…) takes the number of events that the stream has, "
                f"such as len(events), not a {type(expected).__name__}"
            )
        await self.world.point(f"appending to {stream}", ("write", self.name, (stream,)))
        has = len(self.of(stream))
        if expected is not None and expected != has:
            words = f"{CONFLICT}expects {expected}, has {has}"
            self.world.note("note", self.world.current().node.name, text=words)
            raise Conflict(f"{stream} has {has} events, not {expected}: nothing was appended")
        if events:
            self._write({f"{stream} {n}": copied(e) for n, e in enumerate(events, has + 1)})
        return len(self.rows)

    def of(self, stream: str) -> list[Any]:
        """Return the events of a stream as they are stored, for who looks from outside."""
        return [event for key, event in self.rows.items() if key.rpartition(" ")[0] == stream]
