"""What a run keeps out: asyncio, most garbage collection, and the code of worlds that are gone.

asyncio's loop knows nothing of virtual time. In a notebook such a loop is always running, so code
that awaits something of asyncio's inside a world gets an error that says so. Garbage collection is
kept rare, because a run makes many records that stay and little garbage.

Code may still be waiting in a world that nobody holds any more. Python closes it while it collects
garbage, in the middle of whatever is running then, and its `except` and `finally` blocks run. What
they await there leads nowhere: they are lost.
"""

from __future__ import annotations

import atexit
import gc
import sys
import warnings
from asyncio import events as asyncio_events
from threading import local
from typing import Any, cast
from weakref import ref

from pubsub_kit.errors import PubSubKitError


class WorldError(PubSubKitError):
    """A world was set up or used in a way that cannot work."""


class TooManySteps(WorldError):
    """A run took more steps than it may: something in it repeats without end."""


FOREIGN = (
    "asyncio does not work inside a world, whose time is virtual: await the world's own verbs "
    "instead, such as sleep(seconds), call(service, …), gather(…), publish(topic, …), and a "
    "store's get and put"
)


class NoLoop:
    """Stands where asyncio looks for its running loop, so that all of asyncio says `FOREIGN`."""

    def __getattr__(self, name: str) -> Any:
        raise WorldError(FOREIGN)


_NO_LOOP = cast(Any, NoLoop())
_RARE = 100_000


def without_asyncio() -> Any:
    """Hide the running event loop, if there is one; returns it, for `with_asyncio`."""
    loop = asyncio_events._get_running_loop()
    asyncio_events._set_running_loop(_NO_LOOP)
    return loop


def with_asyncio(loop: Any) -> None:
    """Bring the event loop back."""
    asyncio_events._set_running_loop(loop)


class Code(local):
    """What is known of the code that runs now, in this thread."""

    lost = False  # it is of a world that is gone


CODE = Code()
_watched: dict[int, ref[object]] = {}
_complain = sys.unraisablehook
_warned = warnings.catch_warnings()


def watch(world: object) -> None:
    """See to it that a world's code leads nowhere once the world is garbage."""
    key = id(world)
    _watched[key] = ref(world, lambda _: _lose(key))


def unwatch(world: object) -> None:
    """Stop watching a world that has no code left."""
    _watched.pop(id(world), None)


def _lose(key: int = 0) -> None:
    """Begin to lead nowhere: Python breaks weak references before it runs any lost code."""
    global _complain, _warned
    _watched.pop(key, None)
    if not CODE.lost:
        CODE.lost = True
        _complain, sys.unraisablehook = sys.unraisablehook, lambda _: None
        _warned = warnings.catch_warnings()  # of tasks that never began: nobody ran their world
        _warned.__enter__()
        warnings.simplefilter("ignore", RuntimeWarning)


def _found(phase: str, _: object) -> None:
    """Be back in a world when the garbage is gone."""
    if phase == "stop" and CODE.lost:
        CODE.lost, sys.unraisablehook = False, _complain
        _warned.__exit__(None, None, None)


gc.callbacks.append(_found)
atexit.register(_lose)


def rare_collections() -> tuple[int, int, int]:
    """Collect garbage once in many allocations only; returns how often it was, to bring it back."""
    thresholds = gc.get_threshold()
    gc.set_threshold(max(_RARE, thresholds[0]), *thresholds[1:])
    return thresholds


def moment(verb: str, seconds: Any, now: float) -> float:
    """Return a moment that is not in the past; raises WorldError for any other."""
    if not isinstance(seconds, int | float):
        raise WorldError(f"{verb}({seconds!r}): give the moment in seconds, such as 2.5")
    if not seconds >= now:
        raise WorldError(f"{verb}({seconds!r}) is in the past: it is {now:g} s now")
    return seconds


def named(name: Any) -> str:
    """Return a name that can be written above a lane; raises WorldError for any other."""
    if not isinstance(name, str) or not name.strip():
        raise WorldError(f"a node or a store needs a name such as 'shop', not {name!r}")
    return name
