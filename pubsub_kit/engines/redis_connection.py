"""A connection to a Redis server, and what it says when it refuses something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.protocol import EngineError

PORT = 6379


class RedisConnection(Adapter):
    """What the adapter and its workers share: the client, which any thread may call."""

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
        patience = min(self.timeout, 1e6)
        host, port = self.address.at(PORT).rsplit(":", 1)
        number = self.address.path.strip("/") or "0"
        if not number.isdecimal():
            raise EngineError(f"Redis numbers its databases: redis://HOST:PORT/0, not /{number}.")
        self.client: Any = redis.Redis(
            host=host.strip("[]"), port=int(port), db=int(number), protocol=2,
            username=self.address.user or None, password=self.address.password or None,
            socket_timeout=patience, socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),  # a command sent again could append twice
        )  # fmt: skip
        with self.told():
            self.client.ping()

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
        except redis.InvalidResponse:
            raise EngineError(
                f"What answers at {self.address.shown} is no Redis: look at the host and the port."
            ) from None
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise self.unreachable(error) from None
        except redis.RedisError as error:
            raise EngineError(self._said(str(error), topic)) from None

    def _said(self, words: str, topic: str) -> str:
        words = words.rpartition(" of pipeline caused error: ")[2]
        if words.startswith("WRONGTYPE"):
            return f"In this Redis {topic!r} is no stream: choose another name for the topic."
        if words.startswith("NOGROUP"):
            return f"Redis has lost the topic {topic!r} or its group: subscribe again."
        return f"Redis refused ({words}): see what its documentation says of this error."
