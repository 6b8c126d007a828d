"""What a log must keep, and what it may forget: by age, by size, or by key.

    append     0 ann=1   1 bob=7   2 ann=2   3 bob=None   4 ann=3
    retain                         2 ann=2   3 bob=None   4 ann=3    the oldest are gone
    compact                                  3 bob=None   4 ann=3    each key's latest is left

An event with a key and with None for data is a tombstone: it says that the key is gone. It outlives
what it deletes for a while, so that slow readers see it too, and then goes itself. Its age counts
from its append, since the event's own time may be long past.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pubsub_kit.log.settings import check_count, check_seconds


@dataclass(frozen=True, slots=True)
class Retention:
    """What a log must keep; it may forget the rest. None means: keep everything.

    It keeps the events of the last `max_age` seconds, by their own time, and the newest `max_bytes`
    of JSON in each partition; on disk only whole files go, so more may stay. Compaction keeps
    tombstones for `tombstone_age` seconds (a day, as Kafka's delete.retention.ms). Raises LogError
    for what is no number from 0 up.
    """

    max_age: float | None = None
    max_bytes: int | None = None
    tombstone_age: float | None = 86_400.0

    def __post_init__(self) -> None:
        check_seconds("max_age", self.max_age)
        check_seconds("tombstone_age", self.tombstone_age)
        if self.max_bytes is not None:
            check_count("max_bytes", self.max_bytes, least=0, none="no limit")


KEEP_ALL = Retention()
Keyed = Iterable[tuple[int, str | None, float | None]]  # offset, key, append of a tombstone


class Kept(Protocol):
    """The events of one partition, as a rule looks at them."""

    def start(self) -> int:
        """Return the oldest offset that is left, or the end."""

    def fresh_from(self, time: float) -> int:
        """Return an offset before which every event's time is < `time`."""

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Yield (offset, bytes), the newest first."""


def first_kept(partition: Kept, rule: Retention, now: float) -> int:
    """Return the oldest offset that `rule` keeps at the time `now` (seconds since the epoch)."""
    first = partition.start()
    if rule.max_age is not None:
        first = max(first, partition.fresh_from(now - rule.max_age))
    if (room := rule.max_bytes) is not None:
        for offset, size in partition.sizes():
            room -= size
            if room < 0:
                return max(first, offset)
    return first


def superseded(keyed: Keyed, tombstones_before: float) -> set[int]:
    """Return the offsets of all but each key's latest event, and of tombstones before a time."""
    latest: dict[str, int] = {}
    gone: set[int] = set()
    for offset, key, appended in keyed:
        if key is not None:
            if key in latest:
                gone.add(latest[key])
            if appended is not None and appended < tombstones_before:
                gone.add(offset)
            latest[key] = offset
    return gone
