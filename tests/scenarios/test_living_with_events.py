"""Lesson 10's worlds: which systems forget Ann, and what ciphertext is bound to."""

from __future__ import annotations

from itertools import product

import pytest

from pubsub_kit.checks.questions.living_with_events import QUESTIONS
from pubsub_kit.checks.systems.living_with_events import SUSPECTS
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.patterns import crypto_shredding
from pubsub_kit.scenarios.living_with_events import schemas, secrets
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import explore
from pubsub_kit.world.world import World
from tests.mistakes.living_with_events import ParentsInAList, TakesTwo


@pytest.mark.parametrize("suspect", SUSPECTS, ids=lambda suspect: suspect.does)
def test_each_system_needs_as_many_faults_as_it_says(suspect: Suspect) -> None:
    found = explore(
        lambda world: secrets.forgetting(world, suspect.answer),
        secrets.forgotten,
        faults=secrets.FAULTS,
        until=secrets.UNTIL,
        seconds=60.0,
    )
    if suspect.is_right:
        assert found.outcome == "holds", found
    else:
        assert found.violation is not None
        assert Schedule(found.code).cost == suspect.faults, found


def test_data_opens_with_its_key_and_in_its_event_alone() -> None:
    key = crypto_shredding.key_of("c-1")
    sealed = crypto_shredding.seal(key, "o-1", {"mail": "ann@tea.example"})
    assert crypto_shredding.unseal(key, "o-1", sealed) == {"mail": "ann@tea.example"}
    for other_key, id in (
        (None, "o-1"),
        ("", "o-1"),
        (crypto_shredding.key_of("c-2"), "o-1"),
        (key, "o-2"),
    ):
        assert crypto_shredding.unseal(other_key, id, sealed) is None


def test_before_anybody_is_forgotten_each_place_leaks() -> None:
    world = World()
    secrets.forgetting(world, lambda *stores: lambda event: None)
    world.run(13.0)
    kinds = {secrets.kind_of(name) for name, _ in secrets.leaks(secrets.readable(world))}
    assert kinds == {"log", "view", "search", "letter", "campaign"}


def test_three_rollouts_are_right() -> None:
    right = []
    for options in product(*schemas.OPTIONS.values()):
        choice = dict(zip(schemas.OPTIONS, options, strict=True))
        world = World()
        schemas.rollout(world, choice)
        world.run(60.0)
        if schemas.everybody_reads(world) is None:
            right.append((choice["mode"], choice["first"]))
            assert (choice["content"], choice["check"]) == ("closed", "schemas are compared")
    assert right == [
        ("BACKWARD_TRANSITIVE", "consumers"),
        ("FULL_TRANSITIVE", "producers"),
        ("FULL_TRANSITIVE", "consumers"),
    ]


def test_a_batch_may_be_one_order_and_a_parent_is_one_context() -> None:
    question = next(question for question in QUESTIONS if question.name == "trace")
    said = "parent= takes one context, not a list; for several there is links="
    assert said in str(question.verdict(ParentsInAList, "10"))
    assert "ValueError" in str(question.verdict(TakesTwo, "10"))
