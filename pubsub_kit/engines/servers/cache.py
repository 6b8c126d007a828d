"""What is downloaded or built once: kept in ~/.cache/pubsub-kit/engines, whole or not at all.

It is made in a folder beside its place and then renamed, under a lock: two processes do not make it
twice, and what is there is complete.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pubsub_kit.engines.servers.trouble import ServerError, telling
from pubsub_kit.log.lock import FolderLock, LogLocked
from pubsub_kit.log.settings import LogError

_DRAFT = "unfinished-"


def home() -> Path:
    """Return the cache's folder; XDG_CACHE_HOME moves it."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    try:
        above = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        raise ServerError("You have no home folder: name a folder in XDG_CACHE_HOME.") from error
    return above / "pubsub-kit" / "engines"


def kept(key: str) -> Path | None:
    """Return the folder that was made under a key, such as "kafka-4.4.0", if it was."""
    folder = home() / key / "whole"
    return folder if folder.is_dir() else None


def made(key: str, what: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a key; if it is not there, let `make` fill it, and say so.

    Args:
        key: a name with its version; what is made under it never changes.
        what: what is fetched, for the person who waits.
        make: fills the empty folder that it is given.

    Raises:
        ServerError: what `make` raises, or a folder that can't be written; nothing is kept then.
    """
    if found := kept(key):
        return found
    place = home() / key
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _alone(place):
            return kept(key) or _make(place, what, make)
    except (OSError, LogError) as error:
        raise ServerError(
            f"{place} can't be used ({error}): free it, or name another folder in XDG_CACHE_HOME."
        ) from error


def _make(place: Path, what: str, make: Callable[[Path], None]) -> Path:
    for left in place.glob(f"{_DRAFT}*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    print(f"Fetching {what}, once, into {place}", file=sys.stderr, flush=True)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=place))
    try:
        make(draft)
        draft.chmod(0o755)
        return draft.rename(place / "whole")
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Wait until no other process makes the same thing."""
    while True:
        with contextlib.suppress(LogLocked):
            lock = FolderLock(place)
            break
        time.sleep(0.2)
    try:
        yield
    finally:
        lock.close()


def run(
    command: Sequence[str | Path], folder: Path, what: str, environment: Mapping[str, str] = {}
) -> str:
    """Run a tool to its end in a folder, and return what it printed.

    Raises ServerError with the tool's last words if it fails; `what` says what it was to do.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    except OSError as error:
        raise ServerError(f"{words[0]} can't be started ({error}).") from error
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        raise ServerError(f"{what} failed (status {done.returncode}): {telling(said)}.")
    return said
