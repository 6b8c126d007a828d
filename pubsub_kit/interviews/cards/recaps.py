"""What each lesson says you can do after it: the bullets of its recap, read from its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.checks.forms.sources import ROOT

_FOLDER = "authoring/lessons"
_CELL = re.compile(r'^# %% \[markdown\] tags=\[[^\]]*"recap"', re.MULTILINE)
_NAME = re.compile(r"\d\d_\w+")


class Recap(NamedTuple):
    """A bullet: its lesson's two digits, the notebook's path, and the words."""

    lesson: str
    link: str
    words: str


def recaps(root: Path = ROOT) -> list[Recap]:
    """Return every bullet of every recap, in order; none where there are no sources."""
    files = sorted((root / _FOLDER).glob("*.py"))
    return [recap for file in files if _NAME.fullmatch(file.stem) for recap in _of(file, root)]


def links(root: Path = ROOT) -> dict[str, str]:
    """Return the path of each lesson's notebook, by its two digits."""
    found = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {file.name[:2]: f"notebooks/{file.name}" for file in found}


def _of(file: Path, root: Path) -> Iterator[Recap]:
    lesson = file.stem[:2]
    link = links(root).get(lesson, "")
    for words in bullets(file.read_text(encoding="utf-8")):
        yield Recap(lesson, link, words)


def bullets(source: str) -> list[str]:
    """Return the bullets of a source's recap, each as one line."""
    start = _CELL.search(source)
    if start is None:
        return []
    found: list[str] = []
    for line in source[start.end() :].split("\n")[1:]:
        if line.startswith("# - "):
            found.append(line[4:].strip())
        elif line.startswith("#   ") and found:
            found[-1] += f" {line.removeprefix('#').strip()}"
        elif not line.startswith("#"):
            break
    return found
