"""The core rows of a broker's contract: each a promise, and the shortest scene that shows it kept.

Every broker makes these promises. `leases.py` has those about its
leases, and `capabilities.py` those that take more than the core verbs.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.contract.case import NO_EFFECT, NOT_COUNTED, Case, Worker
from pubsub_kit.checks.contract.leases import after_jam_alone_is_acked
from pubsub_kit.checks.contract.trial import Row, kept_in, listed, shown

#: What every broker has to keep.
CORE: list[Row] = []

AT_MOST_ONCE = "a pull is the end of it"
LONG_LEASE = "a longer lease is safer"
SHORT_LEASE = "a shorter lease is faster"
ONE_QUEUE = "one queue for all groups"
ONE_LOG = "one log for all topics"
A_COPY_EACH = "a copy for each worker"
STILL_THERE = "what is in flight can be pulled"
ONE_REDELIVERY = "one redelivery is enough"
LATE_ACKS = "a late ack counts"
ANYBODYS_ACK = "an ack is for the message, whoever holds it"
ACK_TWICE = "an ack counts every time"
CUMULATIVE = "an ack covers all before it"
NO_ORDER = "no order"
DEDUP = "the same words are the same message"
FROM_PUBLISH = "a lease runs from publish"
ONLY_ITS_HOLDER = "only its holder gets it again"
STOPPED_CLOCK = "no time passes"


# ── publish and pull ────────────────────────────────────────────────────────────────────────────


@kept_in(CORE)
def publish(case: Case) -> None:
    """What you publish reaches a subscriber unchanged."""
    worker = case.worker("w1")
    order = {"id": "o-1", "items": ["tea", 2, None]}
    case.publish("orders", order)
    worker.needs(order).is_first("the first delivery")


@kept_in(CORE)
def nothing_to_pull(case: Case) -> None:
    """A pull returns an empty list if there is nothing to hand out."""
    worker = case.worker("w1")
    worker.gets_nothing("nothing was published")
    case.publish("invoices", "an invoice")
    worker.gets_nothing("nothing was published to its topic", ONE_LOG)


@kept_in(CORE)
def in_turn(case: Case) -> None:
    """One worker gets messages in the order in which they were published."""
    worker = case.worker("w1")
    case.publish("orders", *range(12))
    seen = worker.drain()
    words = f"0 to 11 were published, and w1 got {listed(seen)}."
    case.expect(seen == [*range(12)], words, belief="" if len(seen) < 12 else NO_ORDER)


@kept_in(CORE)
def nobody_listens(case: Case) -> None:
    """Publishing to a topic without subscribers is no error."""
    case.publish("orders", "unheard")
    worker = case.worker("w1")
    worker.drain()
    case.publish("orders", "heard")
    worker.needs("heard").acks()


# ── groups ──────────────────────────────────────────────────────────────────────────────────────


@kept_in(CORE)
def fan_out(case: Case) -> None:
    """Every group gets every message."""
    groups = case.worker("biller"), case.worker("mailer", group="mail")
    case.publish("orders", "tea", "jam")
    seen = [each.drain() for each in groups]
    shared = ONE_QUEUE if [*seen[0], *seen[1]] == ["tea", "jam"] else ""
    for each, got in zip(groups, seen, strict=True):
        words = f"tea and jam were published, and {each.name}'s group got {listed(got)}."
        case.expect(got == ["tea", "jam"], words, belief=shared)


@kept_in(CORE)
def sharing(case: Case) -> None:
    """The workers of a group share its messages, so that each message goes to one of them."""
    workers = [case.worker("w1"), case.worker("w2")]
    case.publish("orders", *range(4))
    seen: list[Any] = []
    idle, twice = 0, None
    for turn in range(24):
        if (held := workers[turn % 2].pull()) is not None:
            if held.data in seen and twice is None:
                twice = len(case.trace) - 1
            seen.append(held.data)
            held.acks()
        idle = idle + 1 if held is None else 0
        if idle == 2:
            break
    belief = A_COPY_EACH if sorted(seen, key=shown) == [0, 0, 1, 1, 2, 2, 3, 3] else ""
    words = f"0 to 3 were published, and w1 and w2 together got {listed(seen)}."
    case.expect(sorted(seen, key=shown) == [*range(4)], words, twice, belief)


@kept_in(CORE)
def one_holder(case: Case) -> None:
    """While one worker holds a message, no other worker of its group gets it."""
    first, second = case.worker("w1"), case.worker("w2")
    case.publish("orders", "tea")
    holder, other = (first, second) if first.pull() is not None else (second, first)
    if holder is second:
        second.needs("tea")
    other.gets_nothing(f"{holder.name} holds it", STILL_THERE)
    holder.gets_nothing("it holds it, and there is no other", STILL_THERE)
    case.wait(case.lease / 2)
    other.gets_nothing(f"{holder.name} holds it, and its lease has not ended", SHORT_LEASE)


@kept_in(CORE)
def lease_from_the_pull(case: Case) -> None:
    """A lease begins with the pull, however long the message has waited."""
    first, second = case.worker("w1"), case.worker("w2")
    case.publish("orders", "tea")
    case.wait(case.lease * 0.6)
    first.needs("tea")
    case.wait(case.lease * 0.6)
    second.gets_nothing(f"w1 pulled it only {case.lease * 0.6:g} s ago", FROM_PUBLISH)


@kept_in(CORE)
def groups_apart(case: Case) -> None:
    """Groups do not wait for each other, so one that acks nothing holds up nobody."""
    slow, quick = case.worker("slow"), case.worker("quick", group="mail")
    case.publish("orders", "tea", "jam")
    slow.needs("tea")
    (first := quick.needs("tea")).is_first("the first delivery to quick's group")
    first.acks()
    seen = ["tea", *quick.drain()]
    words = f"tea and jam were published, and quick got {listed(seen)} while slow held tea."
    case.expect(seen == ["tea", "jam"], words)


@kept_in(CORE)
def topics_apart(case: Case) -> None:
    """Groups of the same name on two topics are two groups."""
    orders, bills = case.worker("w1"), case.worker("w2", topic="bills")
    case.publish("bills", "a bill")
    case.publish("orders", "tea")
    for each, due in ((orders, "tea"), (bills, "a bill")):
        seen = each.drain()
        case.expect(seen == [due], f"{each.name} reads {each.topic} and got {listed(seen)}.")


# ── ack, redelivery, and acks that come late ────────────────────────────────────────────────────


@kept_in(CORE)
def ack(case: Case) -> None:
    """An acked message is never delivered again."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").acks()
    worker.gets_nothing("it was acked", NO_EFFECT)
    case.lapse()
    case.worker("w2").gets_nothing("it was acked", NO_EFFECT)


@kept_in(CORE)
def ack_twice(case: Case) -> None:
    """Only the first ack of a delivery counts."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    held = worker.needs("tea")
    held.acks()
    held.refused("it had acked that before", belief=ACK_TWICE)


@kept_in(CORE)
def redelivery(case: Case) -> None:
    """A message that is not acked in time is redelivered, to any worker, as the next attempt."""
    lost = case.worker("w1")
    case.publish("orders", "tea")
    lost.needs("tea")
    case.lapse()
    heir = case.worker("w2")
    if (again := heir.pull()) is None:
        told, belief = len(case.trace) - 1, ""
        if case.virtual:
            case.wait(1_000 * case.lease)
            belief = LONG_LEASE if heir.pull() is not None else _gone(case, lost)
        lease = f"w1 let its lease of {case.lease:g} s pass"
        case.expect(False, f"{lease}, and then w2 pulled and got nothing.", told, belief)
        return
    words = f"w2 got {shown(again.data)}, but tea was due."
    case.expect(again.data == "tea", words)
    words = f"The redelivery is attempt {shown(again.attempt)}, not 2."
    case.expect(again.attempt == 2, words, belief=NOT_COUNTED)
    again.acks()
    case.lapse()
    case.worker("w3").gets_nothing("it was acked at its second attempt")


def _gone(case: Case, lost: Worker) -> str:
    if lost.pull() is not None:
        return ONLY_ITS_HOLDER
    return STOPPED_CLOCK if case.asked_once else AT_MOST_ONCE


@kept_in(CORE)
def redelivered_until_acked(case: Case) -> None:
    """A message that is not acked is redelivered as often as it takes."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    for attempt in (1, 2, 3):
        held = worker.needs("tea", ONE_REDELIVERY if attempt > 2 else AT_MOST_ONCE)
        words = f"Delivery {attempt} says that it is attempt {shown(held.attempt)}."
        case.expect(held.attempt == attempt, words, belief=NOT_COUNTED)
        case.lapse()
        worker = case.worker(f"w{attempt + 1}")
    worker.needs("tea", ONE_REDELIVERY).acks()


@kept_in(CORE)
def one_lost_of_many(case: Case) -> None:
    """A message that is not acked does not hold up those behind it forever."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "jam", "rye")
    worker.needs("tea").acks()
    worker.needs("jam")
    case.lapse()
    seen = case.worker("w2").drain()
    words = f"Of tea, jam and rye only tea was acked, and then w2 got {listed(seen)}."
    belief = AT_MOST_ONCE if seen == ["rye"] else ""
    case.expect(sorted(map(shown, seen)) == ["jam", "rye"], words, belief=belief)


@kept_in(CORE)
def ack_of_one(case: Case) -> None:
    """An ack is for one message, and not for those before it."""
    if (seen := after_jam_alone_is_acked(case)) is not None:
        words = f"w1 acked jam alone, and then w2 got {listed(seen)}: tea is lost."
        case.expect("tea" in seen, words, belief=CUMULATIVE)


@kept_in(CORE)
def late_ack(case: Case) -> None:
    """An ack after the lease has ended does not count, and does not take it from a new holder."""
    lost = case.worker("w1")
    case.publish("orders", "tea")
    late = lost.needs("tea")
    case.lapse()
    heir = case.worker("w2")
    again = heir.needs("tea", AT_MOST_ONCE)
    late.refused("its lease had ended, and w2 holds the message now", belief=ANYBODYS_ACK)
    again.acks("the late ack was somebody else's", ANYBODYS_ACK)
    case.lapse()
    case.worker("w3").gets_nothing("it was acked")


@kept_in(CORE)
def late_ack_unnoticed(case: Case) -> None:
    """An ack after the lease has ended does not count, even if nobody has pulled since."""
    lost = case.worker("w1")
    case.publish("orders", "tea")
    late = lost.needs("tea")
    case.lapse()
    late.refused("its lease had ended", belief=LATE_ACKS)
    case.worker("w2").needs("tea", LATE_ACKS).acks()


@kept_in(CORE)
def twins(case: Case) -> None:
    """Two messages with the same data are two messages."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "tea")
    first, second = worker.needs("tea"), worker.pull()
    first.acks()
    if second is not None:
        case.lapse()  # the second tea was in flight, and comes again
        case.worker("w2").needs("tea", DEDUP).acks()
    else:
        second = worker.needs("tea", DEDUP)
        second.acks()
    second.is_first("the first delivery of the second tea")
    worker.gets_nothing("both were acked")
