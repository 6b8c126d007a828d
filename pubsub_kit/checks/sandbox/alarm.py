"""Ends code that runs too long, whatever it catches.

Where the system has alarms, one interrupts the main thread, even out of a real sleep; elsewhere a
second thread throws the exception into the first one at its next bytecode. Code that catches it
(`except:` in a loop) is rung again and again: from the third ring on nearly wherever Python looks
for signals, which it does at each call and each jump back, and so on its way out of the except
clause, outside of the try. Whoever presses Ctrl-C meanwhile is heard as well, even where the code
under check catches that.
"""

from __future__ import annotations

import _thread
import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from random import Random
from time import perf_counter
from types import FrameType, TracebackType
from typing import Any, TypeVar

T = TypeVar("T")
_AGAIN = 0.05  # seconds between rings
_SLICES = 4  # of the time that a run may stand still: so often the alarm looks how far it is
_LONGEST = 3  # times as long as it may stand still, a run may take


class OutOfTime(BaseException):
    """Thrown into code that runs too long. No `Exception`, so that a handler's except misses it."""


class _TakenBack(BaseException):
    """Takes the place of an exception that was sent to a thread and has not arrived."""


class Alarm:
    """Rings so many seconds after it was last wound; only what is `watched` hears it.

    `progress` says how far a run is, so that a slow one is not taken for an endless one: it has to
    stand still for that long, or to take `_LONGEST` times as long. None: it is not known.
    """

    def __init__(self, seconds: float, progress: Callable[[], object] = lambda: None) -> None:
        self.seconds = seconds
        self.progress = progress
        self._seen: object = None
        self._still = self._slices = 0
        self.interrupted = False  # by the person at the keyboard
        self.thread = threading.get_ident()
        self.rings = 0
        self._luck = Random(7)
        self._main = threading.current_thread() is threading.main_thread()
        self._system = self._main and hasattr(signal, "setitimer")
        self._due = self._begun = 0.0
        self._others = (0.0, 0.0)  # an alarm that somebody else had set
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._before: list[tuple[int, Any]] = []
        self._watcher: threading.Thread | None = None

    def watched(self, code: Callable[[], T]) -> T:
        """Run code; it alone hears the rings."""
        try:
            return code()
        finally:
            self._hush()

    def wind(self) -> None:
        """Begin to count the seconds of a new run."""
        self._seen, self._still, self._slices = self.progress(), 0, 0
        self._count()

    def _count(self) -> None:
        if self._system:
            signal.setitimer(signal.ITIMER_REAL, self.seconds / _SLICES)
        self._due = perf_counter() + self.seconds / _SLICES

    def __enter__(self) -> Alarm:
        if self._main and callable(before := signal.getsignal(signal.SIGINT)):
            self._before.append((signal.SIGINT, before))
            signal.signal(signal.SIGINT, self._interrupt)
        if self._system:
            self._others, self._begun = signal.getitimer(signal.ITIMER_REAL), perf_counter()
            self._before.append((signal.SIGALRM, signal.signal(signal.SIGALRM, self._ring)))
        else:
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        self.wind()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hush()
        if self._watcher is not None:
            self._watcher.join()
        for number, before in reversed(self._before):
            signal.signal(number, before)
        if self._others[0]:
            left = self._others[0] - (perf_counter() - self._begun)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), self._others[1])

    def _may_go_on(self) -> bool:
        """Look how far the run is; say whether it may have some more time."""
        before, self._seen = self._seen, self.progress()
        self._still = 0 if self._seen is not None and self._seen != before else self._still + 1
        self._slices += 1
        still = _SLICES if self._seen is None else _SLICES - 1  # it may move in the first one
        return self._still < still and self._slices < _LONGEST * _SLICES

    def _hush(self) -> None:
        if self._system:
            signal.setitimer(signal.ITIMER_REAL, 0)
        elif self._watcher is not None:
            with self._lock:
                self._over.set()
            if self.rings:
                _take_back(self.thread)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if not (self.rings or self.interrupted) and self._may_go_on():
            self._count()
            return
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        if self._hears(frame):
            self.rings += 1
            # Loops within loops need many rings in a row. But Python 3.12 blames a jump's ring on
            # the place jumped to, which may lie within the try: so of every second hundred let one
            # in four pass, by chance, and another falls outside of it.
            passes = self.rings // 100 % 2 and self._luck.random() < 0.25
            if self.rings > 2:
                # Within one instruction: a call would be interrupted at once, here.
                [*map(_thread.interrupt_main, (signal.SIGALRM,))]
            if not passes:
                raise OutOfTime

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        if self._hears(frame):
            if self._system:
                signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            self._due = 0.0
            raise KeyboardInterrupt

    def _hears(self, frame: FrameType | None) -> bool:
        """Say whether a frame is within `watched`: nothing of the guard itself is cut short."""
        while frame is not None:
            if frame.f_code is Alarm.watched.__code__:
                return True
            frame = frame.f_back
        return False

    def _watch(self) -> None:
        while not self._over.wait(min(max(self._due - perf_counter(), 0.0), 0.25)):
            with self._lock:
                late = perf_counter() >= self._due
                frame = sys._current_frames().get(self.thread)
                if late and not (self.rings or self.interrupted) and self._may_go_on():
                    self._count()
                    continue
                if late and not self._over.is_set() and self._hears(frame):
                    self.rings += 1
                    _throw(self.thread, OutOfTime)
            if late:
                self._over.wait(_AGAIN)


def _throw(thread: int, error: type[BaseException]) -> None:
    """Have CPython raise an exception in a thread at its next bytecode."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _take_back(thread: int) -> None:
    """Take back what was sent to this very thread, if it has not arrived.

    Another one takes its place, and is awaited: with none in its place, CPython 3.11 would note for
    ever that one is to come, and never enter a function again while there is a profile function.
    """
    try:
        _throw(thread, _TakenBack)
        while True:
            pass
    except _TakenBack:
        pass
