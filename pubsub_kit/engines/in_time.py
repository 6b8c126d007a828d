"""A call in a thread of its own: for a client whose own may never return.

Whoever waits for it may give up. The thread is left behind then, as a daemon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def begun(call: Callable[[], T], name: str) -> Future[T]:
    """Begin a call in a thread of that name; return what will have its answer."""
    answer: Future[T] = Future()

    def made() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=made, name=name, daemon=True).start()
    return answer
