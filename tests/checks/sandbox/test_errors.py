"""An error in the learner's own code is told first, wherever in a run it arises, with its line."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import CallError, CallTimeout, RetryPolicy, call, exercise, sleep
from pubsub_kit.broker.retry import RetryPolicyError
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox.blame import is_own, own_line, told
from tests.checks.questions import TITLE, PaysOnce, pay

Event = Any
Order = Any


def paying(answer: Any) -> Verdict:
    return pay(limit=10.0).verdict(answer, TITLE)


def placing(answer: Any) -> Verdict:
    return exercise("01").place.check(answer)


def said(verdict: Verdict) -> str:
    assert verdict.violation is not None
    return verdict.violation.message


class MisspellsAName(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", evnt.data["amount"])  # type: ignore[name-defined]  # noqa: F821


class MisspellsAnAttribute(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.dta["amount"])


class MisspellsAKey(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.data["amuont"])


class AddsTextToANumber(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.data["amount"] + "0")


class LooksPastTheEnd(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", [event.data["amount"]][1])


class DividesByNothing(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.data["amount"] / 0)


class ImportsWhatIsNotThere(PaysOnce):
    async def handle(self, event: Event) -> None:
        import pubsub_kit_2  # type: ignore[import-not-found]  # noqa: F401


class UsesALocalTooEarly(PaysOnce):
    async def handle(self, event: Event) -> None:
        if event.data["amount"] > 10:
            amount = event.data["amount"]
        await self.db.add("paid", amount)


class ReadsANumberFromText(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", int("ten"))


class AssertsWhatIsNotSo(PaysOnce):
    async def handle(self, event: Event) -> None:
        assert event.data["amount"] == 11, event.data
        await self.db.add("paid", event.data["amount"])


class LeavesAPieceUnwritten(PaysOnce):
    async def handle(self, event: Event) -> None:
        if await self.db.insert(f"seen {event.id}"):
            raise NotImplementedError


class AsksForTooFewTries(PaysOnce):
    async def handle(self, event: Event) -> None:
        await call("bank", retry=RetryPolicy(attempts=0))


async def helps(db: Any, event: Event) -> None:
    await db.add("paid", event.data.amount)


class ErrsInAHelper(PaysOnce):
    async def handle(self, event: Event) -> None:
        await helps(self.db, event)


ERRORS: list[tuple[Any, str, str]] = [
    (MisspellsAName, "NameError: name 'evnt' is not defined", "evnt.data"),
    (MisspellsAnAttribute, "AttributeError: 'Event' object has no attribute 'dta'", "event.dta"),
    (MisspellsAKey, "KeyError: 'amuont'", '"amuont"'),
    (AddsTextToANumber, "TypeError: unsupported operand", '+ "0"'),
    (LooksPastTheEnd, "IndexError: list index out of range", "[1]"),
    (DividesByNothing, "ZeroDivisionError: ", "/ 0"),
    (ImportsWhatIsNotThere, "ModuleNotFoundError: No module named 'pubsub_kit_2'", "import"),
    (UsesALocalTooEarly, "UnboundLocalError: ", "amount)"),
    (ReadsANumberFromText, "ValueError: invalid literal for int()", 'int("ten")'),
    (AssertsWhatIsNotSo, "AssertionError: {'amount': 10}", "assert event"),
    (LeavesAPieceUnwritten, "NotImplementedError", "raise NotImplementedError"),
    (AsksForTooFewTries, "RetryPolicyError: attempts is 1 or more, or None, not 0", "attempts=0"),
    (ErrsInAHelper, "AttributeError: 'dict' object has no attribute 'amount'", "data.amount"),
]


@pytest.mark.parametrize(("answer", "error", "words"), ERRORS)
def test_an_error_is_told_first_with_its_line(answer: Any, error: str, words: str) -> None:
    verdict = paying(answer)
    assert (verdict.outcome, verdict.belief) == ("fails", "raises"), verdict
    assert said(verdict).startswith(f"Your code raised {error}")
    assert "(line " in said(verdict)
    assert words in said(verdict).partition("(line ")[2]
    assert verdict.picture is not None
    assert "Traceback" not in verdict.text


async def errs_where_a_message_is_lost(order: Order) -> str:
    try:
        await call("stock", order, timeout=1.0)
    except CallTimeOut:  # type: ignore[name-defined]  # noqa: F821
        return "failed"
    return "placed"


def test_an_error_that_only_a_fault_brings_out_is_told_too() -> None:
    verdict = placing(errs_where_a_message_is_lost)
    assert said(verdict) == (
        "Your code raised NameError: name 'CallTimeOut' is not defined "
        f"({line_of(errs_where_a_message_is_lost, 3)}: except CallTimeOut: "
        "# type: ignore[name-defined] # noqa: F821)"
    )
    assert verdict.summary == "fails: 1 fault is enough"


def line_of(function: Any, lines: int) -> str:
    return f"line {function.__code__.co_firstlineno + lines}"


async def asks_for_nothing(order: Order) -> str:
    try:
        await call("stock", {"id": order["id"]}, timeout=1.0)
    except CallError:
        return "failed"
    return "placed"


def test_a_request_that_makes_no_sense_is_told_in_the_words_of_who_got_it() -> None:
    assert said(placing(asks_for_nothing)).startswith("stock wants {'id': …, 'item': …}, not {'id'")


async def makes_a_mistake_at_its_making(order: Order) -> str:
    raise CallError("I made this up")


class RaisesOnPurpose(PaysOnce):
    """Its refusal is no accident, so the books are what is told."""

    async def handle(self, event: Event) -> None:
        raise ValueError("I take no payments")


class RefusesRepeats(PaysOnce):
    async def handle(self, event: Event) -> None:
        if not await self.db.insert(f"seen {event.id}"):
            raise KeyError(event.id)
        await self.db.add("paid", event.data["amount"])


@pytest.mark.parametrize("answer", [RaisesOnPurpose, RefusesRepeats])
def test_what_is_raised_on_purpose_is_no_accident(answer: Any) -> None:
    assert paying(answer).belief == "no dedup"


async def lets_a_timeout_through(order: Order) -> str:
    await call("stock", order, timeout=1.0)
    return "placed"


def test_bad_news_of_the_world_is_no_accident() -> None:
    assert placing(lets_a_timeout_through).belief == "gives up at once"


class ErrsAtItsMaking(PaysOnce):
    def __init__(self, db: Any) -> None:
        self.db = db.store


def test_an_error_at_the_making_of_an_object_is_told() -> None:
    verdict = paying(ErrsAtItsMaking)
    assert said(verdict).startswith("Your code raised AttributeError: 'Store' object has no")
    assert "self.db = db.store" in said(verdict)


class RecoversBadly(PaysOnce):
    async def recover(self) -> None:
        await self.db.get(1 / 0)


def test_an_error_in_recover_is_told() -> None:
    assert "ZeroDivisionError" in said(paying(RecoversBadly))


class HealsByItself(PaysOnce):
    """Errs at first, and is right in the end: what counts is what it did."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.tries: list[int] = []

    async def handle(self, event: Event) -> None:
        self.tries.append(1)
        if len(self.tries) < 2:
            await sleep(self.tries[5])
        await super().handle(event)


def test_an_error_that_does_no_harm_is_not_held_against_an_answer() -> None:
    assert paying(HealsByItself).outcome == "holds"


# --- the line -------------------------------------------------------------------------------------


def test_the_learners_code_is_told_from_all_other_code() -> None:
    assert is_own("/tmp/ipykernel_12/345.py")
    assert is_own("<ipython-input-3-abc>")
    assert is_own("03_idempotency.ipynb, cell 4")
    assert is_own("<your lines>")
    assert is_own(__file__)
    assert not is_own(call.__code__.co_filename)
    assert not is_own(pytest.__file__)
    assert not is_own("<frozen importlib._bootstrap>")
    assert not is_own("<string>")


def test_the_line_is_the_innermost_of_the_learners() -> None:
    def inner() -> None:
        RetryPolicy(attempts=0)

    with pytest.raises(RetryPolicyError) as raised:
        inner()
    assert own_line(raised.value) == f"{line_of(inner, 1)}: RetryPolicy(attempts=0)"


def test_an_error_without_words_or_with_many_is_one_sentence() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert told(KeyError()) == "KeyError"
    assert told(Mute()) == "Mute"
    assert told(CallTimeout("one\ntwo")) == "CallTimeout: one"
    assert len(told(ValueError("x" * 5_000))) < 300
