"""Stands in for what would wait, start, or draw by chance in real life while code is checked.

Only the thread that is checked notices; all others get the real thing. Each stand-in says what to
write instead, since time in a world is virtual. Chance is drawn from a generator that begins anew
with each run, so that two runs of the same code are alike.
"""

from __future__ import annotations

import builtins
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from types import ModuleType
from typing import Any

from pubsub_kit.checks.sandbox.blame import is_own


class Halted(BaseException):
    """Ends a run at a stand-in. No `Exception`, so that a handler's except misses it."""


Halt = Callable[[str], Any]

_CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


@contextmanager
def stand_ins(halt: Halt, luck: Random, spaces: Iterable[dict[str, Any]]) -> Iterator[None]:
    """Put every stand-in into its place, and into namespaces that know the real thing by name."""
    new = [*_waiting(halt), *_clocks(halt), *_chance(luck)]
    real = [(owner, name, getattr(owner, name)) for owner, name, _ in new]
    known = {id(old): stand for (_, _, old), (_, _, stand) in zip(real, new, strict=True)}
    borrowed = [
        (space, name, value)
        for space in spaces
        for name, value in list(space.items())
        if callable(value) and id(value) in known
    ]
    try:
        for (owner, name, old), (_, _, stand) in zip(real, new, strict=True):
            setattr(owner, name, _here_only(stand, old))
        for space, name, value in borrowed:
            space[name] = _here_only(known[id(value)], value)
        yield
    finally:
        for owner, name, old in real:
            setattr(owner, name, old)
        for space, name, value in borrowed:
            space[name] = value


def _here_only(stand: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is the stand-in in this thread, and the real thing in all others."""
    thread = threading.get_ident()

    def either(*args: Any, **kwargs: Any) -> Any:
        return (stand if threading.get_ident() == thread else real)(*args, **kwargs)

    return either


def _waiting(halt: Halt) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    def sleep(seconds: object) -> None:
        halt(
            f"time.sleep({seconds}) blocks everything: write `await sleep({seconds})`, with sleep "
            "from pubsub_kit"
        )

    def ask(prompt: object = "") -> None:
        halt("input() waits for a person: a handler gets everything it needs from its event")

    def stop(*args: Any, **kwargs: Any) -> None:
        halt("breakpoint() waits for a person: print() what you want to see, and it is shown")

    def start(thread: threading.Thread) -> None:
        halt(
            "a thread runs in real time, outside this world: use `await gather(…)` to do several "
            "things at once"
        )

    yield time, "sleep", sleep
    yield builtins, "input", ask
    yield sys, "breakpointhook", stop
    yield threading.Thread, "start", start


def _clocks(halt: Halt) -> Iterator[tuple[ModuleType, str, Callable[..., Any]]]:
    """Yield clocks that the learner's own code may not read; the libraries around it may."""
    for name in _CLOCKS:
        yield time, name, _clock(halt, name, getattr(time, name))


def _clock(halt: Halt, name: str, real: Callable[[], Any]) -> Callable[[], Any]:
    def read() -> Any:
        if is_own(sys._getframe(2).f_code.co_filename):
            halt(
                f"time.{name}() reads the wall clock, but time is virtual here: use clock() from "
                "pubsub_kit, or the clock that your class is given, or none"
            )
        return real()

    return read


def _chance(luck: Random) -> Iterator[tuple[ModuleType, str, Callable[..., Any]]]:
    yield os, "urandom", luck.randbytes
    yield random, "_urandom", luck.randbytes
