"""git as an event log: commits made with git itself, read as events, and replayed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pubsub_kit.errors import PubSubKitError

Changes = Mapping[str, "str | None"]
START = 1_700_000_000  # seconds since 1970: no clock of this machine gets into an id


@dataclass(frozen=True)
class Commit:
    """A commit as an event: who changed which files, when by their clock, and after which commits.

    `changes` has each changed file's new text, or None if it was deleted; `tree` is git's own id.
    """

    id: str
    parents: tuple[str, ...]
    tree: str
    who: str
    at: int
    message: str
    changes: Changes


def replay(commits: Iterable[Commit]) -> dict[str, str]:
    """Apply the changes of commits in this order; return the text of each file by its path."""
    files: dict[str, str | None] = {}
    for commit in commits:
        files |= commit.changes
    return {path: text for path, text in files.items() if text is not None}


class Repository:
    """A new git repository in a temporary folder; nothing of the user's settings gets into it."""

    def __init__(self) -> None:
        self._temporary = TemporaryDirectory(prefix="pubsub-kit-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, who: str = "ann", at: int = START) -> str:
        """Run a git command here and return what it prints; raises PubSubKitError if it fails."""
        given = ["-c", "core.autocrlf=false", "-c", "core.fileMode=false"]
        for setting in ("attributesFile", "excludesFile"):  # the user's own, without any config
            given += ["-c", f"core.{setting}={os.devnull}"]
        mine = {name: words for name, words in os.environ.items() if not name.startswith("GIT_")}
        mine |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        mine |= {"GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        mine |= {"GIT_DEFAULT_HASH": "sha1", "TZ": "UTC", "LC_ALL": "C"}
        for role in ("AUTHOR", "COMMITTER"):
            mine |= {f"GIT_{role}_NAME": who, f"GIT_{role}_EMAIL": f"{who}@example.com"}
            mine[f"GIT_{role}_DATE"] = f"{at} +0000"
        try:
            done = subprocess.run(["git", *given, *words], cwd=self.folder, env=mine,
                                  capture_output=True, check=True)  # fmt: skip
        except FileNotFoundError as error:
            raise PubSubKitError("git was not found: install it, then start anew") from error
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace")
            raise PubSubKitError(f"git {words[0]}: {said}") from error
        return done.stdout.decode()

    def commit(self, changes: Changes, message: str, who: str = "ann", minute: float = 0) -> str:
        """Write files, or delete those given as None, and commit; return the commit's id.

        `minute` is what the clock of whoever commits shows, in minutes after `START`.
        """
        for path, text in changes.items():
            file = self.folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode())
        self.git("add", "-A")
        at = START + round(60 * minute)
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who, at=at)
        return self.git("rev-parse", "HEAD").strip()

    def events(self) -> list[Commit]:
        """Return the commits as events, each after its parents."""
        form = "%H%x00%P%x00%T%x00%an%x00%at%x00%s"
        said = self.git("log", "--topo-order", "--reverse", f"--format={form}")
        return [self._event(line.split("\0")) for line in said.splitlines()]

    def _event(self, fields: list[str]) -> Commit:
        id, parents, tree, who, at, message = fields
        listed = self.git("diff-tree", "-r", "--root", "--no-commit-id", "--no-renames", "-z", id)
        changes: dict[str, str | None] = {}
        for about, path in zip(*[iter(listed.split("\0")[:-1])] * 2, strict=True):
            gone = about.endswith(" D")
            changes[path] = None if gone else self.git("cat-file", "blob", f"{id}:{path}")
        return Commit(id, tuple(parents.split()), tree, who, int(at), message, changes)
