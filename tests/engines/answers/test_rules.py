"""Each rule says of the rows what the scenario's own oracle says of the run that left them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.engines.trials.answers.cases import CASES
from pubsub_kit.engines.trials.answers.job import answer_of
from pubsub_kit.engines.trials.answers.rules import QUESTIONS, Left
from pubsub_kit.scenarios.delivery_semantics import balances, deposits
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves, outboxes
from pubsub_kit.scenarios.second_act import bad_luck
from pubsub_kit.world.search.explore import Violation, explore
from pubsub_kit.world.world import World

Stage = tuple[Callable[[World, Any], None], Callable[[World], Violation | None], tuple[str, ...]]
STAGES: dict[str, Stage] = {
    "consumer": (payments.payments, payments.books_balance, payments.FAULTS),
    "fifo": (deposits.fifo, balances.deposited_once, deposits.FAULTS),
    "account": (numbered_moves.ledger, numbered_moves.adds_up, numbered_moves.FAULTS),
    "relay": (outboxes.shop, outboxes.told_what_is_saved, outboxes.RELAY_FAULTS),
}
ANSWERS = sorted(
    {(case.question, case.answer) for case, _, _ in CASES.values() if case.question in STAGES}
)


def left_of(world: World) -> Left:
    """Return what a run in a world has left."""
    db = world.stores["db"].rows
    heard = world.stores["heard"].rows if "heard" in world.stores else {}
    answered = world.stores[outboxes.ANSWERED].rows if heard or "heard" in world.stores else {}
    return Left(db, (), int(bad_luck(world.trace)), [*heard.items()], [*answered])


@pytest.mark.parametrize(
    ("question", "answer"), ANSWERS, ids=[name.partition(":")[2] for _, name in ANSWERS]
)
def test_it_agrees_with_the_oracle_in_every_run(question: str, answer: str) -> None:
    scenario, oracle, faults = STAGES[question]
    code, runs = answer_of(answer), 0

    def both(world: World) -> Violation | None:
        nonlocal runs
        runs += 1
        found, wrong = oracle(world), QUESTIONS[question].rule(left_of(world))
        assert (found is None) == (wrong == ""), (found, wrong)
        return found

    explore(lambda world: scenario(world, code), both, faults=faults, max_faults=1)
    assert runs
