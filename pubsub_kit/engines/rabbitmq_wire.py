"""A connection to RabbitMQ that serves itself, whether somebody calls it or not.

    any thread ── ask ──▶ the connection's loop                 ──▶ server
               ◀─ answer ─  heartbeats, confirms, deliveries    ◀──

Whoever asks runs the loop, and a thread does while nobody asks: see rabbitmq_loop.py. So a
connection answers heartbeats however long a handler works, and many messages can wait for their
confirms at once. Whatever is asked ends within `timeout` seconds, or with the reason why the server
hung up. An interrupt (Ctrl-C) ends a call alone; in the middle of pika's work, which takes some
microseconds, it ends the connection, and what was lent is redelivered.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import pika
from pika import spec
from pika.adapters.utils.selector_ioloop_adapter import SelectorIOServicesAdapter

from pubsub_kit.engines.rabbitmq_loop import Loop

logging.getLogger("pika").addHandler(logging.NullHandler())  # what goes wrong becomes a sentence

Answer = Future[Any]
Message = tuple[Any, Any, bytes]  # its method, its properties, its body
CHUNK = 500  # messages that wait for their confirms at once


class Wire:
    """A connection; raises pika's errors, and TimeoutError for a server that says nothing."""

    def __init__(self, parameters: Any, timeout: float) -> None:
        self.timeout = timeout
        self.over: BaseException | None = None  # why the connection ended
        self.blocked = ""  # why the server takes no messages at present
        self._lock = threading.Lock()
        self._waiting: dict[Answer, Line | None] = {}
        self._loop = Loop(self._end)
        opened = self.promise(None)
        self._connection: Any = pika.SelectConnection(
            parameters,
            custom_ioloop=SelectorIOServicesAdapter(self._loop),
            on_open_callback=lambda connection: answer(opened, connection),
            on_open_error_callback=lambda _, error: self._end(error),
            on_close_callback=lambda _, error: self._end(error),
        )
        self._connection.add_on_connection_blocked_callback(self._on_blocked)
        self._connection.add_on_connection_unblocked_callback(self._on_unblocked)
        self._loop.begin("rabbitmq")
        try:
            self.wait(opened)
        except BaseException:
            self.close()
            raise

    @property
    def version(self) -> tuple[int, ...]:
        """The server's version, such as (3, 10, 8)."""
        text = str(self._connection.server_properties["version"])
        return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())

    def promise(self, line: Line | None) -> Answer:
        """Return what an answer will be put into, or the reason why none can come."""
        future: Answer = Future()
        with self._lock:
            if self.over is not None:
                raise self.over
            self._waiting[future] = line
        return future

    def wait(self, future: Answer) -> Any:
        """Wait for an answer; if none comes, the connection is over."""
        if not self.comes(future, self.timeout):
            # What is answered later must not be taken for something else.
            self.over = self.over or TimeoutError(f"no answer within {self.timeout:g} s")
            self._loop.soon(self._hang_up)
            raise self.over
        return future.result()

    def comes(self, future: Answer, seconds: float) -> bool:
        """Return whether an answer comes in time; after that, expect it no more."""
        try:
            return self._loop.comes(future, seconds)
        finally:
            with self._lock:
                self._waiting.pop(future, None)

    def do(self, future: Answer, call: Callable[[], Any]) -> None:
        """Let whoever is in the loop next make a call; if that raises, it is the answer."""

        def made() -> None:
            try:
                call()
            except Exception as error:
                answer(future, error)

        self._loop.add_callback(made)

    def line(self) -> Line:
        """Open a channel."""
        future = self.promise(None)
        self.do(future, lambda: self._connection.channel(
            on_open_callback=lambda channel: answer(future, channel)
        ))  # fmt: skip
        return Line(self, self.wait(future))

    def fail(self, line: Line | None, error: BaseException) -> None:
        """Give all that wait for a line, or for the whole connection, this answer."""
        with self._lock:
            failed = [f for f, of in self._waiting.items() if line is None or of is line]
        for future in failed:
            answer(future, error)

    def close(self) -> None:
        """Disconnect, and let the thread end."""
        lost = self.over is not None
        if not lost:
            self._loop.soon(self._hang_up)
        self._loop.join(0 if lost else self.timeout)

    def _hang_up(self) -> None:
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _on_blocked(self, _: Any, frame: Any) -> None:
        self.blocked = str(frame.method.reason)

    def _on_unblocked(self, *_: Any) -> None:
        self.blocked = ""

    def _end(self, error: BaseException) -> None:
        with self._lock:
            self.over = self.over or error
        self.fail(None, error)
        self._loop.stop()


class Line:
    """A channel. Once the server has closed it, `closed` says why, and nothing else works."""

    def __init__(self, wire: Wire, channel: Any) -> None:
        self.wire, self._channel = wire, channel
        self.closed: BaseException | None = None
        self.unrouted = 0  # messages that no queue took
        self._sent = self._prefetch = 0
        self._unconfirmed: set[int] = set()
        self._refused = 0
        self._confirmed: Answer | None = None
        self._getting: Answer | None = None
        channel.add_on_close_callback(self._on_close)
        channel.add_callback(lambda _: self._on_got(None), [spec.Basic.GetEmpty], one_shot=False)
        channel.add_on_cancel_callback(lambda _: channel.close(404, "its queue was deleted"))

    def ask(self, verb: str, **details: Any) -> Any:
        """Ask the server for something, such as "queue_declare"; return its answer."""
        future = self.promise()
        call = getattr(self._channel, verb)
        self.wire.do(future, lambda: call(callback=lambda *given: answer(future, given), **details))
        return self.wire.wait(future)

    def tell(self, verb: str, **details: Any) -> None:
        """Say something that the server doesn't answer, such as "basic_ack"."""
        future = self.promise()
        call = getattr(self._channel, verb)
        self.wire.do(future, lambda: answer(future, call(**details)))
        self.wire.wait(future)

    def acks(self, tags: list[int]) -> None:
        """Ack deliveries, each by itself; the server doesn't answer."""
        future = self.promise()
        acks = (self._channel.basic_ack(tag) for tag in tags)
        self.wire.do(future, lambda: answer(future, [*acks]))
        self.wire.wait(future)

    def get(self, queue: str) -> Message | None:
        """Take the next message of a queue, if it has one."""
        self._getting = future = self.promise()
        self.wire.do(future, lambda: self._channel.basic_get(queue, lambda _, *m: self._on_got(m)))
        found: Message | None = self.wire.wait(future)
        return found

    def consume(self, queue: str, most: int) -> Stream:
        """Have messages of a queue sent, at most so many unacked.

        To cancel such a consumer while it may still be sent something would be wrong: the server
        takes back what is under way, and counts that as a delivery.
        """
        if most != self._prefetch:
            self.ask("basic_qos", prefetch_count=most)
            self._prefetch = most
        stream = Stream(self)
        reply = self.ask("basic_consume", queue=queue, on_message_callback=stream.put)[0]
        stream.tag = str(reply.method.consumer_tag)
        return stream

    def cancel(self, stream: Stream) -> None:
        """End a consumer that has no room for more, and wait for nothing: acks come behind it."""
        end = partial(self._channel.basic_cancel, stream.tag, callback=lambda _: None)
        self.wire.do(Future(), end)

    def confirm(self) -> None:
        """Have each message confirmed, or returned if no queue took it."""
        self._channel.add_on_return_callback(self._on_return)
        self.ask("confirm_delivery", ack_nack_callback=self._on_confirm)

    def publish(self, exchange: str, bodies: list[bytes], properties: Any) -> int:
        """Publish, and wait for the confirms; return how many messages the server refused."""
        self._refused = 0
        for start in range(0, len(bodies), CHUNK):
            future = self.promise()
            chunk = bodies[start : start + CHUNK]
            self.wire.do(future, partial(self._send, future, exchange, chunk, properties))
            self.wire.wait(future)
        return self._refused

    def close(self) -> None:
        """Close the channel: the server gives what it had lent to others."""
        if self.closed is None and self.wire.over is None:
            future = self.promise()
            self._channel.add_on_close_callback(lambda *_: answer(future, None))
            self.wire.do(future, self._channel.close)
            self.wire.wait(future)

    def promise(self) -> Answer:
        """Return what an answer will be put into; raises once the channel is closed."""
        if self.closed is not None:
            raise self.closed
        return self.wire.promise(self)

    def _send(self, future: Answer, exchange: str, bodies: list[bytes], properties: Any) -> None:
        self._confirmed = future
        self._unconfirmed = {*range(self._sent + 1, self._sent + len(bodies) + 1)}
        self._sent += len(bodies)
        for body in bodies:
            self._channel.basic_publish(exchange, "", body, properties, mandatory=True)

    def _on_confirm(self, frame: Any) -> None:
        tag, many = frame.method.delivery_tag, frame.method.multiple
        done = {n for n in self._unconfirmed if n <= tag} if many else {tag}
        self._unconfirmed -= done
        if isinstance(frame.method, spec.Basic.Nack):
            self._refused += len(done)
        if not self._unconfirmed and self._confirmed is not None:
            answer(self._confirmed, None)

    def _on_got(self, message: Message | None) -> None:
        if self._getting is not None:
            answer(self._getting, message)

    def _on_return(self, *_: Any) -> None:
        self.unrouted += 1

    def _on_close(self, _: Any, why: BaseException) -> None:
        self.closed = why
        self.wire.fail(self, why)


class Stream:
    """What a consumer was sent, and nobody has taken yet."""

    def __init__(self, line: Line) -> None:
        self._line, self.tag = line, ""
        self._found: deque[Message] = deque()
        self._wanted = 0
        self._enough: Answer = Future()

    def put(self, _: Any, *message: Any) -> None:
        """Add a message, as pika hands it out."""
        method, properties, body = message
        self._found.append((method, properties, body))
        if len(self._found) >= self._wanted:
            answer(self._enough, None)

    def take(self, most: int, wait: float) -> list[Message]:
        """Take up to so many; wait until all have come, and in vain no longer than `wait`."""
        while wait and (came := len(self._found)) < most:
            self._enough, self._wanted = self._line.promise(), most
            if len(self._found) >= most:  # by now
                answer(self._enough, None)
            self._line.wire.comes(self._enough, wait)
            if len(self._found) == came:
                break
        found = self._found
        return [found.popleft() for _ in range(min(most, len(found)))]


def answer(future: Answer, given: Any) -> None:
    """Put an answer, or an error, into its place, unless one is there."""
    if not future.done():
        if isinstance(given, BaseException):
            future.set_exception(given)
        else:
            future.set_result(given)
