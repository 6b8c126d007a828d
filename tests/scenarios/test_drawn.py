"""A run's labels fit a narrow column: writes and faults are said in a few words."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.scenarios.drawn import drawn, short, shortened
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World
from tests.show.runs import canvas_of


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"balance": 0}, {"balance": 20}, "balance = 20"),
        ({"order o-1": None}, {"order o-1": {"id": "o-1"}, "told": 2}, "order o-1, told = 2"),
        ({"did t-1": None}, {"did t-1": [30, True], "seen": True}, "did t-1, seen"),
        ({"next": 1, "held 1": None}, {"next": 2, "held 1": None}, "next = 2"),
        ({"next": 2}, {"next": 2}, ""),
        ({"outbox 1": {"id": "o-1"}}, {"outbox 1": None}, "deletes outbox 1"),
    ],
)
def test_a_write_is_said_by_what_it_changes(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    assert short(before, after) == words


def test_a_write_that_changes_nothing_keeps_its_own_words() -> None:
    step = Step(0.0, "effect", "a", text="next = 2", data=("db", {"next": 2}, {"next": 2}))
    assert shortened([step])[0] == step


def test_a_late_message_and_a_pause_are_said_in_short() -> None:
    late = Step(0.0, "note", "a", text="move-1 arrives after the next")
    pause = Step(0.0, "pause", "a", text="stands still before committing order o-1, outbox 1")
    other = Step(0.0, "note", "a", text="the ledger is down")
    said = [step.text for step in shortened(Trace([late, pause, other]))]
    assert said == ["move-1 is late", "pauses before its commit", "the ledger is down"]


def test_a_run_is_drawn_in_a_scenarios_own_words() -> None:
    world = World()
    db = world.store("db")

    async def pays() -> None:
        await db.put("ann", {"balance": 20, "name": "Ann"})

    world.spawn(pays(), "teller")
    world.run()
    picture = drawn(world, None, "A run", ["teller"], lambda _, after: f"now {len(after)} row")
    assert "now 1 row" in [text.text for text in canvas_of(picture).texts()]
