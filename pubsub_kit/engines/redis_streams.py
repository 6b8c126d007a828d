"""Redis Streams: a topic is a stream, a group is a consumer group, a position is an entry's id.

    publish   XADD answers once the entry is in the stream (and on disk, if the server runs with
              `appendonly yes` and `appendfsync always`)
    pull      XPENDING and XCLAIM take what has been idle for `ack_deadline` or longer, which is
              what XAUTOCLAIM does, but with the count of deliveries; XREADGROUP takes what is new
    ack       XACK; Redis doesn't check who holds the message, so a late ack ends the lease of its
              new holder
    nack      XCLAIM to the consumer GIVEN_BACK, with an idle time that makes it due after the delay
    extend    XCLAIM to the same consumer, with a smaller idle time
    replay    XGROUP SETID; an id begins with a time, for `At`, and `Offset(n)` counts entries

A stream has one order and no partitions. Redis buries nothing, so the worker does. An idle time
can't be negative, so neither a delay nor a lease can be longer than the `ack_deadline`. Redis keeps
no deadline for a group: each worker claims by its own, so give all workers of a group the same. A
worker that is killed leaves its name in the group; its messages are claimed by others. Tried with
Redis 7.0.
"""

from __future__ import annotations

import redis

from pubsub_kit.broker import arguments
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.binding import CONTENT_TYPE, pack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.redis_connection import RedisConnection
from pubsub_kit.engines.redis_worker import RedisWorker, id_before
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id

WINDOW = 1_000  # entries that are on their way at once
LARGEST = 512 * 2**20  # bytes in one string: redis.io/docs/latest/develop/data-types/strings


class Redis(RedisConnection):
    """A Redis server: redis://USER:PASSWORD@HOST:PORT/DATABASE."""

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Make a stream, empty, if there is none; it has no partitions, however many you ask."""
        self.check(name)
        arguments.check_topic(partitions, None, None)
        with self.told(name):
            if self.client.exists(name):
                self.client.xlen(name)  # raises if it is no stream
                return
            maker = f"made by {fresh_id()}"  # a stream without entries is made by a group alone
            self.client.xgroup_create(name, maker, mkstream=True)
            self.client.xgroup_destroy(name, maker)

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Append events to the stream; return their ids."""
        bodies = [pack(event) for event in events]
        if max(map(len, bodies)) > LARGEST:
            raise EngineError(f"Redis takes messages of at most {LARGEST:,} bytes: send a link.")
        places: list[str | None] = []
        for first in range(0, len(bodies), WINDOW):
            places += self._append(topic, bodies[first : first + WINDOW])
        return places

    def _append(self, topic: str, bodies: list[bytes]) -> list[str | None]:
        with self.told(topic), self.client.pipeline(transaction=False) as pipe:
            for body in bodies:
                fields = {"content-type": CONTENT_TYPE, "data": body}
                pipe.xadd(topic, fields, nomkstream=True)
            ids = pipe.execute()
        if None in ids:
            self.no_topic(topic)
        return [each.decode() for each in ids]

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> RedisWorker:
        """Make the group if it is new, and a consumer of it."""
        if settings.ordered:
            raise self.lacking("order of a key")
        with self.told(topic):
            if not self.client.exists(topic):
                self.no_topic(topic)
            try:
                self.client.xgroup_create(topic, group, id_before(self.client, topic, start))
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
        return RedisWorker(self, topic, group, settings)
