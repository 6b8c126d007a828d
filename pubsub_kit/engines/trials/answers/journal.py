"""What happened outside the rows, as SQLite keeps it: what was performed, handled and acked.

A line is written when the deed is done, so a process that dies between the two leaves none. It is
for the oracle and the tests, and stands beside the rows in the same file; no answer can see it.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.patterns.sqlite_store import SqliteStore

_TABLE = "CREATE TABLE IF NOT EXISTS journal (at REAL, process INTEGER, deed TEXT, what TEXT)"


class Line(NamedTuple):
    """One deed: when (seconds since 1970), by which process, and what was done to what."""

    at: float
    process: int
    deed: str
    what: str


class Journal:
    """Writes and reads the lines, through the file of a store."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.store.file.execute(_TABLE)

    def write(self, deed: str, what: str) -> None:
        """Add a line, in a transaction of its own."""
        with self.store.locked():
            self.store.file.execute(
                "INSERT INTO journal VALUES (?, ?, ?, ?)", (time.time(), os.getpid(), deed, what)
            )

    def lines(self, deed: str | None = None) -> list[Line]:
        """Return the lines of a deed, or all, oldest first."""
        found = self.store.file.execute("SELECT * FROM journal ORDER BY rowid")
        return [line for line in map(Line._make, found) if deed in (None, line.deed)]

    def all(self, deed: str) -> list[str]:
        """Return to what a deed was done, as often as it was."""
        return [line.what for line in self.lines(deed)]


def lines_of(path: str | Path) -> list[Line]:
    """Return what the journal in a store's file holds."""
    with closing(SqliteStore(path)) as store:
        return Journal(store).lines()
