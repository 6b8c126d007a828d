"""The base of each adapter: what is the same on every engine, written once.

An adapter says how a topic is made, how one event is sent, and how a worker joins. Here events are
made and settings checked, and each worker's deliveries are settled once.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self

from pubsub_kit.broker import arguments
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start, check_start
from pubsub_kit.broker.topic import check_name
from pubsub_kit.engines.address import Address
from pubsub_kit.engines.protocol import EngineError, NotSupported, Unreachable
from pubsub_kit.engines.worker import EngineWorker
from pubsub_kit.log.event import NO_EXTENSIONS, Event


class Adapter(ABC):
    """A connection to one engine. `lacks` says for each thing it can't do what it has instead."""

    #: The engine's name, as sentences and tables have it.
    engine: ClassVar[str]
    lacks: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, address: Address, wait: float, timeout: float) -> None:
        self.address, self.wait, self.timeout = address, wait, timeout
        self.workers: list[EngineWorker] = []
        self.closed = False
        self.open()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address.shown}>"

    # ── what an adapter says ────────────────────────────────────────────────────────────────────

    @abstractmethod
    def open(self) -> None:
        """Connect; raises Unreachable after `timeout`, and EngineError for a wrong password."""

    @abstractmethod
    def topic(self, name: str, partitions: int | None = None) -> None:
        """Make a topic if it is not there."""

    @abstractmethod
    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Send events and wait until all are acknowledged; return their positions."""

    @abstractmethod
    def join(self, topic: str, group: str, start: Start, settings: Settings) -> EngineWorker:
        """Join a group as a new worker."""

    @abstractmethod
    def shut(self) -> None:
        """Disconnect, once all workers have left."""

    # ── what is the same everywhere ─────────────────────────────────────────────────────────────

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
    ) -> str | None:
        """Publish data as a new event; return its position once the engine has acknowledged it."""
        self.check(topic)
        event = Event.new(
            topic if type is None else type, data, key=key, id=id, source=source
        )._replace(extensions=arguments.checked_extensions(extensions))
        return self.publish_event(topic, event)

    def publish_event(self, topic: str, event: Event) -> str | None:
        """Publish an event that you have already made; return its position."""
        arguments.check_event(event)
        self.check(topic)
        return self.send(topic, [event])[0]

    def publish_batch(self, topic: str, items: Iterable[Any]) -> list[str | None]:
        """Publish many events, or data to make events from; return their positions.

        An engine that fails in the middle may have kept some of them: publishing all again is safe
        for a consumer that knows an event's id.
        """
        self.check(topic)
        batch = arguments.items_of(items)
        events = [*arguments.events_of(batch, topic, time.time())]
        return self.send(topic, events) if events else []

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
    ) -> EngineWorker:
        """Join a group as a new worker; raises NotSupported for what this engine has not got."""
        self.check(topic)
        check_name("group", group)
        check_start(start)
        settings = Settings(
            ack_deadline=ack_deadline, max_deliveries=max_deliveries, dead_letter=dead_letter,
            ordered=ordered,
        ).filled(topic)  # fmt: skip
        if settings.dead_letter is not None:
            self.topic(settings.dead_letter)
        worker = self.join(topic, group, start, settings)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Let every worker leave, and disconnect; to close twice is harmless."""
        if not self.closed:
            self.closed = True
            try:
                for worker in self.workers:
                    worker.close()
            finally:
                self.shut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # ── sentences ───────────────────────────────────────────────────────────────────────────────

    def check(self, topic: str) -> None:
        """Raise for a topic that can't be one, and once the connection is closed."""
        check_name("topic", topic)
        if self.closed:
            raise EngineError(f"{self.address.shown} was closed: connect again.")

    def lacking(self, what: str) -> NotSupported:
        """Return that this engine can't do something, and what it has instead."""
        return NotSupported(f"{self.engine} has no {what}: {self.lacks[what]}.")

    def unreachable(self, why: object) -> Unreachable:
        """Return that the server does not answer."""
        return Unreachable(
            f"{self.engine} at {self.address.shown} does not answer ({why}): is it running?"
        )

    def refused(self, why: object) -> EngineError:
        """Return that the server refused the user or the password."""
        return EngineError(
            f"{self.engine} at {self.address.shown} refused the user or password ({why}): "
            f"write them as {self.address.scheme}://USER:PASSWORD@HOST:PORT."
        )

    def no_topic(self, topic: str) -> NoReturn:
        """Raise that there is no such topic."""
        raise EngineError(
            f"{self.engine} has no topic {topic!r}: engine.topic({topic!r}) makes it."
        )
