"""Limits for logs under test: how many files they may have open, and how long one may get.

A trial opens a log hundreds of times, and some systems let a process have only 256 files open. An
object closes its file when it goes, but a number from os.open() has no object. And a log that
writes for ever must not fill the disk before it is stopped.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ENOUGH = 4096  # files that may be open at once, where a system lets that be set
LONGEST = 1 << 24  # bytes in a file
_FEW = 64  # that objects may still hold, which close them later
_OPEN = "/proc/self/fd"


@contextmanager
def room() -> Iterator[None]:
    """Let this process have many files open, and write none that is huge, for a while."""
    try:
        import resource
    except ImportError:  # on Windows, or in a browser
        yield
        return
    before = {
        kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)
    }
    soft, hard = before[resource.RLIMIT_NOFILE]
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LONGEST, before[resource.RLIMIT_FSIZE][1]))
    try:
        yield
    finally:
        for kind, limits in before.items():
            with suppress(OSError, ValueError):
                resource.setrlimit(kind, limits)


def close_left_open(folder: Path) -> None:
    """Close the files in a folder that are still open and have no object, where that is known."""
    if len(_open_in(folder)) > _FEW:
        gc.collect()  # objects close theirs
        left = _open_in(folder)
        for number in left if len(left) > _FEW else ():
            with suppress(OSError):
                os.close(number)


def _open_in(folder: Path) -> list[int]:
    found = []
    with suppress(OSError):
        for number in os.listdir(_OPEN):
            with suppress(OSError):  # listing them opened one more, which is closed by now
                if os.readlink(f"{_OPEN}/{number}").startswith(f"{folder}{os.sep}"):
                    found.append(int(number))
    return found
