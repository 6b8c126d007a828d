"""Asking a Python, or another program, one thing: whether it starts, and what it answers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Deaf to PYTHONPATH, PYTHONHOME and the current folder, so that no stray module is taken for one of
# the standard library's.
ALONE = "-I"


def python_of(folder: Path) -> Path:
    """Return the path of an environment's Python, whether it is there or not."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version(folder: Path) -> str:
    """Return the version of an environment's Python, such as "3.12", or "" if it does not start."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    return answer([str(python_of(folder)), ALONE, "-c", ask])


def version_name(version_info: Sequence[int | str]) -> str:
    """Return a version as it is spoken of, such as "3.12"."""
    return f"{version_info[0]}.{version_info[1]}"


def answer(command: list[str]) -> str:
    """Return what a command prints, or "" if it cannot be run or fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
