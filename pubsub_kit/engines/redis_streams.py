"""Redis streams: a topic is a stream, a group a consumer group, a position an entry's id.

    publish   XADD, which answers once the entry is in the stream (and on disk, if the server has
              `appendonly yes` and `appendfsync always`)
    pull      XREADGROUP for what is new; before that, XPENDING and XCLAIM for what has been idle
              for `ack_deadline` or longer: what XAUTOCLAIM does, with the count of deliveries
    ack       XACK, from whomever: Redis does not ask who holds the message, so a late ack ends
              the lease of whoever has it now
    nack      XCLAIM to the consumer GIVEN_BACK, and as idle as it has to be to fall due in time
    extend    XCLAIM to itself, which makes it less idle
    replay    XGROUP SETID: `At` is a time in an id; `Offset(n)` counts entries, as ids do not

A stream has one order and no partitions. Redis buries nothing, so the worker does. An idle time
can't be below zero: no delay and no lease is longer than the `ack_deadline`, which belongs to the
worker that claims, so let all of a group have the same. Tried with Redis 7.0.
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
