"""What a contender of the bench does with an engine, and how the kit itself does it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from pubsub_kit.engines.connect import connect
from pubsub_kit.log.event import Event

CONTENT_TYPE = "application/cloudevents+json"
WAIT = 5.0  # seconds for which a pull waits for its first message
Fields = dict[str, Any]


class Client(ABC):
    """A connection: items are what it publishes, one for each event."""

    @abstractmethod
    def item(self, event: Event) -> Any:
        """Return what an application has in hand before it publishes an event."""

    @abstractmethod
    def topic(self, name: str) -> None:
        """Make a topic, and publish to it from now on."""

    @abstractmethod
    def join(self) -> None:
        """Join a group of the topic, so that it gets what is published from now on."""

    @abstractmethod
    def publish(self, items: list[Any]) -> None:
        """Publish, all under way at once, and return when the engine has acknowledged each."""

    @abstractmethod
    def pull(self, n: int) -> list[Any]:
        """Take up to `n` deliveries, with their data read."""

    @abstractmethod
    def ack(self, deliveries: list[Any]) -> None:
        """Ack them all, and return when the engine has heard it, if it tells so."""

    @abstractmethod
    def leave(self) -> None:
        """Leave the group."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect."""


class Kit(Client):
    """The kit's adapter for an engine."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url, wait=WAIT, timeout=30)
        self.name = ""

    def item(self, event: Event) -> Event:
        """Return the event."""
        return event

    def topic(self, name: str) -> None:
        """Make a topic."""
        self.name = name
        self.engine.topic(name)

    def join(self) -> None:
        """Subscribe."""
        self.worker = self.engine.subscribe(self.name, "bench", ack_deadline=30.0)

    def publish(self, items: list[Any]) -> None:
        """Publish one, or a batch."""
        if len(items) == 1:
            self.engine.publish_event(self.name, items[0])
        else:
            self.engine.publish_batch(self.name, items)

    def pull(self, n: int) -> list[Any]:
        """Pull."""
        return list(self.worker.pull(n))

    def ack(self, deliveries: list[Any]) -> None:
        """Ack them in one call."""
        if self.worker.ack_batch(deliveries) != len(deliveries):
            raise AssertionError("an ack did not count")

    def leave(self) -> None:
        """Leave the group, where it can be left."""
        if hasattr(self.worker, "close"):
            self.worker.close()

    def close(self) -> None:
        """Disconnect."""
        self.engine.close()


class Bare(Client):
    """A vendor's own client: an item is an event's fields, which it writes as JSON."""

    def item(self, event: Event) -> Fields:
        """Return the fields of the event, as CloudEvents names them."""
        fields: Fields = json.loads(event.to_json())
        return fields


def written(fields: Fields) -> bytes:
    """Return fields as the body of a message: the bytes that the kit writes, too."""
    return json.dumps(fields, separators=(",", ":")).encode()


def read(body: bytes) -> Fields:
    """Return the fields of a body."""
    fields: Fields = json.loads(body)
    return fields
