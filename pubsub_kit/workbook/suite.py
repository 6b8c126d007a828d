"""`test`: every test and every notebook, in one pytest run with one summary.

pyproject.toml says what a run covers and how notebooks are compared. Here it is spread over the
cores, a file staying with one worker, since the cells of a notebook share a kernel. Where the
arguments choose some tests, a look at what they choose comes first, so that nothing is started for
none.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

from pubsub_kit.workbook import environment

SPREAD = (
    "-n", "logical", "--maxprocesses", "8", "--dist", "loadfile", "--max-worker-restart", "0",
)  # fmt: skip
# pytest's own exit statuses, and the options that only ask it something.
USAGE_ERROR, NOTHING_SELECTED = 4, 5
QUESTIONS = {"--version", "-V", "--markers", "--fixtures", "--collect-only", "--co"}


def main(argv: Sequence[str]) -> int:
    """Run pytest on the checkout with these further arguments, and return its exit status."""
    import pytest

    root = environment.checkout()
    os.chdir(root)
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, no other
    if QUESTIONS & set(argv):
        return int(pytest.main([*argv]))
    if found := shadows(root):
        raise environment.SetupError(
            f"pytest would import {root / found[0]} in place of the module {found[0].stem!r}: "
            "rename it, or move it out of the checkout"
        )
    if argv and (status := refused(argv)):
        return status
    return int(pytest.main([*SPREAD, *argv]))


def shadows(root: Path) -> list[Path]:
    """Return what lies at the top of the checkout and hides a module of Python's or a package's.

    pytest puts that folder first on its path, so that tests can import each other.
    """
    known = {*sys.stdlib_module_names, *packages_distributions()} - {"pubsub_kit"}
    here = [*root.glob("*.py"), *(path.parent for path in root.glob("*/__init__.py"))]
    return sorted(path.relative_to(root) for path in here if path.stem in known)


def refused(argv: Sequence[str]) -> int:
    """Say why pytest would run nothing with these arguments, and return its status; else 0."""
    look = [sys.executable, "-P", "-m", "pytest", *argv, "--collect-only", "-q", "-n", "0"]
    done = subprocess.run(
        look, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
        check=False,
    )  # fmt: skip
    if done.returncode == NOTHING_SELECTED:
        print(
            f"pubsub_kit: no test is selected by {shlex.join(argv)}: choose a file under tests/, "
            "or a word from a test's name with -k",
            file=sys.stderr,
        )
    elif done.returncode == USAGE_ERROR:
        print(done.stderr.strip(), file=sys.stderr)
    else:
        return 0
    return done.returncode
