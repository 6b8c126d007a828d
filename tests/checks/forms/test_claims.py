"""What each verdict proves, in words; and the hardest run that an answer survived."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from pubsub_kit.checks.desk.exercises import Exercise
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.decided import Decided
from pubsub_kit.checks.forms.judges import Explored, Sampled
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World
from tests.checks.forms.test_mistakes import QUESTIONS
from tests.mistakes import lesson

MEDIAN = "Every latency takes its median; "


def said(verdict: Verdict) -> str:
    return verdict.claim.replace("\n", " ")


def verdict_on(number: str, question: str, kind: str = "right") -> Verdict:
    return QUESTIONS[number, question].verdict(answer_to(number, question, kind), number)


def answer_to(number: str, question: str, kind: str) -> Any:
    return next(a.answer for a in getattr(lesson(number), kind) if a.question == question)


# --- claims ---------------------------------------------------------------------------------------


def test_a_search_claims_its_faults_up_to_its_bound() -> None:
    kinds = "duplicate, crash, preempt, ack lost"
    assert said(verdict_on("03", "order")) == (
        f"No schedule with up to 2 faults of these kinds breaks it: {kinds}. {MEDIAN}other "
        "faults, more faults or other timings are not covered."
    )


def test_a_choice_is_run_too() -> None:
    claim = said(verdict_on("02", "groups"))
    assert claim.startswith("Your choice was run as code. No schedule with up to 2 faults of ")


COMPARED = [
    pytest.param(number, name, id=f"{number}-{name}")
    for (number, name), question in QUESTIONS.items()
    if isinstance(question.judged_by, Decided)
]


def test_no_choice_claims_a_search_in_which_no_fault_can_be_tried() -> None:
    """Such a choice is compared with what is known, and its verdict speaks of nothing else."""
    alone = [
        name
        for (_, name), question in QUESTIONS.items()
        if isinstance(question, Choose)
        and isinstance(question.judged_by, Explored)
        and not question.judged_by.max_faults
    ]
    assert alone == []
    assert {param.values[1] for param in COMPARED} == {"keep", "predict", "defaults", "incident"}


@pytest.mark.parametrize("kind", ["right", "mistakes"])
@pytest.mark.parametrize(("number", "name"), COMPARED)
def test_a_choice_that_is_compared_says_nothing_of_runs(number: str, name: str, kind: str) -> None:
    verdict = verdict_on(number, name, kind)
    words = f"{verdict.text} {said(verdict)} {verdict.heading}"
    assert not re.search(r"\bruns?\b|schedule|shortest|median|replay\(|compare\(|as code", words)
    assert "not covered" in said(verdict)
    with pytest.raises(PubSubKitError, match="can't be replayed: it was compared, and not run"):
        QUESTIONS[number, name].rerun(answer_to(number, name, kind), "-")


def test_seeds_are_a_sample() -> None:
    assert said(verdict_on("01", "recover")) == (
        "2 runs of up to 26 s of virtual time did not break it, with the latencies and the luck "
        "that the seeds 1, 2 draw. This is a sample: other seeds, other loads and other faults are "
        "not covered."
    )
    wrong = said(verdict_on("01", "recover", "mistakes"))
    assert wrong == "The run under seed 1 breaks it, and one run is proof enough."


@pytest.mark.parametrize("kind", ["right", "mistakes"])
def test_an_estimate_was_compared_and_nothing_else(kind: str) -> None:
    assert said(verdict_on("01", "chain", kind)) == (
        "Your number was compared with the computed one, give or take 5%. How you got it was not "
        "checked."
    )


def test_a_design_claims_its_scenes_and_its_one_simulation() -> None:
    claim = said(verdict_on("06", "feed"))
    assert "“a delete”: No schedule with up to 2 faults of these kinds breaks it: crash, " in claim
    assert claim.endswith(
        "One simulation of 90 s kept the 10 levels; other loads, other failures, and speeds or "
        "prices other than the arena's are not covered."
    )
    wrong = said(verdict_on("06", "five", "mistakes"))
    assert wrong.startswith("In the scene “")
    assert "breaks it, and one run is proof enough." in wrong


def test_systems_that_were_tried_under_fewer_faults_are_named() -> None:
    claim = said(verdict_on("12", "audit"))
    assert "under at least one: crash, pause. Some systems met fewer kinds: the one that " in claim
    assert claim.count("(only pause)") == 2
    assert "fewer kinds" not in said(verdict_on("03", "audit"))


def test_what_was_not_run_proves_nothing() -> None:
    question = QUESTIONS["03", "consumer"]
    assert said(question.verdict(..., "03")) == "Nothing was run, so nothing is proven."
    assert said(question.left_out("03")) == "Nothing was run, so nothing is proven."
    stopped = "The check did not come to its end, so it proves nothing more than that."
    assert said(question.verdict(7, "03")) == stopped


def test_an_answer_that_remembers_makes_a_search_worthless() -> None:
    kept: list[str] = []

    def remembers(db: Any) -> Any:
        async def handle(event: Any) -> None:
            if event.id not in kept:
                kept.append(event.id)
                await db.add(event.data["account"], event.data["amount"])

        return handle

    verdict = QUESTIONS["03", "consumer"].verdict(remembers, "03")
    assert verdict.belief == "hidden state"
    assert said(verdict).endswith("depends on earlier runs, so a search proves nothing.")


def test_a_claim_is_printed_only_where_it_is_asked_for() -> None:
    verdict = verdict_on("03", "order")
    assert verdict.claim.splitlines()[0] not in verdict.text


# --- the hardest run ------------------------------------------------------------------------------


def test_the_hardest_run_is_drawn_with_its_faults() -> None:
    picture = verdict_on("03", "consumer").hardest
    assert picture is not None
    assert picture.title.startswith("03.consumer survives its hardest run: 3 faults (schedule ")
    assert [f"fault {n}: " in picture.text for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "✗" not in picture.text


def test_of_scenes_the_hardest_one_is_drawn() -> None:
    picture = verdict_on("06", "five").hardest
    assert picture is not None
    assert picture.title.startswith("06.five survives its hardest run: 2 faults (schedule ")


@pytest.mark.parametrize(
    ("number", "question", "kind"),
    [("03", "order", "mistakes"), ("01", "recover", "right"), ("01", "chain", "right")],
)
def test_what_fails_and_what_was_not_searched_has_none(
    number: str, question: str, kind: str
) -> None:
    assert verdict_on(number, question, kind).hardest is None


def one_run(world: World, answer: Any) -> None:
    world.topic("t")
    world.consumer("worker", lambda: answer, "t")
    world.publish("t", id="go")


QUESTION = Question(
    "toy",
    "Do nothing wrong.",
    judged_by=Explored(one_run, lambda world: None, ["crash"], max_faults=1),
    limit=1.0,
)


class Answer:
    """Prints, and loops in real time or raises once it is told to."""

    mood = "good"

    def handle(self, event: Any) -> None:
        print("handled", event.id)
        while self.mood == "slow":
            pass
        if self.mood == "bad":
            raise SystemExit


def test_its_prints_its_time_and_its_exits_are_guarded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Exercise("00", "toys", [QUESTION], demo=True).toy
    verdict = asked.check(Answer())
    assert verdict.outcome == "holds", verdict
    assert verdict.hardest is not None
    assert capsys.readouterr().out == ""
    for mood, words in (("slow", "still running after 1 s"), ("bad", r"called exit\(\)")):
        monkeypatch.setattr(Answer, "mood", mood)
        picture = verdict.hardest
        assert picture is not None
        assert "no longer survives its hardest run" in picture.title
        assert re.search(f"your code .*{words}", picture.text.replace("\n", " "))


def test_an_answer_that_fails_by_now_is_not_said_to_survive() -> None:
    wrong: list[Violation] = []
    judge = Explored(one_run, lambda world: wrong[0] if wrong else None, ["crash"], max_faults=1)
    verdict = replace(QUESTION, judged_by=judge).verdict(Answer(), "00")
    wrong.append(Violation("It fails now.", 0))
    picture = verdict.hardest
    assert picture is not None
    assert picture.title.startswith("00.toy no longer survives its hardest run: 1 fault ")
    assert "It fails now." in picture.text


def test_a_run_that_came_closest_is_called_that() -> None:
    mistake = next(m for m in lesson("01").mistakes if m.belief == "waits for ever")
    verdict = QUESTIONS["01", mistake.question].verdict(mistake.answer, "01")
    assert verdict.heading == ": the failing run that came closest to its end"
    assert verdict.violation is not None
    assert verdict.picture is not None
    assert "✗ why, step " in verdict.picture.text


def test_a_sample_has_no_schedule_to_draw() -> None:
    judged = Sampled(one_run, lambda world: None).judge(Answer())
    assert (judged.outcome, judged.hardest, judged.trace) == ("holds", "", None)
