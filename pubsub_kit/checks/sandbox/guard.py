"""Runs a learner's code so that nothing it does can hang or break the notebook.

It may print (kept, and shown), loop for ever (stopped by a time limit), exit (stopped), sleep or
read a clock in real time (told that time is virtual), start threads, or ask for input (told not
to). What it raises comes back as a value; what it changed around itself is set back.
"""

from __future__ import annotations

import gc
import random
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pubsub_kit.checks.sandbox.alarm import Alarm, OutOfTime
from pubsub_kit.checks.sandbox.blame import is_own, line, loop_around, own_line
from pubsub_kit.checks.sandbox.output import Output
from pubsub_kit.checks.sandbox.standins import Halted, stand_ins
from pubsub_kit.checks.sandbox.surroundings import kept
from pubsub_kit.errors import PubSubKitError

T = TypeVar("T")


_MADE = re.compile(r'File "([^"]+)", line (\d+)')
_FRAMES = 8  # of the stack that Python notes for a coroutine
_LOOPS = {
    "awaits": "look for what ends this loop, which awaits and yet goes on for ever",
    "awaits nothing": "look for what ends this loop. It awaits nothing, so nobody else runs "
    "meanwhile",
    "": "look for a loop that never ends, or for a thread's lock: whoever waits for one stops "
    "everybody here",
}


class Stopped(PubSubKitError):
    """The code under check was stopped; the message says why."""


@dataclass
class Ran(Generic[T]):
    """What came of guarded code: its value or its error, what it printed, what it never awaited.

    `place` is what the last run was said to be about when the code began it.
    """

    value: T | None = None
    error: Exception | None = None
    printed: str = ""
    unawaited: str = ""
    place: Any = None


_SEVEN = random.Random(7).getstate()


class Luck(random.Random):
    """Random bytes, the same in every run."""

    drawn = False

    def randbytes(self, n: int) -> bytes:
        """Return so many of them."""
        self.drawn = True
        return super().randbytes(n)

    def renew(self) -> None:
        """Begin anew, if anybody has drawn from it."""
        if self.drawn:
            self.drawn = False
            self.setstate(_SEVEN)


class Guard:
    """One guarded check, in one thread."""

    def __init__(self, seconds: float) -> None:
        self.thread = threading.get_ident()
        self.place: Any = None
        self.alarm = Alarm(seconds, self._progress)
        self.output = Output()
        self.said = ""  # by a stand-in, to code that may have swallowed it
        self.runs = 0
        self.heard: list[warnings.WarningMessage] | None = None
        self.unawaited = ""
        self.luck = Luck(7)

    def _progress(self) -> object:
        """Return how far the run is, if its place can say so."""
        return getattr(self.place, "progress", None)

    def next_run(self, place: Any) -> None:
        """Give another run its time, the same luck as every run, and an empty page to print on."""
        self.place = place
        if self.said:
            raise Halted(self.said)
        if self.runs == 1:
            self.unawaited = _unawaited(self.heard)
        self.runs += 1
        self.output.clear()
        random.setstate(_SEVEN)  # which is faster than to seed it
        self.luck.renew()
        self.alarm.wind()

    def halt(self, sentence: str) -> None:
        """End the run with a sentence, even if the code under check swallows what is raised."""
        self.said = self.said or sentence
        raise Halted(sentence)


_one_at_a_time = threading.Lock()
_guard: Guard | None = None


def next_run(place: Any = None) -> None:
    """Tell the guard, if there is one, that a run of its own begins.

    `place` comes back in `Ran`, if the run is the last one: the world that it runs in, say. Where
    it has a `progress`, a run that gets further is given more time.
    """
    if _guard is not None and _guard.thread == threading.get_ident():
        _guard.next_run(place)


def run(
    code: Callable[[], T],
    seconds: float,
    spaces: Iterable[dict[str, Any]] = (),
    origins: bool = False,
) -> Ran[T]:
    """Run code under guard; no run of it may stand still for longer than so many seconds.

    `spaces` are the namespaces in which names of what would wait in real time are replaced. With
    `origins`, which takes its time, the line is known of each coroutine that is never awaited.
    Raises KeyboardInterrupt if the person at the keyboard wants it all to stop, and nothing else.
    """
    global _guard
    if _guard is not None and _guard.thread == threading.get_ident():
        return Ran(error=Stopped("this code calls check() while being checked: remove that call"))
    with _one_at_a_time, ExitStack() as stack:
        stack.enter_context(kept())
        guard = Guard(seconds)
        guard.heard = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("default", RuntimeWarning)
        stack.enter_context(redirect_stdout(guard.output))
        stack.enter_context(redirect_stderr(guard.output))
        stack.enter_context(guard.alarm)
        stack.enter_context(stand_ins(guard.halt, guard.luck, spaces))
        stack.callback(_forget)
        _guard = guard
        ran: Ran[T] = Ran()
        if origins:
            gc.collect()  # worlds that are gone hush what is found together with them
            stack.callback(sys.set_coroutine_origin_tracking_depth, _depth())
            sys.set_coroutine_origin_tracking_depth(_FRAMES)
        try:
            ran.value = guard.alarm.watched(code)
        except BaseException as error:
            ran.error = _in_words(error, guard)
        if guard.said:
            ran.error = Stopped(guard.said)
        if origins:
            ran.value = ran.error = guard.place = None
            gc.collect()  # what was made and is still held somewhere is found only now
        ran.printed = guard.output.summary
        ran.unawaited = guard.unawaited or _unawaited(guard.heard)
        ran.place = guard.place
    if guard.alarm.interrupted:
        raise KeyboardInterrupt
    return ran


def _depth() -> int:
    return sys.get_coroutine_origin_tracking_depth()


def _forget() -> None:
    global _guard
    _guard = None


def _in_words(error: BaseException, guard: Guard) -> Exception:
    """Return an error that a verdict can tell: what is no Exception becomes a sentence."""
    where = next(filter(None, map(own_line, _chain(error))), "")
    at = f" ({where})" if where else ""
    if isinstance(error, OutOfTime):
        loop = next(filter(None, map(loop_around, _chain(error))), "")
        return Stopped(
            f"your code was still running after {guard.alarm.seconds:g} s{at}: {_LOOPS[loop]}"
        )
    if isinstance(error, SystemExit):
        return Stopped(f"your code called exit(){at}: return or raise instead")
    if isinstance(error, RecursionError):
        return Stopped(f"your code calls itself endlessly{at}: look for a recursion")
    if isinstance(error, Exception):
        return error
    return Stopped(f"your code raised {type(error).__name__}{at}: raise an Exception instead")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that were on their way when it was raised."""
    while error is not None:
        yield error
        error = error.__context__


def _unawaited(heard: list[warnings.WarningMessage] | None) -> str:
    """Return the name of the first coroutine that was made and never awaited, or "".

    If Python kept note of where they were made, those of the learner's come first, with the line.
    """
    found = ""
    for warning in heard or ():
        head, _, origin = str(warning.message).partition("\n")
        if head.startswith("coroutine '") and head.endswith("' was never awaited"):
            name = f"{head.split(chr(39))[1].rpartition('.')[2]}(…)"
            if made := [place for place in _MADE.findall(origin) if is_own(place[0])]:
                return f"{name} ({line(made[-1][0], int(made[-1][1]))})"
            found = found or name
    return found
