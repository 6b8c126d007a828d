"""What the pictures of lessons 03 and 04 show that the trace of the run does not."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit import explore, gather, perform, sleep
from pubsub_kit.checks.systems.idempotency import (
    ChecksThenActs,
    MarksAndBooksAtOnce,
    MarksThenBooks,
)
from pubsub_kit.scenarios.delivery_semantics import batches
from pubsub_kit.scenarios.delivery_semantics.clicks import draw_clicks
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.scenarios.idempotency.looks import race
from pubsub_kit.show import Picture
from pubsub_kit.world.search.explore import Exploration
from tests.mistakes.delivery_semantics import CommitsAtTheEnd, CommitsTheHighest
from tests.mistakes.idempotency import AddsEachTime


def paid(consumer: Any, max_faults: int = 2) -> Exploration:
    return explore(
        lambda world: payments.payments(world, consumer),
        payments.books_balance,
        faults=payments.FAULTS,
        max_faults=max_faults,
    )


def read(reader: Any) -> Exploration:
    return explore(
        lambda world: batches.commit(world, reader), batches.every_click_counts, faults=["crash"]
    )


def clicks(found: Exploration) -> Picture:
    assert found.world is not None
    return draw_clicks(found.world, found.violation, "a run", f"{found}")


def labels(picture: Picture) -> str:
    return picture.svg()


def test_a_race_shows_two_looks_that_see_nothing_before_two_writes() -> None:
    found = paid(ChecksThenActs)
    told = [
        (step.kind, step.node)
        for step in found.trace
        if step.kind == "read" and "pay-1" in step.text
    ]
    assert [kind for kind, _ in told] == ["read", "read"]
    assert len({node for _, node in told}) == 2
    drawn = labels(race(found, "pay-1"))
    assert drawn.count("seen pay-1? no") == 2
    assert drawn.count("ann +10") >= 2
    assert race(found, "pay-1").text.startswith("2 looks, then 2 writes: what happened to pay-1")


def test_a_race_draws_one_event_and_rings_the_write_that_repeats() -> None:
    picture = race(paid(ChecksThenActs), "pay-1")
    assert "pay-2" not in labels(picture)
    assert "✗ here" in picture.text
    assert "ann +10" in next(line for line in picture.text.splitlines() if "✗ here" in line)


def test_where_only_one_looked_the_title_speaks_of_no_race() -> None:
    assert race(paid(AddsEachTime), "pay-1").text.startswith("What happened to pay-1")


def test_a_run_in_which_nothing_is_wrong_has_no_race() -> None:
    with pytest.raises(ValueError, match="no race"):
        race(paid(MarksAndBooksAtOnce, max_faults=0), "pay-1")


def test_a_mark_that_is_there_already_is_seen() -> None:
    trace = paid(MarksThenBooks).trace
    assert [step.text for step in trace.of("read")] == ["seen pay-1? yes"]


def test_the_culprit_is_the_write_that_repeats_a_payment() -> None:
    found = paid(ChecksThenActs)
    assert found.world is not None
    assert found.violation is not None
    assert payments.culprit(found.world) == found.violation.step
    right = paid(MarksAndBooksAtOnce, max_faults=0)
    assert right.world is not None
    assert payments.culprit(right.world) is None


def test_a_click_that_is_lost_has_a_lane_and_the_ring() -> None:
    picture = clicks(read(CommitsTheHighest))
    here = next(line for line in picture.text.splitlines() if line.startswith("✗ here"))
    assert here.endswith("click-0: never counted")
    drawn = labels(picture)
    assert "2, past click-0" in drawn, "in two lines, the second one whole"
    assert drawn.count("never counted") >= 1
    assert "cut off" in drawn


def test_clicks_that_are_all_counted_are_drawn_with_the_caption() -> None:
    picture = clicks(read(CommitsAtTheEnd))
    assert "✗" not in picture.text
    assert "never counted" not in labels(picture)
    assert "holds" in picture.text


class TwiceAndOnTheSide(CommitsAtTheEnd):
    """Counts its clicks twice, and counts what is no click."""

    async def all(self, batch: Any) -> None:
        async def one(event: Any) -> None:
            await sleep(event.data["takes"])
            await perform("count", event.id)
            await perform("count", event.id)
            await perform("mail", "somebody")

        await gather(*(one(event) for _, event in batch))


def test_what_is_counted_twice_and_what_is_no_click_are_drawn_as_well() -> None:
    drawn = labels(clicks(read(TwiceAndOnTheSide)))
    assert "counted again" in drawn
    assert "mail somebody" in drawn
