"""Runs a learner's code so that nothing it does can hang or break the notebook.

It may print (kept, and shown short), sleep (told that time is virtual), loop for ever (stopped by a
time limit), exit (stopped), or ask for input (told not to). Nothing of that leaves the guard but as
a `Stopped`, whose message is the sentence that the learner gets.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import io
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pubsub_kit.errors import PubSubKitError

T = TypeVar("T")


class Stopped(PubSubKitError):
    """The code under check was stopped; the message says why."""


class OutOfTime(BaseException):
    """Thrown into code that runs too long. No `Exception`, so that a handler's except misses it."""


class Output(io.StringIO):
    """Collects what is printed, up to a bound, so that printing for ever fills no memory."""

    LIMIT = 10_000

    def write(self, text: str) -> int:
        """Keep the text if there is room."""
        if self.tell() < self.LIMIT:
            super().write(text[: self.LIMIT])
        return len(text)

    @property
    def summary(self) -> str:
        """The first line that was printed, and how many more there are."""
        lines = [line for line in self.getvalue().splitlines() if line.strip()]
        if not lines:
            return ""
        more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
        return lines[0][:120] + more


def run(code: Callable[[], T], seconds: float) -> tuple[T, Output]:
    """Run code under guard for so many seconds at most; return its result and its output.

    Raises Stopped with one sentence if the code was stopped; what else it raises goes through.
    """
    output = Output()
    try:
        with _no_waiting(), contextlib.redirect_stdout(output), _limit(seconds):
            return code(), output
    except OutOfTime:
        raise Stopped(
            f"your code had not come to an end after {seconds:g} s: look for a loop without an "
            "await or an exit"
        ) from None
    except SystemExit:
        raise Stopped("your code called exit(): return or raise instead") from None
    except RecursionError:
        raise Stopped("your code calls itself without end: look for a recursion") from None


@contextlib.contextmanager
def _no_waiting() -> Iterator[None]:
    """Put a sentence in the place of time.sleep and input, which would wait in real time.

    The notebook's own threads, which know nothing of a check, go on to sleep.
    """
    guarded = threading.get_ident()

    def no_sleep(seconds: Any) -> None:
        if threading.get_ident() != guarded:
            return real_sleep(seconds)
        raise Stopped(f"time.sleep({seconds}) stops everything: write `await sleep({seconds})`")

    def no_input(prompt: object = "") -> str:
        raise Stopped("input() waits for a person: a handler gets all it needs from its event")

    real_sleep, real_input = time.sleep, builtins.input
    time.sleep, builtins.input = no_sleep, no_input
    try:
        yield
    finally:
        time.sleep, builtins.input = real_sleep, real_input


def _limit(seconds: float) -> contextlib.AbstractContextManager[None]:
    main = threading.current_thread() is threading.main_thread()
    return _alarm(seconds) if main and hasattr(signal, "setitimer") else _watchdog(seconds)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Have the system interrupt this thread once time is up, even out of a real sleep."""

    def ring(number: int, frame: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    """Throw OutOfTime into this thread from another one, again and again, once time is up."""
    thread, over, lock = threading.get_ident(), threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    _throw(thread, OutOfTime)
            wait = 0.05

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            over.set()
            _throw(thread, None)  # take back one that was sent but has not arrived
        watcher.join()


def _throw(thread: int, error: type[BaseException] | None) -> None:
    """Have CPython raise an exception in another thread at its next bytecode."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(error) if error else None
    )
