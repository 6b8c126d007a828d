"""Services and calls: who waits for whom, how long, and what the caller can know."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.breaker import Breaker
from pubsub_kit.world.chance import Schedule, uniform
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.services import CallError, CallFailed, CallRefused, CallTimeout
from pubsub_kit.world.verbs import call, gather, sleep
from pubsub_kit.world.world import World


def outcome(world: World, code: Callable[[], Awaitable[Any]], at: float = 0.0) -> list[Any]:
    """Run code on a node of its own from a moment on; returns [when it was done, what came]."""
    seen: list[Any] = []

    async def task() -> None:
        await sleep(at)
        try:
            came = await code()
        except CallError as error:
            came = error
        seen.extend([world.now, came])

    world.spawn(task(), "caller")
    world.run()
    return seen


def kinds(world: World, node: str) -> list[str]:
    return [step.kind for step in world.trace if step.node == node]


# --- one call -------------------------------------------------------------------------------------


def test_a_call_brings_the_handlers_reply() -> None:
    world = World(latency=0.1)
    world.service("double", lambda n: 2 * n, latency=0.3)
    assert outcome(world, lambda: call("double", 21)) == [pytest.approx(0.5), 42]


def test_a_service_without_a_handler_answers_with_what_it_was_sent() -> None:
    world = World()
    world.service("echo")
    assert outcome(world, lambda: call("echo", {"id": "a"})) == [0.0, {"id": "a"}]


def test_a_handler_may_be_a_coroutine_a_class_or_a_factory() -> None:
    class Counter:
        def __init__(self) -> None:
            self.count = 0

        async def handle(self, _: object) -> int:
            self.count += 1
            return self.count

    async def coroutine(n: int) -> int:
        await sleep(1)
        return n + 1

    world = World()
    world.service("coroutine", coroutine)
    world.service("class", Counter)
    world.service("factory", lambda: Counter())
    calls = [("coroutine", 1), ("class", 0), ("class", 0), ("factory", 0)]

    async def all_of_them() -> list[Any]:
        return [await call(*one) for one in calls]

    assert outcome(world, all_of_them) == [1.0, [2, 1, 2, 1]]


def test_two_nodes_share_no_memory() -> None:
    kept: list[Any] = []

    def keep(order: dict[str, Any]) -> dict[str, Any]:
        kept.append(order)
        order["items"].append("by the service")
        return order

    order: dict[str, Any] = {"items": ["tea"]}
    world = World()
    world.service("shop", keep)
    _, reply = outcome(world, lambda: call("shop", order))
    reply["items"].append("by the caller")
    assert order == {"items": ["tea"]}
    assert kept == [{"items": ["tea", "by the service"]}]


def test_a_call_waits_for_ever_unless_it_has_a_timeout() -> None:
    world = World()
    world.service("stock", latency=3_600)
    assert outcome(world, lambda: call("stock"))[0] == 3_600


# --- timeouts -------------------------------------------------------------------------------------


def test_a_caller_that_gives_up_cannot_know_and_the_work_goes_on() -> None:
    world = World()
    done: list[float] = []
    world.service("charge", lambda _: done.append(world.now), latency=2.0)
    when, error = outcome(world, lambda: call("charge", "ann", timeout=0.5))
    assert when == 0.5
    assert isinstance(error, CallTimeout)
    assert str(error) == "no reply from charge within 0.5 s"
    assert done == [2.0]
    assert [step.text for step in world.trace.of("timeout")] == ["no reply to ann within 0.5 s"]


def test_a_late_reply_is_ignored() -> None:
    world = World()
    world.service("stock", lambda n: n, latency=uniform(2.0, 2.0))

    async def impatient() -> list[Any]:
        with pytest.raises(CallTimeout):
            await call("stock", "first", timeout=1.0)
        return [await call("stock", "second")]

    assert outcome(world, impatient) == [3.0, ["second"]]
    late = [step.time for step in world.trace.of("receive", node="caller")]
    assert late == [2.0, 3.0]


def test_a_reply_at_the_very_moment_of_the_timeout_is_too_late() -> None:
    """The timer was set first: of two things at one moment, the first planned comes first."""
    world = World()
    world.service("stock", latency=1.0)
    assert isinstance(outcome(world, lambda: call("stock", timeout=1.0))[1], CallTimeout)


@pytest.mark.parametrize("timeout", [-1, math.nan, "1"])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    world = World()
    world.service("stock")
    with pytest.raises(WorldError, match="takes a number of seconds"):
        outcome(world, lambda: call("stock", timeout=timeout))


# --- failing, refusing ----------------------------------------------------------------------------


def test_a_handler_that_raises_fails_the_call_with_its_message() -> None:
    def broken(_: object) -> None:
        raise ValueError("no such tea")

    world = World()
    world.service("stock", broken)
    error = outcome(world, lambda: call("stock"))[1]
    assert isinstance(error, CallFailed)
    assert str(error) == "stock failed: no such tea"
    assert [step.text for step in world.trace.of("end", node="stock")] == ["failed: no such tea"]


def test_an_exception_without_words_is_named_by_its_type() -> None:
    def broken(_: object) -> None:
        raise KeyError

    world = World()
    world.service("stock", broken)
    assert str(outcome(world, lambda: call("stock"))[1]) == "stock failed: KeyError"


def test_a_service_fails_at_its_rate() -> None:
    world = World(seed=4)
    world.service("moody", fails=0.3)
    world.client("c", "moody", every=1.0, count=4_000)
    failed = sum(not step.data["ok"] for step in world.run().of("end", node="c"))
    assert failed / 4_000 == pytest.approx(0.3, abs=0.02)


def test_a_service_that_is_down_refuses_at_once() -> None:
    world = World()
    world.service("stock")
    world.crash("stock")
    when, error = outcome(world, lambda: call("stock"))
    assert (when, str(error)) == (0.0, "stock is down")
    assert isinstance(error, CallRefused)
    assert world.trace.of("begin") == []


def test_a_worker_takes_one_request_at_a_time_first_come_first_served() -> None:
    world = World()
    world.service("stock", workers=2, latency=1.0)
    world.client("c", "stock", count=5)
    begun = [(step.time, step.text) for step in world.run().of("begin", node="stock")]
    assert begun == [
        (0.0, "order-0"),
        (0.0, "order-1"),
        (1.0, "order-2"),
        (1.0, "order-3"),
        (2.0, "order-4"),
    ]


def test_a_service_without_a_bound_takes_all_at_once() -> None:
    world = World()
    world.service("stock", latency=1.0)
    world.client("c", "stock", count=100)
    assert {step.time for step in world.run().of("end", node="stock")} == {1.0}


def test_a_full_queue_refuses() -> None:
    world = World()
    world.service("stock", workers=1, queue=2, latency=1.0)
    world.client("c", "stock", count=5)
    ends = [step.data["ok"] for step in world.run().of("end", node="c")]
    assert ends.count(True) == 3
    refused = [step.text for step in world.trace if step.kind == "receive" and step.node == "c"][:2]
    assert refused == ["refusal (the queue of stock is full)"] * 2


def test_a_reply_that_is_lost_reads_as_a_sentence_whatever_it_said() -> None:
    world = World(chance=Schedule("1r"), faults={"loss": 0.0, "reply lost": 0.0})
    world.service("stock")
    world.crash("stock")
    world.client("c", "stock", timeout=1.0)
    (lost,) = world.run().of("lose")
    assert lost.text == "refusal (stock is down) is lost"


def test_a_queue_of_zero_means_that_nobody_waits() -> None:
    world = World()
    world.service("stock", workers=1, queue=0, latency=1.0)
    world.client("c", "stock", count=2)
    assert [step.data["ok"] for step in world.run().of("end", node="c")] == [False, True]


def test_a_failed_request_frees_its_worker() -> None:
    world = World()
    world.service("stock", workers=1, fails=1.0, latency=1.0)
    world.client("c", "stock", count=3)
    assert [step.time for step in world.run().of("end", node="c")] == [1.0, 2.0, 3.0]


def test_a_slowed_service_takes_longer_until_it_is_set_right() -> None:
    world = World()
    world.service("stock", latency=1.0)
    world.at(10, world.slow, "stock", 5)
    world.at(20, world.slow, "stock", 1)
    world.client("c", "stock", every=10.0, count=3)
    took = [step.data["latency"] for step in world.run().of("end", node="c")]
    assert took == [1.0, 5.0, 1.0]
    assert [step.text for step in world.trace.of("note")] == [
        "takes 5 times as long",
        "is back to normal speed",
    ]


# --- retries --------------------------------------------------------------------------------------


def test_a_call_is_tried_again_with_growing_pauses() -> None:
    world = World()
    world.service("stock", fails=1.0)
    policy = RetryPolicy(base=1.0, factor=2.0, jitter=None, attempts=4)
    when, error = outcome(world, lambda: call("stock", retry=policy))
    assert [step.time for step in world.trace.of("begin")] == [0.0, 1.0, 3.0, 7.0]
    assert (when, type(error)) == (7.0, CallFailed)
    assert world.trace.of("retry")[0].text == ("retries in 1.00 s: stock failed: a random failure")


def test_jitter_spreads_retries_and_stays_below_the_policys_bound() -> None:
    world = World(seed=2)
    world.service("stock", fails=1.0)
    policy = RetryPolicy(base=1.0, attempts=2)
    world.client("c", "stock", count=200, retry=policy)
    again = [step.time for step in world.run().of("begin") if step.time > 0]
    assert len(set(again)) == 200
    assert 0 < min(again) < 0.1
    assert 0.9 < max(again) <= 1.0


def test_a_success_ends_the_retries() -> None:
    world = World()
    tries: list[int] = []

    def third_time_lucky(_: object) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("busy")
        return "ok"

    world.service("stock", third_time_lucky)
    assert outcome(world, lambda: call("stock", retry=RetryPolicy(attempts=9)))[1] == "ok"
    assert len(tries) == 3


def test_a_policy_without_a_bound_never_gives_up() -> None:
    world = World()
    world.service("stock", lambda _: "at last")
    world.crash("stock", restart_after=60.0)
    policy = RetryPolicy(base=1.0, cap=1.0, jitter=None)
    assert outcome(world, lambda: call("stock", retry=policy)) == [60.0, "at last"]


def test_a_policy_of_one_attempt_tries_once() -> None:
    world = World()
    world.service("stock", fails=1.0)
    outcome(world, lambda: call("stock", retry=RetryPolicy(attempts=1)))
    assert len(world.trace.of("begin")) == 1
    assert world.trace.of("retry") == []


# --- circuit breaker ------------------------------------------------------------------------------


def test_a_breaker_opens_after_failures_in_a_row_and_refuses_at_once() -> None:
    breaker = Breaker(failures=2, reset=10.0)
    assert [breaker.failed(0.0), breaker.state] == [False, "closed"]
    assert not breaker.succeeded(0.0)
    assert [breaker.failed(1.0), breaker.failed(2.0), breaker.state] == [False, True, "open"]
    assert not breaker.allows(11.9)


def test_a_breaker_tries_one_call_after_its_reset() -> None:
    breaker = Breaker(failures=1, reset=10.0)
    breaker.failed(0.0)
    assert [breaker.allows(10.0), breaker.state, breaker.allows(10.0)] == [True, "half-open", False]
    assert breaker.failed(10.5)
    assert [breaker.state, breaker.allows(20.0), breaker.allows(20.5)] == ["open", False, True]
    assert breaker.succeeded(20.6)
    assert [breaker.state, breaker.allows(20.7)] == ["closed", True]


@pytest.mark.parametrize(("failures", "reset"), [(0, 1.0), (1, 0.0), (1, math.nan)])
def test_a_breaker_needs_a_failure_and_some_seconds(failures: int, reset: float) -> None:
    with pytest.raises(PubSubKitError, match="at least 1 failure"):
        Breaker(failures, reset)


def test_a_breaker_saves_a_dead_service_from_calls() -> None:
    breaker = Breaker(failures=3, reset=10.0)
    world = World()
    world.service("stock")
    world.crash("stock", restart_after=25.0)
    world.client("c", "stock", every=1.0, count=40, breaker=breaker)
    trace = world.run()
    sent = [step.time for step in trace.of("send", node="c")]
    assert sent[:5] == [0.0, 1.0, 2.0, 12.0, 22.0]
    assert sent[5] == 32.0
    assert [(step.time, step.text) for step in trace.of("breaker")] == [
        (2.0, "opens"),
        (12.0, "opens"),
        (22.0, "opens"),
        (32.0, "closes"),
    ]
    assert len(sent) == 5 + 8


def test_an_open_breaker_is_a_refusal() -> None:
    breaker = Breaker(failures=1)
    breaker.failed(0.0)
    world = World()
    world.service("stock")
    error = outcome(world, lambda: call("stock", breaker=breaker))[1]
    assert isinstance(error, CallRefused)
    assert str(error) == "the circuit breaker to stock is open"


# --- links ----------------------------------------------------------------------------------------


def test_a_lost_request_is_never_begun_and_a_lost_reply_is_work_done() -> None:
    for lossy, begun in [("request", 0), ("reply", 1)]:
        world = World(faults={"loss" if lossy == "request" else "reply lost": 1.0})
        world.service("stock")
        assert isinstance(outcome(world, lambda: call("stock", timeout=1.0))[1], CallTimeout)
        assert len(world.trace.of("begin")) == begun
        (lost,) = world.trace.of("lose")
        assert lost.fault
        assert lost.node == ("caller" if lossy == "request" else "stock")


def test_a_duplicated_request_is_done_twice_and_answered_twice() -> None:
    world = World(faults={"duplicate": 1.0})
    world.service("stock", lambda n: n)
    assert outcome(world, lambda: call("stock", 5))[1] == 5
    assert len(world.trace.of("begin")) == 2
    assert len({step.message for step in world.trace.of("begin")}) == 1


def test_a_delayed_request_comes_after_the_caller_has_given_up() -> None:
    world = World(faults={"delay": 1.0}, pause_for=30.0)
    world.service("stock")
    assert isinstance(outcome(world, lambda: call("stock", timeout=1.0))[1], CallTimeout)
    assert [step.time for step in world.trace.of("begin")] == [30.0]


def test_a_link_has_a_latency_and_a_loss_of_its_own() -> None:
    world = World(seed=1, latency=0.1)
    for name in ("near", "far", "lossy"):
        world.service(name)
        world.client(f"c-{name}", name, every=5.0, count=500, timeout=4.0)
    world.link("c-far", "far", latency=1.0)
    world.link("c-lossy", "lossy", loss=0.2)
    trace = world.run()

    def ends(client: str) -> list[Any]:
        return [step.data for step in trace.of("end", node=client)]

    assert {round(end["latency"], 6) for end in ends("c-near")} == {0.2}
    assert {round(end["latency"], 6) for end in ends("c-far")} == {2.0}
    answered = sum(end["ok"] for end in ends("c-lossy")) / 500
    assert answered == pytest.approx(0.8**2, abs=0.06)


def test_a_reliable_link_suffers_no_fault_of_the_world() -> None:
    world = World(faults={"loss": 1.0, "reply lost": 1.0})
    world.service("stock", lambda _: "safe")
    world.link("caller", "stock", reliable=True)
    assert outcome(world, lambda: call("stock"))[1] == "safe"


def test_a_partition_cuts_a_link_both_ways_until_it_is_repaired() -> None:
    world = World(latency=0.1)
    world.service("stock")
    world.service("other")
    world.client("c", "stock", every=1.0, count=4, timeout=0.5)
    world.client("d", "other", every=1.0, count=4, timeout=0.5)
    world.at(0.95, world.partition, "stock", "c")
    world.at(2.95, world.repair, "c", "stock")
    trace = world.run()
    assert [step.data["ok"] for step in trace.of("end", node="c")] == [True, False, False, True]
    assert all(step.data["ok"] for step in trace.of("end", node="d"))
    assert [(s.kind, s.node, s.peer) for s in trace.of("partition", "repair")] == [
        ("partition", "stock", "c"),
        ("repair", "c", "stock"),
    ]


def test_what_is_on_its_way_when_a_link_is_cut_arrives() -> None:
    world = World(latency=0.1)
    world.service("stock")
    world.client("c", "stock", timeout=5.0)
    world.at(0.05, world.partition, "c", "stock")
    trace = world.run()
    assert len(trace.of("begin", node="stock")) == 1  # the request arrives, its reply does not
    assert [step.node for step in trace.of("lose")] == ["stock"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"speed": 1}, "no 'speed'"), ({"loss": 2}, "probability"), ({"latency": -1}, "seconds")],
)
def test_a_link_knows_what_it_can_have(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PubSubKitError, match=words):
        World().link("a", "b", **changes)


def test_a_link_to_nowhere_is_an_error_when_the_world_runs() -> None:
    world = World()
    world.service("stock")
    world.link("shop", "stok", loss=0.5)
    world.client("shop", "stock")
    with pytest.raises(WorldError, match="no node 'stok'; this world has stock, shop"):
        world.run()
    world.end_tasks()


# --- gather ---------------------------------------------------------------------------------------


def test_gather_runs_calls_at_once_and_keeps_their_order() -> None:
    world = World()
    for name, latency in [("slow", 3.0), ("fast", 1.0)]:
        world.service(name, lambda _, name=name: name, latency=latency)
    assert outcome(world, lambda: gather(call("slow"), call("fast"))) == [3.0, ["slow", "fast"]]
    assert outcome(World(), lambda: gather()) == [0.0, []]


def test_gather_lets_all_finish_and_then_raises_the_first_error() -> None:
    world = World()
    world.service("slow", lambda _: "done", latency=3.0)
    world.service("bad", fails=1.0, latency=1.0)
    when, error = outcome(world, lambda: gather(call("slow"), call("bad")))
    assert (when, str(error)) == (3.0, "bad failed: a random failure")


# --- clients --------------------------------------------------------------------------------------


def test_a_client_calls_at_its_pace_from_its_start_on() -> None:
    world = World()
    world.service("stock")
    world.client("c", "stock", every=2.0, count=3, start=1.0, payload=lambda i: f"p{i}")
    sent = [(step.time, step.text) for step in world.run().of("send", node="c")]
    assert sent == [(1.0, "p0"), (3.0, "p1"), (5.0, "p2")]


def test_a_client_says_how_each_request_ended() -> None:
    world = World()
    world.service("stock", latency=0.25)
    world.client("c", "stock")
    (end,) = world.run().of("end", node="c")
    assert end.text == "order-0 answered after 250 ms"
    assert end.data == {"latency": 0.25, "ok": True}


# --- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": 0}, "has 0 workers: give 1 or more, or None"),
        ({"queue": -1}, "a queue of -1: give 0 or more, or None"),
        ({"fails": 1.5}, "probability, a number from 0 to 1"),
        ({"latency": -1}, "seconds, a finite number from 0 up"),
        ({"handler": 7}, "7 can't handle messages"),
        ({"handler": lambda a, b: None}, "takes 2 arguments: a handler takes one"),
    ],
)
def test_a_service_that_cannot_be_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(PubSubKitError, match=words):
        World().service("stock", **options)


def test_a_handler_with_a_yield_would_never_run() -> None:
    async def handler(_: object) -> Any:
        yield 1

    with pytest.raises(WorldError, match="contains a yield"):
        World().service("stock", handler)


def test_two_things_of_one_name_are_refused() -> None:
    world = World()
    world.service("stock")
    world.topic("orders")
    with pytest.raises(WorldError, match="already has a 'stock'"):
        world.service("stock")
    with pytest.raises(WorldError, match="already has a 'stock'"):
        world.consumer("stock", lambda event: None, "orders")


@pytest.mark.parametrize(
    "act",
    [
        lambda world: world.slow("stok", 2),
        lambda world: world.slow("stock", 0),
        lambda world: world.slow("stock", math.nan),
        lambda world: world.crash("stok"),
        lambda world: world.restart("stok"),
        lambda world: world.partition("stock", "stok"),
        lambda world: world.repair("stok", "stock"),
        lambda world: world.crash("stock", restart_after=-1),
        lambda world: world.client("c", "stock", rate=0),
        lambda world: world.client("c", "stock", count=-1),
        lambda world: world.at(-1, print),
        lambda world: world.at(math.nan, print),
        lambda world: world.run(until=-1),
        lambda world: world.run(until=math.nan),
    ],
)
def test_what_a_world_cannot_do_is_one_sentence(act: Callable[[World], None]) -> None:
    world = World()
    world.service("stock")
    with pytest.raises(WorldError) as error:
        act(world)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) > 15


def test_an_unknown_service_is_named_with_those_there_are() -> None:
    world = World()
    world.service("stock")
    with pytest.raises(WorldError, match="no service 'stok' to call; this world has stock"):
        outcome(world, lambda: call("stok"))
