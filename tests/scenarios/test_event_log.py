"""Lesson 07's worlds do what its prose says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pubsub_kit import DurableEventLog, World
from pubsub_kit.scenarios.event_log_and_replay import cut_over, views
from pubsub_kit.scenarios.event_log_and_replay.keeping import (
    OPTIONS,
    keeping,
    nothing_is_missed,
    oldest,
)
from pubsub_kit.scenarios.event_log_and_replay.on_disk import (
    daily,
    kill_a_writer,
    last_file,
)


def ran(operator: Any) -> World:
    world = World()
    cut_over.cut_over(world, operator)
    world.run(until=100.0)
    return world


async def drains(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(at)
    await new.start(at)


def test_v1_lags_when_the_operator_comes_and_orders_follow_later() -> None:
    seen: list[int] = []

    async def looks(old: Any, new: Any, log: Any) -> None:
        seen.extend([await old.where(), await log.end()])

    ran(looks)
    assert seen == [4, 5]
    assert max(cut_over.ARRIVES) > cut_over.BEGINS


def test_each_order_has_one_invoice_after_a_clean_cut_over() -> None:
    world = ran(drains)
    assert cut_over.taken_over(world) is None
    assert [*cut_over.senders(world).values()] == [["v1"]] * 5 + [["v2"]] * 5


def test_v2_can_be_started_once() -> None:
    async def twice(old: Any, new: Any, log: Any) -> None:
        await drains(old, new, log)
        with pytest.raises(RuntimeError, match="running already"):
            await new.start(5)

    ran(twice)


def test_an_invoice_says_how_many_orders_its_customer_has_made() -> None:
    assert [cut_over.number(n) for n in range(6)] == [1, 1, 2, 2, 3, 4]


def test_a_sum_of_moves_tells_which_ones_are_in_it() -> None:
    amounts = [*views.MOVES.values()]
    sums = {sum(a for i, a in enumerate(amounts) if n >> i & 1) for n in range(2 ** len(amounts))}
    assert len(sums) == 2 ** len(amounts)
    assert 1 not in views.MOVES  # the gap


@pytest.mark.parametrize(("days", "ages"), [(1, [7, 7, 7]), (7, [13, 7, 8])])
def test_a_record_lives_until_its_whole_file_may_go(days: int, ages: list[int]) -> None:
    assert [oldest(days, until) for until in (13, 14, 15)] == ages


def test_a_year_under_the_right_rules_misses_nothing() -> None:
    world = World()
    keeping(world, {thing: options[0] for thing, options in OPTIONS.items()} | {
        "tombstones": "5 days", "cursor": "30 days",
    })  # fmt: skip
    world.run()
    assert nothing_is_missed(world) is None


def test_what_a_killed_writer_was_acked_is_there(tmp_path: Path) -> None:
    acked = kill_a_writer(tmp_path / "log", after=5)
    assert acked[:5] == [0, 1, 2, 3, 4]
    with DurableEventLog(tmp_path / "log") as log:
        found = [event.data for _, event in log.read(0, 0)]
    assert found[: len(acked)] == acked
    assert len(found) - len(acked) <= 1


def test_a_day_is_an_event_and_the_last_file_is_active(tmp_path: Path) -> None:
    log = daily(tmp_path / "log", 12, keys=3)
    assert [event.key for _, event in log.read(0, 0, 4)] == ["k0", "k1", "k2", "k0"]
    assert int(last_file(log.path).stem) == 6
