"""What went wrong with a server, in one sentence: the few lines of its log that say why."""

from __future__ import annotations

import re
from pathlib import Path

from pubsub_kit.errors import PubSubKitError

_TELLING = re.compile(
    r"error|fatal|fail|exception|denied|in use|can't|cannot|can not|could not|unable|invalid"
    r"|refused|no such|not found|unsupported|already|too long",
    re.IGNORECASE,
)
_NOISE = re.compile(r"^\s*(at |\.\.\. \d+ more|SLF4J:|Picked up JAVA)")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_LINES, _SIGNS, _TAIL = 3, 240, 200_000


class ServerError(PubSubKitError):
    """A server can't be started, stopped or found; the message says why, and what to do."""


def telling(log: str) -> str:
    """Return the last lines of a log that tell of trouble, or its last ones, in one line."""
    lines = [_CONTROL.sub("", line).strip() for line in log.splitlines() if not _NOISE.match(line)]
    lines = list(dict.fromkeys(filter(None, lines)))
    chosen = [line for line in lines if _TELLING.search(line)] or lines
    return " / ".join(line[:_SIGNS] for line in chosen[-_LINES:]) or "it said nothing"


def tail(path: Path, start: int = 0) -> str:
    """Return the end of a log, from the byte `start` on; empty if there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(max(start, path.stat().st_size - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
