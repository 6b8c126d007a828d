"""Ends the servers whose starter has died: a program of its own, at the other end of a pipe.

A line "+PID FOLDER" names a server, and a temporary folder that goes with it (or none); "-PID"
takes it off again. The pipe ends when the starter does, however it dies: then whoever is left gets
a SIGTERM, 10 s to obey it, and a SIGKILL. (Linux's PR_SET_PDEATHSIG would do so as soon as the
*thread* ends that started the server.)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable

SECONDS = 10.0


def listen(lines: Iterable[str]) -> dict[int, str]:
    """Return who is left, each with its folder, when no more lines come."""
    left: dict[int, str] = {}
    for line in lines:
        pid, _, folder = line[1:].rstrip("\n").partition(" ")
        if line.startswith("+"):
            left[int(pid)] = folder
        else:
            left.pop(int(pid), None)
    return left


def lives(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def end(pids: list[int]) -> None:
    """End these processes: in order if they obey in time, and with all of their group if not."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    if sys.platform == "win32":  # where that was the end of them
        return
    deadline = time.monotonic() + SECONDS
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in pids:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    orphans = listen(sys.stdin)
    end(list(orphans))
    for folder in filter(None, orphans.values()):
        shutil.rmtree(folder, ignore_errors=True)
