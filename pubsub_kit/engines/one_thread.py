"""Runs calls in one thread of their own: for clients that belong to the thread that made them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class OneThread:
    """A thread; whoever calls it, from wherever, waits for what the call returns or raises."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __call__(self, call: Callable[[], T]) -> T:
        """Run a call in the thread."""
        return self._pool.submit(call).result()

    def end(self) -> None:
        """Let the thread end, once it has done what it was asked."""
        self._pool.shutdown(wait=True)
