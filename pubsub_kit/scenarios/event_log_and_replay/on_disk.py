"""What lesson 07 does on a real disk: it writes logs, kills a writer, and finds its file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pubsub_kit.log.event import Event
from pubsub_kit.log.segments import DurableEventLog, Fsync

_WRITER = """
import sys
from itertools import count
from pubsub_kit import DurableEventLog, Event
log = DurableEventLog(sys.argv[1])
for n in count():
    log.append(Event(id=f"event-{n}", source="writer", type="counted", time=float(n), data=n))
    print(n, flush=True)
"""


def kill_a_writer(path: Path, after: int = 50) -> list[int]:
    """Kill a process that appends, once so many appends have returned; return all that did.

    Windows has no SIGKILL; there, the process is terminated as abruptly.
    """
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acked = [int(writer.stdout.readline()) for _ in range(after)]
        writer.kill()
        rest = writer.stdout.read().splitlines(keepends=True)
    return acked + [int(line) for line in rest if line.endswith("\n")]


def daily(path: Path, events: int, keys: int = 1, segment_bytes: int = 430) -> DurableEventLog:
    """Return a log in a new folder: an event a time unit, its keys in turn, some six in a file."""
    log = DurableEventLog(
        path, fsync=Fsync.never(), segment_bytes=segment_bytes, clock=lambda: float(events)
    )
    for n in range(events):
        log.append(Event(f"{n:02}", "kit", "visit", float(n), "a name", None, f"k{n % keys}"))
    return log


def last_file(path: Path) -> Path:
    """Return the active file of the first partition of the log in this folder."""
    return sorted((path / "0").glob("[0-9]*.log"))[-1]
