"""A driver: it makes a consumer take step after step, in a thread or in an event loop.

The consumer itself has no thread and no clock, so it also runs in virtual time and in a browser.

What it pulls from may be a server far away (`pubsub_kit.engines`), whose workers say how long they
wait. An event loop leaves all that asks a server (pull, ack, nack) to one thread for each consumer,
so that it goes on meanwhile; handlers run in the loop itself. A server that does not answer may
come back: the driver says so once, and goes on trying until it does, or until `stop`.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.errors import PubSubKitError, brief

IDLE = 0.02  # seconds between two looks at a subscription that has no message
PATIENCE = 10.0  # seconds for which stop() waits for the handler
RETRY = 0.5  # seconds between two tries to reach a server that does not answer
log = logging.getLogger("pubsub_kit")
Answer = TypeVar("Answer")

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


class ConsumerError(PubSubKitError):
    """You made or drove a consumer in a way that can't work."""


class Source(Protocol):
    """What a worker pulls from: a shared group's Subscription, or a Member of a partitioned one."""

    clock: Callable[[], float]  # seconds

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` available messages."""

    def next_wakeup(self) -> float | None:
        """Return the time at which something may be due, or None."""


class Driver(ABC):
    """Takes steps until `stop`: `run_in_thread` in a thread, `run` in an event loop."""

    def __init__(self, subscription: Source) -> None:
        if not callable(getattr(subscription, "pull", None)):
            raise ConsumerError(f"A Subscription or a Member is needed, not {brief(subscription)}.")
        self.subscription = subscription
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._broken: BaseException | None = None  # what ended the thread
        self.asking: ThreadPoolExecutor | None = None  # the thread that asks a server for a loop
        self._cut_off = False
        self.error: BaseException | None = None

    @abstractmethod
    def step(self, n: int = 1) -> int:
        """Handle up to `n` messages; return how many there were."""

    @abstractmethod
    async def step_async(self, n: int = 1) -> int:
        """Do what `step` does, with a handler that may be async."""

    async def asked(self, call: Callable[[], Answer]) -> Answer:
        """Make a call that may ask a server; for an event loop, in a thread."""
        if self.asking is None:
            return call()
        import asyncio  # here, since it takes longer to import than all the rest of the core

        return await asyncio.get_running_loop().run_in_executor(self.asking, call)

    async def pulled(self, n: int) -> list[Delivery]:
        """Pull; if the task is cancelled meanwhile, what still comes is given back."""
        if self.asking is None:
            return self.subscription.pull(n)
        import asyncio

        pull = asyncio.ensure_future(self.asked(lambda: self.subscription.pull(n)))
        try:
            return await asyncio.shield(pull)
        except asyncio.CancelledError as stopped:
            with suppress(Exception):  # a pull that fails has taken nothing
                await self.give_back(await pull, stopped)
            raise

    async def each(
        self, batch: list[Delivery], handle: Callable[[Delivery], Awaitable[None]]
    ) -> int:
        """Handle deliveries; if the task is cancelled, give back the one at hand and the rest."""
        place = 0
        try:
            for delivery in batch:
                await handle(delivery)
                place += 1
        except Exception:
            raise
        except BaseException as stopped:
            await self.give_back(batch[place:], stopped)
            raise
        return place

    async def give_back(self, deliveries: Iterable[Delivery], stopped: BaseException) -> None:
        """Let others have deliveries at once; if no server answers, once their leases end."""

        def give() -> None:
            for delivery in deliveries:
                with suppress(PubSubKitError):
                    delivery.nack(0, "the worker was stopped")

        if isinstance(stopped, GeneratorExit):
            give()  # there is no loop any more that could wait for it
        else:
            await self.asked(give)

    def run_in_thread(self) -> Self:
        """Handle messages in a thread until `stop`; usable in a `with` statement.

        The thread survives an exception in the handler; one in the broker ends it, and `stop`
        raises it.
        """
        if self.running:
            raise ConsumerError("This consumer is already running: stop() it, or make another one.")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="consumer", daemon=True)
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Finish the message at hand, then stop."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE + (getattr(self.subscription, "wait", None) or 0.0))
            if self._thread.is_alive():
                raise ConsumerError(
                    f"The handler is still running after {PATIENCE:g} s: call stop() again to wait."
                )
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
                try:
                    busy = self.step()
                except Exception as error:
                    self._stopping.wait(self._after(error))
                else:
                    self._cut_off = False
                    if not busy:
                        self._stopping.wait(self._pause())
        except BaseException as error:
            self._broken = error

    async def run(self) -> None:
        """Handle messages in this event loop until `stop`; the handler may be async.

        If the task is cancelled, the message at hand is available again at once; where no server
        answers, once its lease ends. A pull that waits is waited for, and what it takes given back.
        """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        self._stopping.clear()
        if getattr(self.subscription, "wait", None) is not None:
            self.asking = ThreadPoolExecutor(1, thread_name_prefix="consumer")
        try:
            while not self._stopping.is_set():
                await asyncio.sleep(await self._turn())
        finally:
            if self.asking is not None:
                self.asking.shutdown(wait=False)
                self.asking = None

    async def _turn(self) -> float:
        """Take a step in the event loop; return the seconds until the next one."""
        try:
            busy = await self.step_async()
        except Exception as error:
            return self._after(error)
        self._cut_off = False
        return 0 if busy else self._pause()

    def _after(self, error: Exception) -> float:
        """Return the seconds until the next try; raises what no further try can mend."""
        if not getattr(error, "passing", False):
            raise error
        if not self._cut_off:
            log.warning("%s This consumer goes on trying.", error)
        self._cut_off, self.error = True, error
        return RETRY

    def _pause(self) -> float:
        """Return the seconds until something may be due, at most `IDLE`."""
        wakeup = self.subscription.next_wakeup()
        if wakeup is None:
            return IDLE
        return min(IDLE, max(0.0, wakeup - self.subscription.clock()))
