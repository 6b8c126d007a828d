"""A recorder that keeps the events of the library `eventsourcing` (9.5) on the kit's durable log.

One record of the log holds all that one insert writes: its events, and how far an application has
come in another one that it follows. So the record's checksum makes the insert all or nothing,
whatever a crash cuts off. Which versions there are is kept in memory alone, and rebuilt from the
log at opening. A log that has forgotten events, by retention or compaction, is refused.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from threading import Event as Signal
from threading import RLock
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Tracking,
)

from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError


class LogRecorder(ProcessRecorder):
    """Records the events of aggregates, all events in one order, and positions elsewhere.

    Raises LogError for a log that has forgotten events.
    """

    def __init__(self, log: EventLog) -> None:
        self.log, self._lock = log, RLock()
        self._places: list[tuple[int, int]] = []  # of each event: its record, its index in there
        self._numbers: dict[str, dict[int, int]] = {}  # by originator and version, into _places
        self._tracked: dict[str, int] = {}
        self._listeners: set[Signal] = set()
        if log.count() < log.end():
            raise LogError(f"{log.name} has forgotten events: their versions would be free again")
        for offset in range(log.end()):
            self._note(offset, self._record(offset))

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, tracking: Tracking | None = None, **_: Any
    ) -> list[int] | None:
        """Write all events, or none, and return their notification ids, which count from 1.

        Raises IntegrityError if one of the versions is taken, or the position is not a new one.
        """
        with self._lock:
            new = {(str(e.originator_id), e.originator_version) for e in stored_events}
            taken = [id for id, version in new if version in self._numbers.get(id, ())]
            if taken or len(new) < len(stored_events):
                raise IntegrityError(f"not written: a version may be there once: {stored_events}")
            if tracking and self.has_tracking_id(*vars(tracking).values()):
                raise IntegrityError(f"not written: {tracking} is not beyond the last position")
            if not stored_events and not tracking:
                return []
            at = [*vars(tracking).values()] if tracking else None
            record = {"events": [*map(_packed, stored_events)], "tracking": at}
            ids = self._note(self.log.append(Event.new("recorded", record)), record)
        for listener in [*self._listeners]:
            listener.set()
        return ids

    def _note(self, offset: int, record: Any) -> list[int]:
        """Take a record into the index; return the ids of its notifications."""
        before = len(self._places)
        for index, (originator, _, version, _, _) in enumerate(record["events"]):
            self._numbers.setdefault(originator, {})[version] = len(self._places)
            self._places.append((offset, index))
        if record["tracking"]:
            self._tracked.update([record["tracking"]])
        return [*range(before + 1, len(self._places) + 1)]

    def _record(self, offset: int) -> Any:
        return self.log.read(0, offset, 1)[0][1].data

    def _read(self, numbers: Iterable[int]) -> Iterator[tuple[int, StoredEvent]]:
        """Yield events with their notification ids; a record is read once for all in a row."""
        at, record = -1, dict[str, Any]()
        for number in numbers:
            offset, index = self._places[number]
            if offset != at:
                at, record = offset, self._record(offset)
            yield number + 1, _unpacked(record["events"][index])

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None,
        desc: bool = False, limit: int | None = None,
    ) -> list[StoredEvent]:  # fmt: skip
        """Return an aggregate's events in the order of their versions."""
        with self._lock:
            numbers = self._numbers.get(str(originator_id), {})
            versions = [v for v in sorted(numbers, reverse=desc) if gt is None or v > gt]
            wanted = [v for v in versions if lte is None or v <= lte][:limit]
            return [event for _, event in self._read(numbers[v] for v in wanted)]

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (),
        *, inclusive_of_start: bool = True,
    ) -> list[Notification]:  # fmt: skip
        """Return up to `limit` notifications from `start` to `stop`, of these topics if any."""
        first = max((start or 0) - inclusive_of_start, 0)
        with self._lock:
            end = len(self._places) if stop is None else min(stop, len(self._places))
            found: list[Notification] = []
            for id, event in self._read(range(first, end)):
                if not topics or event.topic in topics:
                    found.append(Notification(**vars(event), id=id))
                if len(found) == limit:
                    break
            return found

    def max_notification_id(self) -> int | None:
        """Return the id of the newest notification, or None."""
        return len(self._places) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        """Return an iterator over notifications that waits for more."""
        return LogSubscription(self, gt, topics)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Write a position alone; raises IntegrityError unless it is beyond the last one."""
        self.insert_events([], tracking=tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return the last position in an application, or None."""
        return self._tracked.get(application_name)


class LogAggregateRecorder(LogRecorder):
    """The same for what has no notifications, such as snapshots."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Write all events, or none; raises IntegrityError if one of the versions is taken."""
        super().insert_events(stored_events)


class LogSubscription(ListenNotifySubscription[LogRecorder]):
    """Yields notifications as they are written."""

    def __init__(self, recorder: LogRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        recorder._listeners.add(self._has_been_notified)

    def stop(self) -> None:
        """Stop, and listen no longer."""
        super().stop()
        self._recorder._listeners.discard(self._has_been_notified)


def _packed(event: StoredEvent) -> list[Any]:
    id, state = event.originator_id, b64encode(event.state).decode()
    return [str(id), isinstance(id, UUID), event.originator_version, event.topic, state]


def _unpacked(row: list[Any]) -> StoredEvent:
    name, is_uuid, version, topic, state = row
    return StoredEvent(UUID(name) if is_uuid else name, version, topic, b64decode(state))
