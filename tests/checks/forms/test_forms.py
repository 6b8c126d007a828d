"""The forms of a question: how an answer is read, and what is said of one that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest

from pubsub_kit import exercise
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.quantity import QuantityError, read, words
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.stub import is_stub
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.questions import event_sourcing_cqrs
from pubsub_kit.scenarios.plain import shown
from pubsub_kit.scenarios.sync_cascade.orders import placed_once
from pubsub_kit.world.world import World
from tests.checks.questions import FAULTS, TITLE, one_payment, paid_once


def said(verdict: Verdict) -> str:
    assert verdict.outcome == "fails", verdict
    assert verdict.violation is not None
    return verdict.violation.message


# --- estimates ------------------------------------------------------------------------------------

SHARE = Estimate(
    "share",
    "What share?",
    value=lambda: 63.4,
    unit="percent",
    tolerance=0.03,
    wrong={"one is all": lambda: 1.0},
    lessons={"one is all": "One is not all."},
    shows="1 − 0.99^100.",
)
STORAGE = Estimate("storage", "How much?", value=lambda: 55.3, unit="GB", tolerance=0.1)
RATE = Estimate("rate", "How many?", value=lambda: 345_000.0, unit="write/second")
COUNT = Estimate("count", "How many copies?", value=lambda: 3.0, unit="")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (SHARE, 63),
        (SHARE, 63.4),
        (SHARE, "63%"),
        (SHARE, "63.4 %"),
        (SHARE, "63 percent"),
        (SHARE, Fraction(634, 10)),
        (SHARE, Decimal("63.4")),
        (SHARE, numpy.float32(63.4)),
        (SHARE, numpy.int64(63)),
        (STORAGE, 55),
        (STORAGE, "55,000,000 KB"),
        (STORAGE, "55 billion bytes"),
        (STORAGE, "55 bn bytes"),
        (STORAGE, "55 GB"),
        (STORAGE, "55_000 MB"),
        (STORAGE, "0.055 TB"),
        (STORAGE, "5.5e10 bytes"),
        (STORAGE, "55,000 megabytes"),
        (STORAGE, "440 Gbit"),
        (RATE, "345K/s"),
        (RATE, "345k writes/s"),
        (RATE, "345_000 writes/second"),
        (RATE, "345 K tweets / s"),
        (RATE, "20.7M/minute"),
        (RATE, "1.24B/hour"),
        (COUNT, 3),
        (COUNT, "3"),
        (COUNT, "3 copies"),
        (COUNT, "+3."),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_right_value_holds_in_any_unit_of_its_kind(question: Question, answer: Any) -> None:
    assert question.verdict(answer, TITLE).outcome == "holds"


def test_the_calculation_is_told_once_the_value_is_right() -> None:
    assert SHARE.verdict(63, TITLE).summary == "holds: 63.4 %. 1 − 0.99^100."
    assert "0.99" not in SHARE.verdict(30, TITLE).text


@pytest.mark.parametrize("answer", [0.634, "0.634", "0.63", Fraction(634, 1000)])
def test_a_share_of_one_is_told_from_percent(answer: Any) -> None:
    words = said(SHARE.verdict(answer, TITLE))
    assert words.endswith("is a fraction of 1, but the question asks for percent.")


@pytest.mark.parametrize("answer", ["55 seconds", "55 writes", "55 GB/s", "55 %", "55 parsnips"])
def test_a_unit_of_another_kind_is_told(answer: str) -> None:
    words = said(STORAGE.verdict(answer, TITLE))
    assert words == f"{answer!r} can't be converted to GB: give, for example, '12 GB'"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (True, "give a number, or a text such as '12 GB', not True"),
        ([55], "give a number, or a text such as '12 GB', not [55]"),
        (55j, "give a number, or a text such as '12 GB', not 55j"),
        (float("nan"), "nan is not a finite number: give one that you could write down"),
        (float("-inf"), "-inf is not a finite number: give one that you could write down"),
        ("1e999", "'1e999' is not a finite number: give one that you could write down"),
        (10**400, f"1{'0' * 38}… is too large to be a sensible answer"),
        (10**5000, "this int is too large to be a sensible answer"),
        ("maybe 55 GB", "'maybe 55 GB' is not a quantity: write a number and a unit, such as "
         "'12 GB'"),
        ("55 + 5 GB", "'55 + 5 GB' is not a quantity: write a number and a unit, such as '12 GB'"),
        ("9**9**9**9", "'9**9**9**9' is not a quantity: write a number and a unit, such as "
         "'12 GB'"),
        ("GB", "'GB' is not a quantity: write a number and a unit, such as '12 GB'"),
        ("5 GB**9", "'5 GB**9' is not a quantity: write a number and a unit, such as '12 GB'"),
        ("x" * 10_000, f"'{'x' * 39}…' is not a quantity: write a number and a unit, "
         "such as '12 GB'"),
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, int) else type(value).__name__,
)  # fmt: skip
def test_what_is_no_quantity_is_told(answer: Any, words: str) -> None:
    assert said(STORAGE.verdict(answer, TITLE)) == words


def test_a_wrong_value_is_compared_without_telling_the_right_one() -> None:
    assert said(STORAGE.verdict("70 GB", TITLE)) == "70 GB is a little too high."
    assert said(STORAGE.verdict("20 GB", TITLE)).endswith(
        "20 GB is too low, though the order of magnitude is right."
    )
    assert (
        said(STORAGE.verdict("70 TB", TITLE))
        == "70 TB is far too high: check the order of magnitude."
    )
    assert said(STORAGE.verdict(70e12, TITLE)).endswith(
        "check the order of magnitude. (A number without a unit is taken to be in GB.)"
    )
    assert said(STORAGE.verdict(0, TITLE)) == "0 GB is too low: the right value is above zero."
    assert said(STORAGE.verdict(-55, TITLE)) == "-55 GB is too low: the right value is above zero."


def test_a_value_that_a_known_mistake_leads_to_is_explained() -> None:
    verdict = SHARE.verdict(1, TITLE)
    assert (verdict.belief, verdict.lesson) == ("one is all", "One is not all.")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (345_000, "write/second", "345K writes/second"),
        (1, "write/second", "1 write/second"),
        (12.5, "GB", "12.5 GB"),
        (63.4, "percent", "63.4 %"),
        (2_000_000, "entry", "2M entries"),
        (1_500_000_000, "", "1.5B"),
        (0.25, "second", "0.25 seconds"),
        (999.9, "copy", "1K copies"),
    ],
)
def test_a_quantity_is_said_as_people_say_it(value: float, unit: str, said: str) -> None:
    assert words(value, unit) == said


def test_each_thing_that_is_counted_is_a_plain_number() -> None:
    assert read("12 tweets", "") == read("12 entries", "write") == 12
    with pytest.raises(QuantityError):
        read("12 seconds", "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 minute 31 seconds", 91),
        ("1m31s", 91),
        ("2 h 9 min", 7740),
        ("1 hour, 9 minutes and 4.5 s", 4144.5),
    ],
)
def test_a_quantity_may_have_a_large_unit_and_smaller_ones(text: str, seconds: float) -> None:
    assert read(text, "second") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["31 s 1 min", "1 minute 31", "5 GB 3 s", "3 reads 2 writes"])
def test_parts_that_are_no_large_unit_and_smaller_ones_are_no_quantity(text: str) -> None:
    for unit in ("second", "GB", "read"):
        with pytest.raises(QuantityError, match="is not a quantity"):
            read(text, unit)


# --- choices --------------------------------------------------------------------------------------


def chosen(world: World, choice: Mapping[str, str]) -> None:
    world.store("db").rows["paid"] = 10 if dict(choice) == {"how": "once", "who": "shop"} else 0


CHOICE = Choose(
    "choice",
    "Who pays, and how?",
    options={"how": ["once", "twice"], "who": ["shop", "bank"]},
    judged_by=Explored(chosen, paid_once, (), max_faults=0),
)
SINGLE = Choose(
    "single",
    "How?",
    options={"how": ["once", "twice"]},
    judged_by=Explored(
        lambda world, choice: chosen(world, {**choice, "who": "shop"}), paid_once, (), max_faults=0
    ),
)


@pytest.mark.parametrize("how", ["Once", " once "])
def test_capitals_and_spaces_make_no_other_option(how: str) -> None:
    assert CHOICE.verdict({"how": how, "who": "shop"}, TITLE).outcome == "holds"


def test_a_number_may_be_given_for_an_option_that_is_one() -> None:
    def judged(world: World, choice: Mapping[str, str]) -> None:
        world.store("db").rows["paid"] = 10 if choice["how many"] == "5" else 0

    judge = Explored(judged, paid_once, (), max_faults=0)
    question = Choose("many", "How many?", options={"how many": ["1", "5"]}, judged_by=judge)
    assert question.verdict({"how many": 5}, TITLE).outcome == "holds"


def test_a_choice_is_run() -> None:
    assert CHOICE.verdict({"how": "once", "who": "shop"}, TITLE).outcome == "holds"
    assert CHOICE.verdict({"how": "once", "who": "bank"}, TITLE).outcome == "fails"
    assert SINGLE.verdict("once", TITLE).outcome == "holds"
    assert SINGLE.verdict({"how": "twice"}, TITLE).outcome == "fails"
    assert "who: shop | bank" in CHOICE.shown()


@pytest.mark.parametrize("answer", [{}, "", None, ..., {"how": ..., "who": ...}, {"how": None}])
def test_nothing_chosen_is_not_attempted(answer: Any) -> None:
    assert CHOICE.verdict(answer, TITLE).outcome == "not attempted"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("once", "choose one option for each: {'how': …, 'who': …}, not 'once'"),
        (["once", "shop"], "choose one option for each: {'how': …, 'who': …}, not "
         "['once', 'shop']"),
        ({"how": "once"}, "choose an option for 'who' too"),
        ({"how": "once", "who": ...}, "choose an option for 'who' too"),
        ({"how": "once", "who": "shop", "when": "now"}, "there is no 'when' to choose an option "
         "for: give {'how': …, 'who': …}"),
        ({"how": "often", "who": "shop"}, "'often' is not an option for how: choose from 'once', "
         "'twice'"),
        ({"how": "once", "who": True}, "True is not an option for who: choose from 'shop', 'bank'"),
        ({"how": ["once"], "who": "shop"}, "['once'] is not an option for how: choose from "
         "'once', 'twice'"),
        (7, "choose one option for each: {'how': …, 'who': …}, not 7"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_choice_is_told(answer: Any, words: str) -> None:
    assert said(CHOICE.verdict(answer, TITLE)) == words


# --- lines in order -------------------------------------------------------------------------------

LINES = Parsons(
    "lines",
    "Order the lines.",
    lines=[
        "        await self.db.add('paid', event.data['amount'])",
        "    async def handle(self, event):",
        "class Consumer:",
        "        if not await self.db.insert('seen'): return",
        "    def __init__(self, db): self.db = db",
        "        await self.db.add('piad', event.dta['amount'])",
    ],
    header="# what you were given",
    defines="Consumer",
    takes="db",
    judged_by=Explored(one_payment, paid_once, ("ack lost",), max_faults=2),
    lessons={"no dedup": "Sometimes twice."},
)


@pytest.mark.parametrize("answer", [[3, 5, 2, 4, 1], (3, 2, 4, 1, 5), "3 5 2 4 1", "3, 5, 2, 4, 1"])
def test_lines_in_a_right_order_hold(answer: Any) -> None:
    assert LINES.verdict(answer, TITLE).outcome == "holds"


@pytest.mark.parametrize("answer", [None, ..., [], "", ()])
def test_no_lines_are_not_attempted(answer: Any) -> None:
    assert LINES.verdict(answer, TITLE).outcome == "not attempted"


def test_a_line_that_is_missing_is_told_by_the_run() -> None:
    verdict = LINES.verdict([3, 5, 2, 1], TITLE)
    assert (verdict.belief, verdict.lesson) == ("no dedup", "Sometimes twice.")
    assert re.fullmatch(r'q\.lines\.replay\("\d+[a-z]"\)', verdict.replay)
    assert verdict.picture is not None


def test_an_error_in_a_line_is_told_with_the_line() -> None:
    words = said(LINES.verdict([3, 5, 2, 6], TITLE))
    assert words.startswith(
        "Your code raised AttributeError: an event has no 'dta': did you mean data?"
    )
    assert "line 6: await self.db.add('piad'" in words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (55.3e9, "55.3B is right in bytes, but a number without a unit is taken to be in "
         "GB. Add the unit."),
        (55_300, "55.3K is right in MB, but a number without a unit is taken to be in GB. Add "
         "the unit."),
        (52_000, "52K GB is far too high: check the order of magnitude. (A number without a unit "
         "is taken to be in GB.)"),
        (18.4e9, "18.4B bytes, or 18.4 GB, is too low."),
        ("442 GB", "442 GB is too high. Bytes, or bits?"),
        ("7 GB", "7 GB is too low. Bytes, or bits?"),
        ("600 GB", "600 GB is far too high: check the order of magnitude."),
    ],
)  # fmt: skip
def test_a_quantity_is_told_how_far_off_it_is_and_in_which_unit(
    answer: float | str, words: str
) -> None:
    assert said(STORAGE.verdict(answer, TITLE)) == words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([3, 3], "use each line at most once: line 3 is there twice"),
        ([3, 9], "there is no line 9: the lines are numbered 1 to 6"),
        ([0, 3], "there is no line 0: the lines are numbered 1 to 6"),
        ([1, 3], "in this order, the lines are not valid Python: unexpected indent (line 1)"),
        ([3, 2], "in this order, the lines are not valid Python: expected an indented block after "
         "function definition on line 2"),
        ([3, 2, 1], "Consumer(db) takes no db as you have it: the line that defines __init__ is "
         "missing"),
        ([3, 5], "Consumer has no method handle: the line that defines it is missing"),
        ([True, 2], "give the line numbers in order, as in [2, 1, 3], not [True, 2]"),
        (["class Consumer:"], "give the line numbers in order, as in [2, 1, 3], not "
         "['class Consumer:']"),
        ("first, second", "give the line numbers in order, as in [2, 1, 3], not "
         "['first', 'second']"),
        (3, "give the line numbers in order, as in [2, 1, 3], not 3"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_order_is_told(answer: Any, words: str) -> None:
    assert said(LINES.verdict(answer, TITLE)) == words


def test_lines_that_define_something_else_are_told() -> None:
    other = Parsons("other", "Order.", lines=["x = 1", "y = 1 / 0"], judged_by=LINES.judged_by)
    assert said(other.verdict([1], TITLE)) == "in this order, the lines don't define handle"
    assert said(other.verdict([2], TITLE)).startswith(
        "in this order, the lines fail to load: ZeroDivisionError: division by zero (line 2: "
    )


def test_the_lines_are_shown_with_their_numbers() -> None:
    assert "  3  class Consumer:" in LINES.shown().splitlines()


# --- all of them ----------------------------------------------------------------------------------


def test_a_fault_that_never_had_a_chance_is_not_exercised() -> None:
    judge = Explored(one_payment, lambda world: None, (*FAULTS, "skew"))
    verdict = Parsons(
        "lines", "Order.", lines=LINES.lines, defines="Consumer", judged_by=judge
    ).verdict([3, 5, 2, 4, 1], TITLE)
    assert verdict.outcome == "not exercised"
    assert verdict.summary.endswith("there was never a chance for skew")
    assert not verdict


def test_an_error_of_the_check_itself_is_not_blamed_on_the_answer() -> None:
    judge = Explored(one_payment, placed_once, ())  # which looks for answers
    question = Parsons("lines", "Order.", lines=LINES.lines, defines="Consumer", judged_by=judge)
    words = said(question.verdict([3, 5, 2, 4, 1], TITLE))
    assert words == "The check itself failed on this answer: KeyError: 'said'."


# --- what is not begun ----------------------------------------------------------------------------


class _Kept:
    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None: ...


class _Closure:
    def __init__(self, db: Any) -> None:
        async def handle(event: Any) -> None:
            await db.add("count", 1)

        self.handle = handle


class _OnlyAConstructor:
    def __init__(self, world: Any, readers: Any) -> None:
        for name, handler in readers.items():
            world.consumer(name, handler, "signups")


class _Nothing:
    pass


@pytest.mark.parametrize(
    ("answer", "begun"),
    [(_Kept, False), (_Nothing, False), (_Closure, True), (_OnlyAConstructor, True)],
)
def test_a_constructor_that_makes_the_handler_is_an_answer(answer: type, begun: bool) -> None:
    assert is_stub(answer) is not begun


def test_a_number_rounded_to_what_two_mistakes_lead_to_is_taken_for_neither() -> None:
    tail = exercise("01").tail
    assert tail.check(37).belief == ""
    assert tail.check("36.97 %").belief == "exactly one is slow"
    assert tail.check(36.6).belief == "the fast pages"


@pytest.mark.parametrize(
    ("answer", "unit", "number"),
    [
        ("2000000 B", "MB", 2.0),
        ("2e6 B", "MB", 2.0),
        ("2M", "MB", 2.0),
        ("3K", "byte", 3000.0),
        ("2B", "write", 2e9),
        ("2 kB", "byte", 2000.0),
    ],
)
def test_of_bytes_b_is_the_unit_and_m_means_megabytes(
    answer: str, unit: str, number: float
) -> None:
    assert read(answer, unit) == pytest.approx(number)


@pytest.mark.parametrize("answer", ["2 mb", "2 Mb", "2 mB", "16 gb"])
def test_what_may_be_bits_is_asked_about(answer: str) -> None:
    with pytest.raises(QuantityError, match=r"bits or bytes: write .B for bytes"):
        read(answer, "MB")


async def handle(command: Any) -> str:
    return "ok"


def test_a_coroutine_function_where_a_class_is_due_is_told_the_class() -> None:
    question = next(q for q in event_sourcing_cqrs.QUESTIONS if q.name == "aggregate")
    words = "handle is an async function: give the class Account(log), and not a method alone"
    assert said(question.verdict(handle, TITLE)) == words


def test_what_is_cut_of_a_value_ends_with_an_ellipsis() -> None:
    assert shown("wait for the view", 12) == "'wait for…'"
    assert shown([1, 2, 3, 4], 4) == "[1,…"
    assert shown("short", 5) == "'short'"
