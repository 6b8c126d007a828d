"""Runs a learner's code so that nothing it does can hang or break the notebook.

It may print (kept, and shown), loop for ever (stopped by a time limit), exit (stopped), sleep or
read a clock in real time (told that time is virtual), start threads, or ask for input (told not
to). What it raises comes back as a value; what it changed around itself is set back.
"""

from __future__ import annotations

import random
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pubsub_kit.checks.sandbox.alarm import Alarm, OutOfTime
from pubsub_kit.checks.sandbox.blame import own_line
from pubsub_kit.checks.sandbox.output import Output
from pubsub_kit.checks.sandbox.standins import Halted, stand_ins
from pubsub_kit.checks.sandbox.surroundings import kept
from pubsub_kit.errors import PubSubKitError

T = TypeVar("T")


class Stopped(PubSubKitError):
    """The code under check was stopped; the message says why."""


@dataclass
class Ran(Generic[T]):
    """What came of guarded code: its value or its error, what it printed, what it never awaited."""

    value: T | None = None
    error: Exception | None = None
    printed: str = ""
    unawaited: str = ""


class Guard:
    """One guarded check, in one thread."""

    def __init__(self, seconds: float) -> None:
        self.thread = threading.get_ident()
        self.alarm = Alarm(seconds)
        self.output = Output()
        self.said = ""  # by a stand-in, to code that may have swallowed it
        self.runs = 0
        self.heard: list[warnings.WarningMessage] | None = None
        self.unawaited = ""
        self.luck = random.Random()

    def next_run(self) -> None:
        """Give another run its time, the same luck as every run, and an empty page to print on."""
        if self.said:
            raise Halted(self.said)
        if self.runs == 1:
            self.unawaited = _unawaited(self.heard)
        self.runs += 1
        self.output.clear()
        random.seed(7)
        self.luck.seed(7)
        self.alarm.wind()

    def halt(self, sentence: str) -> None:
        """End the run with a sentence, even if the code under check swallows what is raised."""
        self.said = self.said or sentence
        raise Halted(sentence)


_one_at_a_time = threading.Lock()
_guard: Guard | None = None


def next_run() -> None:
    """Tell the guard, if there is one, that a run of its own begins."""
    if _guard is not None and _guard.thread == threading.get_ident():
        _guard.next_run()


def run(code: Callable[[], T], seconds: float, spaces: Iterable[dict[str, Any]] = ()) -> Ran[T]:
    """Run code under guard; no run of it may take longer than so many seconds.

    `spaces` are the namespaces in which names of what would wait in real time are replaced.
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
        try:
            ran.value = guard.alarm.watched(code)
        except BaseException as error:
            ran.error = _in_words(error, guard)
        if guard.said:
            ran.error = Stopped(guard.said)
        ran.printed = guard.output.summary
        ran.unawaited = guard.unawaited or _unawaited(guard.heard)
    if guard.alarm.interrupted:
        raise KeyboardInterrupt
    return ran


def _forget() -> None:
    global _guard
    _guard = None


def _in_words(error: BaseException, guard: Guard) -> Exception:
    """Return an error that a verdict can tell: what is no Exception becomes a sentence."""
    where = next(filter(None, map(own_line, _chain(error))), "")
    at = f" ({where})" if where else ""
    if isinstance(error, OutOfTime):
        return Stopped(
            f"your code was still running after {guard.alarm.seconds:g} s{at}: look for a loop "
            "without an await or an exit"
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
    """Return the name of the first coroutine that was made and never awaited, or ""."""
    for warning in heard or ():
        words = str(warning.message)
        if words.startswith("coroutine '") and words.endswith("' was never awaited"):
            return words.split("'")[1].rpartition(".")[2]
    return ""
