"""git's own ids, and its commits as events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pubsub_kit import PubSubKitError
from pubsub_kit.checks.systems import time_travel_slips
from pubsub_kit.git.objects import folder_of, tree_id
from pubsub_kit.git.repository import START, Repository, replay
from pubsub_kit.scenarios.time_travel import folders


def written(folder: Any, above: str = "") -> dict[str, str]:
    """Return a folder's files by path."""
    found: dict[str, str] = {}
    for name, inside in folder.items():
        if isinstance(inside, bytes):
            found[above + name] = inside.decode()
        else:
            found |= written(inside, f"{above}{name}/")
    return found


def test_a_tree_has_the_id_that_git_gives_it() -> None:
    repo = Repository()
    before: dict[str, str] = {}
    for folder in folders.cases()[1::8]:
        files = written(folder)
        gone = dict.fromkeys(before.keys() - files.keys())
        repo.commit({**gone, **files}, "next")
        before = files
        assert tree_id(folder) == repo.git("rev-parse", "HEAD^{tree}").strip()


def test_plain_name_order_passes_where_no_folder_is_beside_such_files() -> None:
    usual = {"a.py": b"", "lib": {"b.py": b""}, "z": b""}
    planted = {"foo": {"a": b""}, "foo-bar": b"", "foo.txt": b"", "foo0": b""}
    plain = time_travel_slips._TREES["plain name order"]
    assert plain(usual) == tree_id(usual)
    assert plain(planted) != tree_id(planted)


def test_commits_replayed_in_order_end_at_gits_tree_on_every_machine() -> None:
    repo = Repository()
    first = repo.commit({"foo/a": "1\n", "foo.txt": "é\n"}, "one")
    repo.commit({"foo/a": None, "b": "\r\n"}, "two", who="bob", minute=-3)
    events = repo.events()
    assert first == "e0185f86a7f929f02e27963658587d59c2aaecb7"
    assert [(e.who, e.at - START, e.changes) for e in events] == [
        ("ann", 0, {"foo.txt": "é\n", "foo/a": "1\n"}),
        ("bob", -180, {"b": "\r\n", "foo/a": None}),
    ]
    for n, event in enumerate(events, 1):
        assert tree_id(folder_of(replay(events[:n]))) == event.tree


def test_what_the_user_has_told_git_does_not_get_into_an_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "git"
    settings.mkdir()
    (settings / "config").write_text("[core]\n\tautocrlf = true\n[user]\n\tname = eve\n")
    (settings / "attributes").write_text("* text eol=crlf\n")
    (settings / "ignore").write_text("*.md\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "eve")
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    repo = Repository()
    repo.commit({"a.md": "1\r\n"}, "one")
    assert repo.events()[0].changes == {"a.md": "1\r\n"}
    assert repo.events()[0].who == "ann"


def test_what_git_refuses_is_told_in_its_words() -> None:
    with pytest.raises(PubSubKitError, match=r"git checkout: .*nowhere"):
        Repository().git("checkout", "nowhere")
