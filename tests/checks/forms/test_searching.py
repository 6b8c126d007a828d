"""How far a long check is: a line that only a person sees, and that is gone at the end."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.checks.desk.kernel import Kernel, started
from pubsub_kit.checks.desk.runner import Heard, run_notebook
from pubsub_kit.checks.forms import searching
from pubsub_kit.show.widgets import status
from tests.checks.forms.test_mistakes import QUESTIONS
from tests.checks.notebooks import OPEN, PLACE, write
from tests.mistakes import lesson

LINE = "03.order: 30 schedules tried, now those with 2 faults"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(searching, "listeners", [lines.append])
    return lines


def test_a_short_check_says_nothing(heard: list[str]) -> None:
    with searching.shown("03.order"):
        searching.report(30, 2)
    assert heard == []


def test_a_long_one_says_how_far_it_is_and_then_nothing(
    heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PATIENCE", 0.0)
    with searching.shown("03.order"):
        searching.report(30, 2)
        with searching.shown("03.client"):
            searching.report(1, 1)
        searching.report(31, 2)
    assert heard == [
        LINE,
        "03.client: 1 schedule tried, now those with 1 fault",
        "",
        "03.order: 31 schedules tried, now those with 2 faults",
        "",
    ]
    searching.report(31, 2)
    assert len(heard) == 5


def test_a_terminal_shows_the_line_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(searching, "PATIENCE", 0.0)
    with searching.shown("03.order"):
        searching.report(30, 2)
    assert screen.getvalue() == f"\r\033[K{LINE}\r\033[K"


def test_a_file_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setattr(searching, "PATIENCE", 0.0)
    with searching.shown("03.order"):
        searching.report(30, 2)
    assert file.getvalue() == ""


def test_a_check_reports_its_search_and_not_to_the_answers_page(
    heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line goes to the screen of whoever waits: what the answer prints is kept apart."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(searching, "PATIENCE", 0.0)
    monkeypatch.setattr("pubsub_kit.world.search.explore._PAUSE", 0.0)
    right = next(a for a in lesson("03").right if a.question == "order")
    verdict = QUESTIONS["03", "order"].verdict(right.answer, "03")
    assert (verdict.outcome, verdict.printed) == ("holds", "")
    assert heard[0].startswith("03.order: 0 schedules tried, now those with 0 faults")
    assert heard[-2:][0].endswith("now those with 2 faults")
    assert heard[-1] == ""
    assert screen.getvalue().endswith("\r\033[K")


# --- in a kernel ----------------------------------------------------------------------------------

SLOW = """
from pubsub_kit.checks.forms import searching
searching.PATIENCE = 0.0
with searching.shown("03.order"):
    searching.report(30, 2)
    searching.report(31, 2)
"""


def messages(kernel: Kernel, person: bool) -> list[tuple[str, Any]]:
    """Run the slow search, for a person or for a program; return what came for the notebook."""
    client = kernel._manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    shown: list[tuple[str, Any]] = []

    def see(message: dict[str, Any]) -> None:
        if "data" in message["content"] and "transient" in message["content"]:
            shown.append((message["msg_type"], message["content"]["data"]["text/plain"]))

    reply = client.execute_interactive(SLOW, allow_stdin=person, output_hook=see, timeout=60)
    client.stop_channels()
    assert reply["content"]["status"] == "ok"
    return shown


def test_a_notebook_that_runs_by_itself_shows_nothing_and_a_person_sees_the_line(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as kernel:
        assert messages(kernel, person=False) == []
        assert messages(kernel, person=True) == [
            ("display_data", LINE),
            ("update_display_data", LINE.replace("30", "31")),
            ("update_display_data", ""),
        ]


def test_the_terminal_hears_of_a_check_in_its_kernel(tmp_path: Path) -> None:
    hurry = (
        "from pubsub_kit.checks.forms import searching\n"
        "from pubsub_kit.world.search import explore as exploring\n"
        "searching.PATIENCE = exploring._PAUSE = 0.0"
    )
    lines: list[Heard | str] = []
    path = write(tmp_path, OPEN, hurry, PLACE)
    ran = run_notebook(path, lines.append, root=tmp_path, status=lines.append)
    assert ran.trouble == []
    told = [line if isinstance(line, str) else line.outcome for line in lines]
    assert told[0] == "01.place: 0 schedules tried, now those with 0 faults"
    assert told[-2:] == ["", "holds"]


def test_nobody_looks_at_a_stream_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert status.place() is None
