"""What never happened has a step that stopped it, and the picture of the failure marks it too."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from pubsub_kit.checks.desk.exercises import LESSONS
from tests.mistakes import lesson, name_of


def verdict_on(number: str, question: str, answer: str) -> Any:
    """Check the first wrong answer of this name, or with these words in its choice."""
    mistakes = [m for m in lesson(number).mistakes if m.question == question]
    mistake = next(m for m in mistakes if answer in name_of(m.answer))
    checks = importlib.import_module(f"pubsub_kit.checks.questions.{LESSONS[number]}")
    asked = next(q for q in checks.QUESTIONS if q.name == question)
    return asked.verdict(mistake.answer, number)


@pytest.mark.parametrize(
    ("number", "question", "answer", "blocks"),
    [
        ("01", "place", "failed_on_timeout", "0.030s lose shop → stock: order-1 is lost ✗"),
        ("01", "place", "two_tries", "1.080s lose shop → stock: order-1 is lost ✗"),
        ("01", "place", "no_timeout", "0.300s lose stock → shop: reply order-3 is lost ✗"),
        ("02", "wire", "acks_first", "5.000s receive signups → analytics: ack signup-bob"),
        ("02", "confirm", "goes on", "0.000s lose publisher → exchange: signup-1 is lost ✗"),
        ("03", "consumer", "MarksThenBooks", "0.000s crash billing-1: crashes before adding +10"),
        ("03", "consumer", "TakesAConflict", "0.000s pause billing-1: others run before"),
        ("03", "client", "one_try", "0.000s lose buyer → bank: buy-1 is lost ✗"),
        ("04", "semantics", "'invoice': 'at most once'",
         "0.000s receive invoice → invoice-worker: ack invoice-1"),
        ("04", "worker", "AcksOnReceipt", "0.000s receive films → render-1: ack film-1"),
        ("05", "transfer", "WaitsForEver", "0.000s lose bob → transfers: reply t-1 is lost ✗"),
        ("05", "relay", "SavesThenPublishes", "0.000s crash shop: crashes before publishing o-1 ✗"),
        ("05", "relay", "AsksForIds", "0.000s pause shop: pauses before committing order o-1"),
        ("05", "relay", "DeletesThen", "5.000s effect shop: outbox o-1 = –"),
    ],
)  # fmt: skip
def test_the_step_that_stopped_it_is_marked(
    number: str, question: str, answer: str, blocks: str
) -> None:
    verdict = verdict_on(number, question, answer)
    wrong = verdict.violation
    assert wrong is not None
    assert wrong.blocker is not None
    assert " ".join(str(verdict.trace[wrong.blocker]).split()).startswith(blocks)
    marked = [line for line in verdict.picture.text.splitlines() if line.startswith("✗ why, step ")]
    assert len(marked) == 1


@pytest.mark.parametrize(
    ("number", "question", "answer"),
    [
        ("03", "consumer", "OnlyMarks"),
        ("02", "wire", "only_the_first"),
        ("05", "relay", "NeverRelays"),
        ("01", "place", "new_id_for_each_try"),
    ],
)
def test_where_nothing_stopped_it_or_too_much_happened_no_step_is_blamed(
    number: str, question: str, answer: str
) -> None:
    verdict = verdict_on(number, question, answer)
    assert verdict.violation.blocker is None
    assert "✗ why" not in verdict.picture.text
