"""Which servers run: the command `engine` leaves a note while its server does, `running` reads it.

A note is a small JSON file in the cache: url, pid, version. One whose process is gone, or does not
listen, was left by a crash, and counts for nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pubsub_kit.engines.servers import cache
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.trouble import ServerError

SWITCH = "PUBSUB_KIT_ENGINES"  # "off": look for none, as the tests do
_SECONDS = 0.5
_LARGEST = 10_000  # bytes


def running() -> dict[str, str]:
    """Return the URL of each server that a command `engine` runs now, by its name.

    Of two servers of one name it is the one that was started last. Empty where PUBSUB_KIT_ENGINES
    is "off", so that a notebook's outputs do not depend on what runs.
    """
    if os.environ.get(SWITCH) == "off":
        return {}
    with contextlib.suppress(OSError, ServerError):
        notes = sorted(_folder().glob("*.json"), key=_time)
        return dict(filter(None, map(_read, notes)))
    return {}


@contextlib.contextmanager
def announced(server: Server) -> Iterator[None]:
    """Leave a note of a server that runs, for as long as the block takes; raises ServerError."""
    note = _folder() / f"{server.name}-{os.getpid()}.json"
    known = {"name": server.name, "url": server.url, "pid": server.pid, "version": server.version}
    try:
        _write(note, json.dumps(known))
    except OSError as error:
        raise ServerError(
            f"The note {note} can't be written ({error.strerror or error}): make room for it, or "
            "name another folder in XDG_CACHE_HOME."
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink()


def _folder() -> Path:
    return cache.home() / "running"


def _write(note: Path, text: str) -> None:
    """Write a file in one step; nobody else may read it, since a URL may have a password."""
    note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = note.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(note)


def _read(note: Path) -> tuple[str, str] | None:
    """Return the name and the URL of a note; None if it can't be read, or its server is gone."""
    try:
        if note.stat().st_size > _LARGEST:
            return None
        known = json.loads(note.read_text(encoding="utf-8"))
        name, url, pid = known["name"], known["url"], known["pid"]
        if isinstance(name, str) and isinstance(url, str) and _lives(pid) and _listens(url):
            return name, url
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return None


def _lives(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    if sys.platform == "win32":  # where asking whether it lives would end it
        return True
    try:
        os.kill(pid, 0)
    except OverflowError:
        return False
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _listens(url: str) -> bool:
    """Tell whether anybody listens at the first address of a URL."""
    first = urlsplit(url.split(",")[0])
    if first.hostname is None or first.port is None:
        return False
    with socket.socket() as probe:
        probe.settimeout(_SECONDS)
        return probe.connect_ex((first.hostname, first.port)) == 0


def _time(note: Path) -> float:
    try:
        return note.stat().st_mtime
    except OSError:  # its command has just ended
        return 0.0
