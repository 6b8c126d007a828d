"""The world against queueing theory and plain probability: where a formula exists, it must agree."""

from __future__ import annotations

import math

import pytest

from pubsub_kit.retry import RetryPolicy
from pubsub_kit.world.chance import constant, exponential, sometimes
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, gather
from pubsub_kit.world.world import World


def waiting_time(trace: Trace, service: str) -> float:
    """Mean seconds from a request's arrival to the moment that a worker takes it up."""
    arrived, total, count = {}, 0.0, 0
    for step in trace:
        if step.kind == "receive" and step.node == service:
            arrived[step.message] = step.time
        elif step.kind == "begin" and step.node == service:
            total += step.time - arrived[step.message]
            count += 1
    return total / count


def erlang_c(servers: int, load: float) -> float:
    """Probability that an arrival waits in an M/M/c queue with this offered load (Erlang)."""
    tail = load**servers / math.factorial(servers) * servers / (servers - load)
    return tail / (sum(load**k / math.factorial(k) for k in range(servers)) + tail)


@pytest.mark.parametrize(("servers", "rate"), [(1, 10.0), (1, 14.0), (2, 26.0), (4, 60.0)])
def test_waiting_times_are_those_of_an_m_m_c_queue(servers: int, rate: float) -> None:
    service_time = 0.05
    world = World(seed=11)
    world.service("s", workers=servers, latency=exponential(service_time))
    world.client("c", "s", rate=rate, count=150_000)
    load = rate * service_time
    theory = erlang_c(servers, load) * service_time / (servers - load)
    assert waiting_time(world.run(), "s") == pytest.approx(theory, rel=0.03)


def test_one_slow_reply_in_a_hundred_slows_63_of_100_fan_outs() -> None:
    world = World(seed=3)
    world.service("leaf", latency=sometimes(1.0, 0.01, 0.01))

    async def root(_: object) -> None:
        await gather(*(call("leaf", i) for i in range(100)))

    world.service("root", root)
    world.client("c", "root", every=2.0, count=4_000)
    ends = [s.data["latency"] for s in world.run().of("end", node="c")]
    slow = 100 * sum(seconds > 0.5 for seconds in ends) / len(ends)
    assert slow == pytest.approx(100 * (1 - 0.99**100), abs=1)


@pytest.mark.parametrize(("links", "fails"), [(1, 0.1), (3, 0.05), (6, 0.02)])
def test_availability_multiplies_along_a_chain(links: int, fails: float) -> None:
    world = World(seed=5)
    for i in range(links):

        async def handler(order: object, following: str = f"s{i + 1}") -> object:
            return await call(following, order) if following in world.services else order

        world.service(f"s{i}", handler, fails=fails)
    world.client("c", "s0", every=1.0, count=20_000)
    ends = [s.data["ok"] for s in world.run().of("end", node="c")]
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


def test_a_constant_latency_adds_up_along_a_chain() -> None:
    world = World(latency=constant(0.01))

    async def first(order: object) -> object:
        return await call("second", order)

    world.service("first", first, latency=0.02)
    world.service("second", latency=0.03)
    world.client("c", "first")
    (end,) = world.run().of("end", node="c")
    assert end.data["latency"] == pytest.approx(0.02 + 0.03 + 4 * 0.01)
