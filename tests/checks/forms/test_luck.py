"""How much bad luck a failure needed, as the trace of its run bears it out."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import Event, World
from pubsub_kit.checks.desk.exercises import Asked
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.luck import needed
from pubsub_kit.scenarios.drawn import with_causes_marked
from pubsub_kit.world.trace import Step, Trace
from tests.checks.questions import PaysOnce, made, one_payment, paid_once, pay

CUT = Step(2.0, "partition", "shop", "stock", "", "the link is cut", True)
OWN_CRASH = Step(3.0, "crash", "api", "", "", "memory is gone", True)
CRASH = Step(1.0, "crash", "api", "", "", "crash before adding +10", True)
LOSS = Step(1.0, "lose", "shop", "stock", "m1", "order-1 is lost", True)
AWAY = Step(1.0, "note", "ledger-1", "", "", "the ledger is away", True)
SLOW = Step(1.0, "note", "stock", "", "", "takes 10 times as long", True)
FAILED = Step(1.0, "end", "reader", "", "m1", "failed: analytics is away")
DONE = Step(1.0, "end", "reader", "", "m1", "done")


@pytest.mark.parametrize(
    ("code", "run", "calm", "words"),
    [
        ("-", [DONE], [DONE], "fails even when nothing goes wrong"),
        ("-", [], [], "fails even when nothing goes wrong"),
        ("-", [FAILED], [FAILED], "fails without any added fault"),
        ("-", [OWN_CRASH], [OWN_CRASH], "fails without any added fault (api crashes anyway)"),
        (
            "-",
            [CUT, LOSS, LOSS],
            [CUT, LOSS, LOSS],
            "fails without any added fault (the link from shop to stock is cut anyway)",
        ),
        ("-", [AWAY, AWAY], [AWAY], "fails without any added fault (the ledger is away anyway)"),
        ("3l", [LOSS], [DONE], "fails: 1 fault is enough"),
        ("0l1l", [LOSS, LOSS], [DONE], "fails: 2 faults are enough"),
        ("2c", [CRASH, OWN_CRASH], [OWN_CRASH], "fails: 1 fault is enough (api crashes anyway)"),
        ("2c", [CRASH], [OWN_CRASH], "fails: 1 fault is enough"),  # it never came to that one
        (
            "2c",
            [CUT, SLOW, CRASH],
            [CUT, SLOW],
            "fails: 1 fault is enough (the link from shop to stock is cut and stock takes 10 times "
            "as long anyway)",
        ),
    ],
)
def test_the_summary_says_what_the_trace_proves(
    code: str, run: list[Step], calm: list[Step], words: str
) -> None:
    assert needed(code, Trace(run), Trace(calm)) == words


def test_a_run_in_which_only_your_own_code_fails_has_no_bad_luck() -> None:
    failed = Trace([FAILED])
    assert needed("-", failed, failed, own_error=True) == "fails even when nothing goes wrong"


def test_what_follows_from_a_fault_is_not_counted_as_one() -> None:
    whole = CUT._replace(kind="repair", text="the link works again", fault=False)
    elsewhere = LOSS._replace(node="client", peer="shop")
    reply = LOSS._replace(node="stock", peer="shop")
    failed = FAILED._replace(fault=True)
    run = Trace([LOSS, CUT, LOSS, reply, elsewhere, failed, whole, LOSS, OWN_CRASH])
    marked = with_causes_marked(run)
    assert [i for i, step in enumerate(marked) if step.fault] == [0, 1, 4, 7, 8]
    assert [step._replace(fault=False) for step in marked] == [
        step._replace(fault=False) for step in run
    ]


class PaysDouble(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", 2 * event.data["amount"])


class Raises(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add("paid", event.data["price"])


def crashes_anyway(world: World, answer: Any) -> None:
    """Pay once, and crash a bystander meanwhile."""
    one_payment(world, lambda db: made(answer, db))
    world.service("bank", lambda request: "ok")
    world.after(0.5, lambda _: world.crash("bank"))


@pytest.mark.parametrize("answer", [PaysDouble, Raises])
def test_an_answer_that_always_fails_needs_no_fault(answer: Any) -> None:
    assert (
        Asked("00", pay(limit=10.0)).check(answer).summary == "fails even when nothing goes wrong"
    )


def test_trouble_that_the_question_brings_is_told_apart_from_what_was_added() -> None:
    judge = Explored(crashes_anyway, paid_once, ("ack lost",), max_faults=1)
    asked = Asked("00", Code("pay", "Pay once.", limit=10.0, judged_by=judge))

    class PaysTwice(PaysOnce):
        async def handle(self, event: Event) -> None:
            await self.db.add("paid", event.data["amount"])

    assert asked.check(PaysOnce)
    assert asked.check(PaysDouble).summary == "fails without any added fault (bank crashes anyway)"
    assert asked.check(PaysTwice).summary == "fails: 1 fault is enough (bank crashes anyway)"


def test_what_holds_without_any_fault_says_so() -> None:
    judge = Explored(crashes_anyway, paid_once, (), max_faults=0)
    asked = Asked("00", Code("pay", "Pay once.", limit=10.0, judged_by=judge))
    assert asked.check(PaysOnce).summary == ("holds: in the one run that there is, without faults")
