"""A worker that is ended as Kubernetes ends a pod: what it finishes, what another gets, and what
is counted if it does worse.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.genai.deploy import termination
from pubsub_kit.genai.deploy.termination import terminated
from pubsub_kit.genai.deploy.worker import DeployError
from tests.genai.deploy import __name__ as here

unix = pytest.mark.skipif(sys.platform == "win32", reason=termination.WINDOWS)


@unix
def test_work_that_fits_in_the_grace_period_is_finished() -> None:
    assert str(terminated(work=0.1, grace=20)) == (
        "SIGTERM came while the worker held doc-3, with 0.1 s of work left and 20 s of grace.\n"
        "It finished doc-3, acked it, left the group and exited with 0.\n"
        "Finished by it: 3; by its successor: 2 of 5 documents.\n"
        "Lost: 0. Unacked at the end: 0. Begun by both: none.\n"
        "Chunks written: 10; different ones: 10."
    )


@unix
def test_work_that_does_not_fit_is_killed_and_redelivered() -> None:
    assert str(terminated(work=60, grace=0.3)) == (
        "SIGTERM came while the worker held doc-3, with 60 s of work left and 0.3 s of grace.\n"
        "SIGKILL ended it: exit code -9. doc-3 had not been acked, and was redelivered.\n"
        "Finished by it: 2; by its successor: 3 of 5 documents.\n"
        "Lost: 0. Unacked at the end: 0. Begun by both: doc-3.\n"
        "Chunks written: 11; different ones: 10."
    )


@unix
def test_no_grace_at_all_is_a_kill() -> None:
    ended = terminated(work=0.5, grace=0, documents=1)
    assert (ended.killed, ended.held, ended.repeated) == (True, "doc-1", ("doc-1",))
    assert (ended.first, ended.second, ended.lost, ended.unacked) == (0, 1, 0, 0)


@unix
def test_it_runs_on_a_folder_that_you_name_whatever_your_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_PARTITIONS", "7")
    ended = terminated(work=0, documents=2, url=f"file://{tmp_path}/broker")
    assert (ended.exit, ended.first, ended.second, ended.unacked) == (0, 2, 0, 0)
    assert (tmp_path / "broker").is_dir()


@unix
def test_workers_that_do_worse_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(termination, "HANDLERS", f"{here}.faulty")
    monkeypatch.setattr(termination, "_PATIENCE", 2.0)
    ended = terminated(work=0.1, grace=20)
    assert (ended.exit, ended.killed) == (-signal.SIGTERM, False)
    assert (ended.lost, ended.repeated) == (1, ("doc-3",))
    assert "It ended by itself: exit code -15. doc-3 had not been acked" in str(ended)


@unix
def test_a_worker_that_cannot_begin_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(termination, "HANDLERS", "no_such_module")
    with pytest.raises(DeployError, match=r"did not begin doc-3: no_such_module can't be imported"):
        terminated()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"work": -1}, r"work is a number of seconds, not -1\."),
        ({"grace": "30"}, r"grace is a number of seconds, not '30'\."),
        ({"lease": None}, r"lease is a number of seconds, not None\."),
        ({"documents": 0}, r"documents is a number from 1 to 1,000, not 0\."),
        ({"documents": 10**6}, r"documents is a number from 1 to 1,000, not 1000000\."),
        ({"url": "memory://"}, r"memory:// is in one process"),
    ],
)
@unix
def test_what_can_t_be_rehearsed_gets_a_sentence(given: dict[str, Any], says: str) -> None:
    with pytest.raises(DeployError, match=says):
        terminated(**given)


def test_windows_has_no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(DeployError, match="Windows has no SIGTERM"):
        terminated()
