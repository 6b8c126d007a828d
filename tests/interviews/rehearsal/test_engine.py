"""The interviewer: what they answer, what they ask next, and what they never say."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.bank.question import BOXES, load, questions
from pubsub_kit.interviews.rehearsal import events, hinting
from pubsub_kit.interviews.rehearsal.asking import AIMS, NOT_FIXED, UNKNOWN
from pubsub_kit.interviews.rehearsal.claim_examples import example
from pubsub_kit.interviews.rehearsal.claims import parse
from pubsub_kit.interviews.rehearsal.engine import LONGEST, Rehearsal
from pubsub_kit.interviews.rehearsal.events import RehearsalError
from pubsub_kit.interviews.rehearsal.runner import Result
from pubsub_kit.interviews.rehearsal.state import ENDED, PAUSED, RUNNING, fold
from pubsub_kit.log.memory import EventLog
from tests.interviews.rehearsal.played import BRIEF, BROKE, FULL, HELD, Clock, Fake, Played

# --- it begins ------------------------------------------------------------------------------------


def test_the_first_lines_are_the_pitch_and_the_time() -> None:
    (line,) = Played(minutes=25).rehearsal.opening
    assert line.text == f"{FULL.pitch}\nYou have 25 minutes. What do you need to know?"


def test_the_log_opens_with_what_is_rehearsed() -> None:
    (started,) = Played(minutes=25).facts("started")
    assert dict(started) == {
        "question": "notification-system", "minutes": 25.0, "role": "candidate", "edition": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "minutes", [0, -1, math.nan, math.inf, 1e300, 241, "x", None, True, 10**400, [45]],
    ids=lambda minutes: str(minutes)[:8],
)  # fmt: skip
def test_minutes_that_are_none_are_refused(minutes: Any) -> None:
    log = EventLog()
    with pytest.raises(RehearsalError, match=r"lasts 5 to 240 minutes, not "):
        Rehearsal(FULL, minutes, log, Clock(), Fake())
    assert log.count() == 0


def test_a_log_of_another_question_is_refused() -> None:
    played = Played()
    with pytest.raises(RehearsalError, match="a rehearsal of 'notification-system' as candidate"):
        Rehearsal(BRIEF, 45, played.log, Clock(), Fake())


# --- it answers what is asked ---------------------------------------------------------------------


def test_a_question_gets_the_banks_answer_and_no_more() -> None:
    played = Played()
    assert played("How many notifications are there?") == FULL.clarifications[0].answer
    assert played.facts("asked") == [
        {"text": "How many notifications are there?", "topic": "volume"}
    ]


def test_a_question_that_the_bank_does_not_know_is_noted_and_nothing_is_invented() -> None:
    played = Played()
    assert played("How many logos are there?") == UNKNOWN
    assert played("What colour is the logo?") == NOT_FIXED
    assert [each["topic"] for each in played.facts("asked")] == [None, None]


@pytest.mark.parametrize(
    ("id", "text", "topic"),
    [
        ("rag-ingestion", "What is the load?", "corpus"),
        ("notification-system", "How late may a push be?", "urgency"),
        ("twitter-feed", "Is it read heavy?", "scale"),
    ],
)
def test_a_question_in_other_words_than_the_banks_is_answered(
    id: str, text: str, topic: str
) -> None:
    played = Played(load(id))
    played(text)
    assert [each["topic"] for each in played.facts("asked")] == [topic]


@pytest.mark.parametrize("box", [name for name, _ in BOXES])
def test_who_asks_what_to_talk_about_is_told_what_the_part_is_for(box: str) -> None:
    played = Played().in_box(box)
    assert played("What should I talk about?") == AIMS[box]
    assert played.facts("asked") == []


def test_two_questions_in_a_line_get_two_answers() -> None:
    played = Played()
    volume, urgency = FULL.clarifications[:2]
    said = played("What is the traffic? How fast must a login code be?")
    assert said == f"{volume.answer}\n{urgency.answer}"


def test_what_was_answered_is_answered_again_as_such() -> None:
    played = Played()
    first = played("What is the traffic?")
    assert played("and the traffic?") == f"As I said: {first}"


@pytest.mark.parametrize(
    "text", ["Duplicats allowed?", "may there be DUPLICATES?", "are notices deduplicated twice?"]
)
def test_a_word_is_found_in_another_form_or_misspelt(text: str) -> None:
    assert Played()(text) == FULL.clarifications[2].answer


def test_a_few_words_on_a_topic_are_a_question_while_requirements_are_asked_for() -> None:
    assert Played()("quiet hours") == FULL.clarifications[3].answer
    assert Played().in_box("API and data")("quiet hours") == "Go on."


def test_thinking_aloud_gets_a_nod() -> None:
    assert Played()("I assume that every user has one phone.") == "Go on."


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_each_topic_of_the_bank_is_found_by_its_own_name(question: Any) -> None:
    for each in question.clarifications:
        played = Played(question)
        assert each.answer in played(f"What about {each.topic}?")


# --- estimates ------------------------------------------------------------------------------------


def test_an_estimate_within_its_factor_will_do_and_the_next_one_is_asked() -> None:
    played = Played().in_box("estimation")
    first, second = FULL.estimates[:2]
    assert played("500M / 86,400 x 5 = 29K events/s").splitlines() == ["That will do.", second.ask]
    (made,) = played.facts("estimated")
    assert (made["id"], made["value"], made["verdict"]) == (first.id, 29_000, "within")


def test_a_wrong_estimate_may_be_made_again_then_the_number_is_given() -> None:
    played = Played().in_box("estimation")
    said = played("12/s")
    assert "12 events/second is far too low. Which of your steps" in said
    assert "28.9K" not in said
    assert played("12/s").startswith("I get 28.9K events/second: ")
    assert [made["verdict"] for made in played.facts("estimated")] == ["too low", "too low"]


@pytest.mark.parametrize(
    "text", ["You said 5 times, so 29,000 events a second", "29,000 events a second, at 5 times",
             "with a factor of 5 that is 29K"],
)  # fmt: skip
def test_a_factor_beside_an_estimate_is_not_the_estimate(text: str) -> None:
    played = Played().in_box("estimation")
    played(text)
    assert [each["value"] for each in played.facts("estimated")] == [29_000]


def test_a_factor_alone_is_no_estimate() -> None:
    assert Played().in_box("estimation")("5 times") == "Give me a number, with its unit."


def test_what_the_interviewer_has_said_is_given_and_no_assumption() -> None:
    played = Played().in_box("estimation")
    assert "The factor 5 is an assumption." in played("12/s", "12/s")
    played = Played()
    played("What is the volume?")
    assert "The factor 5 is given. Take that." in played.in_box("estimation")("12/s", "12/s")


def test_no_number_is_asked_for_again() -> None:
    assert Played().in_box("estimation")("hm, a lot") == "Give me a number, with its unit."


def test_a_number_of_another_kind_is_none() -> None:
    played = Played().in_box("estimation")
    assert played("30 GB") == "Give me a number, with its unit."
    assert played.facts("estimated") == []


def test_a_question_is_answered_while_an_estimate_is_awaited() -> None:
    played = Played().in_box("estimation")
    assert played("What was the traffic?") == FULL.clarifications[0].answer
    assert played("29K/s").startswith("That will do.")


def test_an_estimate_is_made_by_its_id_at_any_time() -> None:
    played = Played()
    assert "That will do." in played("/estimate dedup-store 64 GB")
    assert played.facts("estimated")[0]["id"] == "dedup-store"


def test_open_estimates_are_listed() -> None:
    assert Played()("/estimate").count("\n") == len(FULL.estimates) - 1


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_each_estimate_of_the_bank_accepts_its_own_value(question: Any) -> None:
    played = Played(question)
    for each in question.estimates:
        assert "That will do." in played(f"/estimate {each.id} {each.value:g} {each.unit}")


# --- decisions ------------------------------------------------------------------------------------

KEY = FULL.decisions[0]


@pytest.mark.parametrize(
    "text",
    [
        "2",
        "option 2",
        "(2)",
        "b",
        "By recipient",
        "by-recipient",
        "recipient",
        "I'd take by recipient.",
    ],
)
def test_an_option_is_chosen_by_number_letter_id_or_words(text: str) -> None:
    played = Played().in_box("high-level design")
    assert played(text).startswith("You chose: By recipient.")
    assert played.facts("decided")[0]["option"] == "by-recipient"


def test_every_option_of_the_bank_is_chosen_by_its_label_and_its_id() -> None:
    for question in questions():
        for decision in question.decisions:
            for option in decision.options:
                for words in (option.label, option.id, f"I'd go for {option.label}"):
                    played = Played(question)
                    played(f"/decide {decision.id} {words}")
                    assert played.rehearsal.state.decided == {decision.id: option.id}, words


@pytest.mark.parametrize(
    ("id", "decision", "text", "heard"),
    [
        ("payment-ledger", "key-scope", "I would not use one key per click, I use one per intent",
         ("A click", "The intent")),
        ("notification-system", "partition-key", "not by event; by user", ("By event",)),
        ("notification-system", "lanes", "a lane per class rather than one queue",
         ("A lane per class", "One queue")),
        ("twitter-feed", "fan-out", "push for everybody except celebrities, pull for those",
         ("On write", "On read")),
        ("twitter-feed", "fan-out", "I push to most and pull for the large ones",
         ("On write", "On read")),
    ],
)  # fmt: skip
def test_words_of_several_options_or_a_negation_are_asked_back_about(
    id: str, decision: str, text: str, heard: tuple[str, ...]
) -> None:
    played = Played(load(id))
    said = played(f"/decide {decision} {text}")
    assert played.facts("decided") == []
    assert said.startswith("I hear ")
    first = said.splitlines()[0]
    assert all(name in first for name in heard)
    assert said.count("\n") == len(next(
        each.options for each in played.question.decisions if each.id == decision
    ))  # fmt: skip
    assert played("yes").startswith("Choose 1 to ")
    assert "You chose: " in played("1")


def test_a_choice_in_free_words_is_named_with_the_way_to_change_it() -> None:
    said = Played()("/decide partition-key I would go by the recipient")
    assert said.startswith(
        "You chose: By recipient. If you meant another: /decide partition-key, and its number. "
    )


def test_a_reason_that_names_another_option_changes_nothing() -> None:
    played = Played().in_box("high-level design")
    played("by recipient, because two workers would race on an event")
    assert played.rehearsal.state.decided == {KEY.id: "by-recipient"}


def test_a_text_about_another_decision_than_the_asked_one_goes_there() -> None:
    played = Played().in_box("high-level design")
    said = played("I check the deadline at the moment of sending")
    assert played.rehearsal.state.decided == {"deadline": "at-send"}
    assert said.startswith("I take that for “Where do you check that a notification")
    assert KEY.ask in said


def test_a_few_words_of_another_decisions_option_go_there_too() -> None:
    played = Played().in_box("high-level design")
    played("again at release")
    assert played.rehearsal.state.decided == {"quiet-hours": "at-release"}


@pytest.mark.parametrize("text", ["yes", "no idea", "I don't know", "both", "I'm not sure"])
def test_who_does_not_decide_has_decided_nothing(text: str) -> None:
    played = Played().in_box("high-level design")
    assert played(text, text) == "Choose 1 to 3, or say it in your own words."
    assert played.facts("decided") == []


@pytest.mark.parametrize("box", ["high-level design", "deep dives", "wrap-up"])
def test_a_decision_is_corrected_in_plain_words(box: str) -> None:
    played = Played()
    played("/decide partition-key 1", "/decide dedup-key 1")
    played.in_box(box)
    assert "You chose: By recipient." in played("Actually I partition by recipient")
    assert played.rehearsal.state.decided[KEY.id] == "by-recipient"


def test_words_that_fit_no_option_are_asked_about_once_then_they_are_the_candidates_own() -> None:
    played = Played().in_box("high-level design")
    assert played("by the phase of the moon").startswith("Which of 1 to 3 is that")
    assert played("by the phase of the moon").startswith("Noted, in your own words.")
    assert played.facts("decided")[0]["option"] is None


def test_a_number_that_no_option_has_decides_nothing() -> None:
    played = Played().in_box("high-level design")
    assert played("7") == "Choose 1 to 3, or say it in your own words."
    assert played("2").startswith("You chose: By recipient. ")


def test_a_reason_after_a_choice_is_no_choice() -> None:
    played = Played().in_box("high-level design")
    played("2")
    assert played("because one writer keeps the caps") == "Go on."
    assert len(played.facts("decided")) == 1


def test_a_decision_may_be_changed() -> None:
    played = Played()
    played("/decide 1 1", "/decide 1 2")
    assert played.rehearsal.state.decided == {KEY.id: "by-recipient"}
    assert played("/decide").splitlines()[0] == "1 partition-key: By recipient"


def test_options_are_shown_without_their_costs() -> None:
    played = Played().in_box("high-level design")
    for each in FULL.decisions:
        played("1")
        assert not any(option.cost in played.talk() for option in each.options)


# --- claims and runs ------------------------------------------------------------------------------


def test_a_run_that_fails_asks_the_counterexamples_question() -> None:
    played = Played()
    played("/decide 1 2", "/decide 2 1")
    said = played("/run")
    assert said.startswith("A worker of `push` crashed at 2.1 s, before its ack.\nAnn saw n-1")
    assert said.endswith(BROKE.next_question)
    assert "Schedule 3c shows it." in said
    assert "p99: 4.2 seconds · lost: 0" in said
    assert played.runner.proposed == [{"partition-key": "by-recipient", "dedup-key": "per-channel"}]


def test_a_run_is_a_fact_with_all_that_was_found() -> None:
    played = Played()
    played("/decide 1 2", "/run")
    (ran,), (designed,) = played.facts("ran"), played.facts("designed")
    assert ran["outcome"] == "fails"
    assert ran["measures"] == {"p99": 4.2, "lost": 0.0}
    assert designed["design"]["options"] == {"partition-key": "by-recipient"}


def test_claims_are_settled_by_the_next_run() -> None:
    played = Played()
    played(
        "/claim the bank sees it", "/claim no notice twice under crash, 90%", "/claim p99 under 5 s"
    )
    played("/decide 1 2", "/run", "/run")
    assert [(each["claim"], each["held"]) for each in played.facts("settled")] == [
        ("no notice twice under crash with confidence 90%", False),
        ("p99 under 5 s", True),
    ]
    assert played.facts("claimed")[0]["confidence"] == 0.9


def test_a_claim_about_fewer_faults_gets_a_run_of_its_own() -> None:
    held = Result(outcome="holds", schedules=3, faults=("reply lost",), up_to=1)
    played = Played(results=(BROKE, held))
    played("/decide 1 2", "/claim it holds under reply lost", "/run")
    assert played.runner.ran == [(None, None), (("reply lost",), 1)]
    assert played.facts("settled")[0]["held"] is True


def test_a_bad_claim_is_no_fact_and_shows_the_grammar() -> None:
    played = Played()
    assert example(FULL.id) in played("/claim it is good")
    assert played.facts("claimed") == []


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_each_question_shows_a_claim_of_its_own(question: Any) -> None:
    assert parse(example(question.id)).oracle
    assert example(question.id) in Played(question)("/help")


@pytest.mark.parametrize("box", [name for name, _ in BOXES])
@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("no double push under crash, 80%", "no double push under crash with confidence 80%"),
        ("p99 under 5 s in the burst", "p99 under 5 s in the burst"),
        ("I am 70% sure that we never lose a charge",
         "we never lose a charge with confidence 70%"),
        ("we never charge the customer twice, 90%",
         "we never charge the customer twice with confidence 90%"),
        ("I claim nobody is told twice", "no person told twice"),
        ("I am pretty sure that nothing is lost", "no thing lost"),
    ],
)  # fmt: skip
def test_a_claim_in_plain_words_is_noted_in_every_part(box: str, text: str, claim: str) -> None:
    played = Played().in_box(box)
    assert played(text).startswith(f"Noted: {claim}.")
    assert [each["text"] for each in played.facts("claimed")] == [claim]
    assert not {"estimated", "decided", "asked"} & set(played.kinds())


@pytest.mark.parametrize("text", ["no idea, 30%", "no more than 30%", "30%"])
def test_what_only_looks_like_a_claim_is_none(text: str) -> None:
    played = Played().in_box("estimation")
    played(text)
    assert played.facts("claimed") == []


def test_a_claim_in_the_middle_of_a_text_leaves_the_rest_to_be_heard() -> None:
    played = Played().in_box("estimation")
    said = played("It is 29K/s. I am 70% sure that we never lose a push.")
    assert "Noted: we never lose a push" in said
    assert "That will do." in said


def test_a_run_says_what_stood_in_for_what_was_left_open() -> None:
    played = Played(load("payment-ledger"), results=(HELD,))
    played.runner.usual = {"books": "entries", "key-place": "same-transaction"}
    played("/decide key-scope intent", "/decide unknown pending", "/claim it holds", "/run")
    (ran,), (settled,) = played.facts("ran"), played.facts("settled")
    assert ran["filled"] == {"books": "entries", "key-place": "same-transaction", "capture": ""}
    assert settled["why"].endswith(
        "; you left open, and the run took, books as entries, key-place as same-transaction"
    )
    said = played("/run").splitlines()[1]
    assert said.startswith("You left books, key-place, capture open: the run took “")
    assert said.endswith("Nothing in the run depends on capture.")


def test_a_run_that_holds_says_within_what() -> None:
    played = Played(results=(HELD,))
    played("/decide 1 2")
    assert played("/run").startswith("It holds in 1,234 schedules with up to 2 of crash, ack lost.")


@pytest.mark.parametrize(
    "trouble",
    [
        PubSubKitError("these two do not go together"),
        ZeroDivisionError("division by zero"),
        Result(outcome="fails", measures={"p99": "fast"}),  # type: ignore[dict-item]
        Result(outcome="fails", words=(b"bytes",)),  # type: ignore[arg-type]
        "no result",
    ],
    ids=["refused", "crashed", "no-number", "bytes", "no-result"],
)
def test_a_run_that_cannot_be_made_leaves_no_trace(trouble: Any) -> None:
    played = Played(results=(trouble,))
    played("/decide 1 2")
    before = played.rehearsal.facts[:]
    assert played("/run").startswith("The design could not be run, and nothing is lost: ")
    assert played.rehearsal.facts == before


def test_nothing_runs_before_a_decision() -> None:
    played = Played()
    assert played("/run").startswith("There is nothing to run yet")
    assert played.runner.ran == []


def test_a_question_without_a_design_points_to_the_exercise_that_has_its_rule() -> None:
    for question in questions():
        if not question.full:
            said = Played(question)("/run")
            assert question.oracle.holds in said
            exercise, _, name = question.oracle.run.partition(".")
            assert (f"check {exercise} {name}" in said) == bool(question.oracle.run)


# --- time -----------------------------------------------------------------------------------------


def test_the_interviewer_cuts_at_the_end_of_a_box() -> None:
    played = Played()
    assert played.wait(299) == ""
    assert played.wait(1).startswith("That's the time for requirements.")
    assert played.rehearsal.state.box_name == "estimation"
    assert played.facts("box")[-1] == {"name": "estimation", "by": "time"}


def test_a_box_that_is_left_early_leaves_its_time_to_the_others() -> None:
    played = Played()
    played("/next")
    assert played.rehearsal.timer.box_left == 5 * 60 + 3 * 60 - 1


def test_boxes_scale_with_the_minutes() -> None:
    played = Played(minutes=9)
    assert played.wait(60).startswith("That's the time for requirements.")


def test_it_ends_when_the_time_is_up_and_hears_no_more() -> None:
    played = Played()
    assert played.wait(45 * 60).startswith("We are out of time.")
    assert played.rehearsal.state.why == "time is up"
    before = len(played.rehearsal.facts)
    assert played("one more thing").startswith("This rehearsal has ended")
    assert len(played.rehearsal.facts) == before


def test_a_pause_is_no_time() -> None:
    played = Played()
    played("/pause")
    assert played.wait(3_600) == ""
    assert played.rehearsal.timer.left == 45 * 60 - 1
    assert played("hello").startswith("The clock stands still")
    played("/resume")
    assert played.rehearsal.state.status == RUNNING


def test_a_gap_in_which_nobody_looked_is_no_time() -> None:
    played = Played(longest=120)
    played.wait(100)
    played.wait(8 * 3_600)
    assert played.rehearsal.timer.left == 45 * 60 - 100


def test_what_a_dead_process_missed_is_no_time() -> None:
    played = Played()
    played("hello", after=50)
    played.clock.now += 9_999
    again = played.opened()
    assert again.timer.left == 45 * 60 - 50
    assert again.opening[0].text == "You are back in requirements, with 44:10 left in all."
    assert again.opening[1].text.endswith("What do you need to know?")


def test_walking_through_all_boxes_finishes_it() -> None:
    played = Played()
    for _ in BOXES:
        played("/next")
    assert played.rehearsal.state.why == "finished"


# --- hints ----------------------------------------------------------------------------------------


def test_hints_come_rung_by_rung_with_time_to_think() -> None:
    played = Played()
    assert played("/hint") == FULL.hints[0]
    assert played("/hint", after=18) == "Think about it for another 12 s."
    assert [played("/hint", after=hinting.WAIT) for _ in range(4)] == list(FULL.hints[1:])
    assert played("/hint", after=hinting.WAIT).startswith("You have had what I can give you")
    assert [each["rung"] for each in played.facts("hinted")] == [1, 2, 3, 4, 5]


def test_the_first_hint_says_again_what_is_asked_now() -> None:
    played = Played().in_box("estimation")
    ask = FULL.estimates[0].ask
    assert played("/hint") == f"The question now is this: {ask} {FULL.hints[0]}"
    assert (
        Played()
        .in_box("high-level design")("/hint")
        .startswith(f"The question now is this: {KEY.ask} ")
    )


# --- the failure, and what follows ----------------------------------------------------------------


def test_deep_dives_begin_with_the_failure() -> None:
    assert FULL.failure.throw in Played().in_box("deep dives").talk()


def test_after_the_failure_each_decisions_flip_is_asked_for_once() -> None:
    played = Played()
    played("/decide 1 2", "/decide 4 2")
    played.in_box("deep dives")
    said = [played("the provider times out"), played("if there were no caps"), played("hm")]
    assert KEY.ask in said[0] and FULL.decisions[3].ask in said[1]  # noqa: PT018
    assert said[2] == "Go on."


# --- input of any kind ----------------------------------------------------------------------------


@pytest.mark.parametrize("line", [None, 7, math.nan, b"hello", ["hello"], object])
def test_what_is_no_text_gets_a_sentence(line: Any) -> None:
    played = Played()
    assert played(line).startswith("Say something in words, not ")
    assert played.kinds() == Played().kinds()


@pytest.mark.parametrize(
    "line", ["", "   ", "\t\n", "\x00\x07"], ids=["none", "spaces", "tab", "nul"]
)
def test_nothing_said_is_no_fact(line: str) -> None:
    played = Played()
    assert played(line) == ""
    assert played.kinds() == Played().kinds()


def test_a_megabyte_is_cut_and_said_to_be() -> None:
    played = Played()
    assert played("x" * 1_000_000).startswith("That was long: the first 2,000 characters are kept.")
    assert len(played.facts("said")[-2]["text"]) == LONGEST


def test_control_characters_and_halves_of_characters_do_not_get_into_the_log() -> None:
    played = Played()
    played("a\x00b\x1b[31mc\ud800d\u202ee")
    assert played.facts("said")[-2]["text"] == "a b [31mc d e"


@pytest.mark.parametrize("line", ["/", "//", "/xyzzy", "/nxt", "/ next now", "/\x00", "/run run"])
def test_a_command_that_is_none_gets_a_sentence(line: str) -> None:
    assert Played()(line)


@pytest.mark.parametrize(
    "line",
    ["/hint", "/next", "/claim it holds", "/estimate 3", "/decide 1 1", "/run", "/pause", "/resume",
     "/end"],
)  # fmt: skip
def test_after_the_end_a_command_changes_nothing(line: str) -> None:
    played = Played()
    played("/end")
    before = played.rehearsal.facts[:]
    assert played(line).startswith("This rehearsal has ended")
    assert played.rehearsal.facts == before


@pytest.mark.parametrize("line", ["/rate", "/rate 9 9", "/rate 1", "/rate 1 2 3", "/rate x y"])
def test_a_rating_that_is_none_shows_how_it_is_done(line: str) -> None:
    played = Played()
    played("/end")
    assert played(line).startswith("Rate one of 1 requirements and estimation, 2 communication")


@pytest.mark.parametrize("line", ["/rate 4 3", "/rate trade-offs strong", "/rate trade-offs: 3"])
def test_a_candidate_rates_themselves_after_the_end(line: str) -> None:
    played = Played()
    assert played(line).startswith("Rate yourself once it has ended")
    played("/end", line)
    assert played.facts("rated") == [
        {"dimension": "trade-offs", "band": "strong", "by": "candidate"}
    ]


LINES = st.one_of(
    st.sampled_from(
        ["/hint", "/next", "/run", "/pause", "/resume", "/end", "/estimate", "/decide", "/help",
         "/time", "/claim it holds under crash up to 2, 70%", "/claim p99 under 1 s", "/decide 1 2",
         "/decide 4 lanes", "/estimate 30K/s", "/rate 1 1", "29K/s", "2", "How many?", "because",
         "a provider times out", "unless the law wants two channels", "no", "", "1e999", "-0 s",
         "x" * 5_000, "\ud800", "/" * 50]
    ),
    st.text(max_size=40),
    st.text(alphabet="/0123456789 .,?%eKMs-", max_size=12),
)  # fmt: skip


@settings(max_examples=60)
@given(
    st.lists(st.tuples(LINES, st.sampled_from([0.0, 0.5, 31.0, 700.0])), max_size=25), st.booleans()
)
def test_no_sequence_of_lines_breaks_it_and_the_log_is_all_that_it_knows(
    told: list[tuple[str, float]], full: bool
) -> None:
    played = Played(FULL if full else BRIEF)
    for line, after in told:
        played(line, after=after)
        assert all(said.text for said in played.rehearsal.opening)
    kept = events.read(played.log)
    assert kept == played.rehearsal.facts
    assert fold(kept) == played.rehearsal.state
    assert [fact.at for fact in kept] == sorted(fact.at for fact in kept)
    assert played.opened().state.status in (RUNNING, ENDED)
    if played.rehearsal.state.status == PAUSED:
        assert played.opened().state.status == RUNNING


def test_a_log_that_cannot_be_written_changes_nothing() -> None:
    played = Played()
    played.log.close()
    before = played.rehearsal.facts[:], played.rehearsal.state
    with pytest.raises(PubSubKitError):
        played("hello")
    assert (played.rehearsal.facts, played.rehearsal.state) == before
