"""Two reports side by side: two people's ratings of one rehearsal, or two rehearsals' numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.interviews.rehearsal.account import ReportError
from pubsub_kit.interviews.rehearsal.beside import compare
from pubsub_kit.interviews.rehearsal.report import report
from pubsub_kit.log.event import Event
from tests.interviews.rehearsal.rehearsed import QUESTION, event, rehearsal, started, without

HELD = without(rehearsal(), "rated")


def rated(by: str, **bands: str) -> list[Event]:
    """Return one person's ratings: `trade_offs` is the dimension trade-offs."""
    names = {"trade_offs": "trade-offs", "api": "API and data", "failure": "failure"}
    return [event("rated", 2650, dimension=names[d], band=b, by=by) for d, b in bands.items()]


def test_two_people_see_their_ratings_of_one_rehearsal_side_by_side() -> None:
    own = report([*HELD, *rated("candidate", trade_offs="strong", failure="very strong")], QUESTION)
    friend = report([*HELD, *rated("Ann", trade_offs="strong", failure="weak")], QUESTION)
    text = compare(own, friend).markdown()
    assert "|  | candidate | Ann | apart |" in text
    assert "| trade-offs | strong | strong | 0 bands |" in text
    assert "| failure | very strong | weak | 2 bands |" in text
    assert "| communication | not rated | not rated | – |" in text
    assert "Talk about failure first: there you are 2 bands apart." in text


def test_people_who_agree_are_told_so() -> None:
    own, friend = (report([*HELD, *rated(by, api="weak")], QUESTION) for by in ("candidate", "Ann"))
    assert "You agree in every dimension" in compare(own, friend).markdown()


@pytest.mark.parametrize(
    ("ratings", "said"),
    [([], "Nobody has rated it yet"), (rated("Ann", api="weak"), "No dimension has two ratings")],
)
def test_without_two_ratings_there_is_nothing_to_compare(ratings: list[Event], said: str) -> None:
    made = report([*HELD, *ratings], QUESTION)
    assert said in compare(made, report(HELD, QUESTION)).markdown()


def test_two_rehearsals_of_a_question_have_the_earlier_one_on_the_left() -> None:
    later = [e._replace(time=e.time + 86_400) for e in rehearsal()]
    earlier = rehearsal()[:9]
    one = compare(report(later, QUESTION), report(earlier, QUESTION))
    other = compare(report(earlier, QUESTION), report(later, QUESTION))
    assert one == other
    text = one.markdown()
    assert "| Time used | 8:00 of 45:00 | 45:00 of 45:00 |" in text
    assert "| estimation | 1:00 of 3:00 | 2:50 of 3:00 |" in text
    assert "| not decided | A lane per class" in text
    assert "| 90% | it doesn't hold: sms-1" in text


def test_a_page_of_two_reports_escapes_names_and_can_be_saved(tmp_path: Path) -> None:
    own = report([*HELD, *rated("<b>Bob</b>", api="weak")], QUESTION)
    made = compare(own, own)
    assert "<b>" not in made.html()
    assert "&lt;b&gt;Bob" in made.html()
    assert made.save(tmp_path).read_text() == made.html()
    assert {path.name for path in tmp_path.iterdir()} == {"comparison.html", "comparison.md"}


def test_reports_of_different_questions_are_not_compared() -> None:
    chat = report([started(question="chat")], replace(QUESTION, id="chat"))
    with pytest.raises(ReportError, match="'notification-system' and 'chat'"):
        compare(report(HELD, QUESTION), chat)


@pytest.mark.parametrize("odd", [None, "report", 7, []])
def test_what_is_no_report_is_not_compared(odd: Any) -> None:
    with pytest.raises(ReportError, match="takes two reports"):
        compare(report(HELD, QUESTION), odd)
