"""Waiting in line: when each message leaves its worker, for millions of messages at once.

A worker is a queue, first in, first out. Message i cannot start before it has arrived, nor before
the one ahead has left (Lindley's recursion, 1952):

    D[i] = max(A[i], D[i-1]) + S[i]

Unrolled, D[i] is the work up to i plus the latest moment at which the worker was idle, which numpy
answers in two sweeps. Many queues are one queue if each is moved in time so far that the one ahead
has certainly drained: then none of them waits for another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pubsub_kit.feed.people.network import Floats, Ints


def lindley(arrival: Floats, service: Floats) -> Floats:
    """Return when each message leaves a single queue; arrivals rise, all in seconds."""
    work = np.cumsum(service)
    idle = np.maximum.accumulate(arrival - (work - service))
    return np.asarray(work + idle, dtype=np.float64)


class Queues:
    """Which message waits in which queue: sorted once, asked again for each change of times.

    `queue`: the number of each message's queue, with messages in order of arrival in each queue.
    """

    def __init__(self, queue: npt.NDArray[np.integer[Any]]) -> None:
        few = len(queue) == 0 or int(np.max(queue)) < 1 << 16  # such short numbers sort by radix
        self.order = np.argsort(queue.astype(np.uint16 if few else np.int64), kind="stable")
        line = queue[self.order]
        self.starts = np.flatnonzero(np.r_[True, line[1:] != line[:-1]][: len(line)])
        self.sizes: Ints = np.diff(np.append(self.starts, len(line)))

    def departures(self, arrival: Floats, service: Floats) -> Floats:
        """Return when each message leaves its queue, in seconds (arrivals are not negative)."""
        left: Floats = np.empty(len(arrival))
        if len(arrival):
            came, takes = arrival[self.order], service[self.order]
            moved = np.repeat(self._moves(came, takes), self.sizes)
            left[self.order] = lindley(came + moved, takes) - moved
        return left

    def _moves(self, came: Floats, takes: Floats) -> Floats:
        ends = came[np.cumsum(self.sizes) - 1] + np.add.reduceat(takes, self.starts)
        return np.append(0.0, np.cumsum(ends)[:-1])
