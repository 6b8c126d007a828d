"""What a check leaves as it found it, whatever the code under check has done to it."""

from __future__ import annotations

import gc
import os
import random
import sys
from asyncio import events as asyncio_events
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from pubsub_kit.world.system import enter


@contextmanager
def kept() -> Iterator[None]:
    """Set back streams, hooks, garbage collection, chance, the folder, and the running world."""
    streams = sys.stdout, sys.stderr, sys.stdin
    hooks = sys.unraisablehook, sys.excepthook, sys.displayhook
    tracing, depth = sys.gettrace(), sys.getrecursionlimit()
    thresholds, collecting = gc.get_threshold(), gc.isenabled()
    loop, world = asyncio_events._get_running_loop(), enter(None)
    chance, folder = random.getstate(), _folder()
    sys.unraisablehook = cast(Any, id)  # says nothing, and no alarm can interrupt it in Python
    try:
        yield
    finally:
        sys.settrace(tracing)
        sys.stdout, sys.stderr, sys.stdin = streams
        sys.unraisablehook, sys.excepthook, sys.displayhook = hooks
        sys.setrecursionlimit(depth)
        gc.set_threshold(*thresholds)
        (gc.enable if collecting else gc.disable)()
        asyncio_events._set_running_loop(loop)
        enter(world)
        random.setstate(chance)
        with suppress(OSError):
            os.chdir(folder)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return os.sep
