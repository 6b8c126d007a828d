"""The broker beside others in memory: publish, pull, ack."""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Iterator
from typing import Any

from pubsub_kit.bench import servers
from pubsub_kit.bench.measure import Aim, Contender, Row, present
from pubsub_kit.broker.broker import Broker
from pubsub_kit.log.event import Event

COUNT = 100_000
DATA = {"order": "tea", "amount": 12}


def ours() -> Contender:
    """Publish, pull and ack in batches of 1,000."""
    events = [Event.new("orders", DATA, key="ann") for _ in range(1_000)]

    def go() -> float:
        broker = Broker()
        broker.topic("orders")
        group = broker.subscribe("orders", "billing", max_outstanding=COUNT)
        begin, acked = time.perf_counter(), 0
        for _ in range(COUNT // 1_000):
            broker.publish_batch("orders", events)
            acked += group.ack_batch(group.pull(1_000))
        seconds = time.perf_counter() - begin
        if acked != COUNT:
            raise AssertionError(f"acked {acked} of {COUNT}")
        return seconds

    return Contender("pubsub_kit Broker, batches", COUNT, go)


def one_by_one() -> Contender:
    """The same broker, a message at a time."""
    count = COUNT // 5

    def go() -> float:
        broker = Broker()
        broker.topic("orders")
        group = broker.subscribe("orders", "billing")
        begin = time.perf_counter()
        for _ in range(count):
            broker.publish("orders", DATA, key="ann")
            group.pull(1)[0].ack()
        return time.perf_counter() - begin

    return Contender("pubsub_kit Broker, one by one", count, go)


def blinker() -> Contender:
    """blinker: a signal calls its receivers; it keeps nothing and acks nothing."""
    from blinker import Signal

    signal, heard = Signal(), []

    def receive(sender: Any, **data: Any) -> None:
        heard.append(data)

    signal.connect(receive)

    def go() -> None:
        heard.clear()
        for _ in range(COUNT):
            signal.send(None, data=DATA)

    return Contender("blinker (no queue, no ack)", COUNT, go)


def fakeredis() -> Contender:
    """fakeredis: XADD, XREADGROUP and XACK, 1,000 in a pipeline."""
    from fakeredis import FakeRedis

    return _streams("fakeredis", FakeRedis(), 2_000)


def redis() -> Contender:
    """Redis on loopback: XADD, XREADGROUP and XACK, 1,000 in a pipeline."""
    return _streams("Redis on loopback", servers.redis_client(), 10_000)


def _streams(name: str, client: Any, count: int) -> Contender:
    def go() -> None:
        client.delete("orders")
        client.xgroup_create("orders", "billing", mkstream=True)
        for _ in range(count // 1_000):
            pipeline = client.pipeline(transaction=False)
            for _ in range(1_000):
                pipeline.xadd("orders", {"data": "tea"})
            pipeline.execute()
            [[_, messages]] = client.xreadgroup("billing", "one", {"orders": ">"}, count=1_000)
            client.xack("orders", "billing", *[id for id, _ in messages])

    return Contender(name, count, go)


def faststream() -> Contender:
    """FastStream's test broker: publish calls the subscriber at once, in memory."""
    from faststream.redis import RedisBroker, TestRedisBroker

    count, loop = 1_000, asyncio.new_event_loop()
    atexit.register(loop.close)

    async def work() -> float:
        broker = RedisBroker()

        @broker.subscriber("orders")  # type: ignore[untyped-decorator]
        async def handle(body: dict[str, Any]) -> None: ...

        async with TestRedisBroker(broker):
            begin = time.perf_counter()
            for _ in range(count):
                await broker.publish(DATA, "orders")
            return time.perf_counter() - begin

    return Contender("FastStream's test broker", count, lambda: loop.run_until_complete(work()))


def rows() -> Iterator[Row]:
    """Yield the rows of the table that are about brokers."""
    peers, absent = present(one_by_one, blinker, fakeredis, redis, faststream)
    aims = [Aim("", 600_000), Aim("blinker (no queue, no ack)", 0.4)]
    aims += [Aim("FastStream's test broker", 30), Aim("fakeredis", 30)]
    yield Row("publish → pull → ack in memory", "messages/s", ours(), peers, aims, absent)
