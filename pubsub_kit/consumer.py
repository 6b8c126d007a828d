"""A consumer: a handler, and the point at which its messages are acked.

    at least once    pull ► handle ► ack      a crash before the ack: the message comes again
    at most once     pull ► ack ► handle      a crash after the ack: the message is gone

Nothing else can be had of a broker: handling and acking are two steps, and a crash may fall
between them. Effectively once is at least once with an idempotent handler, one that does nothing
new when it sees an event's id again. That is the handler's work, not the broker's.

The same consumer can be driven by hand (`step`), by a thread (`run_in_thread`), or by asyncio
(`run`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.subscription import Delivery, Subscription

IDLE = 0.02  # seconds between looks at a subscription that had nothing
PATIENCE = 10.0  # seconds that stop() waits for a handler

Handler = Callable[[Delivery], Any]
Semantics = Literal["at_least_once", "at_most_once"]


class ConsumerError(PubSubKitError):
    """A consumer was made or driven in a way that cannot work."""


class Consumer:
    """One worker of a group: it pulls, handles and acks one message after another.

    A handler takes a `Delivery`; where it returns, the message is done with, and where it raises,
    the message is nacked with the error as the reason (at most once: it is lost). `handled` and
    `failed` count these; `error` is the last failure.
    """

    def __init__(
        self,
        subscription: Subscription,
        handler: Handler,
        *,
        semantics: Semantics = "at_least_once",
    ) -> None:
        if semantics not in ("at_least_once", "at_most_once"):
            raise ConsumerError(
                f"semantics is 'at_least_once' or 'at_most_once', not {semantics!r}; for "
                f"effectively once, use at_least_once with a handler that may see an id twice."
            )
        if not callable(handler):
            raise ConsumerError(f"A handler is a function of a delivery, not {handler!r}.")
        self.subscription = subscription
        self.handler = handler
        self.semantics = semantics
        self.handled = 0
        self.failed = 0
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._broken: BaseException | None = None

    # ── by hand ─────────────────────────────────────────────────────────────────────────────────

    def step(self, n: int = 1) -> int:
        """Pull up to `n` messages and handle each; return how many there were."""
        batch = self.subscription.pull(n)
        for delivery in batch:
            if self._begin(delivery):
                try:
                    _refuse_coroutine(self.handler(delivery))
                except ConsumerError:
                    delivery.nack(0)
                    raise
                except Exception as error:
                    self._fail(delivery, error)
                else:
                    self._finish(delivery)
        return len(batch)

    def _begin(self, delivery: Delivery) -> bool:
        return self.semantics == "at_least_once" or delivery.ack()

    def _finish(self, delivery: Delivery) -> None:
        delivery.ack()  # at most once: it is acked already, and this one is stale
        self.handled += 1

    def _fail(self, delivery: Delivery, error: Exception) -> None:
        delivery.nack(reason=f"{type(error).__name__}: {error}")
        self.failed += 1
        self.error = error

    # ── by a thread ─────────────────────────────────────────────────────────────────────────────

    def run_in_thread(self) -> Self:
        """Handle messages in a thread of its own until `stop`; return the consumer."""
        if self.running:
            raise ConsumerError("This consumer runs already: stop() it, or make another one.")
        self._stop.clear()
        self._broken = None
        self._thread = threading.Thread(target=self._loop, name="consumer", daemon=True)
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Finish the message at hand and stop; raises what broke the thread, if anything did."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                raise ConsumerError(f"The handler is still busy after {PATIENCE:g} s.")
            self._thread = None
        broken, self._broken = self._broken, None
        if broken is not None:
            raise broken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _loop(self) -> None:
        try:
            while not self._stop.is_set():
                if not self.step():
                    self._stop.wait(self._pause())
        except BaseException as error:  # a broker that failed, not a handler: stop() tells
            self._broken = error

    def _pause(self) -> float:
        wakeup = self.subscription.next_wakeup()
        if wakeup is None:
            return IDLE
        return min(IDLE, max(0.0, wakeup - self.subscription.clock()))

    # ── by asyncio ──────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Handle messages in this event loop until `stop`; the handler may be async.

        Where the task is cancelled, the message at hand is available again at once.
        """
        import asyncio  # here, for it takes longer to import than all the rest

        self._stop.clear()
        while not self._stop.is_set():
            if not await self.step_async():
                await asyncio.sleep(self._pause())

    async def step_async(self, n: int = 1) -> int:
        """Do as `step` does, with a handler that may be async."""
        batch = self.subscription.pull(n)
        for delivery in batch:
            if self._begin(delivery):
                try:
                    result = self.handler(delivery)
                    if hasattr(result, "__await__"):
                        await result
                except Exception as error:
                    self._fail(delivery, error)
                except BaseException:
                    delivery.nack(0, reason="the worker was cancelled")
                    raise
                else:
                    self._finish(delivery)
        return len(batch)


def _refuse_coroutine(result: Any) -> None:
    if hasattr(result, "__await__"):
        if hasattr(result, "close"):
            result.close()
        raise ConsumerError("This handler is async: drive it with `await consumer.run()`.")
