"""NATS JetStream: a topic is a stream, a group is a durable pull consumer, a position its sequence.

    publish   a request to the stream's subject; its PubAck says that the message is stored
    pull      a request to the consumer, which waits for the first message
    ack       +ACK, and the server's reply; it doesn't check who holds the message, so a late ack
              ends the lease of its new holder, and so does a late nack
    nack      -NAK, with a delay if there is one
    extend    +WPI, which starts the ack_wait again
    replay    the consumer is deleted and made again, from sequence n + 1 for `Offset(n)`, or from a
              time for `At`

What this file sets: `max_deliver` has no limit. NATS stops delivering a message at that limit, but
copies it nowhere, so the worker buries it instead. `max_ack_pending` lets 1,000 messages of a group
be in flight, and 1 with ordered=True: all keys and workers then take turns. The client does not
reconnect, since calls would hang meanwhile: the next call connects.

A stream drops a message whose Nats-Msg-Id it has seen within `duplicate_window`, here 120 s, and
answers with the sequence of the first one. The id is made of the event's source and id, so a
publisher that got no answer can safely retry. To publish an event again on purpose, give it another
id. A dead letter's Nats-Msg-Id also says where it died, and `revive` keeps that. So two groups can
bury the same event, and you can redrive it at once. Tried with NATS 2.10 and 2.15.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from nats.js import api
from nats.js import errors as refusals

from pubsub_kit.broker import arguments
from pubsub_kit.broker.settings import DEFAULT, Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.binding import CONTENT_TYPE, pack
from pubsub_kit.engines.nats_connection import NatsConnection
from pubsub_kit.engines.nats_worker import IN_FLIGHT, LONGEST, NatsWorker, named, started
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.log.event import Event

WINDOW = 100  # messages on their way to the server at once
PLAIN = re.compile(r"[A-Za-z0-9_.~-]+").fullmatch  # what quote would leave as it is
DUPLICATE_WINDOW = 120.0  # seconds: the server's own default


def message_id(event: Event) -> str:
    """Return the Nats-Msg-Id of an event, in ASCII, whatever characters its own id has."""
    died = (str(event.extensions.get(name, "")) for name in ("deadgroup", "deadposition"))
    parts = (event.source, event.id, *(died if event.extensions else ()))
    return "/".join(part if PLAIN(part) else _quoted(part) for part in parts if part)


def _quoted(part: str) -> str:
    return quote(part.encode("utf-8", "surrogatepass"), safe="")


class Nats(NatsConnection):
    """A NATS server: nats://USER:PASSWORD@HOST:PORT, or nats://TOKEN@HOST:PORT."""

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Make a stream, in files, if there is none; it has no partitions, however many you ask."""
        self.check(name)
        arguments.check_topic(partitions, None, None)

        async def make(client: Any) -> None:
            stream, own = self.stream(client), named(name)
            try:
                await stream.stream_info(own)
            except refusals.NotFoundError:
                await stream.add_stream(
                    name=own, subjects=[own], storage=api.StorageType.FILE,
                    duplicate_window=DUPLICATE_WINDOW,
                )  # fmt: skip

        self.asked(make, name)

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Publish events; return their sequences, that of the first one for a duplicate."""
        messages = [(message_id(event), pack(event)) for event in events]

        async def publish(client: Any) -> list[str | None]:
            stream, own = self.stream(client), named(topic)
            most = client.max_payload
            self._check_sizes(messages, most)
            acks: list[Any] = []
            for first in range(0, len(messages), WINDOW):
                window = messages[first : first + WINDOW]
                sent = (
                    stream.publish(own, body, stream=own, headers={
                        "Nats-Msg-Id": id, "Content-Type": CONTENT_TYPE,
                    }) for id, body in window
                )  # fmt: skip
                acks += await asyncio.gather(*sent, return_exceptions=True)
                if failed := next((a for a in acks if isinstance(a, BaseException)), None):
                    raise failed
            return [str(each.seq) for each in acks]

        return self.asked(publish, topic)

    def _check_sizes(self, messages: list[tuple[str, bytes]], most: int) -> None:
        longest = max(len(id) + len(body) + 200 for id, body in messages)  # 200: other headers
        if longest > most:
            raise EngineError(
                f"A message of about {longest:,} bytes is too large: this server takes {most:,} "
                "(max_payload). Send a link to the data instead."
            )

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> NatsWorker:
        """Make the group's consumer if it is new; else change only the settings that are given."""
        own, durable = named(topic), named(group)
        asked: dict[str, Any] = {}
        if settings.ack_deadline != DEFAULT.ack_deadline:
            asked["ack_wait"] = min(settings.ack_deadline, LONGEST)
        if settings.ordered:
            asked["max_ack_pending"] = 1

        async def make(client: Any) -> float:
            stream = self.stream(client)
            try:
                config = (await stream.consumer_info(own, durable)).config
                if any(getattr(config, name) != value for name, value in asked.items()):
                    config = (await stream.add_consumer(own, config.evolve(**asked))).config
            except refusals.NotFoundError:
                last = (await stream.stream_info(own)).state.last_seq
                config = api.ConsumerConfig(
                    durable_name=durable, ack_policy=api.AckPolicy.EXPLICIT, max_deliver=-1,
                    **{"ack_wait": DEFAULT.ack_deadline, "max_ack_pending": IN_FLIGHT, **asked},
                    **started(start, last),
                )  # fmt: skip
                with suppress(refusals.BadRequestError):  # another worker has just made it
                    await stream.add_consumer(own, config)
                config = (await stream.consumer_info(own, durable)).config
            return float(config.ack_wait)

        return NatsWorker(self, topic, group, settings, self.asked(make, topic))
