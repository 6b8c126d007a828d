"""Garbage: Python looks for it after every 700 new objects, also while none of them can be any.

A batch makes many objects that are all in use. To look through them takes a third of the batch's
time, so while a batch is made, nobody looks.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 100  # objects: for so few it makes no difference


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage in this `with` statement."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
