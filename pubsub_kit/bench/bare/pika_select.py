"""pika in its own loop, in this thread: its blocking channel would wait for each confirm.

A window is over once each of its messages is confirmed. A consumer has a prefetch of one window;
an ack is not answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit.bench.bare.client import CONTENT_TYPE, Bare, Fields, read, written

PREFETCH = 100


class PikaSelect(Bare):
    """One connection, one channel."""

    def __init__(self, url: str) -> None:
        import pika

        self.kept = pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2)
        self.connection: Any = pika.SelectConnection(
            pika.URLParameters(url), on_open_callback=lambda _: self._stop()
        )
        self.loop = self.connection.ioloop
        self.loop.start()
        self.channel: Any = self._asked(
            lambda then: self.connection.channel(on_open_callback=then)
        )[0]
        self._asked(lambda then: self.channel.confirm_delivery(self._confirmed, callback=then))
        self._asked(lambda then: self.channel.basic_qos(prefetch_count=PREFETCH, callback=then))
        self.sent = self.confirmed = 0
        self.got: list[Any] = []

    def topic(self, name: str) -> None:
        """Declare an exchange."""
        self.name = name
        self._asked(lambda then: self.channel.exchange_declare(
            name, "fanout", durable=True, callback=then
        ))  # fmt: skip

    def join(self) -> None:
        """Declare and bind a quorum queue, and consume it."""
        queue, quorum = f"{self.name}:bench", {"x-queue-type": "quorum"}
        self._asked(lambda then: self.channel.queue_declare(
            queue, durable=True, arguments=quorum, callback=then
        ))  # fmt: skip
        self._asked(lambda then: self.channel.queue_bind(queue, self.name, callback=then))
        self.tag = ""

    def publish(self, items: list[Fields]) -> None:
        """Publish, and wait for the confirms."""
        for each in items:
            self.channel.basic_publish(self.name, "", written(each), self.kept, mandatory=True)
        self.sent += len(items)
        while self.confirmed < self.sent:
            self.loop.start()

    def _confirmed(self, frame: Any) -> None:
        if not frame.method.NAME.endswith(".Ack"):
            raise AssertionError("RabbitMQ refused a message")
        tag = frame.method.delivery_tag
        self.confirmed = tag if frame.method.multiple else self.confirmed + 1
        if self.confirmed >= self.sent:
            self._stop()

    def pull(self, n: int) -> list[Any]:
        """Wait for the consumer's next messages."""
        if not self.tag:
            self.tag = self.channel.basic_consume(f"{self.name}:bench", self._delivered)
        while not self.got:
            self.loop.start()
        taken, self.got = self.got[:n], self.got[n:]
        return taken

    def _delivered(self, _: Any, method: Any, __: Any, body: bytes) -> None:
        self.got.append((method.delivery_tag, read(body)))
        self._stop()

    def ack(self, deliveries: list[Any]) -> None:
        """Ack each."""
        for tag, _ in deliveries:
            self.channel.basic_ack(tag)

    def leave(self) -> None:
        """Cancel the consumer."""
        if self.tag:
            self._asked(lambda then: self.channel.basic_cancel(self.tag, callback=then))
            self.tag = ""

    def close(self) -> None:
        """Disconnect."""
        self.connection.add_on_close_callback(lambda *_: self._stop())
        self.connection.close()
        self.loop.start()

    def _asked(self, call: Callable[[Callable[..., None]], object]) -> tuple[Any, ...]:
        given: list[tuple[Any, ...]] = []

        def then(*answer: Any) -> None:
            given.append(answer)
            self._stop()

        call(then)
        while not given:
            self.loop.start()
        return given[0]

    def _stop(self) -> None:
        self.connection.ioloop.stop()
