"""What is fetched is kept whole, once, or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pubsub_kit.engines.servers import ServerError, cache

pytestmark = pytest.mark.usefixtures("looking")


def write(folder: Path) -> None:
    (folder / "file").write_text("whole")


def test_it_is_made_once_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    folders = [cache.made("a-1", "tea", write) for _ in range(2)]
    assert folders[0] == folders[1] == cache.kept("a-1")
    assert (folders[0] / "file").read_text() == "whole"
    assert capsys.readouterr().err.count("Fetching tea, once") == 1


def test_half_of_it_is_never_used() -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise ServerError("no network")

    with pytest.raises(ServerError, match="no network"):
        cache.made("a-1", "tea", fail)
    assert cache.kept("a-1") is None
    left = cache.home() / "a-1" / "unfinished-x"  # by a process that was killed
    left.mkdir()
    cache.made("a-1", "tea", write)
    assert sorted(path.name for path in left.parent.iterdir()) == ["lock", "whole"]


def test_two_at_once_make_it_once() -> None:
    made, ready = [], threading.Barrier(2)

    def slow(folder: Path) -> None:
        made.append(folder)
        write(folder)

    def go() -> None:
        ready.wait()
        cache.made("a-1", "tea", slow)

    both = [threading.Thread(target=go) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(made) == 1


def test_a_cache_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ServerError, match="another folder in XDG_CACHE_HOME"):
        cache.made("a-1", "tea", write)


def test_a_tool_that_fails_is_quoted(tmp_path: Path) -> None:
    script = "echo fine; echo 'error: no such host' >&2; exit 3"
    with pytest.raises(ServerError) as refused:
        cache.run(["/bin/sh", "-c", script], tmp_path, "Fetching tea")
    assert str(refused.value) == "Fetching tea failed (status 3): error: no such host."


def test_a_relative_cache_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG base directory specification demands (version 0.8)."""
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert cache.home() == Path.home() / ".cache" / "pubsub-kit" / "engines"
