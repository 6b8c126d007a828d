"""nats-py in an event loop of this thread: publish, a pull consumer, and acks that are answered."""

from __future__ import annotations

import asyncio
from typing import Any

from pubsub_kit.bench.bare.client import CONTENT_TYPE, WAIT, Bare, Fields, read, written


class NatsPy(Bare):
    """One client, one pull subscription."""

    def __init__(self, url: str) -> None:
        import nats

        self.loop = asyncio.new_event_loop()
        self.client: Any = self.loop.run_until_complete(nats.connect(url))
        self.stream: Any = self.client.jetstream(timeout=30)

    def topic(self, name: str) -> None:
        """Make a stream in files."""
        from nats.js import api

        self.name = name
        self.loop.run_until_complete(
            self.stream.add_stream(name=name, subjects=[name], storage=api.StorageType.FILE)
        )

    def join(self) -> None:
        """Make a durable consumer."""
        pull = self.stream.pull_subscribe(self.name, "bench", stream=self.name)
        self.worker = self.loop.run_until_complete(pull)

    def publish(self, items: list[Fields]) -> None:
        """Publish, and wait for the PubAck of each."""
        self.loop.run_until_complete(self._publish(items))

    async def _publish(self, items: list[Fields]) -> None:
        await asyncio.gather(*(
            self.stream.publish(self.name, written(each), stream=self.name, headers={
                "Nats-Msg-Id": f"{each['source']}/{each['id']}", "Content-Type": CONTENT_TYPE
            }) for each in items
        ))  # fmt: skip

    def pull(self, n: int) -> list[Any]:
        """Fetch what is there."""
        got = self.loop.run_until_complete(self.worker.fetch(n, WAIT))
        return [(each, read(each.data)) for each in got]

    def ack(self, deliveries: list[Any]) -> None:
        """Ack each, and wait until the server has heard all."""
        self.loop.run_until_complete(self._ack(deliveries))

    async def _ack(self, deliveries: list[Any]) -> None:
        await asyncio.gather(*(message.ack_sync(30) for message, _ in deliveries))

    def leave(self) -> None:
        """Unsubscribe."""
        self.loop.run_until_complete(self.worker.unsubscribe())

    def close(self) -> None:
        """Disconnect."""
        self.loop.run_until_complete(self.client.close())
        self.loop.close()
