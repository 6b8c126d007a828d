"""What the subscriptions of one broker share, and all that they know about it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Any

from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.errors import brief
from pubsub_kit.log.event import Event
from pubsub_kit.log.settings import LARGEST, LogError


@dataclass(slots=True)
class Shared:
    """A clock, a lock, and what a subscription asks its broker to do."""

    wall: Callable[[], float]  # the time of events: seconds since the epoch, as a person sets it
    lock: RLock
    rng: Random | None  # for the jitter of a backoff
    ack_ids: Iterator[int]
    publish: Callable[[str, Event], object]  # to a dead-letter topic
    settled: Callable[[int], None]  # is told how many were acked or dead-lettered
    save: Callable[[], None]  # makes the group's new position durable
    closed: bool = False
    lost: float = 0.0  # by how much it was set back so far (seconds)
    last: float = -LARGEST  # the latest time that was read
    ticks: Callable[[], float] = field(init=False)  # the system's clock, if it is the wall clock

    def __post_init__(self) -> None:
        self.ticks = time.monotonic if self.wall is time.time else self.wall

    @property
    def clock(self) -> Callable[[], float]:
        """A clock for leases (seconds): it goes on as `ticks` do, but never back.

        In place of the wall clock it is the system's monotonic one, which nobody can set.
        """
        return self.ticks if self.ticks is time.monotonic else self.read

    def read(self) -> float:
        """Look at that clock."""
        self.last = self.judged(self.ticks())
        return self.last

    def judged(self, time: Any) -> float:
        """Return what to make of a time of `ticks`: the latest one instead, if it was set back.

        Raises BrokerError for what is no time; then the next one is judged as if it had not come.
        """
        try:
            now: float = time + self.lost
            if self.last <= now < math.inf:
                return now
            if -math.inf < now < self.last:
                self.lost += self.last - now
                return self.last
        except (TypeError, OverflowError):  # no number, or none that a float can hold
            pass
        raise BrokerError(f"A clock returns seconds, a finite number, not {brief(time)}.")

    def dice(self) -> Random:
        """Return the generator for jitter, made on first use because seeding one is slow."""
        self.rng = self.rng or Random(0)
        return self.rng

    def save_soon(self) -> None:
        """Save, or if the disk refuses, leave it to a later call: the broker knows its trouble."""
        with suppress(LogError):
            self.save()

    def check_open(self) -> None:
        """Raise BrokerError if the broker is closed."""
        if self.closed:
            raise BrokerError("This broker is closed: make a new one (of the same path, if any).")
