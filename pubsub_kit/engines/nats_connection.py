"""A connection to a NATS server: its client lives in an event loop of its own.

The client never reconnects by itself, since calls would hang meanwhile: the next call connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import nats
from nats import errors
from nats.js import errors as refusals

from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.loop_thread import LoopThread
from pubsub_kit.engines.protocol import EngineError

T = TypeVar("T")
Call = Callable[[Any], Awaitable[T]]

PORT = 4222
NO_STREAM = 10059  # nats-server/server/errors.json


class NatsConnection(Adapter):
    """What the adapter and its workers share: the loop, and the client in it."""

    engine = "NATS"
    lacks: ClassVar[Mapping[str, str]] = MappingProxyType({
        "lease beyond the ack deadline": "extend(ack_deadline), as often as it takes",
    })  # fmt: skip

    def open(self) -> None:
        """Connect; raises Unreachable, and EngineError for a wrong password or no JetStream."""
        self.patience = min(self.timeout, 1e6)
        self.loop = LoopThread("nats")
        self._client: Any = None
        self._stream: tuple[Any, Any] | None = None
        self._interrupted = False
        self._turn = asyncio.Lock()
        self._heard: object = "no answer"
        try:
            self.asked(self._greet)
        except BaseException:
            self.shut()
            raise

    async def _greet(self, client: Any) -> None:
        try:
            await self.stream(client).account_info()
        except refusals.ServiceUnavailableError:
            raise EngineError(
                f"NATS at {self.address.shown} has no JetStream: start nats-server with -js."
            ) from None

    def asked(self, call: Call[T], topic: str = "") -> T:
        """Run a coroutine with a connected client; what it raises becomes a sentence."""
        try:
            with self.told(topic):
                return self.loop(self._run(call))
        except KeyboardInterrupt:
            self._interrupted = True
            raise

    async def _run(self, call: Call[T]) -> T:
        async with asyncio.timeout(self.patience), self._turn:  # another call may connect, in vain
            if self._interrupted and self._client is not None:
                await self._bye(self._client)  # it may have been interrupted as it read
            self._interrupted = False
            if self._client is None or self._client.is_closed:
                self._client = await self._connect()
        return await call(self._client)

    async def _bye(self, client: Any) -> None:
        with suppress(Exception):
            async with asyncio.timeout(self.patience):
                await client.close()

    async def _connect(self) -> Any:
        client = nats.NATS()
        user, password = self.address.user, self.address.password
        known = {"user": user, "password": password} if password else {"token": user or None}
        try:
            async with asyncio.timeout(self.patience):
                await client.connect(
                    f"nats://{self.address.at(PORT)}", **known, error_cb=self._hear,
                    connect_timeout=self.patience, allow_reconnect=False,
                    max_reconnect_attempts=1, reconnect_time_wait=0,
                    ping_interval=max(1, self.patience),
                )  # fmt: skip
        except BaseException:
            with suppress(Exception):
                await client.close()
            raise
        return client

    async def _hear(self, error: Exception) -> None:
        """Keep what the client would have written to the log."""
        self._heard = error

    def stream(self, client: Any) -> Any:
        """Return JetStream on this client."""
        if self._stream is None or self._stream[0] is not client:
            self._stream = client, client.jetstream(timeout=self.patience)
        return self._stream[1]

    def shut(self) -> None:
        """Disconnect, and end the thread."""

        async def end() -> None:
            if self._client is not None:
                await self._bye(self._client)

        self.loop(end())
        self.loop.end()

    @contextmanager
    def told(self, topic: str = "") -> Iterator[None]:
        """Turn what the client raises into a sentence."""
        try:
            yield
        except refusals.NoStreamResponseError:
            self.no_topic(topic)
        except refusals.NotFoundError as error:
            if error.err_code == NO_STREAM:
                self.no_topic(topic)
            raise EngineError(f"NATS has lost a group of {topic!r}: subscribe again.") from None
        except (refusals.ServiceUnavailableError, errors.NoRespondersError) as error:
            raise self.unreachable(error) from None
        except refusals.APIError as error:
            raise EngineError(f"NATS refused ({error.description}): change that.") from None
        except (errors.Error, OSError) as error:
            why = self._heard if isinstance(error, errors.NoServersError) else error
            if "authorization" in str(why).lower():
                raise self.refused(why) from None
            raise self.unreachable(str(why) or "no answer in time") from None
