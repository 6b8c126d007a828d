"""`test`: every test and every notebook, in one pytest run with one summary.

pyproject.toml says what a run covers and how notebooks are compared. Here it is spread over the
cores, a file staying with one worker, since the cells of a notebook share a kernel.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from pubsub_kit.workbook import environment

SPREAD = ("-n", "logical", "--maxprocesses", "8", "--dist", "loadfile")


def main(argv: Sequence[str]) -> int:
    """Run pytest on the checkout with these further arguments, and return its exit status."""
    import pytest

    os.chdir(environment.checkout())
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, no other
    return int(pytest.main([*SPREAD, *argv]))
