"""The table of settings, which is computed, and the oracles of lesson 11's worlds."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from pubsub_kit.checks.systems import broker_availability as systems
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.scenarios.broker_availability import choices, decisions, orders, seats
from pubsub_kit.scenarios.broker_availability.table import measured, table
from pubsub_kit.world.replicas.rules import where_epochs_part
from pubsub_kit.world.search.explore import explore, replay
from pubsub_kit.world.world import World


@pytest.mark.parametrize(
    ("settings", "ack", "lost_after", "power", "down"),
    [
        ({"acks": "0"}, 0, 1, True, 2),
        ({"acks": "1", "min_insync": 2}, 2, 1, True, 2),
        ({}, 4, 2, True, 2),
        ({"min_insync": 2}, 4, None, True, 1),
        ({"min_insync": 2, "fsync": True}, 9, None, False, 1),
        ({"min_insync": 3}, 4, None, True, 0),
        ({"nodes": 1}, 2, 1, True, 0),
    ],
)
def test_a_row_of_the_table_is_what_runs_show(
    settings: dict[str, Any], ack: int, lost_after: int | None, power: bool, down: int
) -> None:
    row = measured("these", **settings)
    assert row.ack == pytest.approx(ack)
    assert (row.lost_after, row.power, row.down) == (lost_after, power, down)


def test_the_table_has_a_line_for_each_row_in_columns() -> None:
    lines = table([measured("a"), measured("a longer name", min_insync=2)]).splitlines()
    assert len(lines) == 3
    assert len({line.index("after 2") for line in lines[1:2]} | {lines[2].index("not with")}) == 1


@pytest.mark.parametrize("suspect", systems.SUSPECTS, ids=lambda suspect: suspect.does)
def test_a_system_on_trial_breaks_at_the_faults_that_are_said(suspect: Suspect) -> None:
    found = explore(
        lambda world: systems.stage(world, suspect.answer),
        systems.truth,
        faults=systems.FAULTS,
        max_faults=2,
    )
    assert found.outcome == ("holds" if suspect.is_right else "fails")
    if found.violation is not None and found.world is not None:
        assert found.complete + 1 == suspect.faults


def test_what_the_ledger_loses_is_what_nobody_flushed() -> None:
    for option in choices.OPTIONS:
        if "acks=0" not in option and "fsync" not in option:
            said = [_ledger(option), _ledger(f"{option}, fsync")]
            assert said == [choices.DISK, ""], option


def _ledger(option: str) -> str:
    found = explore(
        lambda world: choices.stage(choices.LEDGER)(world, {choices.LEDGER: option}),
        choices.oracle(choices.LEDGER),
        faults=["power loss"],
        max_faults=2,
    )
    return found.violation.belief if found.violation else ""


def test_an_upgrade_is_no_fault() -> None:
    world = World()
    orders.shop(world, away=60.0)
    assert world.run().faults() == []
    assert world.cluster.seen.acked == ["m1", "m2"]


def test_a_violation_points_at_the_moment_of_the_loss() -> None:
    setup = partial(orders.shop, acks="1")
    world = replay(setup, "0X", faults=["node down"])
    violation = orders.kept(world)
    assert violation is not None
    assert violation.step is not None
    assert world.trace[violation.step].text == "broker-2 leads in epoch 2"


def test_the_history_of_the_followers_asks_each_of_them_to_cut() -> None:
    world = World()
    decisions.followers(world, where_epochs_part)
    world.run()
    asked = [decision.asked[0] for decision in decisions.decisions(world)]
    assert [1, 2] in asked
    assert [1, 2, 2, 2] in asked
    assert [record.id for record in world.cluster.nodes[1].log] == ["h1", "h2", "h3", "m1"]


def test_a_delivery_says_in_which_generation_it_was_handed_out() -> None:
    seen: list[tuple[str, int]] = []

    class Notes:
        def __init__(self, db: Any) -> None:
            self.db = db

        async def handle(self, delivery: Any) -> None:
            seen.append((delivery.id, delivery.generation))
            await self.db.put("A1", delivery.data["price"])
            await delivery.ack()

    found = explore(
        lambda world: seats.seats(world, Notes),
        seats.the_last_price_stands,
        faults=["pause"],
        max_faults=1,
    )
    assert found.outcome == "fails"
    seen.clear()
    replay(lambda world: seats.seats(world, Notes), found.code, faults=["pause"])
    assert seen == [("p-1", 2), ("p-1", 3), ("p-2", 3)]
