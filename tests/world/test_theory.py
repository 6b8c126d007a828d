"""The world against queueing theory and plain probability: where a formula exists, it must agree.

Means of queues converge slowly. So most of these tests go in two steps: a world of some thousand
requests does exactly, request by request, what a recursion of three lines does; and the recursion,
fed with the world's own draws, meets the formula after a million of them.
"""

from __future__ import annotations

import heapq
import math
from itertools import pairwise

import pytest

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.world.chance import Seeded, constant, exponential, sometimes
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, gather
from pubsub_kit.world.world import World

SERVICE_TIME = 0.05
QUEUES = [(1, 10.0), (1, 14.0), (2, 26.0), (4, 60.0)]  # workers, requests a second


def erlang_wait(servers: int, rate: float, service_time: float) -> float:
    """Mean waiting time (seconds) in an M/M/c queue, by Erlang's C formula."""
    load = rate * service_time
    tail = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = tail / (sum(load**k / math.factorial(k) for k in range(servers)) + tail)
    return waits * service_time / (servers - load)


def starts(servers: int, arrivals: list[float], service_times: list[float]) -> list[float]:
    """When each request is taken up, first come, first served, by whoever is free first."""
    free, begun = [0.0] * servers, []
    for arrival, seconds in zip(arrivals, service_times, strict=True):
        begun.append(max(arrival, free[0]))
        heapq.heapreplace(free, begun[-1] + seconds)
    return begun


def times(trace: Trace, kind: str, node: str) -> dict[str, float]:
    """When a step of this kind happened at a node, by message, in order."""
    return {step.message: step.time for step in trace if step.kind == kind and step.node == node}


def queue(servers: int, rate: float, count: int, seed: int = 11) -> Trace:
    world = World(seed)
    world.service("s", workers=servers, latency=exponential(SERVICE_TIME))
    world.client("c", "s", rate=rate, count=count)
    return world.run()


@pytest.mark.parametrize(("servers", "rate"), QUEUES)
def test_every_request_is_taken_up_when_the_queue_of_theory_would(
    servers: int, rate: float
) -> None:
    trace = queue(servers, rate, count=5_000)
    arrived, begun, ended = (times(trace, kind, "s") for kind in ("receive", "begin", "end"))
    busy = [ended[message] - begun[message] for message in arrived]
    expected = starts(servers, list(arrived.values()), busy)
    assert [begun[message] for message in arrived] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("servers", "rate"), QUEUES)
def test_waiting_times_of_such_a_queue_are_erlangs(servers: int, rate: float) -> None:
    chance, gap, work = Seeded(5), exponential(1 / rate), exponential(SERVICE_TIME)
    arrivals, now = [], 0.0
    for _ in range(600_000):
        now += gap(chance)
        arrivals.append(now)
    begun = starts(servers, arrivals, [work(chance) for _ in arrivals])
    mean = sum(b - a for a, b in zip(arrivals, begun, strict=True)) / len(begun)
    assert mean == pytest.approx(erlang_wait(servers, rate, SERVICE_TIME), rel=0.03)


def test_a_client_at_a_rate_is_a_poisson_process() -> None:
    arrived = list(times(queue(servers=4, rate=60.0, count=20_000), "receive", "s").values())
    gaps = [b - a for a, b in pairwise(arrived)]
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert mean == pytest.approx(1 / 60, rel=0.02)
    assert spread == pytest.approx(mean, rel=0.03)  # as only an exponential has it


SLOW = sometimes(1.0, 0.01, 0.01)  # one reply in a hundred takes a second, the others 10 ms


def test_a_fan_out_is_as_slow_as_the_slowest_of_its_calls() -> None:
    world = World(seed=3)
    world.service("leaf", latency=SLOW)

    async def root(_: object) -> None:
        await gather(*(call("leaf", i) for i in range(100)))

    world.service("root", root)
    world.client("c", "root", every=2.0, count=300)
    trace = world.run()
    slow = {int(step.time / 2) for step in trace.of("end", node="leaf") if step.time % 2 > 0.5}
    ends = [step.data["latency"] for step in trace.of("end", node="c")]
    assert ends == pytest.approx([1.0 if i in slow else 0.01 for i in range(300)])
    assert 100 < len(slow) < 250


def test_one_slow_reply_in_a_hundred_slows_63_of_100_fan_outs() -> None:
    chance, fan_outs = Seeded(3), 30_000
    slow = sum(max(SLOW(chance) for _ in range(100)) == 1.0 for _ in range(fan_outs))
    assert 100 * slow / fan_outs == pytest.approx(100 * (1 - 0.99**100), abs=1)


@pytest.mark.parametrize(("links", "fails"), [(1, 0.1), (3, 0.05), (6, 0.02)])
def test_availability_multiplies_along_a_chain(links: int, fails: float) -> None:
    world = World(seed=5)
    for i in range(links):

        async def handler(order: object, following: str = f"s{i + 1}") -> object:
            return await call(following, order) if following in world.services else order

        world.service(f"s{i}", handler, fails=fails)
    world.client("c", "s0", every=1.0, count=5_000)
    ends = [step.data["ok"] for step in world.run().of("end", node="c")]
    assert sum(ends) / len(ends) == pytest.approx((1 - fails) ** links, abs=0.01)


def test_four_attempts_at_each_of_three_layers_are_64_at_the_bottom() -> None:
    world = World()
    retry = RetryPolicy(base=0.01, attempts=4)
    for upper, lower in [("top", "middle"), ("middle", "low"), ("low", "bottom")]:

        async def handler(order: object, lower: str = lower) -> object:
            return await call(lower, order, retry=retry)

        world.service(upper, handler)
    world.service("bottom", fails=1.0)
    world.client("c", "top")
    trace = world.run()
    assert len(trace.of("begin", node="bottom")) == 4**3


def test_latencies_add_up_along_a_chain() -> None:
    world = World(latency=constant(0.01))

    async def first(order: object) -> object:
        return await call("second", order)

    world.service("first", first, latency=0.02)
    world.service("second", latency=0.03)
    world.client("c", "first")
    (end,) = world.run().of("end", node="c")
    assert end.data["latency"] == pytest.approx(0.02 + 0.03 + 4 * 0.01)
