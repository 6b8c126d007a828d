"""What somebody gives a server: a folder, a user, a password. What would break it is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pubsub_kit.engines.servers.trouble import ServerError
from pubsub_kit.errors import brief

_SECRET = re.compile(r"[A-Za-z0-9._~-]{1,100}")  # as it is in a URL and in every settings file
_PROPERTY = re.compile(r"[A-Za-z0-9._-]{1,200}")
_LONGEST = 1_000  # bytes of a folder's path, so that files in it have room for theirs


def checked_folder(folder: object) -> Path:
    """Return a folder's absolute path; raises ServerError for what names none."""
    if not isinstance(folder, str | Path) or not str(folder).strip() or _unprintable(str(folder)):
        raise ServerError(f"{brief(folder)} names no folder: give a path, or None for a new one.")
    try:
        path = Path(folder).expanduser().absolute()
        size = len(os.fsencode(path))
    except (RuntimeError, UnicodeError) as error:  # the home of nobody; half a character
        raise ServerError(f"{brief(folder)} names no folder ({error}): give a path.") from error
    if size > _LONGEST:
        raise ServerError(f"The folder's path has {size:,} bytes: use one of {_LONGEST:,} at most.")
    return path


def checked_secret(what: str, value: object) -> str:
    """Return a user's name or a password; raises ServerError for what breaks a settings file."""
    if not isinstance(value, str) or not _SECRET.fullmatch(value):
        raise ServerError(
            f"{brief(value)} can't be a {what} here: use 1 to 100 letters, digits, and any of ._~-"
        )
    return value


def checked_properties(given: object) -> dict[str, str]:
    """Return settings by name, as a file of properties has them; raises ServerError."""
    if not hasattr(given, "items"):
        raise ServerError(
            f'{brief(given)} are no properties: give a dict, such as {{"min.insync.replicas": 2}}.'
        )
    return {_name(name): _value(name, value) for name, value in given.items()}


def login(user: str, password: str) -> str:
    """Return the part of a URL that has the user and the password, empty if there are none."""
    return f"{user}:{password}@" if password else ""


def _name(name: object) -> str:
    if not isinstance(name, str) or not _PROPERTY.fullmatch(name):
        raise ServerError(f"{brief(name)} is no property's name: see the engine's manual.")
    return name


def _value(name: object, value: object) -> str:
    """Return a value as Java reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str) or _unprintable(value):
        raise ServerError(f"{name} can't be {brief(value)}: give a text of one line, or a number.")
    return value.replace("\\", "\\\\")


def _unprintable(text: str) -> bool:
    return any(ord(sign) < 32 or ord(sign) == 127 for sign in text)
