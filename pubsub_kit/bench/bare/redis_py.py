"""redis-py: XADD, XREADGROUP and XACK, a window of XADD in one pipeline."""

from __future__ import annotations

from typing import Any

from pubsub_kit.bench.bare.client import CONTENT_TYPE, WAIT, Bare, Fields, read, written
from pubsub_kit.engines.address import address_of


class RedisPy(Bare):
    """One client, one consumer of a group."""

    def __init__(self, url: str) -> None:
        import redis

        self.client: Any = redis.Redis(port=address_of(url).port, protocol=2)

    def topic(self, name: str) -> None:
        """Choose a stream: the first XADD makes it."""
        self.name = name

    def join(self) -> None:
        """Make the group."""
        self.client.xgroup_create(self.name, "bench", "$", mkstream=True)

    def publish(self, items: list[Fields]) -> None:
        """XADD one, or a pipeline of them."""
        bodies = [{"content-type": CONTENT_TYPE, "data": written(each)} for each in items]
        if len(bodies) == 1:
            self.client.xadd(self.name, bodies[0])
            return
        with self.client.pipeline(transaction=False) as pipe:
            for body in bodies:
                pipe.xadd(self.name, body)
            pipe.execute()

    def pull(self, n: int) -> list[Any]:
        """XREADGROUP."""
        ((_, entries),) = self.client.xreadgroup(
            "bench", "one", {self.name: ">"}, count=n, block=int(WAIT * 1000)
        )
        return [(id, read(fields[b"data"])) for id, fields in entries]

    def ack(self, deliveries: list[Any]) -> None:
        """XACK them in one command."""
        self.client.xack(self.name, "bench", *(id for id, _ in deliveries))

    def leave(self) -> None:
        """Take the consumer out of the group."""
        self.client.xgroup_delconsumer(self.name, "bench", "one")

    def close(self) -> None:
        """Disconnect."""
        self.client.close()
