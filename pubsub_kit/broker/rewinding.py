"""A reader that can go back in one partition, to read again what was not acked."""

from __future__ import annotations

from pubsub_kit.broker.choosing import Filter
from pubsub_kit.broker.growth import line
from pubsub_kit.broker.reader import Reader, Row
from pubsub_kit.log.memory import EventLog


class Rewinding(Reader):
    """A Reader that remembers its gaps, so that none counts twice in `skipped`."""

    def __init__(self, name: str, log: EventLog, filter: Filter | None) -> None:
        super().__init__(name, log, filter)
        self.gaps: dict[int, list[tuple[int, int]]] = {}  # of each partition: from where to where
        self.in_order = False
        self.reached = self.position  # how far a partition has come: its group counts acks instead

    def end(self, partition: int) -> int:
        """Return where reading has to stop for now, if it keeps order: growth.py says why."""
        end = self.log.end(partition)
        return line(self.log, partition, end, self.reached) if self.in_order else end

    def reach(self, partitions: int) -> None:
        """Begin at the start of each partition that is new."""
        self.next += [0] * (partitions - len(self.next))

    def read_partition(self, partition: int, rows: list[Row], most: int) -> None:
        """Do what `read` does, in one partition."""
        ends = self.log.ends
        if not ends:
            self.log.end(partition)  # which says that the log is closed
        while self.next[partition] != ends[partition] and len(rows) < most:
            if not self.read_run(partition, rows, most):
                return

    def skip(self, partition: int, to: int) -> None:
        """Count a gap in a partition, from the next offset up to this one."""
        super().skip(partition, to)
        self.gaps.setdefault(partition, []).append((self.next[partition], to))

    def settle(self, partition: int) -> None:
        """Forget the gaps of a partition: it will never go back behind its next offset."""
        self.gaps.pop(partition, None)

    def rewind(self, partition: int, offset: int) -> None:
        """Go back to an offset that was read before; the gaps after it will be counted again."""
        again = [gap for gap in self.gaps.get(partition, ()) if gap[0] >= offset]
        self.skipped -= sum(end - start for start, end in again)
        self.gaps[partition] = [gap for gap in self.gaps.get(partition, ()) if gap[0] < offset]
        self.next[partition] = offset
