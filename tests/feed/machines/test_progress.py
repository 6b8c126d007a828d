"""How far a simulation is, told to a function, a terminal and a notebook."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from pubsub_kit.feed.arena import Arena
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines import progress
from pubsub_kit.feed.machines.progress import reporting
from pubsub_kit.feed.machines.simulate import simulate
from tests.feed.small import load, town


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_function_is_told_how_much_is_done_until_all_is() -> None:
    told: list[tuple[int, int]] = []
    there = load(town(10, 20), [(1.0, 0), (2.0, 1)], reads=100)
    simulate(FeedDesign(), Arena(there), progress=lambda done, of: told.append((done, of)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {of for _, of in told} == {told[-1][0]}


def test_a_terminal_shows_a_line_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with reporting(True, "simulate") as report:
        report(1, 4)
    assert screen.getvalue() == "\r\033[Ksimulate  25 %\r\033[K"


def test_a_file_and_a_quiet_run_get_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    file, screen = io.StringIO(), Terminal()
    for stream, wanted in ((file, True), (screen, False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with reporting(wanted, "simulate") as report:
            report(1, 4)
        assert stream.getvalue() == ""


def test_a_notebook_shows_a_bar_that_is_closed_and_reads_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    texts: list[str] = []

    def display(widget: Any) -> None:
        assert widget.comm is not None  # it is open
        texts.append(repr(widget))
        shown.append(widget)

    monkeypatch.setattr(progress, "in_a_kernel", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    for of in (4, 1_000_000):
        with reporting(True, "simulate") as report:
            report(1, of)
            report(of, of)
        assert shown[-1].value == 100
        assert shown[-1].comm is None  # it is closed
    assert texts == ["simulate: a bar shows how far it is"] * 2
