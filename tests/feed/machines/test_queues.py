"""Queues of workers, held against a loop and against what queueing theory says of the mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.feed.machines.queues import Queues, lindley
from pubsub_kit.feed.people.network import Floats, Ints

times = st.floats(0, 1e4, allow_nan=False, width=32)
messages = st.lists(st.tuples(times, times, st.integers(0, 4)), max_size=60)


def one_after_another(arrival: Floats, service: Floats, queue: Ints) -> Floats:
    """The same, by a loop."""
    free: dict[float, float] = {}
    left = np.zeros(len(arrival))
    for i, (came, takes, line) in enumerate(zip(arrival, service, queue, strict=True)):
        left[i] = free[line] = max(came, free.get(line, 0.0)) + takes
    return left


@given(messages)
def test_departures_are_those_of_a_loop(given_: list[tuple[float, float, int]]) -> None:
    rows = sorted(given_, key=lambda row: row[0])
    arrival = np.array([row[0] for row in rows], dtype=np.float64)
    service = np.array([row[1] for row in rows], dtype=np.float64)
    queue = np.array([row[2] for row in rows], dtype=np.int64)
    left = Queues(queue).departures(arrival, service)
    assert left == pytest.approx(one_after_another(arrival, service, queue), rel=1e-9, abs=1e-6)


@given(messages)
def test_a_queue_serves_one_at_a_time_in_order_and_never_idles_with_work(
    given_: list[tuple[float, float, int]],
) -> None:
    arrival = np.sort(np.array([row[0] for row in given_], dtype=np.float64))
    service = np.array([row[1] for row in given_], dtype=np.float64)
    left = lindley(arrival, service)
    begin = left - service
    assert (begin >= arrival - 1e-6).all()
    assert (begin[1:] >= left[:-1] - 1e-6).all()
    waited = begin[1:] > arrival[1:] + 1e-6
    assert begin[1:][waited] == pytest.approx(left[:-1][waited])


def test_no_messages_are_no_departures() -> None:
    nothing = np.zeros(0)
    assert len(Queues(np.zeros(0, dtype=np.int64)).departures(nothing, nothing)) == 0


def mean_wait(rate: float, services: Floats) -> float:
    """Mean waiting of an M/G/1 queue, by Pollaczek and Khinchine, in seconds."""
    return float(rate * (services**2).mean() / (2 * (1 - rate * services.mean())))


@pytest.mark.parametrize("load", [0.3, 0.7, 0.85])
@pytest.mark.parametrize("kind", ["M/D/1", "M/M/1"])
def test_mean_waiting_is_that_of_pollaczek_and_khinchine(kind: str, load: float) -> None:
    rng, count = np.random.default_rng(5), 2_000_000
    arrival = np.cumsum(rng.exponential(1 / load, count))
    service = np.ones(count) if kind == "M/D/1" else rng.exponential(1.0, count)
    waited = lindley(arrival, service) - service - arrival
    second = 1.0 if kind == "M/D/1" else 2.0
    assert waited.mean() == pytest.approx(load * second / (2 * (1 - load)), rel=0.03)


def test_many_queues_are_independent_each_with_its_own_mean() -> None:
    rng, each = np.random.default_rng(6), 200_000
    loads = np.array([0.2, 0.5, 0.8] * 3)
    came = np.cumsum(rng.exponential(1.0, (9, each)) / loads[:, None], axis=1)
    order = np.argsort(came, axis=None)
    arrival, queue = came.ravel()[order], np.repeat(np.arange(9), each)[order]
    service = np.ones(len(arrival))
    waited = Queues(queue).departures(arrival, service) - service - arrival
    for load in (0.2, 0.5, 0.8):
        three = np.isin(queue, np.flatnonzero(loads == load))
        assert waited[three].mean() == pytest.approx(mean_wait(load, np.ones(1)), rel=0.03)
