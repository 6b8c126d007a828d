"""The way to RabbitMQ: it connects again once the connection was lost, and says what went wrong."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.rabbitmq_wire import Line, Wire

HEARTBEAT = 20  # seconds; a peer that is silent for two of them is taken for dead
PORT = 5672
_WRAPPED = re.compile(r"""^\w+: \(["'](.*)["'],\)$""")  # as pika words an error in an error
LOST: tuple[type[BaseException], ...] = (
    exceptions.AMQPError, AMQPConnectorException, TimeoutError, OSError
)  # fmt: skip


class Link:
    """One connection at a time, of an adapter and all its workers."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter, self.address = adapter, adapter.address
        self.vhost = self.address.path.removeprefix("/") or "/"
        self.user = self.address.user or "guest"
        self._lock = threading.RLock()
        self._wire: Wire | None = None
        self._failed: BaseException | None = None

    def wire(self) -> Wire:
        """Return the connection; connect again if it was lost."""
        failed = self._failed
        with self._lock:
            if self._wire is None or self._wire.over is not None:
                if self._failed is not None and self._failed is not failed:
                    raise self._failed  # by another thread, while this one waited as long as it may
                self._connect()
            assert self._wire is not None
            return self._wire

    def _connect(self) -> None:
        self.close()
        try:
            self._wire = Wire(self._parameters(), self.adapter.timeout)
        except BaseException as error:
            self._failed = error
            raise

    def close(self) -> None:
        """Disconnect."""
        if self._wire is not None:
            self._wire.close()

    @contextmanager
    def errand(self) -> Iterator[Line]:
        """Lend a channel for a moment: a refusal closes it, and no other."""
        line = self.wire().line()
        try:
            yield line
        finally:
            with suppress(*LOST):
                line.close()

    @contextmanager
    def sentences(self, topic: str = "", group: str = "") -> Iterator[None]:
        """Turn pika's errors into sentences about a topic, or about a group of it."""
        try:
            yield
        except exceptions.ChannelClosedByClient as error:
            gone = self._wire.over if self._wire is not None else None
            raise self._lost(gone or error) from None
        except exceptions.ChannelClosedByBroker as error:
            raise self._refusal(error, topic, group) from None
        except LOST as error:
            raise self._lost(error) from None

    def _refusal(self, error: Any, topic: str, group: str) -> EngineError:
        code, text = error.reply_code, error.reply_text
        if code == 404 and not group:
            self.adapter.no_topic(topic)
        if code == 404:
            return EngineError(
                f"RabbitMQ has no queue of the group {group!r} any more: subscribe again."
            )
        if code == 406 and "inequivalent arg" in text:
            what = f"the group {group!r} of {topic!r}" if group else f"an exchange {topic!r}"
            return EngineError(
                f"RabbitMQ has {what} with other settings, which can't change ({text}): give the "
                "same ones, or take another name."
            )
        return EngineError(f"RabbitMQ refused this: {text}.")

    def _lost(self, error: BaseException) -> EngineError:
        code, text = getattr(error, "reply_code", 0), getattr(error, "reply_text", "") or str(error)
        if isinstance(error, exceptions.ProbableAccessDeniedError) or code == 530:
            return EngineError(f"RabbitMQ has no virtual host {self.vhost!r} for {self.user!r}.")
        if code == 403 or isinstance(
            error, exceptions.AuthenticationError | exceptions.ProbableAuthenticationError
        ):
            return self.adapter.refused("ACCESS_REFUSED")
        text = _WRAPPED.sub(r"\1", text)
        blocked = self._wire.blocked if self._wire is not None else ""
        return self.adapter.unreachable(blocked or text or "no connection")

    def _parameters(self) -> Any:
        later = self.adapter.timeout + 1.0  # than what waits for it, which says so in a sentence
        return pika.ConnectionParameters(
            host=self.address.host or "127.0.0.1", port=self.address.port or PORT,
            virtual_host=self.vhost, connection_attempts=1, heartbeat=HEARTBEAT,
            socket_timeout=later, stack_timeout=later, blocked_connection_timeout=None,
            credentials=pika.PlainCredentials(self.user, self.address.password or "guest"),
        )  # fmt: skip
