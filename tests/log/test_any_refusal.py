"""Whatever call to the system is refused, once or for ever, a log says so in a sentence of its own.

What it had acknowledged is there when it is opened again, and what it had not is there as a whole
or not at all. PUBSUB_KIT_LONG=24 tries every call; without it, one in 24.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event
from pubsub_kit.log.segments import DurableEventLog, is_log, logs_in

AUDITED = {
    "open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.truncate", "os.mkdir",
    "os.rmdir",
}  # fmt: skip
STEP = max(1, round(24 / float(os.environ.get("PUBSUB_KIT_LONG", "1"))))
PATCHED = "stat", "fsync", "fstat"


class Refuser:
    """Refuses the calls to the system on one folder, from a certain one on, as long as it is on."""

    def __init__(self) -> None:
        self.folder, self.seen, self.first, self.last, self.error = "", 0, 0, 0, 0

    def look(self, path: Any) -> None:
        if self.folder and (isinstance(path, int) or str(path).startswith(self.folder)):
            self.seen += 1
            if self.first <= self.seen <= self.last:
                raise OSError(self.error, os.strerror(self.error), str(path))

    def hear(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self.folder and name in AUDITED and isinstance(arguments[0], str | os.PathLike):
            self.look(arguments[0])

    @contextmanager
    def refusing(self, folder: Path, first: int, last: int, error: int) -> Iterator[None]:
        self.folder, self.seen, self.error = str(folder), 0, error
        self.first, self.last = first, last
        try:
            yield
        finally:
            self.folder = ""


REFUSER = Refuser()
sys.addaudithook(REFUSER.hear)  # which can't be taken away again


@pytest.fixture(autouse=True)
def _patched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PATCHED:
        real = (lambda handle: None) if name == "fsync" else getattr(os, name)

        def call(path: Any, *rest: Any, real: Callable[..., Any] = real, **more: Any) -> Any:
            REFUSER.look(path)
            return real(path, *rest, **more)

        monkeypatch.setattr(os, name, call)


def event(data: Any, key: str | None = None) -> Event:
    return Event.new("test", data, key=key)


def work(folder: Path, kept: set[Any]) -> None:
    """Do a bit of everything; note what was acknowledged."""

    def attempt(call: Callable[..., Any], *arguments: Any) -> bool:
        try:
            call(*arguments)
        except PubSubKitError:
            return False
        return True

    made: list[DurableEventLog] = []
    attempt(lambda: made.append(DurableEventLog(folder / "orders", segment_bytes=250)))
    for log in made:
        attempt(log.add_partitions, 1)
        for i in range(6):
            if attempt(log.append, event(i, "a"), i % log.partitions):
                kept.add(i)
            attempt(log.append, event("old", "k"))
        both = {n: [event("x"), event("y")] for n in range(log.partitions)}
        if attempt(log.append_across, both):
            kept.add("x")
        for call in (log.compact, log.retain, log.flush, lambda log=log: log.strangers):
            attempt(call)
        attempt(log.read, 0, 0)
        attempt(log.append, event("last"))
        attempt(log.close)
    attempt(is_log, folder / "orders")
    attempt(logs_in, folder)
    attempt(lambda: DurableEventLog(folder / "gone").delete())


def check(folder: Path, kept: set[Any]) -> None:
    with DurableEventLog(folder / "orders") as log:
        read = [[e.data for _, e in log.read(n, 0)] for n in range(log.partitions)]
        assert kept - {0, 1, 2, 3, 4, 5} <= {each for row in read for each in row}
        assert not kept or 5 not in kept or any(5 in row for row in read)
        assert {("x" in row, "y" in row) for row in read} in ({(True, True)}, {(False, False)})


@pytest.mark.parametrize("forever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("error", ["EIO", "EMFILE", "ENOSPC"])
def test_any_call_that_the_system_refuses_is_a_sentence(
    tmp_path: Path, forever: bool, error: str
) -> None:
    with REFUSER.refusing(tmp_path, 0, -1, 0):
        work(tmp_path / "none", set())
    calls = REFUSER.seen
    assert calls > 200
    first = 1 + 5 * [False, True].index(forever) + ["EIO", "EMFILE", "ENOSPC"].index(error)
    for at in range(first, calls, STEP):
        folder, kept = tmp_path / str(at), set[Any]()
        last = sys.maxsize if forever else at
        with REFUSER.refusing(folder, at, last, getattr(errno, error)):
            work(folder, kept)
        check(folder, kept)
