"""Upkeep: a log forgets what it may, when it is told to, and by itself as it grows.

By itself it looks after a partition before an append, once as many events have come since the last
time as were left then, and at least 1,000; on disk also when a file is full. So the work is never
more than twice that of the appends. If the disk refuses, the append goes on; `trouble` has the
reason, and the log tries again later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol, TypeVar

from pubsub_kit.errors import brief
from pubsub_kit.log.retention import KEEP_ALL, Kept, Keyed, Retention, first_kept, superseded
from pubsub_kit.log.settings import LogError, check_time
from pubsub_kit.log.threads import new_lock

EVERY = 1000  # events


class Tended(Kept, Protocol):
    """A partition, as upkeep sees it; `due` is the end at which it is to be looked after."""

    due: int

    def keyed(self) -> Keyed:
        """Go through (offset, key, time of the append if it is a tombstone)."""

    def forget_before(self, offset: int) -> int:
        """Forget every event before `offset`; return how many are gone."""

    def forget(self, offsets: set[int]) -> int:
        """Forget these offsets; return how many are gone."""

    def end(self) -> int:
        """Return the next offset."""

    def count(self) -> int:
        """Return how many events are left."""


P = TypeVar("P", bound=Tended)


class Upkeep:
    """A log's rules for what it forgets; raises LogError for a rule that is none.

    `trouble` says why it could not forget by itself what it should have, the last time.
    """

    _partitions: Sequence[Tended]

    def __init__(self, retention: Retention, compacted: bool, clock: Callable[[], float]) -> None:
        if not callable(clock):
            raise LogError(f"A log's clock is a function that returns seconds, not {brief(clock)}.")
        self.clock, self._lock = clock, new_lock()
        self.trouble: LogError | None = None
        self._retention, self._compacted, self.rests = KEEP_ALL, False, True
        if compacted is not False or retention is not KEEP_ALL:
            self.retention, self.compacted = retention, compacted

    @property
    def retention(self) -> Retention:
        """What the log must keep."""
        return self._retention

    @retention.setter
    def retention(self, rule: Retention) -> None:
        if not isinstance(rule, Retention):
            raise LogError(f"A log's retention is a Retention(…), not {brief(rule)}.")
        self._retention = rule
        keeps_all = rule is KEEP_ALL or rule == KEEP_ALL
        self.rests = keeps_all and not self._compacted  # it forgets nothing

    @property
    def compacted(self) -> bool:
        """Whether the log keeps each key's latest event alone."""
        return self._compacted

    @compacted.setter
    def compacted(self, yes: bool) -> None:
        if not isinstance(yes, bool):
            raise LogError(f"A log is compacted or not, True or False: {brief(yes)} is neither.")
        self._compacted = yes
        self.retention = self._retention

    def retain(self, now: float | None = None) -> int:
        """Forget what `retention` allows at the time `now`; return how many events are gone."""
        with self._lock:
            self._check_open()
            return self._retain(self._partitions, self._time(now))

    def compact(self, now: float | None = None) -> int:
        """Keep each key's latest event, and all without a key; return how many are gone.

        A tombstone older than `retention.tombstone_age` at the time `now` goes too.
        """
        with self._lock:
            self._check_open()
            return self._compact(self._partitions, self._time(now))

    def _check_open(self) -> None:
        """Raise LogError if the log is closed."""

    def _retain(self, partitions: Sequence[Tended], now: float) -> int:
        rule = self._retention
        gone = sum(each.forget_before(first_kept(each, rule, now)) for each in partitions)
        return gone + (self._compact(partitions, now) if self._compacted else 0)

    def _compact(self, partitions: Sequence[Tended], now: float) -> int:
        age = self._retention.tombstone_age
        before = -inf if age is None else now - age
        return sum(each.forget(superseded(each.keyed(), before)) for each in partitions)

    def _tend(self, partition: P) -> P:
        """Look after a partition that is to grow, if it is due; return it."""
        if not self.rests and partition.end() >= partition.due:
            try:
                self._retain([partition], self._time(None))
                self.trouble = None
            except LogError as error:
                self.trouble = error
            partition.due = partition.end() + max(EVERY, partition.count())
        return partition

    def _time(self, now: float | None) -> float:
        now = self.clock() if now is None else now
        check_time(now)
        return now
