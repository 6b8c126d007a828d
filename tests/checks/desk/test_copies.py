"""A learner's copies of lessons and exercises: made whole, never overwritten, never lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.desk import copies
from pubsub_kit.checks.desk.copies import (
    EXERCISES,
    FOLDER,
    LESSONS,
    WorkspaceError,
    copy_of,
    digest,
    prepare,
)
from pubsub_kit.checks.forms import sources

ONE, TWO, LESSON = "exercise_01_one.ipynb", "exercise_02_two.ipynb", "01_one.ipynb"
GIVEN = ["# One", "answer = ..."]
Cells = list[str]


def notebook(*sources: str, **metadata: Any) -> str:
    """Return a notebook whose first cell is prose, and whose code cells have run."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "source": source.splitlines(True),
         "execution_count": 7, "outputs": [{"output_type": "stream", "text": ["the answer"]}]}
        for source in sources
    ]  # fmt: skip
    cells[0] = {"cell_type": "markdown", "metadata": {}, "source": sources[0].splitlines(True)}
    about = {"metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps({"cells": cells, **about})


def sources_in(path: Path) -> Cells:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Change a notebook as JupyterLab would save it, and return its bytes."""
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content, indent=1))
    return path.read_bytes()


def answered(content: dict[str, Any]) -> None:
    content["cells"][1]["source"] = ["answer = 42"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with two exercises and a lesson."""
    for name in ("exercises/01_one.ipynb", "exercises/02_two.ipynb", "notebooks/01_one.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(notebook(*GIVEN))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- the copies -----------------------------------------------------------------------------------


def test_each_lesson_and_exercise_is_copied_once(root: Path) -> None:
    assert prepare(root) == [
        "1 lesson and 2 exercises copied to my_lessons/ and my_work/: these copies are yours to "
        "write in."
    ]
    assert names(root / "my_work") == {ONE, TWO}
    assert names(root / "my_lessons") == {LESSON}
    assert copy_of(root, "01_one") == copy_of(root, "01_one.ipynb") == root / "my_work" / ONE
    before = {path: path.stat().st_mtime_ns for path in root.rglob("my_*/*")}
    assert prepare(root) == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("my_*/*")} == before


def test_a_copy_shows_no_answer_before_its_question(root: Path) -> None:
    prepare(root)
    copied = json.loads(copy_of(root, "01_one").read_text())
    assert sources_in(copy_of(root, "01_one")) == GIVEN
    assert copied["cells"][1]["outputs"] == []
    assert copied["cells"][1]["execution_count"] is None
    assert "the answer" in (root / "exercises" / "01_one.ipynb").read_text()


def test_a_copied_lesson_leads_to_the_learners_own_exercise(root: Path) -> None:
    prose = "[a](../exercises/01_one.ipynb), [b](02.ipynb), [c](https://x.org/exercises/1.ipynb)"
    (root / "notebooks" / LESSON).write_text(notebook(prose, "1"))
    prepare(root)
    copied = sources_in(root / "my_lessons" / LESSON)[0]
    assert copied == prose.replace("../exercises/01", "../my_work/exercise_01")


def test_every_link_of_the_kits_own_copies_leads_somewhere(tmp_path: Path) -> None:
    for folder in ("notebooks", "exercises", "solutions"):
        shutil.copytree(sources.ROOT / folder, tmp_path / folder)
    prepare(tmp_path)
    links = [
        (path.parent / link)
        for path in [*tmp_path.glob("my_lessons/*"), *tmp_path.glob("my_work/*")]
        for source in sources_in(path)
        for link in re.findall(r"\]\((?!http)([^)#]+\.ipynb)", source)
    ]
    assert any("my_work" in link.parts for link in links)
    assert [link for link in links if not link.is_file()] == []


def test_only_cells_count_as_an_edit(root: Path) -> None:
    """What running, saving and moving sliders leave in a notebook changes no digest."""
    prepare(root)
    path = copy_of(root, "01_one")

    def used(content: dict[str, Any]) -> None:
        code = content["cells"][1]
        code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "42"}]
        code["execution_count"] = 3
        code["metadata"]["collapsed"] = True
        code["source"] = "".join(code["source"])
        content["metadata"]["widgets"] = {"state": {"a slider": 3}}
        # Shift+Enter on the last cell leaves an empty one below it.
        content["cells"].append({**code, "id": "new", "source": "", "outputs": []})

    change(path, used)
    publish(root)
    assert prepare(root) == [
        f"my_work/{ONE} is now the newer edition; you had not edited the older one."
    ]
    assert sources_in(path) == ["# One", "answer = 'newer'"]
    assert names(root / "my_work") == {ONE, TWO}


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "changed": answered,
    "added": lambda content: content["cells"].append(content["cells"][1]),
    "deleted": lambda content: content["cells"].pop(),
    "reordered": lambda content: content["cells"].reverse(),
    "of another kind": lambda content: content["cells"][0].update(cell_type="raw"),
}


def publish(root: Path, answer: str = "newer") -> None:
    """Put a newer edition of exercise 01 into the checkout."""
    (root / "exercises" / "01_one.ipynb").write_text(notebook("# One", f"answer = {answer!r}"))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_newer_edition_stands_beside_an_edited_copy(
    root: Path, edit: Callable[[dict[str, Any]], object]
) -> None:
    prepare(root)
    mine = change(copy_of(root, "01_one"), edit)
    assert prepare(root) == []
    publish(root)
    assert prepare(root) == [
        f"my_work/{ONE} is yours and stays as it is; the newer edition is "
        "my_work/exercise_01_one_newer_edition.ipynb."
    ]
    assert copy_of(root, "01_one").read_bytes() == mine
    beside = root / "my_work" / "exercise_01_one_newer_edition.ipynb"
    assert sources_in(beside) == ["# One", "answer = 'newer'"]
    assert prepare(root) == []


def test_edition_after_edition_no_edit_is_lost(root: Path) -> None:
    prepare(root)
    first = change(copy_of(root, "01_one"), answered)
    publish(root, "second")
    prepare(root)
    publish(root, "third")
    assert "_newer_edition.ipynb is now the newer edition" in prepare(root)[0]
    beside = root / "my_work" / "exercise_01_one_newer_edition.ipynb"
    third = change(beside, answered)
    publish(root, "fourth")
    assert prepare(root)[0].endswith("exercise_01_one_newer_edition_2.ipynb.")
    assert (copy_of(root, "01_one").read_bytes(), beside.read_bytes()) == (first, third)
    assert len(names(root / "my_work")) == 4


def test_a_copy_that_was_made_the_newer_edition_by_hand_is_one(root: Path) -> None:
    prepare(root)
    change(copy_of(root, "01_one"), lambda it: it["cells"][1].update(source="answer = 'newer'"))
    publish(root)
    assert prepare(root) == []


# --- copies of an older kit -----------------------------------------------------------------------


def test_a_copy_with_the_old_name_is_renamed_and_not_touched(root: Path) -> None:
    old = root / "my_work" / "01_one.ipynb"
    old.parent.mkdir()
    old.write_text(notebook(*GIVEN))
    mine = old.read_bytes()
    assert prepare(root) == [
        "1 lesson and 1 exercise copied to my_lessons/ and my_work/: these copies are yours to "
        "write in.",
        f"my_work/{ONE} is the new name of your my_work/01_one.ipynb.",
    ]
    assert copy_of(root, "01_one").read_bytes() == mine
    assert names(root / "my_work") == {ONE, TWO}
    assert prepare(root) == []


def test_where_both_names_are_there_both_stay(root: Path) -> None:
    prepare(root)
    mine = change(copy_of(root, "01_one"), answered)
    old = root / "my_work" / "01_one.ipynb"
    old.write_text("an older answer")
    assert prepare(root) == []
    assert (old.read_text(), copy_of(root, "01_one").read_bytes()) == ("an older answer", mine)


def test_a_rename_that_a_crash_cut_short_is_finished(root: Path) -> None:
    old = root / "my_work" / "01_one.ipynb"
    old.parent.mkdir()
    old.write_text(notebook(*GIVEN))
    os.link(old, copy_of(root, "01_one"))
    prepare(root)
    assert names(root / "my_work") == {ONE, TWO}
    assert sources_in(copy_of(root, "01_one")) == GIVEN


def test_what_is_no_copy_of_an_exercise_keeps_its_name(root: Path) -> None:
    (root / "my_work").mkdir()
    (root / "my_work" / "99_mine.ipynb").write_text(notebook("# Mine"))
    (root / "my_work" / "02_two.ipynb").mkdir()
    prepare(root)
    assert names(root / "my_work") == {ONE, TWO, "99_mine.ipynb", "02_two.ipynb"}


# --- trouble --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what", ["a folder", "no notebook", "a notebook of another make", "a link"]
)
def test_what_is_in_the_way_of_a_copy_stays(root: Path, what: str) -> None:
    place = copy_of(root, "01_one")
    place.parent.mkdir()
    if what == "a folder":
        place.mkdir()
    elif what == "a link":
        place.symlink_to("nowhere")
    else:
        place.write_text("{" if what == "no notebook" else '{"cells": [3], "metadata": {}}')
    before = os.lstat(place).st_mtime_ns
    assert prepare(root)[-1].startswith(f"my_work/{ONE} is yours and stays as it is; the newer")
    assert os.lstat(place).st_mtime_ns == before
    assert sources_in(root / "my_work" / "exercise_01_one_newer_edition.ipynb") == GIVEN
    assert prepare(root) == []


def test_an_original_that_cannot_be_read_is_told_and_the_rest_is_copied(root: Path) -> None:
    (root / "exercises" / "01_one.ipynb").write_text("<<<<<<< HEAD")
    said = prepare(root)
    assert said[1:] == [
        "exercises/01_one.ipynb cannot be read as a notebook, so it was not copied: "
        "git restore exercises/01_one.ipynb brings it back."
    ]
    assert names(root / "my_work") == {TWO}


def dying(error: BaseException) -> Callable[[int], None]:
    """Return what stands for a write that reaches the disk, and dies."""

    def fsync(_: int) -> None:
        raise error

    return fsync


@pytest.mark.parametrize("there", ["nothing", "a copy that nobody edited"])
def test_a_copy_that_dies_half_way_leaves_nothing_half_done(
    root: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    if there != "nothing":
        prepare(root)
        publish(root)
    before = {path.name: path.read_bytes() for path in root.rglob("my_work/*")}
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", dying(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            prepare(root, [EXERCISES])
    assert {path.name: path.read_bytes() for path in root.rglob("my_work/*")} == before
    assert len(prepare(root, [EXERCISES])) == 1
    assert names(root / "my_work") == {ONE, TWO}


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(root)
    mine = copy_of(root, "01_one").read_bytes()
    publish(root)
    monkeypatch.setattr(os, "fsync", dying(OSError(28, "No space left on device")))
    with pytest.raises(WorkspaceError, match=r"exercises cannot be written to .*my_work/ \(No spa"):
        prepare(root)
    assert copy_of(root, "01_one").read_bytes() == mine
    assert names(root / "my_work") == {ONE, TWO}


def test_what_a_crash_left_is_swept_away_and_what_is_being_written_is_not(root: Path) -> None:
    (root / "my_work").mkdir()
    left, now = (root / "my_work" / f".{ONE}.{pid}.part" for pid in (1, 2))
    left.write_text("{")
    now.write_text("{")
    os.utime(left, (0, 0))
    prepare(root)
    assert names(root / "my_work") == {ONE, TWO, now.name}


@pytest.mark.parametrize("error", [PermissionError(1, "no links"), OSError(95, "no links"), None])
def test_a_system_without_hard_links_will_do(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: OSError | None
) -> None:
    def refuses(source: Path, target: Path) -> None:
        assert error is not None
        raise error

    if error is None:
        monkeypatch.delattr(os, "link")
    else:
        monkeypatch.setattr(os, "link", refuses)
    (root / "my_work").mkdir()
    (root / "my_work" / "02_two.ipynb").write_text(notebook(*GIVEN))
    assert "new name" in prepare(root)[-1]
    mine = change(copy_of(root, "01_one"), answered)
    assert prepare(root) == []
    assert copy_of(root, "01_one").read_bytes() == mine
    assert names(root / "my_work") == {ONE, TWO}


def test_a_copy_that_somebody_else_made_meanwhile_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = copies._name

    def late(file: Path, target: Path) -> bool:
        target.write_text("another's")
        return name(file, target)

    monkeypatch.setattr(copies, "_name", late)
    assert prepare(root) == []
    assert copy_of(root, "01_one").read_text() == "another's"


def prepares(root: Path, said: Any) -> None:
    said.put(prepare(root))


def test_two_at_once_make_each_copy_once(root: Path) -> None:
    for number in range(10, 40):
        (root / "exercises" / f"{number}.ipynb").write_text(notebook(f"# {number}", "1"))
    (root / "my_work").mkdir()
    for number in range(20, 40):
        (root / "my_work" / f"{number}.ipynb").write_text(notebook(f"# {number}", "mine"))
    spawn = multiprocessing.get_context("fork")
    said = spawn.Queue()
    both = [spawn.Process(target=prepares, args=(root, said)) for _ in range(2)]
    for one in both:
        one.start()
    words = [*said.get(timeout=60), *said.get(timeout=60)]
    for one in both:
        one.join()
    assert [one.exitcode for one in both] == [0, 0]
    assert sum("is the new name of your" in word for word in words) == 20
    made = [int(count) for word in words for count in re.findall(r"(\d+) exercise", word)]
    assert sum(made) == 12
    for number in range(20, 40):
        assert sources_in(copy_of(root, f"{number}")) == [f"# {number}", "mine"]


@pytest.mark.parametrize("shelf", [LESSONS, EXERCISES])
def test_a_file_in_the_folders_place_is_one_sentence(root: Path, shelf: copies.Shelf) -> None:
    (root / shelf.folder).write_text("mine")
    with pytest.raises(WorkspaceError, match=f"{shelf.kind}s cannot be written to .*File exists"):
        prepare(root)
    assert (root / shelf.folder).read_text() == "mine"


def test_without_exercises_there_is_nothing_to_copy(tmp_path: Path) -> None:
    assert prepare(tmp_path) == []
    assert names(tmp_path) == set()


def test_a_digest_tells_where_one_cell_ends_and_the_next_begins() -> None:
    one, other = (json.loads(notebook("# One", *cells)) for cells in (["a", "b"], ["ab"]))
    assert digest(one) != digest(other)


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


def publish_by_git(root: Path) -> None:
    publish(root)
    git(root, "commit", "-qam", "second")


def test_an_update_never_meets_the_learners_copy(root: Path, clone: Path) -> None:
    prepare(clone)
    mine = change(copy_of(clone, "01_one"), answered)
    assert git(clone, "status", "--porcelain") == ""
    publish_by_git(root)
    git(clone, "pull", "-q", "--ff-only")
    assert sources_in(clone / "exercises" / "01_one.ipynb") == ["# One", "answer = 'newer'"]
    prepare(clone)
    assert copy_of(clone, "01_one").read_bytes() == mine
    assert git(clone, "status", "--porcelain") == ""


def test_an_update_stops_at_an_exercise_that_was_edited_in_place(root: Path, clone: Path) -> None:
    mine = change(clone / "exercises" / "01_one.ipynb", answered)
    publish_by_git(root)
    said = git(clone, "pull", "-q", "--ff-only", fails=True)
    assert "would be overwritten by merge" in said
    assert (clone / "exercises" / "01_one.ipynb").read_bytes() == mine


def test_an_exercise_that_was_edited_in_place_is_put_away_by_git(root: Path, clone: Path) -> None:
    change(clone / "exercises" / "01_one.ipynb", answered)
    publish_by_git(root)
    git(clone, "stash", "-q")
    git(clone, "pull", "-q", "--ff-only")
    assert "answer = 42" in git(clone, "stash", "show", "-p")


def test_an_exercise_that_was_edited_in_place_becomes_the_learners_copy(
    root: Path, clone: Path
) -> None:
    edited = clone / "exercises" / "01_one.ipynb"
    mine = change(edited, answered)
    publish_by_git(root)
    (clone / FOLDER).mkdir()
    shutil.copy(edited, clone / FOLDER)
    git(clone, "restore", "exercises")
    git(clone, "pull", "-q", "--ff-only")
    prepare(clone)
    assert copy_of(clone, "01_one").read_bytes() == mine
