"""A worker on Redis: one consumer of a consumer group, with a name of its own.

Three steps take more than one command. Each is a script, which Redis runs as one.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.binding import unpack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.redis_connection import RedisConnection
from pubsub_kit.engines.worker import EngineWorker, Lent
from pubsub_kit.log.ids import fresh_id

PAGE = 1_000  # entries that are read at once
LOOK = 0.1  # seconds between two looks for leases that ended, while a pull waits
LONGEST = 1e10  # seconds, 317 years: what is longer counts as that
GIVEN_BACK = "given back"  # the consumer that holds what nobody works on
BEFORE = f"-{2**64 - 1}"  # the last id of a millisecond

# A worker may hand on, or keep for longer, only what it still holds. XPENDING and XCLAIM run in one
# step, or another worker could claim the message in between.
HAND_ON = """
local p = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1, ARGV[3])
if #p == 0 or p[1][3] >= tonumber(ARGV[4]) or p[1][4] ~= tonumber(ARGV[5]) then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[6], 0, ARGV[2], 'IDLE', ARGV[7], 'JUSTID')
return 1
"""
# XGROUP DELCONSUMER drops what a consumer holds from the group, so all of it goes to another one
# first, in the same step.
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
# XGROUP SETID does not touch what is in flight. Here it is forgotten, or a lease that ends later
# would redeliver what the group has left behind.
GO = """
repeat
  local held = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000)
  for _, p in ipairs(held) do redis.call('XACK', KEYS[1], ARGV[1], p[1]) end
until #held == 0
return redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2])
"""


class RedisWorker(EngineWorker):
    """A consumer, as Redis calls it."""

    adapter: RedisConnection

    def __init__(
        self, adapter: RedisConnection, topic: str, group: str, settings: Settings
    ) -> None:
        super().__init__(adapter, topic, group, settings)
        self.client, self.name = adapter.client, fresh_id()
        self.deadline = milliseconds(settings.ack_deadline)
        self._lock = threading.Lock()  # what a pull reads must not fall to a consumer that has left

    def take(self, n: int) -> list[Lent]:
        """Take what is due again, then what is new; wait for either."""
        end = time.monotonic() + self.wait
        n = min(n, PAGE)
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
        """Claim what has been idle for too long; the first claim resets its idle time."""
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

    def acked_all(self, batch: list[Lent]) -> int:
        """XACK them in one command, which answers how many were still held."""
        with self.adapter.told(self.topic):
            return int(self.client.xack(self.topic, self.group, *(each.raw for each in batch)))

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Give it to GIVEN_BACK, so idle that it is due after the delay."""
        wait = milliseconds(delay) if delay else 0
        if wait > self.deadline:
            raise self.adapter.lacking("delay beyond the ack deadline")
        return self._hand_on(lent, GIVEN_BACK, self.deadline - wait)

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Keep it, so idle that it is due in `seconds`."""
        lease = milliseconds(seconds)
        if lease > self.deadline:
            raise self.adapter.lacking("lease beyond the ack deadline")
        return self._hand_on(lent, self.name, self.deadline - lease)

    def _hand_on(self, lent: Lent, to: str, idle: int) -> bool:
        holder = lent.raw, self.name, self.deadline, lent.attempt
        return bool(self._script(HAND_ON, *holder, to, idle))

    def _script(self, script: str, *more: object) -> Any:
        with self.adapter.told(self.topic):
            return self.client.eval(script, 1, self.topic, self.group, *more)

    def go(self, start: Start) -> None:
        """Set the group's id, and forget what is in flight."""
        with self.adapter.told(self.topic):
            id = id_before(self.client, self.topic, start)
        self._script(GO, id)

    def leave(self) -> None:
        """Give back what it holds, and take the consumer out of the group."""
        # Where nobody answers, or the group is gone, there is nothing to do: leases end.
        with self._lock, suppress(EngineError):
            self._script(LEAVE, self.name, GIVEN_BACK, self.deadline)


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, at least one and at most LONGEST."""
    return max(1, math.ceil(min(seconds, LONGEST) * 1000))


def _all(fields: Mapping[bytes, bytes]) -> bytes:
    """Return all fields of an entry as JSON; bytes that are no text are shown escaped."""
    shown = {_text(name): _text(value) for name, value in fields.items()}
    return json.dumps(shown).encode()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def id_before(client: Any, topic: str, start: Start) -> str:
    """Return the id after which a group has to read to begin at a start."""
    if isinstance(start, At):
        return f"{milliseconds(start.time) - 1}{BEFORE}"
    if isinstance(start, Offset):
        return _id_of(client, topic, start.offset)
    return "$" if start == "latest" else "0"


def _id_of(client: Any, topic: str, offset: int) -> str:
    """Return the id of the entry before the n-th that was ever added, or the nearest kept."""
    info = client.xinfo_stream(topic)
    skip = offset - (info.get("entries-added", info["length"]) - info["length"])
    last = b"0"
    while skip > 0 and (page := client.xrange(topic, b"(" + last, "+", min(skip, PAGE))):
        last, skip = page[-1][0], skip - len(page)
    return last.decode()
