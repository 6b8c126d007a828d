"""Three kinds of engine, nine defaults, and the systems that exercise 12's oracle is judged by."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.checks.systems import engine_losses, recorded_engines, tickets_judged
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.engines.recorded import BROKEN, HOLDS
from pubsub_kit.incidents import incident, written
from pubsub_kit.scenarios.real_engines import defaults, kinds
from pubsub_kit.scenarios.real_engines.kinds import LEASES, NAMES, PARTITIONS
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import explore, run_once
from pubsub_kit.world.world import World


class Notes:
    """Notes what it gets, and acks; it pauses before that if the schedule says so."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, delivery: Any) -> None:
        await self.db.put(f"{delivery.id} came", [delivery.attempt, delivery.deadline < 1e9])
        counted = await delivery.ack()
        await self.db.put(f"{delivery.id} counted", counted)


def after(kind: str, schedule: str = "-") -> World:
    """Return a world in which one order came, and the first worker paused before its ack."""
    world, _ = run_once(
        lambda world: kinds.shop(world, Notes, kind, ["order-1"]),
        Schedule(schedule), kinds.FAULTS, 200.0, 3_000,
    )  # fmt: skip
    world.end_tasks()
    return world


PAUSE_BEFORE_THE_ACK = "1z"


@pytest.mark.parametrize(
    ("kind", "attempt", "lends"), [(PARTITIONS, None, False), (LEASES, 1, True), (NAMES, 1, True)]
)
def test_a_delivery_shows_what_its_engine_knows(kind: str, attempt: Any, lends: bool) -> None:
    assert after(kind).stores["db"].rows["order-1 came"] == [attempt, lends]


@pytest.mark.parametrize("kind", [PARTITIONS, LEASES])
def test_a_late_ack_is_refused(kind: str) -> None:
    world = after(kind, PAUSE_BEFORE_THE_ACK)
    assert [s.text for s in world.trace if "refused" in s.text]


def test_a_late_ack_that_names_the_message_is_an_incident() -> None:
    """It is acked twice, so nothing was lost; but the second ack found nothing to end."""
    world = after(NAMES, PAUSE_BEFORE_THE_ACK)
    found = {each.oracle: each.verdict for each in incident(written.rows(world)).judged()}
    assert found["lost"] == "holds"


def test_a_late_ack_ends_the_lease_of_another_where_it_names_the_message() -> None:
    suspect = engine_losses.SUSPECTS[-1]
    found = explore(
        lambda world: engine_losses.stage(world, suspect.answer),
        engine_losses.truth,
        faults=engine_losses.FAULTS,
    )
    assert found.world is not None
    (late,) = [s for s in found.world.trace if s.kind == "receive" and s.text == "ack order-1"]
    assert late.time > kinds.LEASE
    assert found.world.broker.subscriptions["orders", "billing"].lag == 0


@pytest.mark.parametrize("suspect", engine_losses.SUSPECTS, ids=lambda suspect: suspect.does)
def test_a_system_on_trial_loses_at_the_faults_that_are_said(suspect: Suspect) -> None:
    found = explore(
        lambda world: engine_losses.stage(world, suspect.answer),
        engine_losses.truth,
        faults=suspect.kinds or engine_losses.FAULTS,
        max_faults=2,
        until=200.0,
    )
    assert found.outcome == ("holds" if suspect.is_right else "fails")
    if found.violation is not None:
        assert found.complete + 1 == suspect.faults


@pytest.mark.parametrize(("belief", "place"), [(engine_losses.FIRST, 0), (engine_losses.LAST, -1)])
def test_one_ack_alone_never_tells_of_the_loss(belief: str, place: int) -> None:
    """In each run that loses the order, the first ack was refused, or the last one."""
    suspect = next(s for s in engine_losses.SUSPECTS if s.belief == belief)
    lost = []

    def looks(world: World) -> None:
        if engine_losses.truth(world) is not None:
            lines = engine_losses.rows(world)["log"]
            lost.append([line["refused"] for line in lines if line["what"] == "acked"])

    explore(
        lambda world: engine_losses.stage(world, suspect.answer),
        looks,
        faults=suspect.kinds or engine_losses.FAULTS,
        max_faults=2,
        until=200.0,
    )
    assert lost
    assert all(acks[place] and not all(acks) for acks in lost)


@pytest.mark.parametrize("name", defaults.SITUATIONS)
def test_in_each_situation_some_settings_help_and_some_do_not(name: str) -> None:
    harms = [bool(defaults.harm(name, setting)) for setting in defaults.OPTIONS[name]]
    assert set(harms) == {True, False}


@pytest.mark.parametrize(
    ("slow", "takes", "late", "means"),
    [
        (HOLDS, HOLDS, HOLDS, recorded_engines.REFUSED),
        (HOLDS, HOLDS, BROKEN, recorded_engines.IGNORED),
        (HOLDS, BROKEN, BROKEN, recorded_engines.ENDS),
        (BROKEN, BROKEN, BROKEN, recorded_engines.NOBODY),
    ],
)
def test_what_a_late_ack_does_is_read_from_three_rows(
    slow: str, takes: str, late: str, means: str
) -> None:
    rows = {
        "slow worker": (slow, ""),
        "late ack takes nothing": (takes, ""),
        "late ack": (late, ""),
    }
    assert recorded_engines.late_ack(rows) == means


def test_every_prediction_and_every_verdict_is_among_the_options() -> None:
    for thing, found in recorded_engines.right().items():
        assert found in recorded_engines.OPTIONS[thing]
    assert {*tickets_judged.right().values()} == {*tickets_judged.VERDICTS}
