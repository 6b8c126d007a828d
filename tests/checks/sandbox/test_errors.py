"""An error in the learner's own code is told first, wherever in a run it arises, with its line."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from pubsub_kit import CallError, CallTimeout, RetryPolicy, call, exercise, sleep
from pubsub_kit.broker.retry import RetryPolicyError
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox.blame import is_own, own_line, told
from pubsub_kit.world.chance import Schedule
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
    (
        MisspellsAnAttribute,
        "AttributeError: an event has no 'dta': did you mean data?",
        "event.dta",
    ),
    (MisspellsAKey, "KeyError: 'amuont'", '"amuont"'),
    (AddsTextToANumber, "TypeError: unsupported operand", '+ "0"'),
    (LooksPastTheEnd, "IndexError: list index out of range", "[1]"),
    (DividesByNothing, "ZeroDivisionError: ", "/ 0"),
    (ImportsWhatIsNotThere, "ModuleNotFoundError: No module named 'pubsub_kit_2'", "import"),
    (UsesALocalTooEarly, "UnboundLocalError: ", "amount)"),
    (ReadsANumberFromText, "ValueError: invalid literal for int()", 'int("ten")'),
    (AssertsWhatIsNotSo, "AssertionError: {'amount': 10}", "assert event"),
    (LeavesAPieceUnwritten, "NotImplementedError", "raise NotImplementedError"),
    (
        AsksForTooFewTries,
        "RetryPolicyError: attempts is a whole number from 1 up, or None (no limit), not 0",
        "attempts=0",
    ),
    (ErrsInAHelper, "AttributeError: a dict has no 'amount'", "data.amount"),
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
    assert said(placing(asks_for_nothing)).startswith("stock takes {'id': …, 'item': …}, not {'id'")


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
    assert said(verdict).startswith("Your code raised AttributeError: a store has no 'store'")
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


# --- with its run, wherever it arises -------------------------------------------------------------


class RaisesAfterARestart(PaysOnce):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        if db.rows:
            raise KeyError("rows")


class RaisesInRecover(PaysOnce):
    async def recover(self) -> None:
        await self.db.get(1 / 0)


class CallsNobody(PaysOnce):
    async def handle(self, event: Event) -> None:
        await call("nobody", event.id)


class UsesAsyncio(PaysOnce):
    async def handle(self, event: Event) -> None:
        await asyncio.sleep(1)


class LeavesByExit(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", 1)
        raise SystemExit


class SleepsInRealTime(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", 1)
        time.sleep(5)


class LoopsOnARepeat(PaysOnce):
    async def handle(self, event: Event) -> None:
        if not await self.db.insert(f"seen {event.id}"):
            while True:
                await self.nothing()
        await self.db.add("paid", event.data["amount"])

    async def nothing(self) -> None:
        return None


IN_A_RUN: list[tuple[Any, int, str]] = [
    (RaisesAfterARestart, 1, "Your code raised KeyError: 'rows' (line "),
    (RaisesInRecover, 0, "Your code raised ZeroDivisionError: division by zero (line "),
    (CallsNobody, 0, "there is no service 'nobody' to call; this world has none (line "),
    (UsesAsyncio, 0, "asyncio does not work inside a world"),
    (LeavesByExit, 0, "your code called exit() (line "),
    (SleepsInRealTime, 0, "time.sleep(5) blocks everything"),
]


@pytest.mark.parametrize(("answer", "faults", "words"), IN_A_RUN)
def test_an_error_that_ends_a_run_has_that_runs_code_and_picture(
    answer: Any, faults: int, words: str
) -> None:
    question = pay(limit=10.0)
    verdict = question.verdict(answer, TITLE)
    assert said(verdict).startswith(words)
    assert Schedule(verdict.code).cost == faults
    enough = "fails: 1 fault is enough" if faults else "fails even when nothing goes wrong"
    assert verdict.summary == enough
    assert verdict.picture is not None
    assert verdict.lines[1 if not verdict.lesson else 2][0] == "Replay it"
    assert words in question.replay(answer, verdict.code, "again").text.replace("\n", " ")
    assert f"The run under schedule {verdict.code} ends with this error." in verdict.claim.replace(
        "\n", " "
    )


def test_a_loop_that_awaits_is_not_called_one_without_an_await() -> None:
    verdict = pay(limit=0.4).verdict(LoopsOnARepeat, TITLE)
    assert said(verdict).endswith(
        "look for what ends this loop, which awaits and yet goes on for ever"
    )
    assert Schedule(verdict.code).cost == 1
    assert verdict.picture is not None


class LoopsWithoutAnAwait(PaysOnce):
    async def handle(self, event: Event) -> None:
        while self.db:
            pass


def test_a_loop_without_an_await_is_called_that() -> None:
    words = said(pay(limit=0.4).verdict(LoopsWithoutAnAwait, TITLE))
    assert words.endswith("It awaits nothing, so nobody else runs meanwhile")


class TakesNoStore:
    async def handle(self, event: Event) -> None:
        await sleep(event.data["amount"])


def test_a_class_that_cannot_be_made_is_not_an_error_of_the_check() -> None:
    assert said(exercise("03").consumer.check(TakesNoStore)) == (
        "TakesNoStore can't be called as the question says: TakesNoStore() takes no arguments"
    )


class MisspellsAVerb(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.ad("paid", event.data["amount"])


def test_a_misspelt_verb_hears_which_one_was_meant() -> None:
    assert "a store has no 'ad': did you mean add()? (line " in said(paying(MisspellsAVerb))


class MyOwnError(CallError):
    """A kind of its own."""


class AlwaysRefuses(PaysOnce):
    async def handle(self, event: Event) -> None:
        raise MyOwnError("I take no payments")


def test_an_answer_that_refuses_every_time_hears_of_its_refusal_too() -> None:
    assert said(paying(AlwaysRefuses)).startswith(
        "0 was paid, not 10. Your code raised MyOwnError: I take no payments (line "
    )


class RefusesOne(PaysOnce):
    async def handle(self, event: Event) -> None:
        if event.id == "pay-2":
            raise MyOwnError("not this one")
        await self.db.insert(event.data["account"], event.data["amount"])


def test_what_is_raised_beside_work_that_is_done_is_not_told() -> None:
    assert "Your code raised" not in said(exercise("03").consumer.check(RefusesOne))


# --- what nobody awaited --------------------------------------------------------------------------


class ForgetsAnAwait(PaysOnce):
    async def handle(self, event: Event) -> None:
        self.db.add("paid", event.data["amount"])


class UsesWhatItNeverAwaited(PaysOnce):
    async def handle(self, event: Event) -> None:
        paid = self.db.get("paid", 0)
        await self.db.put("paid", paid + event.data["amount"])


class KeepsWhatItNeverAwaited(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.put("paid", self.db.get("paid", 0))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ForgetsAnAwait, 'add(…) (line {}: self.db.add("paid", event.data["amount"]))'),
        (UsesWhatItNeverAwaited, 'get(…) (line {}: paid = self.db.get("paid", 0))'),
        (KeepsWhatItNeverAwaited, 'get(…) (line {}: await self.db.put("paid", self.db.get("paid"'),
    ],
)
def test_what_nobody_awaited_is_told_with_its_line(answer: Any, words: str) -> None:
    verdict = paying(answer)
    assert said(verdict).startswith(words.format(answer.handle.__code__.co_firstlineno + 1))
    assert said(verdict).endswith(" was called but never awaited, so it never ran.")
    assert verdict.belief == "no await"
    assert verdict.picture is not None


async def returns_what_it_never_awaited(purchase: Order) -> Any:
    return call("bank", purchase, timeout=1.0)


def test_what_is_returned_and_was_never_awaited_is_told_with_its_line() -> None:
    verdict = exercise("03").client.check(returns_what_it_never_awaited)
    assert said(verdict) == (
        f"call(…) ({line_of(returns_what_it_never_awaited, 1)}: return call("
        '"bank", purchase, timeout=1.0)) was called but never awaited, so it never ran.'
    )
    assert verdict.belief == "no await"


async def waits_with_asyncio(purchase: Order) -> Any:
    return await asyncio.wait_for(call("bank", purchase, timeout=1.0), 2)


def test_asyncio_is_told_before_what_it_never_awaited() -> None:
    verdict = exercise("03").client.check(waits_with_asyncio)
    assert said(verdict).startswith("asyncio does not work inside a world")
    assert line_of(waits_with_asyncio, 1) in said(verdict)


async def wires_in_vain(world: Any, readers: Any) -> None:
    for name, handler in readers.items():
        world.consumer(name, handler, "signups", start="earliest")


def test_a_function_that_nobody_awaits_is_to_be_no_async_def() -> None:
    verdict = exercise("02").wire.check(wires_in_vain)
    assert said(verdict) == (
        "wires_in_vain is called as an ordinary function: write def wires_in_vain, not async def."
    )
    assert verdict.belief == "async where none is awaited"
    assert verdict.lesson


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
