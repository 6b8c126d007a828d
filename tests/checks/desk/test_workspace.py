"""A learner's copies of the exercises: never overwritten."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pubsub_kit.checks.desk.copies import FOLDER, WorkspaceError, prepare
from pubsub_kit.checks.forms import sources


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with two exercises."""
    (tmp_path / "exercises").mkdir()
    for name in ("01_one.ipynb", "02_two.ipynb"):
        (tmp_path / "exercises" / name).write_text(f"as given: {name}")
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- the copies -----------------------------------------------------------------------------------


def test_each_exercise_is_copied_once(root: Path) -> None:
    assert prepare(root) == ["01_one.ipynb", "02_two.ipynb"]
    assert (root / FOLDER / "01_one.ipynb").read_text() == "as given: 01_one.ipynb"
    assert prepare(root) == []
    assert names(root / FOLDER) == {"01_one.ipynb", "02_two.ipynb"}


def test_an_edited_copy_is_never_written_to(root: Path) -> None:
    prepare(root)
    edited = root / FOLDER / "01_one.ipynb"
    edited.write_text("my answer")
    stamp = edited.stat().st_mtime_ns
    (root / "exercises" / "01_one.ipynb").write_text("a newer exercise")
    (root / "exercises" / "03_three.ipynb").write_text("a new one")
    assert prepare(root) == ["03_three.ipynb"]
    assert (edited.read_text(), edited.stat().st_mtime_ns) == ("my answer", stamp)


def test_the_copy_is_the_learners_and_no_second_name_of_the_exercise(root: Path) -> None:
    prepare(root)
    (root / FOLDER / "01_one.ipynb").write_text("my answer")
    assert (root / "exercises" / "01_one.ipynb").read_text() == "as given: 01_one.ipynb"


def test_what_is_in_the_way_of_a_copy_stays(root: Path) -> None:
    (root / FOLDER / "01_one.ipynb").mkdir(parents=True)
    assert prepare(root) == ["02_two.ipynb"]


def test_a_half_made_copy_never_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(source: Path, target: Path) -> None:
        target.write_text("as gi")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", dies)
        with pytest.raises(KeyboardInterrupt):
            prepare(root)
    assert names(root / FOLDER) == set()
    assert prepare(root) == ["01_one.ipynb", "02_two.ipynb"]


@pytest.mark.parametrize("error", [PermissionError(1, "no links"), OSError(95, "no links")])
def test_a_file_system_without_hard_links_will_do(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuses(source: Path, target: Path) -> None:
        raise error

    monkeypatch.setattr(os, "link", refuses)
    prepare(root)
    (root / FOLDER / "01_one.ipynb").write_text("my answer")
    assert prepare(root) == []
    assert (root / FOLDER / "01_one.ipynb").read_text() == "my answer"
    assert names(root / FOLDER) == {"01_one.ipynb", "02_two.ipynb"}


def test_a_system_without_links_will_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "link")
    assert prepare(root) == ["01_one.ipynb", "02_two.ipynb"]
    assert prepare(root) == []


def test_a_copy_that_somebody_else_made_meanwhile_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def slowly(source: Path, target: Path) -> None:
        copy(source, target)
        (root / FOLDER / source.name).write_text("another's")

    monkeypatch.setattr(shutil, "copyfile", slowly)
    assert prepare(root) == []
    assert (root / FOLDER / "01_one.ipynb").read_text() == "another's"


def test_a_folder_that_cannot_be_written_to_is_one_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(source: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(shutil, "copyfile", refuses)
    with pytest.raises(WorkspaceError, match=r"cannot be written to .*my_work/ \(Read-only file"):
        prepare(root)


def test_a_file_in_the_folders_place_is_one_sentence(root: Path) -> None:
    (root / FOLDER).write_text("mine")
    with pytest.raises(WorkspaceError, match="cannot be written to"):
        prepare(root)
    assert (root / FOLDER).read_text() == "mine"


def test_without_exercises_there_is_nothing_to_copy(tmp_path: Path) -> None:
    assert prepare(tmp_path) == []


# --- an update of the checkout, with real git -----------------------------------------------------


def git(folder: Path, *words: str, fails: bool = False) -> str:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a",
                "GIT_COMMITTER_EMAIL": "a@b.c", "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}  # fmt: skip
    done = subprocess.run(
        ["git", *words], cwd=folder, env=os.environ | identity, capture_output=True, text=True
    )
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def clone(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner's clone; `upstream` beside it is where the authors commit."""
    shutil.copy(sources.ROOT / ".gitignore", root)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    place = tmp_path_factory.mktemp("learner") / "clone"
    git(place.parent, "clone", "-q", str(root), str(place))
    return place


def publish_a_newer_exercise(root: Path) -> None:
    (root / "exercises" / "01_one.ipynb").write_text("a newer exercise")
    git(root, "commit", "-qam", "second")


def test_an_update_never_meets_the_learners_copy(root: Path, clone: Path) -> None:
    prepare(clone)
    mine = clone / FOLDER / "01_one.ipynb"
    mine.write_text("my answer")
    assert git(clone, "status", "--porcelain") == ""
    publish_a_newer_exercise(root)
    git(clone, "pull", "-q", "--ff-only")
    assert (clone / "exercises" / "01_one.ipynb").read_text() == "a newer exercise"
    prepare(clone)
    assert mine.read_text() == "my answer"


def test_an_update_stops_at_an_exercise_that_was_edited_in_place(root: Path, clone: Path) -> None:
    edited = clone / "exercises" / "01_one.ipynb"
    edited.write_text("my answer")
    publish_a_newer_exercise(root)
    said = git(clone, "pull", "-q", "--ff-only", fails=True)
    assert "would be overwritten by merge" in said
    assert edited.read_text() == "my answer"


def test_an_exercise_that_was_edited_in_place_is_put_away_by_git(root: Path, clone: Path) -> None:
    (clone / "exercises" / "01_one.ipynb").write_text("my answer")
    publish_a_newer_exercise(root)
    git(clone, "stash", "-q")
    git(clone, "pull", "-q", "--ff-only")
    assert "+my answer" in git(clone, "stash", "show", "-p")


def test_an_exercise_that_was_edited_in_place_becomes_the_learners_copy(
    root: Path, clone: Path
) -> None:
    edited = clone / "exercises" / "01_one.ipynb"
    edited.write_text("my answer")
    publish_a_newer_exercise(root)
    (clone / FOLDER).mkdir()
    shutil.copy(edited, clone / FOLDER)
    git(clone, "restore", "exercises")
    git(clone, "pull", "-q", "--ff-only")
    prepare(clone)
    assert (clone / FOLDER / "01_one.ipynb").read_text() == "my answer"
    assert edited.read_text() == "a newer exercise"
