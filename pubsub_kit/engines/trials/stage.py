"""A stage: one engine behind the verbs of lesson 07's contract, with topics of its own.

Each row gets a connection of its own and fresh names, so that one server serves all rows at once.
A topic is made when it is first named. Real time passes, and an empty pull takes some of it: what
empty pulls have taken since the last delivery counts towards the next wait, as in the virtual time
for which the lesson's rows were written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from pubsub_kit.broker.starts import Start
from pubsub_kit.checks.contract.case import Case
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import NotSupported
from pubsub_kit.log.ids import fresh_id

TIMEOUT = 5.0  # seconds within which an engine answers, or says that it can't


class Venue(NamedTuple):
    """An engine to hold to the contract, and how long it takes its time.

    `lease` is the ack deadline of a row (seconds): as short as the engine can; a pull waits for a
    quarter of it. `at_once` rows are played at a time. `partitions` is how many a topic needs
    before two workers can share it (None: any topic will do).
    `deliveries` is the max_deliveries of a row: as few as the engine can.
    """

    name: str
    url: str
    lease: float = 2.0
    at_once: int = 8
    partitions: int | None = None
    deliveries: int = 3

    @property
    def locked(self) -> bool:
        """Whether the server asks for a password."""
        return "@" in self.url

    @property
    def embedded(self) -> bool:
        """Whether the broker runs inside this process."""
        return self.url.startswith(("memory://", "file://"))

    @property
    def wait(self) -> float:
        """How long a pull waits for its first message, in seconds."""
        return self.lease / 4


class Pace:
    """Real time, in which what empty pulls took is part of the next wait.

    `slip` is what else has passed since the first delivery, in seconds: a machine with much other
    work takes its time, while leases run.
    """

    def __init__(self, wait: float) -> None:
        self.wait, self.taken = wait, 0.0
        self.meant, self.first = 0.0, 0.0

    def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed since the last delivery or wait."""
        left = max(0.0, seconds - self.taken)
        time.sleep(left)
        self.taken = max(0.0, self.taken - seconds)
        self.meant += left

    def pull(self, call: Callable[[], list[Any]]) -> list[Any]:
        """Pull, and count the time if nothing comes."""
        begun = time.monotonic()
        got = call()
        took = time.monotonic() - begun
        if got:
            self.taken = 0.0
            self.first = self.first or time.monotonic() - self.meant
        else:
            self.taken += took
            self.meant += min(took, self.wait)
        return got

    @property
    def slip(self) -> float:
        """How much more time has passed than was meant to."""
        return time.monotonic() - self.first - self.meant if self.first else 0.0


class Hand:
    """A worker of the engine, as rows use it."""

    def __init__(self, worker: Any, pace: Pace) -> None:
        self.worker, self.pace = worker, pace
        self.clock: Callable[[], float] = worker.clock
        self.wait: float | None = getattr(worker, "wait", None)

    def pull(self, n: int = 1) -> list[Any]:
        """Take up to `n` messages."""
        return self.pace.pull(lambda: list(self.worker.pull(n)))

    def next_wakeup(self) -> float | None:
        """Return when something may be due."""
        found: float | None = self.worker.next_wakeup()
        return found

    def replay(self, start: Start) -> None:
        """Move the group to a start."""
        self.worker.replay(start)

    def close(self) -> None:
        """Leave the group."""
        self.worker.close()


class Stage:
    """An engine with the contract's verbs: topics come into being when they are named."""

    def __init__(self, venue: Venue, mark: str = "") -> None:
        self.venue, self.pace = venue, Pace(venue.wait)
        self.mark = mark or _fresh_mark()
        self.engine = connect(self._url(), wait=venue.wait, timeout=TIMEOUT)
        self.made: set[str] = set()

    def beside(self) -> Stage:
        """Return another connection to the same topics."""
        return Stage(self.venue, self.mark)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _url(self) -> str:
        file = self.venue.url.startswith("file://")  # its folder belongs to one broker at a time
        return f"{self.venue.url}/{self.mark}" if file else self.venue.url

    def topic(self, name: str, partitions: int | None = None) -> str:
        """Return this row's own topic of a name, which is made if it is not there."""
        own = f"{self.mark}.{name}"
        if own not in self.made:
            self.engine.topic(own, partitions)
            self.made.add(own)
        return own

    def publish(self, topic: str, data: Any = None, **options: Any) -> Any:
        """Publish to this row's own topic of a name."""
        return self.engine.publish(self.topic(topic), data, **options)

    def subscribe(self, topic: str, group: str, **options: Any) -> Hand:
        """Join this row's own group of a name, with the venue's lease."""
        options = {"ack_deadline": self.venue.lease} | options
        return Hand(
            self.engine.subscribe(self.topic(topic), f"{self.mark}-{group}", **options), self.pace
        )

    def close(self) -> None:
        """Disconnect."""
        self.engine.close()


def _fresh_mark() -> str:
    process, number = fresh_id().split("-")
    return f"t{process[:6]}x{number}"


class EngineCase(Case):
    """The lesson's case, on a stage."""

    broker: Any  # a Stage, or None before it begins

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        super().__init__(self._staged, venue.lease, lambda seconds: self.broker.pace.sleep(seconds))

    def _staged(self, clock: Callable[[], float]) -> Stage:
        return Stage(self.venue)

    @property
    def slipped(self) -> bool:
        """Whether the machine may have been too slow for the lease, or to deliver anything."""
        if not self.broker:
            return False
        pace: Pace = self.broker.pace
        return not pace.first or pace.slip > self.lease / 8

    def raised(self, who: str, does: str, error: Exception) -> Any:
        """Return the broken promise, but let through that the engine has no such thing."""
        if isinstance(error, NotSupported):
            raise error
        return super().raised(who, does, error)

    def end(self) -> None:
        """Disconnect, if there is a connection."""
        if self.broker is not None:
            self.broker.close()
