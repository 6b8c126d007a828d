"""One replica: a node's copy of the log, and what it knows of the others.

offset            0     1     2     3
log               m1    m2    m3    m4      each record with the epoch of the leader that took it
high watermark    ────────────┘             what is below it is committed: every replica in sync
                                            has it, and consumers may read it
flushed           ──────┘                   what is below it survives a power loss
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Record(NamedTuple):
    """A record: the epoch of the leader that took it, its event, and its number by producer."""

    epoch: int
    id: str
    topic: str
    event: Any
    sequence: int


class Replica:
    """A node's log and its state."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log: list[Record] = []
        self.watermark = 0  # the high watermark as this node knows it: a follower's lags behind
        self.flushed = 0  # how many records are on the disk, not just in the page cache
        self.told = 0  # how many records the leader knows it to have
        self.alive = True
        self.cut = False  # the other nodes can't reach it, the controller can
        self.wiped = False  # its disk is new since it was last in sync
        self.stint = 0  # how often it has gone down, so that an old alarm is known as such

    def take(self, leader: Replica, fsync: bool) -> None:
        """Append what the leader has beyond the end of this log, and learn its high watermark."""
        self.log += leader.log[len(self.log) :]
        self.watermark = min(leader.watermark, len(self.log))
        if fsync:
            self.flushed = len(self.log)

    def cut_at(self, end: int) -> list[Record]:
        """Cut the log at an offset; return what was cut off."""
        gone = self.log[end:]
        del self.log[end:]
        self.watermark, self.flushed = min(self.watermark, end), min(self.flushed, end)
        return gone

    def find(self, sequence: int) -> int | None:
        """Return the offset of what a producer sent before under this number, if it is there."""
        found = (at for at, record in enumerate(self.log) if record.sequence == sequence)
        return next(found, None)

    @property
    def epochs(self) -> list[int]:
        """The leader epoch of each record, in order."""
        return [record.epoch for record in self.log]
