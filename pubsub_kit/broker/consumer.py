"""A consumer: a handler, and the moment at which its messages are acked.

    at least once    pull ► handle ► ack      a crash before the ack: the message comes again
    at most once     pull ► ack ► handle      a crash after the ack: the message is gone

A broker can give no more than this: to handle and to ack are two steps, and a crash can fall
between them. Effectively once is at least once with an idempotent handler, one that does nothing
new when it sees an event's id again. That is the handler's work, not the broker's.

One consumer, three ways to drive it: by hand (`step`), in a thread (`run_in_thread`), in asyncio
(`run`). For more workers make more consumers on the same subscription.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal, Self

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.errors import PubSubKitError

IDLE = 0.02  # seconds between two looks at a subscription that has nothing
PATIENCE = 10.0  # seconds that stop() waits for the handler

Handler = Callable[[Delivery], Any]
Semantics = Literal["at_least_once", "at_most_once"]


class ConsumerError(PubSubKitError):
    """A consumer was made or driven in a way that cannot work."""


class Consumer:
    """One worker of a group: it pulls, handles and acks one message after another.

    The handler takes a `Delivery`. Where it returns, the message is done with; where it raises, it
    is nacked with the exception as the reason (at most once: it is lost). `handled` and `failed`
    count these, and `error` is the last exception.
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
                "effectively once, take at_least_once and a handler that may see an id twice."
            )
        if not callable(handler):
            raise ConsumerError(f"A handler is a function of a delivery, not {handler!r}.")
        self.subscription = subscription
        self.handler = handler
        self.semantics = semantics
        self.handled = self.failed = 0
        self.error: BaseException | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._broken: BaseException | None = None  # what ended the thread

    def step(self, n: int = 1) -> int:
        """Pull up to `n` messages and handle each; return how many there were."""
        work = self.step_async(n)
        try:
            work.send(None)  # a plain handler never waits: it is through in one go
        except StopIteration as done:
            return int(done.value)
        work.close()
        raise ConsumerError("This handler awaits something: drive it with `await consumer.run()`.")

    async def step_async(self, n: int = 1) -> int:
        """Do as `step` does, with a handler that may be async."""
        batch = self.subscription.pull(n)
        for delivery in batch:
            if self.semantics == "at_least_once" or delivery.ack():
                await self._handle(delivery)
        return len(batch)

    async def _handle(self, delivery: Delivery) -> None:
        try:
            result = self.handler(delivery)
            if hasattr(result, "__await__"):
                await result
        except Exception as error:
            delivery.nack(reason=f"{type(error).__name__}: {error}")
            self.failed += 1
            self.error = error
        except BaseException:  # cancelled: another worker may have it at once
            delivery.nack(0, "the worker was stopped")
            raise
        else:
            delivery.ack()  # stale where the handler or at most once has acked already
            self.handled += 1

    # ── drivers ─────────────────────────────────────────────────────────────────────────────────

    def run_in_thread(self) -> Self:
        """Handle messages in a thread until `stop`; usable in a `with` statement.

        An exception of the handler does not end it; one of the broker does, and `stop` raises it.
        """
        if self.running:
            raise ConsumerError("This consumer runs already: stop() it, or make another one.")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="consumer", daemon=True)
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Let the message at hand be handled, and stop."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                raise ConsumerError(f"The handler is still at work after {PATIENCE:g} s.")
        broken, self._broken = self._broken, None
        if broken is not None:
            raise broken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self.step():
                    self._stopping.wait(self._pause())
        except BaseException as error:
            self._broken = error

    async def run(self) -> None:
        """Handle messages in this event loop until `stop`; the handler may be async.

        Where the task is cancelled, the message at hand is available again at once.
        """
        import asyncio  # here, since it takes longer to import than all the rest of the core

        self._stopping.clear()
        while not self._stopping.is_set():
            busy = await self.step_async()
            await asyncio.sleep(0 if busy else self._pause())

    def _pause(self) -> float:
        """Return the seconds until something may be due, at most `IDLE`."""
        wakeup = self.subscription.next_wakeup()
        if wakeup is None:
            return IDLE
        return min(IDLE, max(0.0, wakeup - self.subscription.clock()))
