"""What lesson 09 and its exercise rest on: the loops, the panel, fair shots."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pubsub_kit import PubSubKitError
from pubsub_kit.checks.systems import undo_on_trial as systems
from pubsub_kit.checks.systems.time_travel import Cursors
from pubsub_kit.patterns import EventLoop
from pubsub_kit.scenarios.time_travel import clicks, hits, orders, shooter
from pubsub_kit.world.trace import Trace
from tests.mistakes.time_travel import EventIsCode, valve

# --- loops ----------------------------------------------------------------------------------------


def test_the_tiny_loop_prints_what_node_printed() -> None:
    assert orders.printed(module=False) == orders.RECORDED["main.cjs"]
    assert orders.printed(module=True) == orders.RECORDED["main.mjs"]


def test_asyncio_prints_what_was_recorded() -> None:
    said: list[str] = []

    async def say(word: str) -> None:
        said.append(word)

    async def main() -> None:
        task = asyncio.create_task(say("task"))
        asyncio.get_running_loop().call_soon(said.append, "callback")
        await say("awaited")
        said.append("main")
        await task
        await asyncio.sleep(0)

    asyncio.run(main())
    assert tuple(said) == orders.RECORDED["asyncio"]


def test_jobs_that_jobs_add_run_before_the_next_task() -> None:
    tiny, said = EventLoop(), []

    def job(left: int) -> None:
        said.append(left)
        if left:
            tiny.jobs.append(lambda: job(left - 1))

    def main() -> None:
        tiny.tasks.append(lambda: said.append(-1))
        job(2)

    tiny.run(main)
    assert said == [2, 1, 0, -1]


def test_a_date_is_no_order() -> None:
    assert orders.run({"replay": "parents first"}, "replay", Trace()) is None
    wrong = orders.run({"replay": "by date"}, "replay", Trace())
    assert wrong is not None
    assert wrong.belief == "sort by wall clock"


# --- shots ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latency", "tick", "back"),
    [
        (0.075, None, 0.175),
        (0.075, -0.075, 0.175),
        (0.075, -0.175, 0.275),
        (0.075, -0.975, 0.175),
        (0.075, 0.5, 0.175),
        (2.0, None, 1.0),
        (2.0, -2.0, 1.0),
    ],
)
def test_a_server_goes_back_by_valves_rule(latency: float, tick: float | None, back: float) -> None:
    told = None if tick is None else shooter.NOW + tick
    assert shooter.NOW - shooter.rewound(latency, tick=told) == pytest.approx(back)


def test_valves_rule_is_fair_in_every_scene() -> None:
    assert [case for case in hits.cases() if hits.run(valve, case, Trace())] == []
    assert {case.hits for case in hits.cases()} == {True, False}


# --- answers of the wrong form --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "answer", "case", "why"),
    [
        (clicks.run, EventIsCode, clicks.cases()[0], "an event is data"),
        (hits.run, lambda *_: 0.5, hits.cases()[0], "returns True or False"),
    ],
)
def test_an_answer_of_the_wrong_form_is_told_which_form_is_right(
    run: Any, answer: Any, case: Any, why: str
) -> None:
    with pytest.raises(PubSubKitError, match=why):
        run(answer, case, Trace())


# --- systems on trial -----------------------------------------------------------------------------


def test_right_systems_agree_in_every_run_and_wrong_ones_differ_in_some() -> None:
    trusted = systems.runs(Cursors)
    assert max(map(len, trusted)) > systems.LONGEST
    for suspect in systems.SUSPECTS:
        pairs = zip(systems.runs(suspect.answer), trusted, strict=False)
        differs = any(systems.differs(run, right) is not None for run, right in pairs)
        assert differs != suspect.is_right, suspect
