"""A worker of a group on RabbitMQ: a channel, and what was delivered on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.binding import PREFIXES, structured, unpack
from pubsub_kit.engines.rabbitmq_link import LOST, Link
from pubsub_kit.engines.rabbitmq_wire import Line, Message, Stream
from pubsub_kit.engines.worker import EngineWorker, Lent
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id

LOOKS = 0.005, 0.05  # seconds between two looks at an empty queue: the first, and the longest
MANY, MOST = 10, 1000  # messages for which a consumer is worth it, and to whom it may be sent
FILLS = 0.1  # seconds for which nothing more comes, where others take from the queue too


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
        self._stream: Stream | None = None  # what a consumer of ours was sent
        with self.link.sentences(topic, group):
            self._channel()

    def take(self, n: int) -> list[Lent]:
        """Take what is there; look again until `wait` has passed if nothing is."""
        with self._lock, self.link.sentences(self.topic, self.group):
            line = self._channel()
            found = self._next(line) if self.settings.ordered else self._some(line, n)
            lent = [self._lend(line, message) for message in found]
            self._lent.update({each.raw[1]: each for each in lent})
            return lent

    def acked(self, lent: Lent) -> bool:
        """Ack one; False if its channel was closed, for then it is redelivered."""
        return self._settled(lent, "basic_ack")

    def acked_all(self, batch: list[Lent]) -> int:
        """Ack all in one go; what a closed channel delivered comes again, and does not count."""
        counted = 0
        for line in {id(each.raw[0]): each.raw[0] for each in batch}.values():
            mine = [each for each in batch if each.raw[0] is line]
            try:
                line.acks([each.raw[1] for each in mine])
                counted += len(mine)
            except LOST:
                for lent in mine:
                    lent.revoked = True
            finally:
                self._forget(mine)
        return counted

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Requeue one at once: RabbitMQ has no delay."""
        if delay:
            raise self.adapter.lacking("delay")
        # Since 4.3 a quorum queue counts basic.reject, and no longer basic.nack, as a failure:
        # https://github.com/rabbitmq/rabbitmq-server/discussions/18226
        return self._settled(lent, "basic_reject", requeue=True)

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
            self._stream = None
        return line

    def _revoke(self) -> None:
        for lent in self._lent.values():
            lent.revoked = True
        self._lent.clear()

    def _next(self, line: Line) -> list[Message]:
        """Take the next message in order: from a consumer that lasts, so that it stays the one."""
        if self._stream is None:
            self._stream = line.consume(self.queue, 1)
        ends = time.monotonic() + self.wait
        while not (found := self._stream.take(1, LOOKS[1] if self.wait else 0)):
            if time.monotonic() > ends or self.closed:
                break
        return found

    def _some(self, line: Line, n: int) -> list[Message]:
        found = self._waited_for(line, n)
        while found and len(found) < n and (ready := getattr(found[-1][0], "message_count", 0)):
            if (more := min(n - len(found), ready, MOST)) >= MANY and self._stream is None:
                return found + self._streamed(line, more)
            if (message := line.get(self.queue)) is None:
                break
            found.append(message)
        return found

    def _waited_for(self, line: Line, n: int) -> list[Message]:
        ends, pause = time.monotonic() + self.wait, LOOKS[0]
        while True:
            if self._stream is not None and (found := self._stream.take(n, 0)):
                return found
            if (message := line.get(self.queue)) is not None:
                return [message]
            if (left := ends - time.monotonic()) <= 0 or self.closed:
                return []
            time.sleep(min(pause, left))
            pause = min(2 * pause, LOOKS[1])

    def _streamed(self, line: Line, count: int) -> list[Message]:
        """Take many at once, from a consumer that has no room for more.

        Where others were faster, it still has room, and goes on to fill it: see `Line.consume`.
        """
        self._stream = line.consume(self.queue, count)
        found = self._stream.take(count, FILLS)
        if len(found) == count:
            line.cancel(self._stream)
            self._stream = None
        return found

    def _lend(self, line: Line, message: Message) -> Lent:
        method, properties, body = message
        headers = properties.headers or {}
        event = structured(body) or unpack(
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
            self._forget([lent])
        return True

    def _forget(self, batch: list[Lent]) -> None:
        for lent in batch:
            if self._lent.get(lent.raw[1]) is lent:
                del self._lent[lent.raw[1]]


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
