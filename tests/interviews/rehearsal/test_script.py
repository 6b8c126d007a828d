"""The interviewer's chair: what the script hands out, and which facts come of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.interviews.bank.question import BANDS, BOXES, DIMENSIONS, questions
from pubsub_kit.interviews.rehearsal import events
from pubsub_kit.interviews.rehearsal.asking import NOT_FIXED, UNKNOWN
from pubsub_kit.interviews.rehearsal.script import Script, script
from pubsub_kit.interviews.rehearsal.state import ENDED, RUNNING, fold
from pubsub_kit.log.memory import EventLog
from tests.interviews.rehearsal.played import FULL, Clock


class Chair:
    """A script, its clock and its log."""

    def __init__(self, minutes: float = 45) -> None:
        self.clock, self.log = Clock(), EventLog()
        self.script = Script(FULL, minutes, self.log, self.clock)

    def __call__(self, *lines: Any, after: float = 1.0) -> str:
        """Type lines, each some seconds after the one before; return what the last one brought."""
        heard = ""
        for line in lines:
            self.clock.now += after
            heard = "\n".join(said.text for said in self.script.hear(line))
        return heard

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """Return the details of all facts of a kind."""
        return [dict(fact.data) for fact in self.script.facts if fact.kind == kind]


def test_it_opens_with_the_first_boxs_script() -> None:
    chair = Chair()
    assert chair.script.opening[0].text == script(FULL, 0)
    assert chair.script.state.role == "interviewer"


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_all_that_the_bank_has_is_in_one_of_the_scripts(question: Any) -> None:
    told = "\n".join(script(question, number) for number in range(len(BOXES)))
    for words in (
        question.pitch, question.failure.throw, question.failure.expect, question.oracle.holds,
        *(each.working for each in question.estimates),
        *(each.flips for each in question.decisions),
        *(option.cost for each in question.decisions for option in each.options),
        *(each.sign for each in question.signs),
    ):  # fmt: skip
        assert words in told


def test_a_candidates_question_is_looked_up() -> None:
    chair = Chair()
    assert chair("how many notifications") == FULL.clarifications[0].answer
    assert chair("how many colours") == UNKNOWN
    assert chair("the colour of the logo") == NOT_FIXED
    assert [each["topic"] for each in chair.facts("asked")] == ["volume", None, None]


def test_the_parts_last_as_long_as_the_rehearsal_allows() -> None:
    chair = Chair(minutes=10)
    assert chair.script.opening[0].text.startswith("requirements, 1:07 of 10 minutes\n")
    assert "stimation, 0:40 of 10 minutes" in chair("/next")


def test_the_ladder_takes_time_between_two_rungs() -> None:
    chair = Chair()
    assert chair("/hint") == FULL.hints[0]
    assert chair("/hint", after=20) == "Think about it for another 10 s."
    assert chair("/hint", after=30) == FULL.hints[1]


def test_a_sign_is_noted_by_its_number() -> None:
    chair = Chair()
    assert chair("/saw").count("\n") == len(FULL.signs) - 1
    chair("/saw 1")
    assert chair.facts("signed") == [
        {"dimension": FULL.signs[0].dimension, "level": FULL.signs[0].level,
         "sign": FULL.signs[0].sign, "seen": "interviewer"}
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "1e3", "²"])
def test_a_sign_that_is_not_there_gets_the_rubric(number: str) -> None:
    assert Chair()(f"/saw {number}").startswith(f"there is no sign '{number}': give its number\n1 ")


def test_each_dimension_gets_a_band_from_the_interviewer() -> None:
    chair = Chair()
    chair("/rate 5 4")
    assert chair.facts("rated") == [
        {"dimension": DIMENSIONS[4], "band": BANDS[3], "by": "interviewer"}
    ]


def test_what_the_candidate_said_is_noted() -> None:
    chair = Chair()
    assert chair("/note") == "Write what the candidate said after /note."
    chair("/note Lanes, because codes would wait.")
    assert chair.facts("said")[-1]["text"] == "Lanes, because codes would wait."
    assert chair.facts("said")[-1]["who"] == "candidate"


def test_the_time_brings_the_next_script() -> None:
    chair = Chair()
    chair.clock.now += 300
    (line,) = chair.script.tick()
    assert line.text.startswith("Cut in: the time for requirements is over.\nestimation, 3 of 45")


def test_it_ends_and_is_still_rated() -> None:
    chair = Chair()
    for _ in BOXES:
        chair("/next")
    assert chair.script.state.status == ENDED
    assert chair("/hint").startswith("This rehearsal has ended")
    assert chair("anything?").startswith("This rehearsal has ended")
    chair("/rate 1 1")
    assert len(chair.facts("rated")) == 1


def test_it_goes_on_where_it_was() -> None:
    chair = Chair()
    chair("/next", "/pause")
    again = Script(FULL, 45, chair.log, chair.clock)
    assert again.state.status == RUNNING
    assert again.opening[1].text == script(FULL, 1)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/next", "/hint", "/saw 1", "/saw", "/rate 1 1", "/note x", "/end",
                             "/pause", "/resume", "/script", "/help", "/time", "/", ""])
            | st.text(max_size=30),
            st.sampled_from([0.0, 31.0, 700.0]),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_no_sequence_of_lines_breaks_it(told: list[tuple[str, float]]) -> None:
    chair = Chair()
    for line, after in told:
        chair(line, after=after)
    assert fold(events.read(chair.log)) == chair.script.state
