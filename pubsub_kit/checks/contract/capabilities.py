"""Rows for what some brokers can and others cannot; each row names the capabilities it needs."""

from __future__ import annotations

from pubsub_kit.checks.contract.case import Case
from pubsub_kit.checks.contract.trial import Row, kept_in, listed, shown

#: What a broker has to keep if it has what a row needs.
CAPABILITIES: list[Row] = []


# ── nack and extend ─────────────────────────────────────────────────────────────────────────────


@kept_in(CAPABILITIES, "nack")
def nack(case: Case) -> None:
    """A nacked message is redelivered, as the next attempt."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").counts("nack", 0)
    again = worker.needs("tea")
    words = f"The redelivery after a nack is attempt {shown(again.attempt)}, not 2."
    case.expect(again.attempt == 2, words)
    again.acks()
    worker.gets_nothing("it was acked")


@kept_in(CAPABILITIES, "nack")
def nack_with_delay(case: Case) -> None:
    """A message that is nacked with a delay is not redelivered before that has passed."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").counts("nack", 5)
    worker.gets_nothing("it was nacked for 5 s")
    case.wait(4)
    worker.gets_nothing("it was nacked for 5 s, and 4 s have passed")
    case.wait(1)
    worker.needs("tea").acks()


@kept_in(CAPABILITIES, "nack")
def nack_counts_once(case: Case) -> None:
    """A nacked delivery is over: neither its ack nor another nack counts."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    held = worker.needs("tea")
    held.counts("nack", 0)
    held.refused("it was nacked before")
    held.refused("it was nacked before", "nack", 0)
    worker.needs("tea").acks()


@kept_in(CAPABILITIES, "nack")
def late_nack(case: Case) -> None:
    """A nack after the lease has ended does not count, and takes nothing from the new holder."""
    lost = case.worker("w1")
    case.publish("orders", "tea")
    late = lost.needs("tea")
    case.lapse()
    heir = case.worker("w2")
    again = heir.needs("tea")
    late.refused("its lease had ended", "nack", 0)
    heir.gets_nothing("it holds the only message")
    again.acks()


@kept_in(CAPABILITIES, "extend")
def extend(case: Case) -> None:
    """A worker that asks for more time in time keeps its message for so long."""
    slow, other = case.worker("slow"), case.worker("other")
    case.publish("orders", "tea")
    holder, rest = (slow, other) if (held := slow.pull()) is not None else (other, slow)
    held = held or holder.needs("tea")
    case.wait(case.lease - 1)
    held.counts("extend", 3 * case.lease)
    case.wait(2 * case.lease)
    rest.gets_nothing(f"{holder.name} had its lease extended")
    held.acks()
    case.lapse()
    rest.gets_nothing("it was acked")


@kept_in(CAPABILITIES, "extend")
def extended_lease_ends(case: Case) -> None:
    """An extended lease ends too."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    held = worker.needs("tea")
    held.counts("extend", 2 * case.lease)
    case.wait(2 * case.lease + 1)
    case.worker("w2").needs("tea").acks()
    held.refused("its lease had ended")


@kept_in(CAPABILITIES, "extend")
def late_extend(case: Case) -> None:
    """A lease that has ended cannot be extended."""
    lost = case.worker("w1")
    case.publish("orders", "tea")
    late = lost.needs("tea")
    case.lapse()
    late.refused("its lease had ended", "extend", 5)
    again = case.worker("w2").needs("tea")
    late.refused("its lease had ended, and w2 holds the message now", "extend", 5)
    again.acks()


# ── dead letters ────────────────────────────────────────────────────────────────────────────────

POISON = {"id": "o-1", "item": "poison"}


@kept_in(CAPABILITIES, "dead letter", "nack")
def dead_letter(case: Case) -> None:
    """A message that fails max_deliveries times moves to the dead letters, with data and reason."""
    worker = case.worker("w1", max_deliveries=2)
    clerk = case.worker("clerk", "orders.dead", "clerks")
    case.publish("orders", POISON, "tea")
    seen = []
    while (held := worker.pull()) is not None:
        seen.append(held.data)
        words = f"w1 got {shown(POISON)} {len(seen) - 1} times, with max_deliveries=2."
        case.expect(len(seen) <= 3, words)
        if held.data == POISON:
            held.counts("nack", 0, reason="no such item")
        else:
            held.acks()
    case.expect(seen.count(POISON) == 2 and "tea" in seen, f"w1 got {listed(seen)}.")
    letter = clerk.needs(POISON)
    reason = case.asked("clerk", "reading a dead letter's reason", lambda: letter.delivery.reason)
    case.expect(reason == "no such item", f"The reason is {shown(reason)}, not 'no such item'.")
    letter.acks()
    clerk.gets_nothing("only one message died")


@kept_in(CAPABILITIES, "dead letter")
def dead_letter_after_crashes(case: Case) -> None:
    """A message that kills each worker moves to the dead letters too, and the next one is due."""
    clerk = case.worker("clerk", "orders.dead", "clerks")
    for name in ("w1", "w2"):
        worker = case.worker(name, max_deliveries=2)
        if name == "w1":
            case.publish("orders", POISON, "tea")
        worker.needs(POISON)
        case.lapse()
    seen = case.worker("w3", max_deliveries=2).drain()
    case.expect(seen == ["tea"], f"After two lost deliveries of {shown(POISON)}, w3 got "
                                 f"{listed(seen)}: only tea was due.")  # fmt: skip
    clerk.needs(POISON).acks()


# ── order, seek, pause, filter ──────────────────────────────────────────────────────────────────


@kept_in(CAPABILITIES, "order")
def order_of_a_key(case: Case) -> None:
    """The messages of a key are handled in order, however many workers share the group."""
    workers = [case.worker(f"w{n}", ordered=True) for n in (1, 2, 3)]
    for number in range(12):
        case.publish("orders", number, key=("ann", "bob")[number % 2])
    done: list[int] = []
    for _ in range(12):
        taken = [held for worker in workers if (held := worker.pull()) is not None]
        for held in reversed(taken):  # the last one is the first to be done
            held.acks()
            done.append(held.data)
    for first, key in enumerate(("ann", "bob")):
        got = [n for n in done if n % 2 == first]
        case.expect(got == [*range(first, 12, 2)], f"{key}'s messages were done as {listed(got)}.")


@kept_in(CAPABILITIES, "order")
def order_after_a_loss(case: Case) -> None:
    """While a message of a key is in flight or waits for redelivery, those behind it wait too."""
    lost, other = case.worker("w1", ordered=True), case.worker("w2", ordered=True)
    case.publish("orders", "tea", "jam", key="ann")
    holder, rest = (lost, other) if lost.pull() is not None else (other, lost)
    if holder is other:
        other.needs("tea")
    rest.gets_nothing(f"{holder.name} has not acked the message of that key before it")
    case.lapse()
    seen = case.worker("w3", ordered=True).drain()
    case.expect(seen == ["tea", "jam"], f"After the loss, w2 got {listed(seen)}.")


@kept_in(CAPABILITIES, "seek")
def replay(case: Case) -> None:
    """A group that seeks to 0 gets everything again, and no other group does."""
    worker, other = case.worker("w1"), case.worker("other", group="mail")
    case.publish("orders", "tea", "jam")
    worker.drain()
    other.drain()
    case.group("seek", "orders", "billing", 0)
    seen = worker.drain()
    case.expect(seen == ["tea", "jam"], f"After a seek to 0, w1 got {listed(seen)}.")
    other.gets_nothing("its own group did not seek")


@kept_in(CAPABILITIES, "seek")
def seek_makes_acks_stale(case: Case) -> None:
    """A seek takes back what is in flight: its ack no longer counts."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "jam")
    old = worker.needs("tea")
    case.group("seek", "orders", "billing", 1)
    old.refused("its group went elsewhere since")
    held = worker.needs("jam")
    case.expect(held.attempt == 1, f"After a seek, jam is attempt {shown(held.attempt)}, not 1.")
    held.acks()


@kept_in(CAPABILITIES, "pause")
def pause(case: Case) -> None:
    """A paused group gets nothing until it is resumed, but its acks count."""
    worker, other = case.worker("w1"), case.worker("other", group="mail")
    case.publish("orders", "tea", "jam")
    held = worker.needs("tea")
    case.group("pause", "orders", "billing")
    worker.gets_nothing("its group is paused")
    held.acks()
    seen = other.drain()
    case.expect(seen == ["tea", "jam"], f"The other group is not paused, and got {listed(seen)}.")
    case.group("resume", "orders", "billing")
    worker.needs("jam").acks()


@kept_in(CAPABILITIES, "filter")
def filtering(case: Case) -> None:
    """A group with a filter gets only what the filter is true for; other groups get all."""
    worker = case.worker("w1", filter=lambda data: data != "spam")
    other = case.worker("other", group="mail")
    case.publish("orders", "spam", "tea", "spam")
    for each, due in ((worker, ["tea"]), (other, ["spam", "tea", "spam"])):
        seen = each.drain()
        case.expect(seen == due, f"{each.name} got {listed(seen)}, but {listed(due)} was due.")


# ── restart ─────────────────────────────────────────────────────────────────────────────────────


@kept_in(CAPABILITIES, "restart")
def restart(case: Case) -> None:
    """After a restart a group goes on where it was, and what was not acked is redelivered."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "jam", "rye")
    worker.needs("tea").acks()
    worker.needs("jam")
    case.restart()
    seen = case.worker("w2").drain()
    words = f"Only tea was acked before the restart, and then w2 got {listed(seen)}."
    case.expect(seen == ["jam", "rye"], words)


@kept_in(CAPABILITIES, "restart")
def crash(case: Case) -> None:
    """A broker whose process dies has lost no published message, and no group."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "jam")
    worker.needs("tea").acks()
    case.restart(closed=False)
    case.publish("orders", "rye")
    seen = case.worker("w2").drain()
    words = f"tea was acked, jam and rye were not; after the crash, w2 got {listed(seen)}."
    case.expect(seen in (["jam", "rye"], ["tea", "jam", "rye"]), words)


@kept_in(CAPABILITIES, "restart", "nack")
def attempts_outlive_a_restart(case: Case) -> None:
    """A delivery that failed before a restart still counts as an attempt."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").counts("nack", 0)
    case.restart()
    again = case.worker("w2").needs("tea")
    words = f"tea was nacked before the restart, and now is attempt {shown(again.attempt)}."
    case.expect(again.attempt == 2, words)


@kept_in(CAPABILITIES, "restart", "pause")
def paused_before_a_restart(case: Case) -> None:
    """A group that was paused before a restart is still paused after it."""
    case.worker("w1")
    case.publish("orders", "tea")
    case.group("pause", "orders", "billing")
    case.restart()
    worker = case.worker("w1")
    worker.gets_nothing("its group was paused before the restart")
    case.group("resume", "orders", "billing")
    worker.needs("tea").acks()
