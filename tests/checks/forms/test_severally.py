"""One answer in several worlds: the first that it fails in counts, and codes name their world."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.severally import Severally
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World


def part(wrong: int) -> Explored:
    """Return a judge that objects to one answer, after a crash of the worker."""

    def stage(world: World, answer: Any) -> None:
        world.topic("t")
        db = world.store("db")

        async def handle(event: Any) -> None:
            await db.put("done", event.data)

        def ask() -> None:
            db.rows["said"] = answer(wrong)

        world.consumer("worker", lambda: handle, "t", start="earliest")
        world.publish("t", wrong)
        world.at(100.0, ask)

    def oracle(world: World) -> Violation | None:
        said = world.store("db").rows.get("said")
        crashed = world.trace.of("crash")
        return Violation(f"it said {said}") if said == wrong and crashed else None

    return Explored(stage, oracle, ("crash",), max_faults=1)


QUESTION = Code("say", "Say something.", judged_by=Severally({"one": part(1), "two": part(2)}))


def test_what_holds_in_every_part_holds() -> None:
    verdict = QUESTION.verdict(lambda n: 3, "99")
    assert verdict.outcome == "holds"
    assert verdict.summary.startswith("one: holds")
    assert "two: holds" in verdict.summary


@pytest.mark.parametrize(("said", "name"), [(1, "one"), (2, "two")])
def test_the_part_that_fails_is_named_and_replayed(said: int, name: str) -> None:
    verdict = QUESTION.verdict(lambda n: said, "99")
    assert verdict.outcome == "fails"
    assert verdict.heading.startswith(f", {name}")
    assert verdict.code.startswith(f"{said}/")
    assert QUESTION.replay(lambda n: said, verdict.code, "again").text


def test_an_error_names_its_part_too() -> None:
    def raises(n: int) -> int:
        if n == 2:
            raise ValueError("two")
        return 3

    verdict = QUESTION.verdict(raises, "99")
    assert (verdict.outcome, verdict.code[:2]) == ("fails", "2/")


@pytest.mark.parametrize("code", ["-", "3/-", "0/-", "x/-"])
def test_a_code_without_a_part_is_refused(code: str) -> None:
    judge = QUESTION.judged_by
    assert judge is not None
    with pytest.raises(PubSubKitError, match="names no part"):
        judge.replay(lambda n: 3, code)
