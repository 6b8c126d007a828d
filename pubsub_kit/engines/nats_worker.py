"""A worker on NATS: one of those that ask a consumer for messages, with an inbox of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from nats import errors
from nats.js import api

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.binding import unpack
from pubsub_kit.engines.nats_connection import Call, NatsConnection, T
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker, Lent

IN_FLIGHT = 1_000  # messages in flight in a group: the server's own default
LONGEST = 1e9  # seconds, 31 years: what is longer counts as that
FAR = 7e9  # seconds since the epoch, the year 2191: the server counts nanoseconds up to 2262
FINISHED = "404", "408", "409"  # none, no more, too many bytes, or the consumer was made anew
PULLED = 16 * 2**20  # bytes of one pull: the server cuts off a client that reads too slowly


def named(name: str) -> str:
    """Return a topic's or group's name in NATS, where no stream has a dot: it becomes "="."""
    return name.replace(".", "=")


def started(start: Start, last: int) -> dict[str, Any]:
    """Return where a consumer begins in a stream whose last sequence is `last`."""
    if isinstance(start, At):
        day = datetime.fromtimestamp(min(start.time, FAR), UTC)
        return {"deliver_policy": api.DeliverPolicy.BY_START_TIME, "opt_start_time": day}
    if isinstance(start, Offset) and start.offset < last:
        policy = api.DeliverPolicy.BY_START_SEQUENCE
        return {"deliver_policy": policy, "opt_start_seq": start.offset + 1}
    policy = api.DeliverPolicy.ALL if start == "earliest" else api.DeliverPolicy.NEW
    return {"deliver_policy": policy}


class NatsWorker(EngineWorker):
    """A worker of a durable consumer, as NATS calls a group."""

    adapter: NatsConnection

    def __init__(
        self, adapter: NatsConnection, topic: str, group: str, settings: Settings, ack_wait: float
    ) -> None:
        super().__init__(adapter, topic, group, settings)
        self.stream, self.consumer = named(topic), named(group)
        self.ack_wait = ack_wait  # seconds: that of the group
        self._client: Any = None
        self._inbox: Any = None
        self._place = ""  # the subject before the numbers of requests
        self._numbers = itertools.count()
        self._turn = asyncio.Lock()
        self._held: dict[str, tuple[Lent, float]] = {}  # and when each lease ends, by position

    def take(self, n: int) -> list[Lent]:
        """Ask the consumer for messages, and wait for the first one."""
        most = 1 if self.settings.ordered else min(n, IN_FLIGHT)
        taken = self._ask(lambda client: self._fetch(client, most))
        return [self._lent(message) for message in taken]

    def _ask(self, call: Call[T]) -> T:
        return self.adapter.asked(call, self.topic)

    async def _fetch(self, client: Any, n: int) -> list[Any]:
        async with self._turn:
            if self._inbox is None or self._client is not client:
                self._place = client.new_inbox()
                self._inbox = await client.subscribe(f"{self._place}.*")
                self._client = client
            # With no_wait and expires it waits for the first message, and for no other.
            wait = max(1_000_000, int(min(self.wait, LONGEST) * 1e9))  # nanoseconds
            most = max(PULLED, 2 * client.max_payload)  # bytes
            request = {"batch": n, "no_wait": True, "expires": wait, "max_bytes": most}
            asks = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.consumer}"
            reply = f"{self._place}.{next(self._numbers)}"
            await client.publish(asks, json.dumps(request).encode(), reply=reply)
            end = time.monotonic() + wait / 1e9 + self.adapter.patience
            return await self._collect(n, reply, end)

    async def _collect(self, n: int, reply: str, end: float) -> list[Any]:
        got: list[Any] = []
        try:
            while len(got) < n:
                message = await self._inbox.next_msg(timeout=max(0.001, end - time.monotonic()))
                status = (message.headers or {}).get("Status")
                if message.reply:  # it can be acked, so it is no status, whatever its headers say
                    got.append(message)
                elif message.subject != reply:
                    continue  # the status of an earlier request, all of which has come
                elif status in FINISHED:
                    break
                elif status == "503":
                    return await self._nobody()
        except (errors.Error, OSError):
            inbox, self._inbox = self._inbox, None  # a late answer must not meet another request
            with suppress(Exception):
                await inbox.unsubscribe()
            if not got:
                raise
        return got

    async def _nobody(self) -> list[Any]:
        """Return nothing while a replay makes the consumer anew; raise if there is none."""
        await asyncio.sleep(min(self.wait, 0.2))
        await self.adapter.stream(self._client).consumer_info(self.stream, self.consumer)
        return []

    def _lent(self, message: Any) -> Lent:
        about = message.metadata
        place = str(about.sequence.stream)
        event = unpack(message.data, message.headers or {}, topic=self.topic, place=place)
        raw = message.reply, self._client
        lent = Lent(self, event, raw, about.num_delivered, place)
        self._held[place] = lent, time.monotonic() + self.ack_wait
        return lent

    def acked(self, lent: Lent) -> bool:
        """Say +ACK; False if the consumer is gone."""
        return self._say(lent, b"+ACK")

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Say -NAK, with the delay."""
        said = json.dumps({"delay": int(min(delay or 0, LONGEST) * 1e9)})
        return self._say(lent, f"-NAK {said}".encode() if delay else b"-NAK")

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Say +WPI: the lease then lasts a whole ack_wait from now, so at least as asked."""
        if min(seconds, LONGEST) > self.ack_wait:
            raise self.adapter.lacking("lease beyond the ack deadline")
        done = self._say(lent, b"+WPI")
        self._held[lent.position or ""] = lent, time.monotonic() + self.ack_wait
        return done

    def acked_all(self, batch: list[Lent]) -> int:
        """Say +ACK of each, and wait for all the replies together."""

        async def say(client: Any) -> list[Any]:
            said = (self._saying(client, each, b"+ACK") for each in batch)
            return await asyncio.gather(*said, return_exceptions=True)

        heard = self._ask(say)
        for lent, done in zip(batch, heard, strict=True):
            if not isinstance(done, BaseException):
                lent.settled = True
                self._held.pop(lent.position or "", None)
        with self.adapter.told(self.topic):
            for failed in [each for each in heard if isinstance(each, BaseException)]:
                raise failed
        return sum(heard)

    def _say(self, lent: Lent, words: bytes) -> bool:
        """Say something of a delivery, and wait until the server has heard it."""
        heard = self._ask(lambda client: self._saying(client, lent, words))
        self._held.pop(lent.position or "", None)
        return heard

    async def _saying(self, client: Any, lent: Lent, words: bytes) -> bool:
        reply, lender = lent.raw
        try:
            await client.request(reply, words, timeout=self.adapter.patience)
        except errors.NoRespondersError:
            return False  # the consumer is gone
        except errors.TimeoutError:
            if client is lender:
                raise
            return False  # a server that was killed may have forgotten this delivery
        return True

    def go(self, start: Start) -> None:
        """Delete the consumer and make it anew; what this worker holds can't be acked any more.

        Another worker's ack of what it got before may still count, for the delivery after.
        """

        async def again(client: Any) -> None:
            stream = self.adapter.stream(client)
            old = (await stream.consumer_info(self.stream, self.consumer)).config
            last = (await stream.stream_info(self.stream)).state.last_seq
            fresh = {"opt_start_seq": None, "opt_start_time": None, **started(start, last)}
            await stream.delete_consumer(self.stream, self.consumer)
            await stream.add_consumer(self.stream, old.evolve(**fresh))

        self._ask(again)
        for lent, _ in [*self._held.values()]:
            lent.revoked = True
        self._held.clear()

    def leave(self) -> None:
        """Give back what it holds, and nothing whose lease has ended: another may have it."""
        with suppress(EngineError):  # nobody answers: the leases end by themselves
            self._ask(self._give_back)

    async def _give_back(self, client: Any) -> None:
        now = time.monotonic()
        for (reply, _), end in [(lent.raw, end) for lent, end in [*self._held.values()]]:
            if now < end:
                await client.publish(reply, b"-NAK")
        if self._inbox is not None and self._client is client:
            await self._inbox.unsubscribe()
        await client.flush(timeout=self.adapter.patience)
