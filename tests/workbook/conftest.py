"""What the tests of set-up share: a checkout of their own, and no settings of the person's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
import pytest

from tests.workbook.checkout import ROOT, FakeUv


@pytest.fixture
def plain_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the person who runs the tests has set for the kit."""
    for name in [name for name in os.environ if name.startswith("PUBSUB_KIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Make a checkout to set up: the package, its project file and one notebook."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "pubsub_kit", root / "pubsub_kit")
    shutil.copytree(ROOT / ".jupyter", root / ".jupyter")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    (root / "notebooks").mkdir()
    nbformat.write(notebook, root / "notebooks" / "00_start_here.ipynb")
    return root


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    """Put a stand-in for uv on PATH, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeUv(folder)
