"""A learner's own place: `my_work/` holds copies of the exercises.

The copies are made once and never written to again, so an update of the checkout never meets an
edit.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError

FOLDER = "my_work"


class WorkspaceError(PubSubKitError):
    """The learner's own place cannot be made or used; the message says why, and what to do."""


def prepare(root: Path = ROOT) -> list[str]:
    """Copy each exercise that has no copy yet to `my_work/`; return the names of the new ones.

    Raises WorkspaceError where that folder cannot be written to.
    """
    folder = root / FOLDER
    sources = sorted((root / "exercises").glob("*.ipynb"))
    try:
        folder.mkdir(exist_ok=True)
        return [source.name for source in sources if _copy(source, folder / source.name)]
    except OSError as error:
        raise WorkspaceError(
            f"your copies of the exercises cannot be written to {folder}/ "
            f"({error.strerror or error}): make room there, or work in a checkout that is yours"
        ) from error


def _copy(source: Path, target: Path) -> bool:
    """Copy a file to a place where there is none, whole or not at all; say whether it was done."""
    if target.exists():
        return False
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, partial)
        return _name(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _name(partial: Path, target: Path) -> bool:
    """Give a finished copy its name, unless something has it already."""
    try:
        os.link(partial, target)
    except FileExistsError:
        return False
    except (OSError, AttributeError):  # a file system, or a system, without hard links
        if target.exists():
            return False
        partial.rename(target)
    return True
