"""A worker of a group on a real engine, and what it was lent.

An adapter's worker says how messages are taken, acked, given back and extended. Here is what is the
same everywhere: a delivery is settled once, and where an engine buries nothing by itself, a message
that has had its last delivery is copied to the dead-letter topic before it is acked, so that a
crash between the two repeats the copy and loses nothing.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pubsub_kit.broker.arguments import check_count, check_extension, check_nack
from pubsub_kit.broker.dead_letters import dead_letter
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start, check_start
from pubsub_kit.engines.protocol import EngineError, NotSupported, Unreachable
from pubsub_kit.errors import brief
from pubsub_kit.log.event import Event


class Connection(Protocol):
    """What a worker needs of its adapter, which makes it."""

    wait: float
    timeout: float

    def publish_event(self, topic: str, event: Event) -> str | None:
        """Publish an event."""

    def lacking(self, what: str) -> NotSupported:
        """Return that the engine can't do something, and what it has instead."""

    def unreachable(self, why: object) -> Unreachable:
        """Return that the server does not answer."""


class Lent:
    """A delivery. `raw` is what the client handed out, and is the adapter's own business."""

    __slots__ = "attempt", "event", "position", "raw", "revoked", "settled", "worker"

    def __init__(
        self, worker: EngineWorker, event: Event, raw: Any, attempt: int | None,
        position: str | None = None,
    ) -> None:  # fmt: skip
        self.worker, self.event, self.raw = worker, event, raw
        self.attempt, self.position = attempt, position
        self.settled = self.revoked = False

    def __repr__(self) -> str:
        place = f"{self.worker.topic} {self.position or self.id}"
        return f"<Lent {place} attempt {self.attempt} key={self.key!r} data={self.data!r}>"

    @property
    def id(self) -> str:
        """The event's id."""
        return self.event.id

    @property
    def key(self) -> str | None:
        """The event's key."""
        return self.event.key

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.event.data

    def ack(self) -> bool:
        """Finish it; return False if it was settled before, or if the engine says it is late."""
        return self._settle(lambda: self.worker.acked(self))

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Give it back, after `delay` seconds if the engine can; return False if it was settled."""
        check_nack(delay, reason)
        return self._settle(lambda: self.worker.failed(self, delay, reason))

    def extend(self, seconds: float) -> bool:
        """Let its lease end `seconds` from now, if the engine can; False if it was settled."""
        check_extension(seconds)
        return not (self.settled or self.revoked) and self.worker.extended(self, seconds)

    def _settle(self, call: Callable[[], bool]) -> bool:
        if self.settled or self.revoked:
            return False
        counted = call()  # if it raises, nothing was settled, and the verb may be said again
        self.settled = True
        return counted


class EngineWorker(ABC):
    """One member of a group, made by `Adapter.subscribe`."""

    #: Whether the engine itself buries a message that was delivered too often.
    buries = False
    clock = staticmethod(time.time)

    def __init__(self, adapter: Connection, topic: str, group: str, settings: Settings) -> None:
        self.adapter, self.topic, self.group, self.settings = adapter, topic, group, settings
        self.wait = adapter.wait
        self.closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.topic}/{self.group}>"

    # ── what an adapter's worker says ───────────────────────────────────────────────────────────

    @abstractmethod
    def take(self, n: int) -> list[Lent]:
        """Take up to `n` messages; wait up to `wait` seconds for the first one."""

    @abstractmethod
    def acked(self, lent: Lent) -> bool:
        """Ack one; return whether that counted, as far as the engine tells."""

    @abstractmethod
    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Give one back; raises NotSupported for a delay that the engine can't keep."""

    @abstractmethod
    def extended(self, lent: Lent, seconds: float) -> bool:
        """Move the end of a lease; raises NotSupported where there is none to move."""

    @abstractmethod
    def go(self, start: Start) -> None:
        """Move the group to a start; raises NotSupported where there is no log."""

    @abstractmethod
    def leave(self) -> None:
        """Leave the group; what is in flight is for others."""

    # ── what is the same everywhere ─────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Lent]:
        """Take up to `n` messages, or none if none comes within `wait` seconds."""
        check_count(n)
        self.check_open()
        taken = self.take(n)
        if self.buries or self.settings.max_deliveries is None:
            return taken
        return [lent for lent in taken if not self._overdue(lent)]

    def ack_batch(self, deliveries: Iterable[Lent]) -> int:
        """Ack many in as few requests as can be; return how many counted, as far as is told.

        What was settled before, or lent to another worker, does not count. Raises EngineError,
        before any is acked, for what is no delivery.
        """
        batch = [
            each for each in _lent(deliveries)
            if each.worker is self and not (each.settled or each.revoked)
        ]  # fmt: skip
        counted = self.acked_all(batch) if batch else 0
        for lent in batch:
            lent.settled = True
        return counted

    def acked_all(self, batch: list[Lent]) -> int:
        """Ack several, one after another where the engine takes no more; if it raises, go on."""
        counted = 0
        for lent in batch:
            counted += self.acked(lent)
            lent.settled = True
        return counted

    def next_wakeup(self) -> float | None:
        """Return None: an engine does not say when something is due."""
        return None

    def replay(self, start: Start) -> None:
        """Move the group to a start; what is in flight is forgotten, as far as the engine can."""
        check_start(start)
        self.check_open()
        self.go(start)

    def close(self) -> None:
        """Leave the group; to close twice is harmless."""
        if not self.closed:
            self.closed = True
            self.leave()

    def check_open(self) -> None:
        """Raise EngineError once it was closed."""
        if self.closed:
            raise EngineError(f"{self!r} was closed: subscribe again.")

    def tries(self, lent: Lent) -> int:
        """Return how often a message was delivered, as far as anybody counts."""
        return lent.attempt or 0

    def failed(self, lent: Lent, delay: float | None, reason: str) -> bool:
        """Give a message back, or bury it if that was its last delivery."""
        most = self.settings.max_deliveries
        if not self.buries and most is not None and self.tries(lent) >= most:
            return self._bury(lent, reason)
        return self.returned(lent, delay)

    def _overdue(self, lent: Lent) -> bool:
        """Bury what was delivered as often as it may be, and whose worker said nothing."""
        most = self.settings.max_deliveries
        if most is None or self.tries(lent) <= most:
            return False
        lent.attempt = most
        self._bury(lent, "the ack deadline passed")
        return True

    def _bury(self, lent: Lent, reason: str) -> bool:
        place = (0, 0, self.tries(lent), lent.event)
        letter = dead_letter(place, self.topic, self.group, reason)
        if lent.position is not None:
            letter = letter._replace(
                extensions={**letter.extensions, "deadposition": lent.position}
            )
        self.adapter.publish_event(self.settings.dead_letter or "", letter)
        return self.acked(lent)


def _lent(deliveries: object) -> list[Lent]:
    """Return deliveries, each once; raises EngineError for others."""
    batch: list[Any] = [*deliveries] if isinstance(deliveries, Iterable) else [deliveries]
    for each in batch:
        if not isinstance(each, Lent):
            raise EngineError(f"ack_batch takes deliveries, as pull returns, not {brief(each)}.")
    return [*dict.fromkeys(batch)]
