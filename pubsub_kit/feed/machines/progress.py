"""How far a simulation is: a bar in a notebook, a line in a terminal, or a call of yours.

The bar is the same text whenever it is shown, and closed at the end: a notebook's saved output does
not depend on how fast the machine is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pubsub_kit.show.widgets.status import Line, in_a_kernel

#: Told how many parts are done, and of how many.
Report = Callable[[int, int], None]


@contextmanager
def reporting(progress: bool | Report, what: str) -> Iterator[Report]:
    """Give a function to be told (done, of); raises nothing, and leaves nothing on the screen."""
    if callable(progress):
        yield progress
    elif not progress:
        yield _silent
    elif in_a_kernel():
        yield from _bar(what)
    elif sys.stderr.isatty():
        yield from _line(what)
    else:
        yield _silent


def _silent(done: int, of: int) -> None:
    """Say nothing."""


def _bar(what: str) -> Iterator[Report]:
    from IPython.display import display
    from ipywidgets import IntProgress

    class Bar(IntProgress):  # type: ignore[misc]
        def __repr__(self) -> str:
            return f"{what}: a bar shows how far it is"  # to who sees no widgets

    bar = Bar(value=0, max=100, description=what)
    display(bar)  # type: ignore[no-untyped-call]

    def show(done: int, of: int) -> None:
        bar.value = 100 * done // max(of, 1)

    try:
        yield show
    finally:
        bar.close()


def _line(what: str) -> Iterator[Report]:
    line = Line(sys.stderr)
    try:
        yield lambda done, of: line.show(f"{what} {100 * done // max(of, 1):3d} %")
    finally:
        line.clear()
