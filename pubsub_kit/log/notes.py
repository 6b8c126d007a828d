"""Notes: the small files in which a log writes down what it consists of, checked like its records.

    note = crc32 of the JSON (8 hex digits) space JSON newline

A note is replaced in one step, so a crash leaves the old one or the new one. Any other byte in it
is damage.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

from pubsub_kit.log.disk import LogCorrupt, reading, write_anew


def write_note(path: Path, value: Any) -> None:
    """Create or replace a note; raises LogFull or LogFailed."""
    write_anew(path, _encode(value))


def read_note(path: Path) -> Any:
    """Return what a note says, or None if there is none; raises LogCorrupt if it is damaged."""
    try:
        with reading(path):
            data = path.read_bytes()
    except Exception as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    try:
        value = json.loads(data[9:])
        if data == _encode(value):
            return value
    except (ValueError, RecursionError):
        pass
    raise LogCorrupt(
        f"{path} is damaged: its {len(data)} bytes are not what the log wrote. Nothing was deleted."
        " Restore the file from a backup, or open the log once with accept_loss=True."
    )


def _encode(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (crc32(text), text)
