"""A thread for calls that may never return: whoever waits for one of them may give up.

The thread is made with the first call, and lasts: to make one takes longer than many a call. If it
hangs in a call, it is left behind, as a daemon.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """Makes calls in a thread of that name, one after another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def begun(self, call: Callable[[], T]) -> Future[T]:
        """Begin a call, and return what will have its answer."""
        answer: Future[T] = Future()

        def made() -> None:
            try:
                answer.set_result(call())
            except BaseException as error:
                answer.set_exception(error)

        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        self._asked.put(made)
        return answer

    def end(self, wait: float) -> None:
        """Let the thread end once it has done what it was asked; wait so many seconds at most."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(wait)

    def _serve(self) -> None:
        while (made := self._asked.get()) is not None:
            made()
