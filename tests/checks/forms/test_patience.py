"""A search ends after so many steps, and soon after its first failure; a verdict says so."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from pubsub_kit import Conflict
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.patience import Patience
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.systems.idempotency import MarksAndBooksAtOnce
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.world.search.explore import Exploration, explore
from pubsub_kit.world.world import World
from tests.mistakes.idempotency import AddsEachTime


def judge(steps: int = 1_000_000, max_faults: int = 1) -> Explored:
    return Explored(
        payments.payments, payments.books_balance, payments.FAULTS, max_faults, steps=steps
    )


def patient(answer: Any, patience: Patience) -> Exploration:
    def begins(world: World) -> None:
        patience.begins(world)
        payments.payments(world, answer)

    def judged(world: World) -> Any:
        wrong = payments.books_balance(world)
        patience.judged(world, wrong is not None)
        return wrong

    found = explore(begins, judged, faults=payments.FAULTS, max_faults=2, max_steps=3_000,
                    seconds=600.0, strategy=patience)  # fmt: skip
    return patience.settle(found)


def test_a_search_with_steps_enough_is_the_search_itself() -> None:
    found = patient(MarksAndBooksAtOnce, Patience())
    plain = explore(lambda world: payments.payments(world, MarksAndBooksAtOnce),
                    payments.books_balance, faults=payments.FAULTS, max_faults=2,
                    seconds=600.0)  # fmt: skip
    assert (found.outcome, found.schedules, found.complete, found.hardest) == (
        "holds", plain.schedules, plain.complete, plain.hardest,
    )  # fmt: skip


@pytest.mark.parametrize(("steps", "complete"), [(1, 0), (1_000, 0), (8_000, 1)])
def test_a_search_without_steps_is_cut_off_and_says_what_was_tried(
    steps: int, complete: int
) -> None:
    found = patient(MarksAndBooksAtOnce, Patience(steps))
    assert (found.outcome, found.complete, found.hardest) == ("cut off", complete, "")


def said(judged: Judgement) -> str:
    return judged.claim.replace("\n", " ")


def test_a_verdict_of_a_search_that_was_cut_off_says_what_was_not_tried() -> None:
    cut = judge(steps=500).judge(MarksAndBooksAtOnce)
    assert cut.outcome == "not exercised"
    assert cut.summary.startswith("cut off after ")
    assert "so nothing is proven about more than 0 faults" in said(cut)
    assert judge().judge(MarksAndBooksAtOnce).outcome == "holds"


def test_the_same_steps_give_the_same_end_whatever_the_machine() -> None:
    ends = [patient(MarksAndBooksAtOnce, Patience(3_000)).schedules for _ in range(2)]
    assert ends[0] == ends[1]


class SpinsForALock:
    """Holds a row as its lock, which a crash leaves locked: from then on it asks for ever."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        while not await self.db.insert("lock"):
            pass
        if await self.db.insert(f"seen {event.id}"):
            await self.db.add(event.data["account"], event.data["amount"])
        await self.db.delete("lock")


class SpinsInATransaction(SpinsForALock):
    async def handle(self, event: Any) -> None:
        while True:
            with suppress(Conflict):
                async with self.db.transaction() as tx:
                    if await tx.insert("lock"):
                        break
        await self.db.add(event.data["account"], event.data["amount"])
        await self.db.delete("lock")


@pytest.mark.parametrize("answer", [SpinsForALock, SpinsInATransaction])
def test_an_answer_that_loops_in_thousands_of_runs_gets_few_of_them(answer: Any) -> None:
    patience = Patience()
    found = patient(answer, patience)
    assert found.outcome == "fails"
    assert found.violation is not None
    assert found.violation.belief == "nobody ends its wait"
    assert found.complete == 0
    assert patience.failed
    assert patience.left <= 0
    assert found.schedules < 500


def test_a_round_that_fails_is_tried_to_its_end_if_that_is_short() -> None:
    patience = Patience()
    found = patient(AddsEachTime, patience)
    assert found.outcome == "fails"
    assert patience.left > 0
    assert patience.stopped_in is None
