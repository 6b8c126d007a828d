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

import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pubsub_kit.broker import arguments
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.binding import CONTENT_TYPE, pack, unpack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker, Lent
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id

PORT = 6379
WINDOW = 1_000  # entries in one pipeline, or in one page of a range
LARGEST = 512 * 2**20  # bytes in one string: redis.io/docs/latest/develop/data-types/strings
LOOK = 0.1  # seconds between two looks for leases that ended, while a pull waits
GIVEN_BACK = "given back"  # the consumer that holds what nobody works on
BEFORE = f"-{2**64 - 1}"  # the last id of a millisecond

# Only whoever still holds a delivery may hand it on, or keep it for longer; the two answers of
# XPENDING and XCLAIM must not be apart, or another worker could claim it in between.
HAND_ON = """
local p = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1, ARGV[3])
if #p == 0 or p[1][3] >= tonumber(ARGV[4]) or p[1][4] ~= tonumber(ARGV[5]) then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[6], 0, ARGV[2], 'IDLE', ARGV[7], 'JUSTID')
return 1
"""
# XGROUP DELCONSUMER forgets what a consumer holds, so all of it goes to another first, and in the
# same step.
LEAVE = """
repeat
  local held = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
  for _, p in ipairs(held) do
    local to = {KEYS[1], ARGV[1], ARGV[3], 0, p[1], 'IDLE', ARGV[4], 'JUSTID'}
    if #redis.call('XCLAIM', unpack(to)) == 0 then redis.call('XACK', KEYS[1], ARGV[1], p[1]) end
  end
until #held == 0
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
"""
# XGROUP SETID leaves what is in flight in flight: here it is forgotten, so that no lease that ends
# later brings back what the group has left behind.
GO = """
repeat
  local held = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000)
  for _, p in ipairs(held) do redis.call('XACK', KEYS[1], ARGV[1], p[1]) end
until #held == 0
return redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2])
"""


class Redis(Adapter):
    """A connection to a Redis server: redis://USER:PASSWORD@HOST:PORT/DATABASE."""

    engine = "Redis"
    lacks: ClassVar[Mapping[str, str]] = MappingProxyType({
        "order of a key": "a stream is in order, but its group hands each message to any worker "
        "that asks; have one worker in the group, or a topic for each worker and its keys",
        "delay beyond the ack deadline": "a message that was given back is due once it has been "
        "idle for ack_deadline seconds; set that to the longest delay that you need",
        "lease beyond the ack deadline": "extend(ack_deadline), as often as it takes",
    })  # fmt: skip

    def open(self) -> None:
        """Connect; raises Unreachable, and EngineError for a wrong password or database."""
        host, port = self.address.at(PORT).rsplit(":", 1)
        number = self.address.path.strip("/") or "0"
        if not number.isdecimal():
            raise EngineError(f"Redis numbers its databases: redis://HOST:PORT/0, not /{number}.")
        self.client: Any = redis.Redis(
            host=host.strip("[]"), port=int(port), db=int(number), protocol=2,
            username=self.address.user or None, password=self.address.password or None,
            socket_timeout=self.timeout, socket_connect_timeout=self.timeout,
            retry=Retry(NoBackoff(), 0),  # a command sent again could append twice
        )  # fmt: skip
        with self.told():
            self.client.ping()

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
                self.client.xgroup_create(topic, group, self.id_before(topic, start))
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
        return RedisWorker(self, topic, group, settings)

    def id_before(self, topic: str, start: Start) -> str:
        """Return the id after which a group has to read to begin at a start."""
        if isinstance(start, At):
            return f"{max(0, math.ceil(start.time * 1000) - 1)}{BEFORE}" if start.time > 0 else "0"
        if isinstance(start, Offset):
            return self._id_of(topic, start.offset)
        return "$" if start == "latest" else "0"

    def _id_of(self, topic: str, offset: int) -> str:
        """Return the id of the entry before the n-th that was ever added, or the nearest kept."""
        info = self.client.xinfo_stream(topic)
        skip = offset - (info.get("entries-added", info["length"]) - info["length"])
        last = b"0"
        while skip > 0 and (page := self.client.xrange(topic, b"(" + last, "+", min(skip, WINDOW))):
            last, skip = page[-1][0], skip - len(page)
        return last.decode()

    def shut(self) -> None:
        """Close every connection of the pool."""
        self.client.close()

    @contextmanager
    def told(self, topic: str = "") -> Iterator[None]:
        """Turn what the client raises into a sentence."""
        try:
            yield
        except redis.AuthenticationError as error:
            raise self.refused(error) from None
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise self.unreachable(error) from None
        except redis.RedisError as error:
            raise EngineError(self._said(str(error), topic)) from None

    def _said(self, words: str, topic: str) -> str:
        if words.startswith("WRONGTYPE"):
            return f"In this Redis {topic!r} is no stream: choose another name for the topic."
        if words.startswith("NOGROUP"):
            return f"Redis has lost the topic {topic!r} or its group: subscribe again."
        return f"Redis refused ({words}): see what its documentation says of this error."


class RedisWorker(EngineWorker):
    """One consumer of a consumer group, with a name of its own."""

    adapter: Redis

    def __init__(self, adapter: Redis, topic: str, group: str, settings: Settings) -> None:
        super().__init__(adapter, topic, group, settings)
        self.client, self.name = adapter.client, fresh_id()
        self.deadline = max(1, math.ceil(settings.ack_deadline * 1000))  # milliseconds
        self._lock = threading.Lock()  # what a pull reads must not fall to a consumer that has left

    def take(self, n: int) -> list[Lent]:
        """Take what fell due again, then what is new; wait for either."""
        end = time.monotonic() + self.wait
        with self._lock, self.adapter.told(self.topic):
            taken: list[Lent] = []
            rest = self.wait
            while not (taken or rest < 0 or self.closed):
                taken = self._due(n)
                rest = end - time.monotonic()
                if len(taken) < n:
                    taken += self._new(n - len(taken), 0 if taken else rest)
            return taken

    def _due(self, n: int) -> list[Lent]:
        """Claim what has been idle for too long; whoever claims it first resets its idle time."""
        pending = self.client.xpending_range(
            self.topic, self.group, "-", "+", n, idle=self.deadline
        )
        times = {each["message_id"]: each["times_delivered"] for each in pending}
        if not times:
            return []
        claimed = self.client.xclaim(self.topic, self.group, self.name, self.deadline, [*times])
        return [self._lent(id, fields, times[id] + 1) for id, fields in claimed if fields]

    def _new(self, n: int, wait: float) -> list[Lent]:
        """Read what is new; wait for it, but not so long that a lease that ends goes unseen."""
        wait = min(wait, LOOK, self.adapter.timeout / 2)
        block = max(1, math.ceil(wait * 1000)) if wait > 0 else None  # 0 would be for ever
        read = self.client.xreadgroup(
            self.group, self.name, {self.topic: ">"}, count=n, block=block
        )
        return [self._lent(id, fields, 1) for _, entries in read or [] for id, fields in entries]

    def _lent(self, id: bytes, fields: dict[bytes, bytes], attempt: int) -> Lent:
        place = id.decode()
        headers = {name.decode("utf-8", "replace"): value for name, value in fields.items()}
        body = headers.pop("data", None)
        own = {name.lower() for name in headers} - {"content-type"}
        if body is None or (own and not any(name.endswith("specversion") for name in own)):
            body, headers = _all(fields), {}  # somebody's own fields are the data
        event = unpack(body, headers, topic=self.topic, place=place)
        return Lent(self, event, id, attempt, place)

    def acked(self, lent: Lent) -> bool:
        """XACK; False if nobody holds it any more."""
        with self.adapter.told(self.topic):
            return bool(self.client.xack(self.topic, self.group, lent.raw))

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Give it to nobody, so idle that it falls due after the delay."""
        wait = math.ceil((delay or 0) * 1000)
        if wait > self.deadline:
            raise self.adapter.lacking("delay beyond the ack deadline")
        return self._hand_on(lent, GIVEN_BACK, self.deadline - wait)

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Keep it, and be so idle that it falls due in `seconds`."""
        if math.ceil(seconds * 1000) > self.deadline:
            raise self.adapter.lacking("lease beyond the ack deadline")
        return self._hand_on(lent, self.name, self.deadline - math.ceil(seconds * 1000))

    def _hand_on(self, lent: Lent, to: str, idle: int) -> bool:
        holder = lent.raw, self.name, self.deadline, lent.attempt
        return bool(self._script(HAND_ON, *holder, to, idle))

    def _script(self, script: str, *more: object) -> Any:
        with self.adapter.told(self.topic):
            return self.client.eval(script, 1, self.topic, self.group, *more)

    def go(self, start: Start) -> None:
        """Set the group's id, and forget what is in flight."""
        with self.adapter.told(self.topic):
            id = self.adapter.id_before(self.topic, start)
        self._script(GO, id)

    def leave(self) -> None:
        """Give back what it holds, and take the consumer out of the group."""
        with self._lock:
            with suppress(EngineError):  # nobody answers, or the group is gone: leases end
                self._script(LEAVE, self.name, GIVEN_BACK, self.deadline)


def _all(fields: Mapping[bytes, bytes]) -> bytes:
    """Return all fields of an entry as JSON; bytes that are no text are shown escaped."""
    shown = {_text(name): _text(value) for name, value in fields.items()}
    return json.dumps(shown).encode()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
