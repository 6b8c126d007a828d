"""A report says what its events say, and nothing else; whatever was typed stays what was typed."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.interviews.bank.question import BOXES
from pubsub_kit.interviews.rehearsal.account import Drawn, ReportError
from pubsub_kit.interviews.rehearsal.events import Fact
from pubsub_kit.interviews.rehearsal.going_back import titles
from pubsub_kit.interviews.rehearsal.report import Report, report
from tests.interviews.rehearsal.rehearsed import (
    CODE,
    QUESTION,
    SVG,
    WORDS,
    event,
    rehearsal,
    started,
    without,
)
from tests.show.runs import HOSTILE

PICTURES = {1: Drawn(SVG, WORDS)}


class Page(HTMLParser):
    """What a browser makes of a page: its tags, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def whole() -> Report:
    return report(rehearsal(), QUESTION, pictures=PICTURES)


def section(text: str, title: str) -> str:
    """Return what Markdown says under a heading."""
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def both(made: Report) -> tuple[str, str]:
    """Return the words of a report as Markdown without its marks, and as a page."""
    return re.sub(r"\\(.)|[*]{2}", r"\1", made.markdown()), Page(made.html()).text


# --- what it says ---------------------------------------------------------------------------------


def test_a_claim_that_was_sure_and_wrong_leads_the_report() -> None:
    for text in both(whole()):
        lead = text.index("You were 90% sure, and the run says no:")
        assert lead < text.index("In numbers")
        assert "sms-1 reached ann at 3.4 s" in text[lead : text.index("In numbers")]


@pytest.mark.parametrize(("confidence", "leads"), [(0.79, False), (0.8, True)])
def test_being_wrong_leads_from_eighty_percent_on(confidence: float, leads: bool) -> None:
    events = [
        started(),
        event("claimed", 5, text="no charge is lost", confidence=confidence),
        event("settled", 9, claim="no charge is lost", held=False, why="pay-1 was lost"),
    ]
    text = report(events, QUESTION).markdown()
    assert ("and the run says no" in text) is leads
    assert ("0 of 1 settled claim held." in text) is not leads


def test_time_used_stands_beside_the_time_of_each_box() -> None:
    rows = section(whole().markdown(), "Time")
    assert "| requirements | 5:00 | 7:00 | `████████▓▓▓` | 2:00 over |" in rows
    assert "| deep dives | 15:00 | 13:20 | `█████████████████████░░░` | 1:40 left |" in rows


def test_boxes_shrink_with_the_minutes() -> None:
    short = report([started(minutes=9), event("ended", 60, why="stopped")], QUESTION).account
    assert [box.given for box in short.boxes] == [60, 36, 72, 132, 180, 60]
    assert sum(box.used for box in short.boxes) == 60


def test_a_pause_is_no_time_even_where_the_clock_ran_on() -> None:
    events = [started(), event("paused", 60), event("resumed", 660), event("ended", 700, why="")]
    assert report(events, QUESTION).account.lasted == 100


def test_a_clock_that_went_back_takes_no_time_away() -> None:
    events = [started(), event("box", 50, name="estimation"), event("ended", 10, why="stopped")]
    assert report(events, QUESTION).account.lasted == 50


def test_what_was_asked_has_its_answer_and_what_the_bank_does_not_know_says_so() -> None:
    asked = section(whole().markdown(), "What you asked")
    assert "How many notifications a day?”\n  500M candidates a day." in asked
    assert "Which cloud do we run on?”\n  The bank has no answer to this." in asked
    assert "Not asked: urgency, duplicates" in asked


def test_an_estimate_has_its_verdict_its_working_and_what_it_decides() -> None:
    text = section(whole().markdown(), "Estimates")
    assert "8:00 You said “30K/s”: right, within a factor of 2." in text
    assert "9:20 You said “about 30%”: too low, by a factor of 3.09." in text
    assert "Worked out: 500M candidates over 86,400 s" in text
    assert "What it decides: With 7% to spare" in text
    assert "You didn't estimate this." in text


def test_only_the_first_try_counts_as_right() -> None:
    peak = QUESTION.estimates[0]
    tries = [
        event("estimated", at, id=peak.id, text=text, value=value, unit=peak.unit, verdict="")
        for at, text, value in [(10, "1K/s", 1e3), (20, "30K/s", 3e4)]
    ]
    made = report([started(), *tries], QUESTION)
    assert dict(made.account.numbers)["Estimates right at the first try"] == "0 of 1"
    assert "too low, by a factor of 28.9." in made.markdown()
    assert "“30K/s”: right, within a factor of 2." in made.markdown()


@pytest.mark.parametrize("value", [None, "many", float("nan"), 0, True, 10**400])
def test_an_estimate_without_a_number_keeps_the_verdict_it_got(value: object) -> None:
    peak = QUESTION.estimates[0]
    odd = Fact("estimated", 9, {"id": peak.id, "text": "lots", "value": value, "verdict": "hm"})
    made = report([Fact("started", 0, {"question": QUESTION.id}), odd], QUESTION)
    assert "You said “lots”: hm." in made.markdown()


def test_a_decision_has_its_price_the_other_options_and_what_flips_it() -> None:
    text = section(whole().markdown(), "Decisions")
    lanes = QUESTION.decisions[3]
    assert f"16:40 You chose: {lanes.options[1].label}" in text
    assert f"Its price: {lanes.options[1].cost}" in text
    assert f"Or: {lanes.options[0].label}. {lanes.options[0].cost}" in text
    assert f"What flips it: {lanes.flips}" in text
    assert "18:20 You chose none of the options." in text
    assert "You didn't decide this." in text


def test_claims_stand_beside_what_the_run_says_with_the_score_of_a_coin() -> None:
    text = section(whole().markdown(), "Claims")
    assert "| 90% | it doesn't hold: sms-1 reached ann" in text
    assert "| 60% | it holds: p99 in the burst was 3.1 s. |" in text
    assert "| 80% | no run has settled it:" in text
    score = ((0.9 - 0) ** 2 + (0.6 - 1) ** 2) / 2
    assert f"Brier score over 2 settled claims: {score:.2f}." in text.replace("\\", "")
    assert "Always saying 50% scores 0.25" in text


def test_a_claim_made_again_with_a_number_counts_once() -> None:
    events = [
        started(),
        event("claimed", 5, text="no charge is lost", confidence=None),
        event("claimed", 6, text="no charge is lost with confidence 70%", confidence=0.7),
        event("settled", 9, claim="no charge is lost", held=True, why=""),
        event("settled", 9, claim="no charge is lost with confidence 70%", held=True, why=""),
    ]
    (bet,) = report(events, QUESTION).account.bets
    assert (bet.text, bet.confidence, bet.held) == ("no charge is lost", 0.7, True)


def test_without_a_settled_claim_there_is_no_score() -> None:
    text = report(without(rehearsal(), "settled"), QUESTION).markdown()
    assert "there is no Brier score yet" in text
    assert "No run has settled a claim of yours yet." in text


def test_a_run_shows_its_picture_its_words_and_its_schedule() -> None:
    made = whole()
    (image,) = Page(made.html()).of("img")
    assert image["alt"] == WORDS
    assert str(image["src"]).startswith("data:image/svg+xml;base64,")
    assert CODE in Page(made.html()).text
    assert "    push-1 reached ann at 1.2 s.\n" in made.markdown()
    assert f"The schedule: `{CODE}`" in made.markdown()


def test_a_png_will_do_as_a_picture() -> None:
    png = Drawn(b"\x89PNG\r\n", "a run")
    (image,) = Page(report(rehearsal(), QUESTION, pictures={1: png}).html()).of("img")
    assert str(image["src"]).startswith("data:image/png;base64,")


def test_two_runs_by_one_schedule_have_a_picture_each() -> None:
    run = {"level": "messages", "outcome": "fails", "words": [], "code": "-"}
    events = [started(), event("ran", 4, **run), event("ran", 5, **run)]
    made = report(events, QUESTION, pictures={1: Drawn(SVG, "first"), 2: Drawn(SVG, "second")})
    assert [image["alt"] for image in Page(made.html()).of("img")] == ["first", "second"]
    assert "The schedule, without any fault: `-`" in made.markdown()


def test_a_load_run_says_what_it_measured_and_which_levels_it_missed() -> None:
    run = {"outcome": "fails", "measures": {"p99 in the burst": 7.25, "lost": 3, "odd": None},
           "misses": ["p99 in the burst is 7.25 s, and may be 5 s."]}  # fmt: skip
    text = report([started(), event("ran", 4, **run)], QUESTION).markdown()
    assert "Measured under load: p99 in the burst 7.25 s; lost 3." in text
    assert "p99 in the burst is 7.25 s, and may be 5 s." in text


def test_signs_that_were_seen_are_marked_and_the_others_are_boxes_to_tick() -> None:
    page = Page(whole().html())
    boxes = [each for each in page.of("input") if each["type"] == "checkbox"]
    assert len(boxes) == len(QUESTION.signs) - 2
    assert page.text.count("(seen in this rehearsal at") == 2
    rubric = section(whole().markdown(), "Rubric")
    assert rubric.count("✓ ") == 2 + 1  # and in the line that says what it means
    assert "✓ mid: Asks for volume, channels" in rubric


def test_a_sign_beyond_the_questions_own_is_shown_too() -> None:
    sign = {"dimension": "failure", "level": "staff", "sign": "Runs the recovery in her head."}
    text = report([started(), event("signed", 7, **sign)], QUESTION).markdown()
    assert "✓ staff: Runs the recovery in her head. (seen in this rehearsal at 0:07)" in text


def test_a_sign_that_a_person_noted_says_so() -> None:
    sign = QUESTION.signs[0]
    told = event("signed", 7, dimension=sign.dimension, level=sign.level, sign=sign.sign,
                 seen="interviewer")  # fmt: skip
    assert "(noted by the interviewer at 0:07)" in report([started(), told], QUESTION).markdown()


def test_ratings_name_who_gave_them() -> None:
    assert "Rated by Ann: strong" in Page(whole().html()).text.replace("Ann : ", "Ann: ")
    assert "| trade-offs | strong | weak |" in whole().markdown()


def test_a_failed_claim_leads_back_to_the_lesson_that_it_is_about() -> None:
    first, *others = whole().account.lessons
    assert (first.number, first.name) == ("03", "Idempotency: the same message, twice")
    assert first.why == ("no person is told twice under crash, reply lost up to 1",)
    there = [number for number in QUESTION.lessons if number in titles()]
    assert [each.number for each in others] == [number for number in there if number != "03"]


def test_a_lesson_to_go_back_to_is_there_and_has_its_title_and_says_what_it_is_about() -> None:
    made = report(rehearsal(), replace(QUESTION, lessons=("02", "99")))
    assert [each.number for each in made.account.lessons] == ["03", "02"]
    listed = section(made.markdown(), "Go back to")
    assert "- Lesson 02, Fan-out: one signup, many readers\n  Who gets a message when" in listed
    assert "Lesson 02, Fan-out: one signup, many readers Who gets a" in Page(made.html()).text
    assert all(each.about for each in made.account.lessons)


def test_without_notebooks_the_lessons_are_those_that_have_exercises(tmp_path: Path) -> None:
    assert titles(tmp_path)["03"] == "idempotency"
    (tmp_path / "12_next.ipynb").write_text('{"cells": [{"source": ["# 12 · The next one\\n"]}]}')
    (tmp_path / "13_broken.ipynb").write_text("{")
    titles.cache_clear()
    assert titles(tmp_path) == {"12": "The next one"}


def test_a_run_shows_its_design_beside_what_broke_it(tmp_path: Path) -> None:
    designs = {1: Drawn(SVG, "api to orders")}
    made = report(rehearsal(), QUESTION, pictures=PICTURES, designs=designs)
    assert [image["alt"] for image in Page(made.html()).of("img")] == ["api to orders", WORDS]
    assert "    api to orders\n" in made.markdown()
    made.save(tmp_path)
    assert (tmp_path / "design-1.svg").read_text() == SVG
    assert "(design-1.svg)" in (tmp_path / "report.md").read_text()


def test_a_load_run_says_its_numbers_in_the_questions_words() -> None:
    run = {"outcome": "holds", "measures": {"p99": "never"}, "shown": ["codes p99: never"]}
    text = report([started(), event("ran", 4, **run)], QUESTION).markdown()
    assert "Measured under load: codes p99: never." in text


def test_the_numbers_of_the_last_time_stand_beside() -> None:
    earlier = report(rehearsal()[:9], QUESTION)
    chat = report([started(question="chat")], replace(QUESTION, id="chat"))
    text = report(rehearsal(), QUESTION, [earlier, chat]).markdown()
    assert "| Time used | 45:00 of 45:00 | 8:00 of 45:00 |" in text
    assert "last time" not in report(rehearsal(), QUESTION, [chat]).markdown()


def test_what_was_said_has_its_minute_and_its_box() -> None:
    text = section(whole().markdown(), "What was said")
    assert "*deep dives*\n\n- 31:40 candidate: Then the outcome is unknown. I wait." in text


def test_a_rehearsal_that_has_only_begun_has_a_report() -> None:
    text = report([started()], QUESTION).markdown()
    assert "not ended yet" in text
    assert "You asked nothing." in text
    assert "You claimed nothing" in text


# --- the page -------------------------------------------------------------------------------------


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = Page(whole().html())
    links = [value for _, about in page.tags for name, value in about.items()
             if name in ("src", "href")]  # fmt: skip
    assert all(str(link).startswith("data:") for link in links)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert "url(http" not in whole().html()


def test_the_page_has_a_language_a_title_a_theme_and_rules_for_paper() -> None:
    html = whole().html("dark")
    assert '<html lang="en" data-theme="dark">' in html
    assert "<title>A notification system: report of a rehearsal</title>" in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_every_box_to_tick_has_words_of_its_own() -> None:
    html = whole().html()
    assert html.count("<label><input") == html.count("<input")


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_typed_is_shown_and_never_obeyed(name: str) -> None:
    events = [
        started(),
        event("said", 1, who="candidate", text=f"<script>{name}</script>|*x*", box=name),
        event("claimed", 2, text=f'"><img src=x>{name}', confidence=0.9),
        event("rated", 3, dimension="failure", band="weak", by=f"<b>{name}"),
        event("ran", 4, level=name, outcome="fails", words=[name], code=name, faults=[name]),
    ]
    drawn = Drawn(SVG + name, f"a run of {name}")
    made = report(events, QUESTION, pictures={1: drawn})
    page = Page(made.html())
    assert not {"script", "b"} & {tag for tag, _ in page.tags}
    assert all(str(image["src"]).startswith("data:") for image in page.of("img"))
    made.html().encode()
    assert "\\<script\\>" in made.markdown()


def test_ten_megabytes_are_shown_in_part() -> None:
    made = report(
        [started(), event("said", 1, who="candidate", text="x" * 10_000_000, box="")], QUESTION
    )
    assert len(made.html()) < 100_000
    assert "more characters)" in made.markdown()


def test_the_same_events_give_the_same_report() -> None:
    events = rehearsal()
    one, other = (report(events, QUESTION, pictures=PICTURES) for _ in range(2))
    assert (one.markdown(), one.html()) == (other.markdown(), other.html())


def test_facts_do_as_well_as_events() -> None:
    facts = [Fact(e.type.removeprefix("rehearsal."), e.data["at"], e.data) for e in rehearsal()]
    told, heard = report(facts, QUESTION).account, report(rehearsal(), QUESTION).account
    assert (told.bets, told.boxes) == (heard.bets, heard.boxes)
    assert told.began is None


# --- saving ---------------------------------------------------------------------------------------


def test_a_saved_report_has_its_picture_beside_it(tmp_path: Path) -> None:
    path = whole().save(tmp_path / "new" / "folder")
    assert path.read_text() == whole().html()
    assert {each.name for each in path.parent.iterdir()} == {
        "report.html", "report.md", "counterexample-1.svg",
    }  # fmt: skip
    assert "](counterexample-1.svg)" in (path.parent / "report.md").read_text()


def test_a_full_disk_leaves_the_last_report_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole().save(tmp_path)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    synced: list[int] = []

    def full(number: int) -> None:
        synced.append(number)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match="on a disk with room"):
        report([started()], QUESTION, [whole()]).save(tmp_path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize("folder", [None, 7, "a\0b", "file/below"])
def test_a_folder_that_is_none_gets_a_sentence(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"can't be written to .*: choose a folder"):
        whole().save(folder)


# --- what is no rehearsal -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "events", [None, 7, "events", {}, [None], ["x"], [7], [(1, 2)], [("a", "b", "c")]]
)
def test_what_is_no_list_of_events_is_refused(events: Any) -> None:
    with pytest.raises(ReportError, match=r"give the events of a rehearsal's log|no event"):
        report(events, QUESTION)


def test_events_without_a_start_or_of_another_question_are_refused() -> None:
    with pytest.raises(ReportError, match="none of them says that one started"):
        report(rehearsal()[1:], QUESTION)
    with pytest.raises(ReportError, match="a rehearsal of 'chat'"):
        report([started(question="chat")], QUESTION)


@pytest.mark.parametrize("question", [None, "notification-system", 3])
def test_a_question_that_is_none_is_refused(question: Any) -> None:
    with pytest.raises(ReportError, match="needs the question"):
        report(rehearsal(), question)


@pytest.mark.parametrize("more", [{"earlier": [7]}, {"earlier": 7}, {"pictures": {1: "b"}}])
def test_other_arguments_that_are_none_are_refused(more: Any) -> None:
    with pytest.raises(ReportError, match=r"takes a (list|dict)"):
        report(rehearsal(), QUESTION, **more)


@pytest.mark.parametrize(("image", "words"), [("x", "w"), (b"x", "w"), (None, "w"), (SVG, " ")])
def test_a_picture_that_is_none_or_says_nothing_is_refused(image: Any, words: Any) -> None:
    with pytest.raises(ReportError, match="picture"):
        Drawn(image, words)


def test_a_theme_that_there_is_not_is_refused() -> None:
    with pytest.raises(ReportError, match="There is no theme 'pink'"):
        whole().html("pink")


@pytest.mark.parametrize("odd", [None, [], "x", -1, 1e300, float("inf"), {"a": 1}, True])
def test_details_of_another_kind_are_left_out(odd: Any) -> None:
    names = ("text", "who", "box", "topic", "id", "value", "unit", "verdict", "option", "at",
             "confidence", "claim", "held", "why", "level", "outcome", "words", "code", "faults",
             "schedules", "up_to", "rung", "dimension", "sign", "name", "band", "by",
             "minutes")  # fmt: skip
    kinds = ("said", "asked", "estimated", "decided", "claimed", "ran", "settled", "hinted",
             "signed", "box", "rated", "paused", "resumed", "ended", "unheard of")  # fmt: skip
    data = dict.fromkeys(names, odd)
    start = Fact("started", 0, {**data, "question": QUESTION.id})
    made = report([start, *(Fact(kind, 1, data) for kind in kinds)], QUESTION)
    made.html().encode()
    made.markdown().encode()


def test_boxes_that_were_walked_through_in_a_minute_were_not_kept() -> None:
    walked = [event("box", 10 * n, name=name, by="candidate") for n, (name, _) in enumerate(BOXES)]
    made = report([started(), *walked, event("ended", 60, why="finished")], QUESTION)
    assert dict(made.account.numbers)["Boxes kept to their time"] == "0 of 6"


def test_what_stood_in_for_an_open_decision_is_said_beside_the_run() -> None:
    ran = event("ran", 10, level="messages", outcome="holds", schedules=3, filled={
        "lanes": "one-queue", "capture": ""})  # fmt: skip
    made = report([started(), ran], QUESTION)
    assert "You left these open, and the run took lanes: one-queue." in made.markdown()
