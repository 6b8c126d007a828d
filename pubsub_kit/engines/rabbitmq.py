"""RabbitMQ: a topic is a fanout exchange, a group is a queue that is bound to it.

    publish ──▶ exchange "orders" ──▶ queue "orders:billing" ──▶ a worker, or another one
                                 ╰──▶ queue "orders:mail"    ──▶ a worker of another group

RabbitMQ forgets what is acked and keeps no log: a new group gets what is published from then on,
and nobody can go back. What is published while no group is bound goes nowhere. That is no error,
but `unrouted` counts it: each message is published as mandatory, so RabbitMQ returns what no queue
took. A publish is over once every queue has confirmed it.

Queues are quorum queues: durable, replicated if there are nodes to replicate to, and they count.
`attempt` is their x-delivery-count + 1. After max_deliveries the queue itself moves a message to
the dead-letter topic (x-delivery-limit). While no group of that topic is bound, it keeps the
message and tries again every few minutes (x-dead-letter-strategy: at-least-once). A dead letter's
reason is "delivery_limit", whatever your handler said.

**There is no lease.** A message belongs to its worker until it is acked or nacked, or until the
worker's channel closes: `ack_deadline` changes nothing here. A worker that hangs keeps its messages
(at most for the server's consumer_timeout, by default 30 minutes). A nack redelivers at once.

A worker pulls with basic.get, so it holds what you pulled and nothing else. Where ten or more are
ready and asked for, it becomes a consumer with a prefetch of as many, until it has them. RabbitMQ
does not answer an ack: True means that the channel was open.

With `ordered`, the queue has x-single-active-consumer: from its first pull on, one worker gets all
messages, one at a time (prefetch 1), and another takes over once that one leaves. A nacked message
goes back to the front only where a queue has a delivery limit, so an ordered one always has one.
**The order does not survive a takeover**: what the old worker still held comes back, but the new
one may have got a later message by then.

After a crash a quorum queue elects its leader first: a publish in these seconds gets no confirm.

Seen with RabbitMQ 3.10.8 alone. See https://www.rabbitmq.com/docs/quorum-queues.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import pika
from pika import exceptions

from pubsub_kit.broker.arguments import check_topic
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.binding import CONTENT_TYPE, pack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.rabbitmq_link import Link
from pubsub_kit.engines.rabbitmq_wire import Line
from pubsub_kit.engines.rabbitmq_worker import RabbitWorker
from pubsub_kit.log.event import Event

NO_LIMIT = 1_000_000_000  # returns, after which RabbitMQ would drop a message
log = logging.getLogger("pubsub_kit")


class RabbitMQ(Adapter):
    """A connection to RabbitMQ: amqp://USER:PASSWORD@HOST:PORT/VHOST, each part optional."""

    engine: ClassVar[str] = "RabbitMQ"
    lacks: ClassVar[Mapping[str, str]] = {
        "lease to extend": "a message belongs to its worker until the worker's channel closes",
        "delay": "a retry queue with a TTL (x-message-ttl), which dead-letters back to this one, "
        "does the same",
        "replay": "a queue forgets what is acked; a stream (x-queue-type: stream) keeps a log",
        "late subscriber": "a new group gets what is published from now on; a stream "
        "(x-queue-type: stream) can be read from its beginning",
    }

    def open(self) -> None:
        """Connect; raises Unreachable, and EngineError for a wrong password or virtual host."""
        self.link = Link(self)
        self.unrouted = 0  # messages published here that no group was bound to receive
        self._lock = threading.Lock()
        self._line: Line | None = None
        with self.link.sentences():
            self.link.wire()

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Declare the exchange; a queue has no partitions, so their number changes nothing."""
        self.check(name)
        check_topic(partitions, None, None)
        with self.link.sentences(name), self.link.errand() as line:
            line.ask("exchange_declare", exchange=exchange_of(name), exchange_type="fanout",
                     durable=True)  # fmt: skip

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Publish, and wait until each queue has confirmed; there are no positions, only None."""
        bodies = [pack(event) for event in events]
        kept = pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2)  # 2: on disk
        with self._lock, self.link.sentences(topic):
            line = self._publisher()
            before = line.unrouted
            refused = line.publish(exchange_of(topic), bodies, kept)
            missed = line.unrouted - before
            self.unrouted += missed
        if missed:
            log.info("%d messages to %r went to no queue: no group is bound.", missed, topic)
        if refused:
            raise EngineError(
                f"RabbitMQ refused {refused} of {len(events)} messages to {topic!r}: a queue that "
                "is bound to it is full, or most of its replicas are away. Publish again."
            )
        return [None] * len(events)

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> RabbitWorker:
        """Declare and bind the group's queue, and open a channel to it."""
        exchange = exchange_of(topic)
        name = f"{exchange}:{group}"
        with self.link.sentences(topic), self.link.errand() as line:
            line.ask("exchange_declare", exchange=exchange, passive=True)
        with self.link.sentences(topic, group):
            if start != "latest" and not self._has(name):
                raise self.lacking("late subscriber")
            with self.link.errand() as line:
                options = options_of(settings, self.link.wire().version)
                line.ask("queue_declare", queue=name, durable=True, arguments=options)
                line.ask("queue_bind", queue=name, exchange=exchange, routing_key="")
        return RabbitWorker(self, topic, group, settings, self.link, name)

    def shut(self) -> None:
        """Disconnect."""
        self.link.close()

    def _publisher(self) -> Line:
        if self._line is None or self._line.closed or self._line.wire.over:
            self._line = self.link.wire().line()
            self._line.confirm()
        return self._line

    def _has(self, name: str) -> bool:
        try:
            with self.link.errand() as line:
                line.ask("queue_declare", queue=name, passive=True)
        except exceptions.ChannelClosedByBroker:
            return False
        return True


def exchange_of(topic: str) -> str:
    """Return a topic's exchange; names with "amq." are RabbitMQ's own, and "~" is in no topic's."""
    return f"~{topic}" if topic.startswith("amq.") else topic


def options_of(settings: Settings, version: tuple[int, ...]) -> dict[str, Any]:
    """Return the arguments of a group's queue."""
    options: dict[str, Any] = {"x-queue-type": "quorum"}
    if settings.ordered:
        options["x-single-active-consumer"] = True
    if settings.dead_letter is not None:
        options |= {
            "x-delivery-limit": (settings.max_deliveries or 1) - 1,
            "x-dead-letter-exchange": exchange_of(settings.dead_letter),
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",  # at-least-once needs it
        }
    elif settings.ordered:
        options["x-delivery-limit"] = NO_LIMIT  # without a limit, a nack sends it to the back
    elif version >= (4,):
        # Or version 4 drops a message after its 20th return; before that, -1 means the first one.
        options["x-delivery-limit"] = -1
    return options
