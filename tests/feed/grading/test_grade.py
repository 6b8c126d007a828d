"""A design is graded: each level is held against its run, beside the references, with advice."""

from __future__ import annotations

import gc
import re
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, Crash, NodeLoss
from pubsub_kit.feed.designs import EVERYBODY, FeedDesign
from pubsub_kit.feed.grading import sensitivity
from pubsub_kit.feed.grading.grade import GradeError, ReportCard, grade
from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.machines.measures import MEASURES
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.network import Bools, Network
from pubsub_kit.feed.people.population import population
from pubsub_kit.feed.people.workload import Workload

grading = import_module("pubsub_kit.feed.grading.grade")  # the name in the package is the function
LEVELS = ServiceLevels(delivery_p99=5, read_p99=0.2, lost=0, early_replies=0, ghosts=0)
RIGHT = FeedDesign(
    "the right one",
    threshold=300_000,
    skip_inactive=True,
    workers=20,
    stores=16,
    dedup=True,
    removal="checked on read",
    replies="held on read",
)


def new_arena() -> Arena:
    people = population(20_000_000, 150.0, celebrity=4_000_000, sample=10_000)
    load = Workload(seconds=60.0, celebrity_tweets_at=(20.0,), reads=20_000).over(people)
    return Arena(load, faults=(Crash(25.0, seconds=1.0),))


@pytest.fixture(scope="module")
def arena() -> Arena:
    return new_arena()


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[FeedDesign]:
    """Collect the designs that are simulated."""
    seen: list[FeedDesign] = []

    def counted(design: FeedDesign, arena: Arena) -> Any:
        seen.append(design)
        return simulate(design, arena)

    monkeypatch.setattr(grading, "simulate", counted)
    monkeypatch.setattr(sensitivity, "simulate", counted)
    return seen


# --- the grade ------------------------------------------------------------------------------------


def test_a_design_that_keeps_all_levels_passes(arena: Arena) -> None:
    card = grade(RIGHT, arena, LEVELS)
    assert (card.passed, card.missed, card.failures) == (True, [], [])
    assert card.text.startswith("the right one meets all 5 levels\n")


def test_what_is_missed_is_said_with_value_and_bound(arena: Arena) -> None:
    slow = replace(RIGHT, threshold=EVERYBODY, workers=8, replies="as they come", name="slow")
    card = grade(slow, arena, LEVELS)
    assert card.missed == ["delivery_p99", "early_replies"]
    assert not card.passed
    late, early = card.failures
    assert re.fullmatch(r"delivery p99: [\d.]+ s, at most 5 s", late)
    assert re.fullmatch(r"replies before originals: [\d.]+K?, at most 0", early)


def test_the_values_are_those_of_the_run(arena: Arena) -> None:
    card = grade(RIGHT, arena, LEVELS)
    assert card.values["read_p99"] == card.run.read(0.99)
    assert card.values["cost"] == simulate(RIGHT, arena).cost
    assert set(card.references) == {"fan-out on write", "fan-out on read", "by rates", "hybrid"}
    assert all(set(values) == set(MEASURES) for values in card.references.values())


def test_the_references_keep_up_each_in_its_way(arena: Arena) -> None:
    four = grade(RIGHT, arena, LEVELS).references
    assert all(v["worker_load"] < 1 and v["store_load"] < 1 for v in four.values())
    write, read, _, hybrid = four.values()
    assert write["delivery_p99"] > 5 > hybrid["delivery_p99"] > read["delivery_p99"]
    assert hybrid["cost"] < min(write["cost"], read["cost"])


def test_the_references_are_simulated_once_an_arena(simulated: list[FeedDesign]) -> None:
    arena = new_arena()
    grade(RIGHT, arena, LEVELS)
    assert len(simulated) == 5
    grade(replace(RIGHT, workers=20), arena, LEVELS)
    assert len(simulated) == 6
    grade(RIGHT, replace(arena, faults=()), LEVELS)
    assert len(simulated) == 11


def test_an_arena_that_nobody_needs_is_forgotten() -> None:
    grade(RIGHT, new_arena(), LEVELS)
    gc.collect()
    before = len(grading._REFERENCES)
    grade(RIGHT, new_arena(), LEVELS)
    gc.collect()
    assert len(grading._REFERENCES) == before


def test_a_card_is_the_same_each_time() -> None:
    assert grade(RIGHT, new_arena(), LEVELS).text == grade(RIGHT, new_arena(), LEVELS).text


def test_a_card_shows_as_text_html_and_picture(arena: Arena) -> None:
    card = grade(replace(RIGHT, name="<mine>"), arena, LEVELS)
    shown = card._repr_mimebundle_()
    assert shown["text/plain"] == repr(card) == card.text
    assert "<mine>" not in shown["text/html"]
    assert "&lt;mine&gt;" in shown["text/html"]
    assert max(map(len, card.text.splitlines())) <= 96
    assert "<mine>: " in card.picture.text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((FeedDesign, None, LEVELS), r"a FeedDesign here, not FeedDesign: call the class"),
        ((RIGHT, None, LEVELS), "an Arena here, not NoneType"),
        ((RIGHT, "arena", {"cost": 5}), "ServiceLevels here, not dict"),
    ],
)
def test_what_cannot_be_graded_is_refused_in_a_sentence(
    arena: Arena, given: tuple[Any, Any, Any], message: str
) -> None:
    design, other, levels = given
    with pytest.raises(GradeError, match=message):
        grade(design, arena if other == "arena" else other, levels)


# --- what would help most -------------------------------------------------------------------------


def advised(design: FeedDesign, arena: Arena, **bounds: float) -> tuple[ReportCard, str]:
    card = grade(design, arena, ServiceLevels(**bounds))
    return card, card.advice


def test_the_change_that_meets_the_missed_level_is_named_with_its_numbers(arena: Arena) -> None:
    few = replace(RIGHT, workers=8)
    card, words = advised(few, arena, delivery_p99=1.0)
    said = re.match(
        r"(\w+)=(\S+) instead of (\S+) takes delivery p99 from .* to (\S+) (\w+),", words
    )
    assert said
    change: dict[str, Any] = {said[1]: int(said[2])}
    mended = replace(few, **change)
    assert not card.passed
    assert grade(mended, arena, card.levels).passed
    assert words.endswith("All levels are then met.")


def test_of_the_changes_that_meet_most_levels_the_cheapest_is_told(arena: Arena) -> None:
    hasty = replace(RIGHT, workers=8, replies="as they come")
    _, words = advised(hasty, arena, early_replies=0)
    assert words.startswith("replies='held on read' instead of 'as they come' takes replies")
    assert "at the same cost" in words


def test_where_all_is_met_the_change_that_saves_most_and_still_meets_all_is_told(
    arena: Arena,
) -> None:
    card, words = advised(RIGHT, arena, delivery_p99=5.0, read_p99=0.2)
    said = re.match(
        r"(\w+)=(\d+) instead of \d+ still meets all levels, for \$\S+ a month less", words
    )
    assert said
    change: dict[str, Any] = {said[1]: int(said[2])}
    cheaper = grade(replace(RIGHT, **change), arena, card.levels)
    assert cheaper.passed
    assert cheaper.values["cost"] < card.values["cost"]


def test_where_nothing_helps_that_is_said(arena: Arena) -> None:
    _, words = advised(RIGHT, arena, read_p50=0.001)
    assert "no single change" in words.lower()
    assert "meets more of the levels" in words


def test_advice_takes_fourteen_simulations_at_most_and_none_where_it_is_not_wanted(
    arena: Arena, simulated: list[FeedDesign]
) -> None:
    nothing = ServiceLevels(**dict.fromkeys(MEASURES, 0.0))
    card = grade(RIGHT, arena, nothing)
    simulated.clear()
    assert card.advice == card.advice != ""
    assert 8 <= len(simulated) <= sensitivity.TRIES == 14
    simulated.clear()
    assert grade(RIGHT, arena, nothing, advice=False).advice == ""
    assert "What would help most" not in grade(RIGHT, arena, nothing, advice=False).text
    assert len(simulated) == 2


class Tens(FeedDesign):
    """Pushes whoever has fewer than 10K followers, whatever its threshold."""

    def pushed(self, network: Network) -> Bools:
        return np.asarray(network.followers < 10_000)


def test_a_class_of_ones_own_stays_itself_and_what_it_overrides_is_not_tried(
    arena: Arena, simulated: list[FeedDesign]
) -> None:
    card = grade(Tens(workers=2), arena, ServiceLevels(delivery_p99=0.001))
    simulated.clear()
    assert card.advice
    assert {type(design) for design in simulated} == {Tens}
    assert {design.threshold for design in simulated} == {EVERYBODY}
    assert {design.skip_inactive for design in simulated} == {True, False}


class Odd(FeedDesign):
    """Cannot be made with parameters."""

    def __init__(self) -> None:
        super().__init__()


def test_a_class_that_takes_no_parameters_has_no_advice_but_a_grade(arena: Arena) -> None:
    card = grade(Odd(), arena, ServiceLevels(delivery_p99=0.001))
    assert not card.passed
    assert "could be tried" in card.advice


def test_a_change_that_cannot_be_in_this_arena_is_passed_over(arena: Arena) -> None:
    """Half of the stores would not outlive the loss; half of the workers is an advice still."""
    lossy = replace(arena, faults=(NodeLoss(1.0, 3),))
    card = grade(FeedDesign(workers=40, stores=4), lossy, ServiceLevels(read_p99=1e9))
    assert card.advice.startswith("workers=20 instead of 40 still meets all levels")
