"""An arena, its machines, prices and faults: what they may be, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.arena import Arena, ArenaError, Crash, Failover, Machines, NodeLoss, Prices
from pubsub_kit.feed.people.workload import Workload
from tests.feed.small import load, town

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("kind", "name", "value", "may_be"),
    [
        (Machines, "worker_rate", 0, r"a number above 0, 1e\+18 at most"),
        (Machines, "worker_rate", INF, "a number above 0"),
        (Machines, "node_rate", NAN, "a number above 0"),
        (Machines, "node_bytes", -1, "a number above 0"),
        (Machines, "message_overhead", -0.1, r"a number from 0 to 1e\+18"),
        (Machines, "base_latency", "4 ms", "a number from 0"),
        (Machines, "parallel", 0, "a whole number from 1 on"),
        (Machines, "parallel", 2.5, "a whole number from 1 on"),
        (Machines, "pausing", 1.5, "a number from 0 to 1"),
        (Prices, "node", -1, "a number from 0"),
        (Prices, "million_messages", NAN, "a number from 0"),
        (Crash, "at", -5, "a number from 0"),
        (Crash, "seconds", INF, "a number from 0"),
        (Crash, "workers", 0, "a whole number from 1 on"),
        (Failover, "at", None, "a number from 0"),
        (NodeLoss, "nodes", -1, "a whole number from 1 on"),
        (NodeLoss, "nodes", True, "a whole number from 1 on"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_name(
    kind: Any, name: str, value: Any, may_be: str
) -> None:
    given = {name: value} if name == "at" or kind in (Machines, Prices) else {"at": 1, name: value}
    with pytest.raises(
        ArenaError, match=f"^{name} of {kind.__name__} is {may_be}.*, not {value!r}$"
    ):
        kind(**given)


def test_what_costs_nothing_and_takes_no_time_may_be() -> None:
    Prices(worker=0, node=0, million_messages=0)
    Machines(message_overhead=0, base_latency=0, pausing=0, pause=0, broker_latency=0)
    Crash(np.float64(0), 0)


@pytest.mark.parametrize("given", [None, Workload(), 5])
def test_an_arena_is_of_a_load(given: Any) -> None:
    with pytest.raises(ArenaError, match=rf"load is .* not {type(given).__name__}"):
        Arena(given)


@pytest.mark.parametrize("faults", [None, "crash", Crash(1.0), (Crash,), (1.0,)])
def test_faults_are_some_of_three(faults: Any) -> None:
    with pytest.raises(ArenaError, match="faults is a tuple of Crash, Failover, NodeL"):
        Arena(load(town(1)), faults=faults)


def test_machines_and_prices_do_not_take_each_others_place() -> None:
    with pytest.raises(ArenaError, match=r"machines is Machines\(\), not Prices"):
        Arena(load(town(1)), Prices())  # type: ignore[arg-type]
    with pytest.raises(ArenaError, match=r"prices is Prices\(\), not None"):
        Arena(load(town(1)), prices=None)  # type: ignore[arg-type]
