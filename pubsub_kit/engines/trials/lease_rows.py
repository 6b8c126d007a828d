"""Rows about one delivery: given back, too late, lost with its worker, or failed too often."""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.contract.case import Held, Worker
from pubsub_kit.checks.contract.trial import Broken, Row, kept_in, listed, shown
from pubsub_kit.engines.trials.stage import EngineCase

#: How a delivery is settled, or is not.
SETTLING: list[Row] = []

POISON = {"id": "o-1", "item": "poison"}


def eventually(case: EngineCase, worker: Worker, data: Any, within: float) -> Held:
    """Pull until this event comes, for so many seconds."""
    for _ in range(max(1, round(within / 0.25))):
        if (held := worker.pull()) is not None:
            case.expect(held.data == data, f"{worker.name} got {shown(held.data)}.")
            return held
        case.wait(0.25)
    words = f"{worker.name} pulled for {within:g} s and got nothing, but {shown(data)} was due."
    raise Broken(words, len(case.trace) - 1)


@kept_in(SETTLING)
def nack(case: EngineCase) -> None:
    """A nacked event is redelivered before its lease would have ended."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").counts("nack", 0)
    again = eventually(case, worker, "tea", case.lease / 2)
    again.acks()
    worker.gets_nothing("it was acked")


@kept_in(SETTLING)
def attempts(case: EngineCase) -> None:
    """The engine counts attempts: the redelivery after a nack says that it is the second."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    first = worker.needs("tea")
    first.counts("nack", 0)
    again = eventually(case, worker, "tea", case.lease)
    again.acks()
    said = [first.attempt, again.attempt]
    case.expect(said == [1, 2], f"The deliveries say that they are attempts {listed(said)}.")


@kept_in(SETTLING)
def nack_with_delay(case: EngineCase) -> None:
    """An event that is nacked with a delay is not redelivered before the delay has passed."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").counts("nack", case.lease)
    case.wait(case.lease / 2)
    worker.gets_nothing(f"it was nacked for {case.lease:g} s, and half of that has passed")
    eventually(case, worker, "tea", case.lease + 2).acks()


@kept_in(SETTLING)
def slow_worker(case: EngineCase) -> None:
    """What a worker holds too long is redelivered, though the worker is alive and goes on."""
    slow, other = case.worker("slow"), case.worker("other")
    case.publish("orders", "tea")
    if slow.pull() is None:
        other.needs("tea")
    case.lapse()
    for worker in (slow, other, slow, other):
        if (held := worker.pull()) is not None:
            held.acks()
            return
    words = f"{case.lease:g} s passed without an ack, and nobody got tea again."
    case.expect(False, words)


@kept_in(SETTLING)
def gone_worker(case: EngineCase) -> None:
    """What a worker holds when it leaves goes to another, at the latest when the lease ends."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea")
    case.asked("w1", "close()", worker.end.close)
    heir = case.worker("w2")
    eventually(case, heir, "tea", case.lease + 2).acks()
    heir.gets_nothing("it was acked")


@kept_in(SETTLING)
def late_ack_takes_nothing(case: EngineCase) -> None:
    """A late ack leaves the new holder's lease alone: if that one crashes, a third gets the event.

    What the late ack returns is another row's matter.
    """
    lost = case.worker("w1")
    case.publish("orders", "tea")
    late = lost.needs("tea")
    case.lapse()
    case.worker("w2").needs("tea")
    late.tell("ack")
    case.lapse()
    third = case.worker("w3")
    if third.pull() is None and lost.pull() is None:
        words = "w1's late ack ended w2's lease: w2 crashed, and tea was never redelivered."
        case.expect(False, words)


@kept_in(SETTLING)
def extend(case: EngineCase) -> None:
    """A worker that asks for a lease anew before its own ends keeps the event for so long."""
    slow, other = case.worker("slow"), case.worker("other")
    case.publish("orders", "tea")
    held = slow.pull()
    rest = other if held is not None else slow
    held = held or other.needs("tea")
    case.wait(case.lease / 2)
    held.counts("extend", case.lease)
    case.wait(0.6 * case.lease)
    rest.gets_nothing("the lease was extended")
    held.acks()


@kept_in(SETTLING)
def dead_letter(case: EngineCase) -> None:
    """An event that fails max_deliveries times goes to the dead letters; those behind it go on."""
    most = case.venue.deliveries
    clerk = case.worker("clerk", "orders.dead", "clerks")
    worker = case.worker("w1", max_deliveries=most)
    case.publish("orders", POISON, "tea")
    seen: list[Any] = []
    for _ in range(4 * most):
        if (held := worker.pull()) is None:
            if seen.count(POISON) >= most and "tea" in seen:
                break
            continue
        seen.append(held.data)
        held.counts("nack", 0) if held.data == POISON else held.acks()
    words = f"max_deliveries is {most}, and w1 got the poison {seen.count(POISON)} times."
    case.expect(seen.count(POISON) == most, words)
    case.expect(seen.count("tea") == 1, f"w1 got {listed(seen)}: tea was due once.")
    eventually(case, clerk, POISON, case.lease + 2).acks()
    clerk.gets_nothing("only one event died")
