"""Files that are written whole or not at all: what an export leaves behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.interviews.cards.card import CardError


def target(given: Any, *suffixes: str) -> Path:
    """Return the path of a file to write; raises CardError if nothing can be written there."""
    try:
        text = str(Path(given).expanduser())
        path = Path(text)
        if "\0" in text or not path.name:
            raise ValueError
    except (TypeError, ValueError, RuntimeError):
        raise CardError(
            f"{brief(given)} is no name of a file: give one, such as deck.apkg"
        ) from None
    if path.suffix.casefold() not in suffixes:
        raise CardError(f"{brief(path.name)} ends in neither {' nor '.join(suffixes)}: name it so")
    try:
        if path.is_dir():
            raise CardError(f"{brief(str(path))} is a folder: give the name of a file in it")
        if not path.parent.is_dir():
            raise CardError(f"there is no folder {brief(str(path.parent))}: make it first")
    except OSError as error:
        raise _failed(path, error) from error
    return path


def write(path: Path, fill: Callable[[Path], None]) -> Path:
    """Let `fill` write a file beside its place, and put it there; return the path.

    Raises CardError if it can't be written, and then what was there before is still there.
    """
    part = path.with_name(f".{path.name[:80]}.{os.getpid()}.part")
    try:
        fill(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def _failed(path: Path, error: OSError) -> CardError:
    why = error.strerror or type(error).__name__
    return CardError(f"{brief(str(path))} can't be written ({why}): choose another place")
