"""A run that waits in vain: which wait is unmet, and which step blocks it, read off the trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.blocked import Calls
from pubsub_kit.world.search.explore import Scenario, Violation, explore, replay, run_once
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.services import CallTimeout
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World
from tests.world.payments import FAULTS, MarkFirst, Transactional, paying

NETWORK = ("loss", "reply lost", "crash")


def nothing_wrong(_: World) -> Violation | None:
    return None


def run(scenario: Scenario, code: str = "-", until: float = 1_000.0) -> tuple[Trace, Violation]:
    """One run under a schedule, and what is wrong with it."""
    world, wrong = run_once(scenario, Schedule(code), NETWORK, until, 2_000)
    assert wrong is not None
    return world.trace, wrong


def words(trace: Trace, step: int | None) -> str:
    return "" if step is None else " ".join(str(trace[step]).split())


def calls(service: str, **payload: Any) -> Callable[[Any], Any]:
    """A handler that passes its request on, without a timeout."""

    async def handle(order: Any) -> Any:
        return await call(service, payload or order)

    return handle


def chain(world: World) -> None:
    """A client calls the shop, the shop stock, and stock the bank."""
    world.service("bank", latency=0.1)
    world.service("stock", calls("bank"), latency=0.1)
    world.service("shop", calls("stock"), latency=0.1)
    world.client("client", "shop")


# --- what is waited for, and why it does not come -------------------------------------------------

SHOP = "shop waits forever while handling order-0: it called stock at 0.1 s, and "
STOCK = "stock waits forever while handling order-0: it called bank at 0.2 s, and "


@pytest.mark.parametrize(
    ("code", "message", "waits", "blocks", "unmet"),
    [
        ("2l", SHOP + "that call was lost",
         "0.100s send shop → stock: order-0", "0.100s lose shop → stock: order-0 is lost ✗", 1),
        ("8r", SHOP + "stock's reply was lost at 0.3 s",
         "0.100s send shop → stock: order-0", "0.300s lose stock → shop: reply order-0 is lost ✗",
         1),
        ("4c", SHOP + "stock crashed at 0.2 s before it answered",
         "0.100s send shop → stock: order-0", "0.200s crash stock: crashes before calling bank ✗",
         1),
        ("5l", STOCK + "that call was lost. shop waits for stock",
         "0.200s send stock → bank: order-0", "0.200s lose stock → bank: order-0 is lost ✗", 2),
        ("7r", STOCK + "bank's reply was lost at 0.3 s. shop waits for stock",
         "0.200s send stock → bank: order-0", "0.300s lose bank → stock: reply order-0 is lost ✗",
         2),
    ],
)  # fmt: skip
def test_the_wait_at_the_root_is_told_with_the_step_that_blocks_it(
    code: str, message: str, waits: str, blocks: str, unmet: int
) -> None:
    trace, wrong = run(chain, code)
    assert (wrong.message, wrong.unmet) == (message, unmet)
    assert (words(trace, wrong.step), words(trace, wrong.blocker)) == (waits, blocks)


def test_two_services_that_call_each_other_are_a_deadlock() -> None:
    def scenario(world: World) -> None:
        world.service("shop", calls("stock"), workers=1, latency=0.1)
        world.service("stock", calls("shop", id="audit"), workers=1, latency=0.1)
        world.client("client", "shop")

    trace, wrong = run(scenario)
    assert wrong.message == (
        "shop waits forever while handling order-0: it called stock at 0.1 s, and stock called "
        "shop about audit at 0.2 s. So each waits for the other: a deadlock"
    )
    assert words(trace, wrong.step) == "0.100s send shop → stock: order-0"
    assert words(trace, wrong.blocker) == "0.200s send stock → shop: audit"


def test_three_in_a_circle_are_a_deadlock_too() -> None:
    def scenario(world: World) -> None:
        for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
            world.service(name, calls(other), workers=1, latency=0.1)
        world.client("client", "a")

    _, wrong = run(scenario)
    assert wrong.message.endswith("So each waits for the next: a deadlock")


def test_a_service_that_calls_itself_with_its_only_worker_is_a_deadlock() -> None:
    def scenario(world: World) -> None:
        world.service("shop", calls("shop"), workers=1)
        world.client("client", "shop")

    _, wrong = run(scenario)
    assert wrong.message.endswith("it called shop at 0 s, which has no other worker: a deadlock")


def test_a_call_in_a_queue_waits_for_whoever_keeps_the_worker() -> None:
    """The second order waits behind the first, whose own call is lost: that is the root."""

    def scenario(world: World) -> None:
        world.service("bank", latency=0.1)
        world.service("stock", calls("bank"), workers=1)
        world.service("shop", calls("stock"))
        world.client("client", "shop", count=2, every=0.01)
        world.at(0.005, world.partition, "stock", "bank")

    trace, wrong = run(scenario)
    assert wrong.message == (
        "stock waits forever while handling order-0: it called bank at 0 s, and bank's reply was "
        "lost at 0.1 s. shop waits for stock"
    )
    assert len(Calls(trace).waiting()) == wrong.unmet == 3
    second = Calls(trace).waiting()[2]
    assert trace[second.begin].text == "order-1"
    assert second.cause is not None
    assert trace[second.cause.step].kind == "lose"


def test_a_call_in_the_queue_of_a_service_that_crashes_is_gone() -> None:
    def scenario(world: World) -> None:
        world.service("stock", workers=1, latency=1.0)
        world.service("shop", calls("stock"))
        world.client("client", "shop", count=2, every=0.1, timeout=5.0)
        world.at(0.5, world.crash, "stock", 1.0)

    trace, wrong = run(scenario)
    waits = Calls(trace).waiting()
    assert [wait.cause and wait.cause.words for wait in waits] == [
        "stock crashed at 0.5 s before it answered",
        "stock crashed at 0.5 s with that call in its queue",
    ]
    assert wrong.unmet == 2


def test_what_was_answered_or_given_up_is_no_wait() -> None:
    async def shop(order: Any) -> None:
        await call("stock", order)
        try:
            await call("slow", order, timeout=1.0)
        except CallTimeout:
            await publish("orders", order, id="order")
        await call("stock", order)

    def scenario(world: World) -> None:
        world.topic("orders")
        world.service("stock", latency=0.1)
        world.service("slow", latency=100.0)
        world.service("shop", shop)
        world.client("client", "shop")
        world.at(1.15, world.partition, "shop", "stock")

    _, wrong = run(scenario)
    assert wrong.message == (
        "shop waits forever while handling order-0: it called stock at 1.1 s, and stock's reply "
        "was lost at 1.2 s"
    )


def test_a_handler_that_waits_for_no_call_says_so() -> None:
    async def sleeps_for_good(_: Event) -> None:
        await sleep(float("inf"))

    def scenario(world: World) -> None:
        world.topic("t")
        world.consumer("worker", lambda: sleeps_for_good, "t")
        world.publish("t", id="go")

    trace, wrong = run(scenario)
    assert wrong.message.endswith("while handling go: nothing is left that could wake it up")
    assert (words(trace, wrong.step), wrong.blocker) == ("0.000s begin worker: go", None)


@pytest.mark.parametrize("until", [100.0, 5_000.0])
def test_a_loop_over_a_link_that_is_cut_points_at_the_cut(until: float) -> None:
    async def shop(order: Any) -> Any:
        while True:
            try:
                return await call("stock", order, timeout=1.0)
            except CallTimeout:
                continue

    def scenario(world: World) -> None:
        world.service("stock", latency=0.1)
        world.service("shop", shop)
        world.client("client", "shop")
        world.at(0.05, world.partition, "shop", "stock")

    trace, wrong = run(scenario, until=until)
    assert wrong.belief == "never ends"
    assert "it has called stock " in wrong.message
    assert wrong.message.endswith("and their link has been cut since 0.05 s")
    assert words(trace, wrong.blocker) == "0.050s partition shop → stock: the link is cut ✗"


# --- of failures with equally many faults, the closest --------------------------------------------


def test_of_runs_that_wait_in_vain_the_one_that_came_closest_is_kept() -> None:
    """The shortest one loses the first call; the closest has done all but hear the last reply."""
    found = explore(chain, nothing_wrong, faults=NETWORK, max_faults=1)
    assert found.code == "8r"
    assert found.violation is not None
    assert len(found.trace) > len(run(chain, "2l")[0])


def test_more_waits_that_are_met_count_for_more_than_more_work() -> None:
    """A lost call to the bank leaves two waiting, so it is not the one that is shown."""
    found = explore(chain, nothing_wrong, faults=["loss"], max_faults=1)
    assert (found.code, found.violation and found.violation.unmet) == ("1l", 1)


def test_where_the_shortest_failure_waits_for_nothing_it_is_kept() -> None:
    def never_cheap(world: World) -> Violation | None:
        short = len(world.trace) < 12
        return Violation("too short", 0) if short and world.trace.faults() else None

    def scenario(world: World) -> None:
        world.service("bank", latency=0.1)
        world.service("shop", calls("bank"), latency=0.1)
        world.client("client", "shop")

    found = explore(scenario, never_cheap, faults=NETWORK, max_faults=1)
    assert found.violation is not None
    assert (found.violation.message, found.code) == ("too short", "0l")


# --- what never happened --------------------------------------------------------------------------


def sent(*steps: tuple[str, str, str, str, str]) -> Trace:
    """A trace of (kind, node, peer, message, text), a second apart."""
    return Trace([Step(float(i), *step) for i, step in enumerate(steps)])


def test_an_ack_that_came_too_early_is_to_blame() -> None:
    """A crash after the mark and before the charge: the redelivery finds the mark, and is acked."""
    world = replay(paying(MarkFirst, payments=("pay-1",)), "2c", faults=FAULTS)
    assert "charged pay-1" not in world.stores["ledger"].rows
    why = stopped_by(world.trace, "pay-1")
    assert why is not None
    assert why.words == "pay-1 was acked at 10 s: the broker has no more copies"
    assert words(world.trace, why.step) == "10.000s receive payments → billing-2: ack pay-1"


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([("send", "shop", "stock", "m1", "o-1"), ("lose", "shop", "stock", "m1", "o-1 is lost")],
         "o-1 was lost at 1 s"),
        ([("send", "shop", "stock", "m1", "o-1"), ("lose", "shop", "stock", "m1", "o-1 is lost"),
          ("send", "shop", "stock", "m2", "o-1"), ("receive", "stock", "shop", "m2", "o-1"),
          ("begin", "stock", "", "m2", "o-1"), ("crash", "stock", "", "", "its memory is gone")],
         "stock crashed at 5 s while handling o-1"),
        ([("send", "stock", "shop", "m1", "reply o-1"),
          ("lose", "stock", "shop", "m1", "reply o-1 is lost")],
         "the reply to o-1 was lost at 1 s"),
        ([("send", "shop", "t", "m1", "o-1"), ("receive", "t", "shop", "m1", "o-1"),
          ("lose", "t", "shop", "m1", "confirm of o-1 is lost")], None),
        ([("receive", "w", "t", "m1", "o-1"), ("crash", "w", "", "", "its memory is gone")],
         "w crashed at 1 s while handling o-1"),
        ([("receive", "t", "w", "m1", "ack o-1"), ("begin", "w", "", "m2", "o-1"),
          ("crash", "w", "", "", "")],
         "o-1 was acked at 0 s, before w crashed at 2 s: the broker has no more copies"),
        ([("begin", "w", "", "m2", "o-1"), ("end", "w", "", "m2", "failed: no stock")],
         "w gave up on o-1 at 1 s"),
        ([("note", "t", "", "", "o-1 goes to t.dead: no stock")],
         "o-1 goes to t.dead: no stock, at 0 s"),
        ([("begin", "w", "", "m2", "o-2"), ("crash", "w", "", "", "")], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_step_that_stopped_the_work_on_a_message_is_found(steps: Any, why: str | None) -> None:
    cause = stopped_by(sent(*steps), "o-1")
    assert (cause and cause.words) == why


def test_what_another_consumer_did_with_its_copy_does_not_count() -> None:
    trace = sent(
        ("begin", "mail", "", "m1", "o-1"),
        ("crash", "mail", "", "", ""),
        ("receive", "t", "index", "m2", "ack o-1"),
    )
    why = stopped_by(trace, "o-1", node="mail")
    assert why is not None
    assert why.words == "mail crashed at 1 s while handling o-1"


def test_of_a_message_that_was_handled_only_its_ack_can_be_told() -> None:
    world = replay(paying(Transactional, payments=("pay-1",)), "-", faults=FAULTS)
    why = stopped_by(world.trace, "pay-1")
    assert why is not None
    assert world.trace[why.step].text == "ack pay-1"
