"""A learner's own place: copies of the lessons in `my_lessons/`, of the exercises in `my_work/`.

A copy is made once, with its outputs cleared, so that no answer stands before its question. Its
metadata keep a digest of its cells as they were copied. By that digest the next update of the
checkout is told from an edit of the learner's:

    the checkout's notebook            the copy's cells         what happens to the copy
    is the edition that was copied     whatever they are        nothing
    is another, newer edition          are as they were copied  the newer edition replaces it
    is another, newer edition          were edited              the newer edition stands beside it

Running, saving and moving a slider change outputs and metadata, and neither counts as an edit.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError

FOLDER = "my_work"
KEY = "pubsub_kit"  # in a copy's metadata: {"edition": digest}
_NEW = "new"
_ABANDONED = 60  # seconds: a copy takes milliseconds, so an older unfinished one is nobody's
_TO_AN_EXERCISE = re.compile(r"\]\(\.\./exercises/([^)#\s]+\.ipynb)")


class WorkspaceError(PubSubKitError):
    """The learner's own place cannot be made or used; the message says why, and what to do."""


class Shelf(NamedTuple):
    """A folder of the checkout, and where the learner's copies of its notebooks stand."""

    source: str
    folder: str
    prefix: str
    kind: str

    def copy_of(self, root: Path, name: str) -> Path:
        """Return the path of the learner's copy of a notebook, whether it is there or not."""
        return root / self.folder / f"{self.prefix}{name.removesuffix('.ipynb')}.ipynb"


LESSONS = Shelf("notebooks", "my_lessons", "", "lesson")
# JupyterLab's tabs show a file's name alone, and a lesson has the same one.
EXERCISES = Shelf("exercises", FOLDER, "exercise_", "exercise")
SHELVES = (LESSONS, EXERCISES)


def copy_of(root: Path, name: str) -> Path:
    """Return the path of the learner's copy of an exercise, such as "03_idempotency"."""
    return EXERCISES.copy_of(root, name)


def prepare(root: Path = ROOT, shelves: Sequence[Shelf] = SHELVES) -> list[str]:
    """Copy each lesson and exercise that has no copy of this edition; say in sentences what it did.

    Returns an empty list where all was there. Raises WorkspaceError where the copies cannot be
    written.
    """
    made: list[tuple[Shelf, int]] = []
    said: list[str] = []
    for shelf in shelves:
        try:
            words = list(_fill(root, shelf))
        except OSError as error:
            raise WorkspaceError(
                f"your copies of the {shelf.kind}s cannot be written to {root / shelf.folder}/ "
                f"({error.strerror or error}): make room there, or work in a checkout that is yours"
            ) from error
        made.append((shelf, words.count(_NEW)))
        said += [word for word in words if word not in ("", _NEW)]
    return [*_counted(made), *said]


def _counted(made: Sequence[tuple[Shelf, int]]) -> list[str]:
    """Say how many copies are new, and where they are."""
    new = [(shelf, count) for shelf, count in made if count]
    if not new:
        return []
    what = " and ".join(f"{count} {shelf.kind}{'s' * (count != 1)}" for shelf, count in new)
    where = " and ".join(f"{shelf.folder}/" for shelf, _ in new)
    return [f"{what} copied to {where}: these copies are yours to write in."]


def _fill(root: Path, shelf: Shelf) -> Iterator[str]:
    """Bring one shelf's copies up to date; yield what there is to tell of each."""
    sources = sorted((root / shelf.source).glob("*.ipynb"))
    if sources:
        (root / shelf.folder).mkdir(exist_ok=True)
        _sweep(root / shelf.folder)
    for source in sources:
        target = shelf.copy_of(root, source.name)
        if shelf.prefix and _rename(target.with_name(source.name), target):
            yield f"{_short(target)} is the new name of your {shelf.folder}/{source.name}."
        try:
            copy = _cleared(source)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            yield (
                f"{_short(source)} cannot be read as a notebook, so it was not copied: "
                f"git restore {_short(source)} brings it back."
            )
        else:
            yield _place(copy, target)


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _place(copy: dict[str, Any], target: Path) -> str:
    """Put a copy where it belongs; return what to tell of it: _NEW, a sentence, or nothing."""
    edition, text = copy["metadata"][KEY]["edition"], json.dumps(copy, ensure_ascii=False, indent=1)
    taken = list(itertools.takewhile(os.path.lexists, _places(target)))
    digests = {place: _digests(place) for place in taken}
    if any(edition in pair for pair in digests.values()):
        return ""
    for place, (copied, now) in digests.items():
        if copied and copied == now:
            _write(text, place, replace=True)
            return f"{_short(place)} is now the newer edition; you had not edited the older one."
    place = next(itertools.islice(_places(target), len(taken), None))
    if not _write(text, place, replace=False):
        return ""  # another `lab` was faster
    if place == target:
        return _NEW
    return f"{_short(target)} is yours and stays as it is; the newer edition is {_short(place)}."


def _places(target: Path) -> Iterator[Path]:
    """Yield a copy's place, then the places beside it for editions that came after an edit."""
    yield target
    for number in itertools.count(1):
        again = f"_{number}" if number > 1 else ""
        yield target.with_name(f"{target.stem}_newer_edition{again}.ipynb")


def _cleared(source: Path) -> dict[str, Any]:
    """Return a notebook as it is copied: no outputs, links to copies, and the digest of its cells.

    Raises ValueError, LookupError, TypeError or AttributeError where it is no notebook.
    """
    notebook: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        else:
            prose = _TO_AN_EXERCISE.sub(_to_the_copy, "".join(cell["source"]))
            cell["source"] = prose.splitlines(keepends=True)
    about = notebook.setdefault("metadata", {})
    about.pop("widgets", None)
    about[KEY] = {"edition": digest(notebook)}
    return notebook


def _to_the_copy(link: re.Match[str]) -> str:
    return f"](../{EXERCISES.folder}/{EXERCISES.prefix}{link[1]}"


def digest(notebook: dict[str, Any]) -> str:
    """Return a digest of what a notebook's cells say, in their order: 64 hexadecimal digits.

    Raises LookupError, TypeError or AttributeError where it is no notebook.
    """
    said = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    cells = [cell for cell in said if cell[1].strip()]  # Shift+Enter at the end adds an empty one
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _digests(path: Path) -> tuple[str, str]:
    """Return the digests of a copy's cells, as they were copied and now; "" for what isn't known.

    A copy of an older kit has no first one; a folder, or what is no notebook, has neither.
    """
    copied = now = ""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        if path.is_file():
            notebook = json.loads(path.read_text(encoding="utf-8"))
            now = digest(notebook)
            copied = str(notebook["metadata"][KEY]["edition"])
    return copied, now


# --- files, whole or not at all -------------------------------------------------------------------


def _sweep(folder: Path) -> None:
    """Remove what a copy that was cut short by a crash has left behind."""
    for part in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def _rename(old: Path, new: Path) -> bool:
    """Give a copy its new name, unless something has it already; say whether this call did it.

    Of two that do it at once, the one that takes the old name away is the one that did it.
    """
    if not old.is_file() or old.is_symlink():
        return False
    with suppress(FileNotFoundError):  # another `lab` was faster
        try:
            os.link(old, new)
        except FileExistsError:
            if not new.samefile(old):
                return False  # else a crash, or another `lab`, has left both names
        except (OSError, AttributeError):  # a file system, or a system, without hard links
            if os.path.lexists(new):
                return False
            old.rename(new)
            return True
        old.unlink()
        return True
    return False


def _write(text: str, target: Path, *, replace: bool) -> bool:
    """Write a file, whole or not at all; unless it replaces, only where there is none.

    Returns whether it was done.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        if not replace:
            return _name(partial, target)
        partial.replace(target)
        return True
    finally:
        partial.unlink(missing_ok=True)


def _name(file: Path, name: Path) -> bool:
    """Give a finished file a name, its only one where there are no links, unless it is taken."""
    try:
        os.link(file, name)
    except FileExistsError:
        return False
    except (OSError, AttributeError):  # a file system, or a system, without hard links
        if os.path.lexists(name):
            return False
        file.rename(name)
    return True
