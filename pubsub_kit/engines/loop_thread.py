"""Runs coroutines in an event loop of its own: for a client that is all async.

    nobody is in the loop         whoever calls runs it, in its own thread, until its coroutine ends
    somebody else is              the caller hands its coroutine over to the keeper, and waits
    nobody calls for a while      the keeper, a thread, looks in once a second: a server's pings

To hand over to another thread and back takes as long as a server on the same machine takes to
answer, so one worker alone is spared it. A thread that is in an event loop already, as a notebook's
is, can't run a second one: there the keeper does.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
Doing = concurrent.futures.Future[Any]
LOOK = 1.0  # seconds between two looks of the keeper


class LoopThread:
    """An event loop, and its keeper; a call waits until its coroutine has returned."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._turn = threading.Lock()  # whoever holds it runs the loop
        self._handed: queue.SimpleQueue[Doing | None] = queue.SimpleQueue()
        self._watch: asyncio.Task[None] | None = None  # the keeper's own
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self._thread.start()

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop; return or raise what it does."""
        if _in_a_loop() or not self._turn.acquire(blocking=False):
            return self._handed_over(work)
        try:
            return self._run(work)
        except asyncio.CancelledError:
            raise concurrent.futures.CancelledError from None  # as whoever hands over is told
        finally:
            self._turn.release()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        doing = self._loop.create_task(work)
        try:
            return self._loop.run_until_complete(doing)
        except BaseException:
            if not doing.done():  # Ctrl-C
                doing.cancel()
                with suppress(asyncio.CancelledError):
                    self._loop.run_until_complete(doing)
            raise

    def _handed_over(self, work: Coroutine[Any, Any, T]) -> T:
        doing = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._handed.put(doing)
        try:
            return doing.result()
        except BaseException:
            doing.cancel()  # Ctrl-C reaches the thread that waits, not the loop
            raise

    def _keep(self) -> None:
        """Run the loop for those who can't, and now and then for nobody."""
        while True:
            try:
                doing = self._handed.get(timeout=LOOK)
            except queue.Empty:
                if self._turn.acquire(blocking=False):
                    try:
                        self._look(None)
                    finally:
                        self._turn.release()
                continue
            if doing is None:
                return
            if not doing.done():
                with self._turn:
                    self._look(doing)

    def _look(self, doing: Doing | None) -> None:
        self._watch = self._loop.create_task(self._over(doing))
        self._loop.run_until_complete(self._watch)

    async def _over(self, doing: Doing | None) -> None:
        """Wait until somebody's coroutine has ended, or let the loop do what is due."""
        over = asyncio.Event()
        if doing is None:
            self._loop.call_later(0.01, over.set)
        else:
            doing.add_done_callback(lambda _: self._loop.call_soon_threadsafe(over.set))
        await over.wait()

    def end(self) -> None:
        """Cancel what still runs, and let the thread end; to end it twice is harmless."""
        if not self._loop.is_closed():
            self(self._cancel())
            self._handed.put(None)
            self._thread.join()
            with self._turn:
                self._loop.close()

    async def _cancel(self) -> None:
        """Cancel every other task, and wait until each has ended."""
        others = asyncio.all_tasks() - {asyncio.current_task(), self._watch}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _in_a_loop() -> bool:
    """Return whether this thread runs an event loop, beside which it can't run another one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
