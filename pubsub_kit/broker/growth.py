"""Growth: a key's order when a topic gets more partitions, and so the key perhaps another one.

    before   partition 0   ann 1   bob 1   ann 2 │                two partitions are added, and
    after    partition 0                         │ bob 2          ann's next message goes to 2
             partition 2                         │ ann 3

The log remembers each partition's end at every growth. A reader that keeps order reads nothing
behind such a line before it has come to it in all partitions. A partitioned group with `ordered`
waits until everything before the line is acked, since different workers have it in hand; without,
it goes on at once, as Kafka does.
"""

from __future__ import annotations

from collections.abc import Callable

from pubsub_kit.broker.reader import Reader
from pubsub_kit.log.memory import EventLog


class InOrder(Reader):
    """A Reader that comes to the line of each growth in all partitions before it crosses it."""

    def end(self, partition: int) -> int:
        """Return where reading has to stop for now."""
        end = self.log.end(partition)
        return line(self.log, partition, end, self.position) if self.log.grown else end


def line(log: EventLog, partition: int, end: int, reached: Callable[[int], int]) -> int:
    """Return how far a partition may be read, at most to `end`, given what is `reached` in each."""
    for ends in log.grown:
        if any(reached(p) < min(to, log.end(p)) for p, to in enumerate(ends)):
            return min(end, ends[partition]) if partition < len(ends) else 0
    return end


def age(log: EventLog, partition: int, offset: int) -> int:
    """Return after how many growths a message was appended: of two with a key, the lower first."""
    return sum(partition >= len(ends) or offset >= ends[partition] for ends in log.grown)
