"""A worker of a group on RabbitMQ: a channel, and what was delivered on it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.binding import PREFIXES, unpack
from pubsub_kit.engines.rabbitmq_link import LOST, Link
from pubsub_kit.engines.rabbitmq_wire import Line, Message
from pubsub_kit.engines.worker import EngineWorker, Lent
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id

MOST = 1000  # messages at most of one pull


class RabbitWorker(EngineWorker):
    """One worker; if its connection was lost, its next pull opens another channel."""

    buries = True

    def __init__(
        self, adapter: Adapter, topic: str, group: str, settings: Settings, link: Link, name: str
    ) -> None:
        super().__init__(adapter, topic, group, settings)
        self.link, self.queue = link, name
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._lent: dict[int, Lent] = {}  # by the tag that the channel gave it
        self._arrived: queue.Queue[Message] | None = None
        with self.link.sentences(topic, group):
            self._channel()

    def take(self, n: int) -> list[Lent]:
        """Take what is there; look again until `wait` has passed if nothing is."""
        with self._lock, self.link.sentences(self.topic, self.group):
            line = self._channel()
            ordered = self.settings.ordered
            found = self._next(line) if ordered else line.take(self.queue, min(n, MOST), self.wait)
            lent = [self._lend(line, message) for message in found]
            self._lent.update({each.raw[1]: each for each in lent})
            return lent

    def acked(self, lent: Lent) -> bool:
        """Ack one; False if its channel was closed, for then it is redelivered."""
        return self._settled(lent, "basic_ack")

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Requeue one at once: RabbitMQ has no delay."""
        if delay:
            raise self.adapter.lacking("delay")
        return self._settled(lent, "basic_nack", requeue=True)

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Raise NotSupported: there is no lease."""
        raise self.adapter.lacking("lease to extend")

    def go(self, start: Start) -> None:
        """Raise NotSupported: a queue forgets what is acked."""
        raise self.adapter.lacking("replay")

    def leave(self) -> None:
        """Close the channel; what it held is redelivered at once, and counts as delivered."""
        with self._lock, suppress(*LOST):
            if self._line is not None:
                self._line.close()
        self._revoke()

    def _channel(self) -> Line:
        line = self._line
        if line is None or line.closed is not None or line.wire.over is not None:
            self._revoke()
            self._line = line = self.link.wire().line()
            self._arrived = None
        return line

    def _revoke(self) -> None:
        for lent in self._lent.values():
            lent.revoked = True
        self._lent.clear()

    def _next(self, line: Line) -> list[Message]:
        """Take the next message, in order: from a consumer that lasts, so that it stays the one."""
        if self._arrived is None:
            self._arrived = queue.Queue()
            line.consume(self.queue, 1, self._arrived.put)
        try:
            return [self._arrived.get(self.wait > 0, self.wait or None)]
        except queue.Empty:
            return []

    def _lend(self, line: Line, message: Message) -> Lent:
        method, properties, body = message
        headers = properties.headers or {}
        event = unpack(
            body, texts(headers, properties.content_type), topic=self.topic,
            place=properties.message_id or fresh_id(),
        )  # fmt: skip
        attempt = int(headers.get("x-delivery-count", 0)) + 1
        return Lent(self, buried(event, headers), (line, method.delivery_tag), attempt)

    def _settled(self, lent: Lent, verb: str, **how: Any) -> bool:
        line, tag = lent.raw
        try:
            line.tell(verb, delivery_tag=tag, **how)
        except LOST:
            lent.revoked = True
            return False
        finally:
            if self._lent.get(tag) is lent:
                del self._lent[tag]
        return True


def texts(headers: Mapping[str, Any], content_type: str | None) -> dict[str, str | bytes]:
    """Return AMQP's typed headers as texts; a time is one that CloudEvents can read."""
    found = {name: _text(name, value) for name, value in headers.items() if value is not None}
    return found | ({"content-type": content_type} if content_type else {})


def _text(name: str, value: Any) -> str | bytes:
    if name.lower() in {f"{prefix}time" for prefix in PREFIXES} and isinstance(value, int):
        value = datetime.fromtimestamp(value / 1000, UTC)  # AMQP has a time in milliseconds
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, bytes) else str(value)


def buried(event: Event, headers: Mapping[str, Any]) -> Event:
    """Return a dead letter with what RabbitMQ says of its last death, in the kit's words."""
    deaths = headers.get("x-death")
    if not deaths:
        return event
    last = deaths[0]
    topic, _, group = str(last["queue"]).rpartition(":")
    story = {"deadreason": str(last["reason"]), "deadtopic": topic, "deadgroup": group}
    told = {name: text for name, text in story.items() if text}
    return event._replace(extensions={**event.extensions, **told})
