"""A learner's copies and progress: never overwritten, never lost, and no reason to fail a check."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.desk import exercises, journal
from pubsub_kit.checks.desk.copies import FOLDER, WorkspaceError, prepare
from pubsub_kit.checks.desk.exercises import Asked
from pubsub_kit.checks.desk.journal import SWITCH, Answers, Standing, history, record, standings
from pubsub_kit.checks.forms import sources
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog
from tests.checks.questions import PaysOnce, pay


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two exercises, in a new session that keeps its progress."""
    (tmp_path / "exercises").mkdir()
    for name in ("01_one.ipynb", "02_two.ipynb"):
        (tmp_path / "exercises" / name).write_text(f"as given: {name}")
    begin_session(tmp_path, monkeypatch)
    return tmp_path


def begin_session(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "on")
    monkeypatch.setattr(journal, "_in_memory", EventLog("progress"))
    monkeypatch.setattr(journal, "_given_up", False)
    monkeypatch.setattr(journal, "place", root)


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


# --- the log of progress --------------------------------------------------------------------------


def fact(kind: str, question: str = "pay", **details: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"exercise": "00", "question": question, **details}


def test_progress_is_a_fold_over_what_happened(root: Path) -> None:
    prepare(root)
    record(fact("checked", outcome="not attempted"))
    record(fact("checked", outcome="fails", belief="no dedup"), fact("hinted", number=1))
    record(fact("solution shown", "loop"))
    record(fact("checked", outcome="holds"))
    assert standings(history()) == {
        "00.pay": Standing("holds", held=True, checks=2, hints=1),
        "00.loop": Standing(solution=True),
    }


@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        (fact("checked", outcome="fails", belief="no dedup"), "fails"),
        (fact("checked", outcome="not exercised", belief=""), "not exercised"),
        (fact("checked", outcome="not attempted", belief=""), "not attempted"),
        (fact("hinted", number=1), "holds"),
        (fact("solution shown"), "holds"),
        (fact("reset"), "not attempted"),
    ],
)
def test_what_has_held_once_has_held(
    root: Path, later: tuple[str, dict[str, Any]], outcome: str
) -> None:
    prepare(root)
    record(fact("checked", outcome="fails", belief=""))
    assert not standings(history())["00.pay"].held
    record(fact("checked", outcome="holds", belief=""))
    record(later)
    standing = standings(history())["00.pay"]
    assert (standing.held, standing.outcome) == (True, outcome)
    record(fact("checked", outcome="holds", belief=""))
    assert standings(history())["00.pay"].outcome == "holds"


def test_a_log_of_an_older_or_a_newer_kit_is_read(root: Path) -> None:
    (root / FOLDER).mkdir()
    facts = [
        ("checked", {"outcome": "holds", "belief": ""}),
        ("checked", {"outcome": "fails", "belief": "no dedup"}),
        ("hinted", {"number": 1, "belief": ""}),
        ("reset", {}),
        ("checked", {"result": "of a kind that is not known here"}),
        ("praised", {}),
    ]
    with DurableEventLog(root / FOLDER / "progress") as log:
        for kind, data in facts:
            subject = "00.pay"
            log.append(Event.new(f"progress.{kind}", data, source="learner", subject=subject))
    assert standings(history()) == {
        "00.pay": Standing("not attempted", held=True, checks=2, hints=1)
    }


def test_a_demonstration_is_no_progress(root: Path) -> None:
    prepare(root)
    asked = Asked("00", pay(limit=10.0), demo=True)
    heard: list[Verdict] = []
    exercises.listeners.append(heard.append)
    try:
        assert asked.check(PaysOnce)
        asked.hint()
        asked.solution()
        asked.reset()
    finally:
        exercises.listeners.remove(heard.append)
    assert (history(), heard) == ([], [])


def test_progress_outlives_the_session(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(root)
    record(fact("checked", outcome="holds"))
    begin_session(root, monkeypatch)
    assert standings(history())["00.pay"].outcome == "holds"


def test_without_a_place_of_their_own_it_is_kept_in_memory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(fact("checked", outcome="holds"))
    assert standings(history())["00.pay"].outcome == "holds"
    assert not (root / FOLDER).exists()
    begin_session(root, monkeypatch)
    assert history() == []


def test_progress_can_be_switched_off(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(root)
    monkeypatch.setenv(SWITCH, "off")
    record(fact("checked", outcome="holds"))
    assert not (root / FOLDER / "progress").exists()


def test_the_suite_keeps_no_progress() -> None:
    assert os.environ[SWITCH] == "off"


def test_predictions_are_facts_in_the_same_log(root: Path) -> None:
    prepare(root)
    answers = Answers()
    assert answers("01:tail") is None
    assert answers("01:tail", "63%") == "63%"
    assert answers("01:chain", "2 hours") == "2 hours"
    assert answers("01:tail", "1%") == "1%"
    assert answers("01:tail") == "1%"
    assert [event.type for event in history()] == ["progress.answered"] * 3
    assert standings(history()) == {}


def many_facts(root: Path, name: str) -> None:
    """Record fifty facts, as a notebook of its own would."""
    monkeypatch = pytest.MonkeyPatch()
    begin_session(root, monkeypatch)
    for i in range(50):
        assert record(fact("checked", f"{name}-{i}", outcome="holds")) == ""
    monkeypatch.undo()


def test_two_notebooks_at_once_lose_nothing(root: Path) -> None:
    prepare(root)
    spawn = multiprocessing.get_context("fork")
    notebooks = [spawn.Process(target=many_facts, args=(root, name)) for name in ("a", "b")]
    for notebook in notebooks:
        notebook.start()
    for notebook in notebooks:
        notebook.join()
    assert [notebook.exitcode for notebook in notebooks] == [0, 0]
    assert set(standings(history())) == {f"00.{name}-{i}" for name in "ab" for i in range(50)}
    assert len(history()) == 100


# --- a log in trouble -----------------------------------------------------------------------------


def segment(root: Path) -> Path:
    return next((root / FOLDER / "progress" / "0").glob("*.log"))


def test_a_torn_tail_costs_the_torn_fact_alone(root: Path) -> None:
    prepare(root)
    record(fact("checked", "one", outcome="holds"))
    record(fact("checked", "two", outcome="holds"))
    data = segment(root).read_bytes()
    segment(root).write_bytes(data[:-5])
    assert record(fact("checked", "three", outcome="holds")) == ""
    assert set(standings(history())) == {"00.one", "00.three"}


def spoil(root: Path) -> None:
    data = bytearray(segment(root).read_bytes())
    data[60] ^= 0xFF
    segment(root).write_bytes(data)


def test_a_spoiled_log_is_told_once_and_the_session_goes_on(root: Path) -> None:
    prepare(root)
    for name in ("one", "two", "three"):
        record(fact("checked", name, outcome="holds"))
    spoil(root)
    spoiled = segment(root).read_bytes()
    asked = Asked("00", pay(limit=10.0))
    verdict = asked.check(PaysOnce)
    assert verdict.outcome == "holds"
    assert verdict.note.startswith("your progress is kept in memory only from here on: ")
    assert asked.check(PaysOnce).note == ""
    assert asked.hint()
    assert segment(root).read_bytes() == spoiled
    assert standings(history())["00.pay"] == Standing("holds", held=True, checks=2, hints=1)


def test_a_spoiled_log_is_told_to_whoever_asks_for_progress(root: Path) -> None:
    prepare(root)
    for name in ("one", "two", "three"):
        record(fact("checked", name, outcome="holds"))
    spoil(root)
    with pytest.raises(PubSubKitError):
        history()
    assert Answers()("01:tail") is None


def test_a_log_that_somebody_holds_is_told_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(root)
    monkeypatch.setattr(journal, "_TRIES", 2)
    with DurableEventLog(root / FOLDER / "progress"):
        assert "is open elsewhere" in record(fact("checked", outcome="holds"))
        assert record(fact("checked", outcome="holds")) == ""


def test_a_log_that_cannot_be_made_is_told_once(root: Path) -> None:
    (root / FOLDER).mkdir()
    (root / FOLDER / "progress").write_text("a file of mine")
    assert record(fact("checked", outcome="holds")) != ""
    assert record(fact("checked", outcome="holds")) == ""
    assert (root / FOLDER / "progress").read_text() == "a file of mine"


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
