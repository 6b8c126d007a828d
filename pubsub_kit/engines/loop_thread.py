"""Runs coroutines in an event loop of its own thread: for clients that have no other way in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """A thread with an event loop; whoever calls it waits for what the coroutine returns."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop; return or raise what it does."""
        doing = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return doing.result()
        except BaseException:
            doing.cancel()  # Ctrl-C reaches whoever waits, not the loop
            raise

    def end(self) -> None:
        """Cancel what still runs, and let the thread end; to end it twice is harmless."""
        if not self._loop.is_closed():
            self(self._cancel())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _cancel(self) -> None:
        """Cancel every other task, and wait until each has ended."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
