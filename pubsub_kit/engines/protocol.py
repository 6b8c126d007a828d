"""What every engine has in common: four verbs to publish and subscribe, three to settle a delivery.

    engine = connect(url)
    engine.topic("orders")                                  made, if it is not there
    engine.publish("orders", {"total": 42}, key="ann")      returns once the engine has acknowledged
    worker = engine.subscribe("orders", "billing")          a worker of the group "billing"
    for delivery in worker.pull(10):                        what is there, at most 10
        delivery.ack()                                      or .nack(), or .extend(30)

The embedded `Broker` satisfies it, which a test holds. A worker waits up to `wait` seconds for its
first message; the embedded broker never waits. Whoever calls a worker may do so from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from pubsub_kit.broker.starts import Start
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import NO_EXTENSIONS, Event


class EngineError(PubSubKitError):
    """An engine refused something; the message says what it said, and what to do."""


class NotSupported(EngineError):
    """An engine can't do this; the message names what it has instead."""


class Unreachable(EngineError):
    """The server does not answer. It may come back: a driven consumer goes on trying."""

    passing = True


class Delivered(Protocol):
    """One message lent to one worker, until it is settled or its lease ends."""

    @property
    def event(self) -> Event:
        """The event."""

    @property
    def id(self) -> str:
        """The event's id."""

    @property
    def key(self) -> str | None:
        """The event's key."""

    @property
    def data(self) -> Any:
        """The event's data."""

    @property
    def attempt(self) -> int | None:
        """How often it was delivered, from 1; None where the engine does not count."""

    @property
    def position(self) -> str | None:
        """Where it is in the log, as the engine writes it; None where there is no log."""

    @property
    def revoked(self) -> bool:
        """Whether the engine has taken it back, as far as the worker knows."""

    def ack(self) -> bool:
        """Finish it; False if that came too late, as far as the engine tells."""

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Give it back, to be redelivered after `delay` seconds (None: as the engine does)."""

    def extend(self, seconds: float) -> bool:
        """Let its lease end `seconds` from now."""


class Worker(Protocol):
    """One member of a group."""

    clock: Callable[[], float]

    def pull(self, n: int = 1) -> list[Any]:
        """Take up to `n` messages, each a `Delivered`; an empty list if nothing comes."""

    def ack_batch(self, deliveries: list[Any]) -> int:
        """Finish many at once: much faster than one by one; return how many of them counted."""

    def next_wakeup(self) -> float | None:
        """Return the time at which something may be due, or None."""

    def replay(self, start: Start) -> None:
        """Move the group to a start: "earliest", "latest", `Offset(n)` or `At(seconds)`."""

    def close(self) -> None:
        """Leave the group; what is in flight is redelivered to others."""


class Engine(Protocol):
    """A broker, embedded or far away."""

    def topic(self, name: str, partitions: int | None = None) -> Any:
        """Make a topic if it is not there."""

    def publish(
        self,
        topic: str,
        data: Any = None,
        *,
        key: str | None = None,
        type: str | None = None,
        id: str | None = None,
        source: str = "pubsub-kit",
        extensions: Mapping[str, str | int | bool] = NO_EXTENSIONS,
    ) -> Any:
        """Publish data as a new event; return when the engine has acknowledged it."""

    def publish_event(self, topic: str, event: Event) -> Any:
        """Publish an event that you have already made."""

    def publish_batch(self, topic: str, items: Iterable[Any]) -> list[Any]:
        """Publish many, acknowledged together: much faster than one by one."""

    def subscribe(
        self,
        topic: str,
        group: str,
        *,
        start: Start = "latest",
        ack_deadline: float = 10.0,
        max_deliveries: int | None = None,
        dead_letter: str | None = None,
        ordered: bool = False,
    ) -> Any:
        """Join a group as a new worker; `Broker.subscribe` explains the settings."""

    def close(self) -> None:
        """Disconnect; a durable broker is then on disk."""
