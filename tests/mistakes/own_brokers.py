"""Brokers of one's own: right ones that look unusual, and wrong ones by what they believe."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

from pubsub_kit import Broker as KitBroker
from pubsub_kit.checks.contract import case, leases, rows
from tests.mistakes import Mistake, Right

Clock = Callable[[], float]

# --- the smallest, whose parts the wrong ones change ----------------------------------------------


class Delivery:
    def __init__(self, group: Any, offset: int, attempt: int) -> None:
        self.group, self.offset, self.attempt = group, offset, attempt
        self.data, self.until = group.log[offset], group.clock() + group.lease

    def ack(self) -> Any:
        group = self.group
        if group.held.get(self.offset) is not self or self.until <= group.clock():
            return False
        del group.held[self.offset]
        return True


class Group:
    lease = 30.0
    delivery: Any = Delivery

    def __init__(self, log: list[Any], clock: Clock) -> None:
        self.log, self.clock, self.next = log, clock, len(log)
        self.held: dict[int, Any] = {}

    def pull(self) -> list[Any]:
        late = [d for d in self.held.values() if d.until <= self.clock()]
        if late:
            return self.lend(late[0].offset, late[0].attempt + 1)
        if self.next == len(self.log):
            return []
        self.next += 1
        return self.lend(self.next - 1, 1)

    def lend(self, offset: int, attempt: int) -> list[Any]:
        self.held[offset] = self.delivery(self, offset, attempt)
        return [self.held[offset]]


class Broker:
    group: Any = Group

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.logs: dict[Any, Any] = {}
        self.groups: dict[Any, Any] = {}

    def publish(self, topic: str, data: Any) -> Any:
        self.logs.setdefault(topic, []).append(data)

    def subscribe(self, topic: str, group: str) -> Any:
        log = self.logs.setdefault(topic, [])
        return self.groups.setdefault((topic, group), self.group(log, self.clock))


# --- right ----------------------------------------------------------------------------------------


def closures(clock: Clock) -> Any:
    """No class at all."""
    topics: defaultdict[str, list[Any]] = defaultdict(list)
    groups: dict[tuple[str, str], Any] = {}

    def subscribe(topic: str, group: str) -> Any:
        return groups.setdefault((topic, group), worker(topics[topic]))

    def worker(log: list[Any]) -> Any:
        due: dict[int, tuple[float, int]] = {}  # of what is not acked: from when on, and how often

        def pull() -> list[Any]:
            for n in range(len(log)):
                since, tries = due.setdefault(n, (0.0, 0))
                if since <= clock():
                    mine = due[n] = clock() + 30, tries + 1

                    def ack(n: int = n, mine: tuple[float, int] = mine) -> bool:
                        counts = due[n] == mine and clock() < mine[0]
                        if counts:
                            due[n] = float("inf"), 0
                        return counts

                    return [SimpleNamespace(data=log[n], attempt=tries + 1, ack=ack)]
            return []

        return SimpleNamespace(pull=pull)

    return SimpleNamespace(publish=lambda t, d: topics[t].append(d), subscribe=subscribe)


@dataclass
class Message:
    data: Any
    attempt: int = 0
    until: float = 0.0
    token: object = None


class Queues:
    """A queue for each group, which a publish fills; what is lent stands in a second one."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queues: dict[str, dict[str, Any]] = {}

    def publish(self, topic: str, data: Any) -> None:
        for queue in self.queues.get(topic, {}).values():
            queue.ready.append(Message(data))

    def subscribe(self, topic: str, group: str) -> Any:
        return self.queues.setdefault(topic, {}).setdefault(group, Queue(self.clock))


@dataclass
class Queue:
    clock: Clock
    ready: deque[Message] = field(default_factory=deque)
    lent: list[Message] = field(default_factory=list)

    def expire(self) -> None:
        for message in [m for m in self.lent if m.until <= self.clock()]:
            self.lent.remove(message)
            message.token = None
            self.ready.appendleft(message)

    def pull(self) -> tuple[Any, ...]:
        self.expire()
        if not self.ready:
            return ()
        message = self.ready.popleft()
        message.attempt += 1
        message.until, message.token = self.clock() + 30, object()
        self.lent.append(message)
        return (Lent(self, message, message.token),)


class Lent:
    def __init__(self, queue: Queue, message: Message, token: object) -> None:
        self.queue, self.message, self.token = queue, message, token
        self.data, self.attempt = message.data, message.attempt

    def ack(self) -> bool:
        self.queue.expire()
        if self.message.token is not self.token:
            return False
        self.message.token = None
        self.queue.lent = [m for m in self.queue.lent if m is not self.message]
        return True


class Partition(Group):
    """Hands out the next message only after the one before was acked."""

    def pull(self) -> list[Any]:
        if any(d.until > self.clock() for d in self.held.values()):
            return []
        return super().pull()


class OneAtATime(Broker):
    """Blocks at the head of the line, as a partition does."""

    group = Partition


class FromTheStart(Group):
    """Begins at the first message that a topic ever had."""

    def __init__(self, log: list[Any], clock: Clock) -> None:
        super().__init__(log, clock)
        self.next = 0


class History(Broker):
    """Gives each new group all of its topic."""

    group = FromTheStart


class TheKits:
    """The kit's own broker, behind the same verbs."""

    def __init__(self, clock: Clock) -> None:
        self.broker = KitBroker(clock=clock)

    def publish(self, topic: str, data: Any) -> None:
        self.broker.topic(topic)
        self.broker.publish(topic, data)

    def subscribe(self, topic: str, group: str) -> Any:
        self.broker.topic(topic)
        return self.broker.subscribe(topic, group, ack_deadline=30)


RIGHT = [Right("broker", each) for each in (Broker, closures, Queues, OneAtATime, History, TheKits)]

# --- wrong ----------------------------------------------------------------------------------------


def with_group(**changes: Any) -> Any:
    """Return the smallest broker with another kind of group."""
    return type("Own", (Broker,), {"group": type("Own", (Group,), changes)})


def with_ack(ack: Callable[[Any], Any]) -> Any:
    """Return the smallest broker whose deliveries take an ack otherwise."""
    return with_group(delivery=type("Own", (Delivery,), {"ack": ack}))


def with_publish(publish: Callable[..., Any]) -> Any:
    """Return the smallest broker that publishes otherwise."""
    return type("Own", (Broker,), {"publish": publish})


def at_most_once(self: Any) -> list[Any]:
    if self.next == len(self.log):
        return []
    self.next += 1
    return [*self.lend(self.next - 1, 1)]


class PopsOnPull:
    """Lists, from which a pull takes the first."""

    def __init__(self, clock: Clock) -> None:
        self.lists: dict[Any, list[Any]] = {}

    def publish(self, topic: str, data: Any) -> None:
        for of, waiting in self.lists.items():
            if of[0] == topic:
                waiting.append(data)

    def subscribe(self, topic: str, group: str) -> Any:
        waiting = self.lists.setdefault((topic, group), [])
        return SimpleNamespace(pull=lambda: [Popped(waiting.pop(0))] if waiting else [])


class Popped:
    attempt = 1
    acked = False

    def __init__(self, data: Any) -> None:
        self.data = data

    def ack(self) -> bool:
        before, self.acked = self.acked, True
        return not before


class OneQueue(Broker):
    """A group for each topic."""

    def subscribe(self, topic: str, group: str) -> Any:
        return super().subscribe(topic, "")


class CopyEach(Broker):
    """A group for each worker."""

    def subscribe(self, topic: str, group: str) -> Any:
        return super().subscribe(topic, f"{group} {len(self.groups)}")


class OneLog(Broker):
    """One log for all topics."""

    def publish(self, topic: str, data: Any) -> Any:
        super().publish("", data)

    def subscribe(self, topic: str, group: str) -> Any:
        return super().subscribe("", group)


class OnlyKnown(Broker):
    """Knows only topics that somebody has subscribed to."""

    def publish(self, topic: str, data: Any) -> Any:
        self.logs[topic].append(data)


class Dedup(Broker):
    """Takes what it has already for a duplicate."""

    def publish(self, topic: str, data: Any) -> Any:
        log = self.logs.setdefault(topic, [])
        if data not in log:
            log.append(data)


class NewestFirst(Broker):
    """A stack."""

    def publish(self, topic: str, data: Any) -> Any:
        self.logs.setdefault(topic, []).insert(0, data)


def peeks(self: Any) -> list[Any]:
    if self.next == len(self.log):
        return []
    attempt = self.held[self.next].attempt if self.next in self.held else 0
    return [*self.lend(self.next, attempt + 1)]


def moves_on(self: Any) -> bool:
    if self.group.held.pop(self.offset, None) is not self:
        return False
    self.group.next += 1
    return True


def never_counts(self: Any, offset: int, attempt: int) -> list[Any]:
    self.held[offset] = self.delivery(self, offset, 1)
    return [self.held[offset]]


def once_again(self: Any, offset: int, attempt: int) -> list[Any]:
    found = self.held[offset] = self.delivery(self, offset, attempt)
    if attempt > 1:
        found.until = float("inf")
    return [found]


def any_ack(self: Any) -> bool:
    return self.group.held.pop(self.offset, None) is not None


def late_ack(self: Any) -> bool:
    if self.group.held.get(self.offset) is not self:
        return False
    del self.group.held[self.offset]
    return True


def always_true(self: Any) -> bool:
    counts = self.group.held.get(self.offset) is self and self.until > self.group.clock()
    if counts:
        del self.group.held[self.offset]
    return counts or self.offset not in self.group.held


def up_to_here(self: Any) -> bool:
    held = self.group.held
    if held.get(self.offset) is not self or self.until <= self.group.clock():
        return False
    for offset in [n for n in held if n <= self.offset]:
        del held[offset]
    return True


def forgets_to_say(self: Any) -> None:
    if self.group.held.get(self.offset) is self and self.until > self.group.clock():
        del self.group.held[self.offset]


def no_effect(self: Any) -> bool:
    return self.group.held.get(self.offset) is self and self.until > self.group.clock()


def key_error(self: Any) -> bool:
    del self.group.held[self.offset]
    return True


def loops(self: Any) -> list[Any]:
    while not [d for d in self.held.values() if d.until <= self.clock()]:
        if self.next < len(self.log):
            self.next += 1
            return [*self.lend(self.next - 1, 1)]
    late = next(d for d in self.held.values() if d.until <= self.clock())
    return [*self.lend(late.offset, late.attempt + 1)]


class InTheClass(Broker):
    """Keeps its logs and groups in the class."""

    kept: ClassVar[tuple[dict[Any, Any], dict[Any, Any]]] = ({}, {})

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.logs, self.groups = self.kept


class StoppedClock(Broker):
    """Asks what time it is when it is made."""

    def __init__(self, clock: Clock) -> None:
        now = clock()
        super().__init__(lambda: now)


class ForItsHolder(Broker):
    """Keeps what is lent in the worker."""

    def subscribe(self, topic: str, group: str) -> Any:
        shared = super().subscribe(topic, group)
        worker = Group(shared.log, self.clock)

        def pull() -> list[Any]:
            worker.next, shared.next = shared.next, max(shared.next, worker.next)
            found = Group.pull(worker)
            shared.next = worker.next
            return found

        return SimpleNamespace(pull=pull)


class FromPublish(Broker):
    """Counts the 30 seconds from when a message was published."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.since: dict[int, float] = {}

    def publish(self, topic: str, data: Any) -> None:
        super().publish(topic, data)
        self.since[len(self.logs[topic]) - 1] = self.clock()

    def subscribe(self, topic: str, group: str) -> Any:
        found = super().subscribe(topic, group)

        def lend(offset: int, attempt: int) -> list[Any]:
            lent = Group.lend(found, offset, attempt)
            lent[0].until = self.since[offset] + 30
            return lent

        found.lend = lend
        return found


def rewinds(self: Any) -> list[Any]:
    """Goes back to the first message whose lease is over, as a reader with a position does."""
    tries = vars(self).setdefault("tries", {})
    if over := [n for n, d in self.held.items() if d.until <= self.clock()]:
        self.next = min(over)
        for n in over:
            del self.held[n]
    if self.next == len(self.log):
        return []
    self.next += 1
    tries[self.next - 1] = tries.get(self.next - 1, 0) + 1
    return list(self.lend(self.next - 1, tries[self.next - 1]))


def one_deadline(self: Any, offset: int, attempt: int) -> list[Any]:
    """Renews the lease of all that is lent."""
    lent = Group.lend(self, offset, attempt)
    for each in self.held.values():
        each.until = self.clock() + 30
    return lent


def counts_by_data(self: Any, offset: int, attempt: int) -> list[Any]:
    """Takes equal messages for one when it counts."""
    tries = vars(self).setdefault("tries", {})
    name = str(self.log[offset])
    tries[name] = tries.get(name, 0) + 1
    return Group.lend(self, offset, tries[name])


class CountsForAll(Broker):
    """Counts the deliveries to every group of a topic together."""

    def subscribe(self, topic: str, group: str) -> Any:
        found = super().subscribe(topic, group)
        tries = vars(self).setdefault("tries", {}).setdefault(topic, {})

        def lend(offset: int, attempt: int) -> list[Any]:
            tries[offset] = tries.get(offset, 0) + 1
            return Group.lend(found, offset, tries[offset])

        found.lend = lend
        return found


def acks_what_is_alike(self: Any) -> bool:
    """Ends every delivery of the same data."""
    if not Delivery.ack(self):
        return False
    for other in [*self.group.held.values()]:
        if other.data == self.data:
            del self.group.held[other.offset]
    return True


def says_so_in_a_text(self: Any) -> str:
    return str(Delivery.ack(self))


def in_a_text(self: Any, group: Any, offset: int, attempt: int) -> None:
    Delivery.__init__(self, group, offset, attempt)
    self.data = str(self.data)


SECONDS = {"lease": 60.0}


def by_a_constant(self: Any, offset: int, attempt: int) -> list[Any]:
    """Reads its lease, which is too long, from a dict."""
    lent = Group.lend(self, offset, attempt)
    lent[0].until = self.clock() + SECONDS["lease"]
    return lent


class NoClock(Broker):
    """Takes no clock."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)


class Later(Broker):
    """Is an async def."""

    async def publish(self, topic: str, data: Any) -> None:
        super().publish(topic, data)


def bare(self: Any) -> Any:
    found = Group.pull(self)
    return found[0] if found else None


def yields(self: Any) -> Iterator[Any]:
    yield from Group.pull(self)


WRONG: list[tuple[str, Any, str]] = [
    ("pops_on_pull", PopsOnPull, rows.AT_MOST_ONCE),
    ("at_most_once", with_group(pull=at_most_once), rows.AT_MOST_ONCE),
    ("a_long_lease", with_group(lease=60.0), rows.LONG_LEASE),
    ("a_short_lease", with_group(lease=3.0), rows.SHORT_LEASE),
    ("one_queue", OneQueue, rows.ONE_QUEUE),
    ("a_copy_each", CopyEach, rows.A_COPY_EACH),
    ("one_log", OneLog, rows.ONE_LOG),
    ("dedup", Dedup, rows.DEDUP),
    ("newest_first", NewestFirst, rows.NO_ORDER),
    ("peeks", type("Own", (Broker,), {"group": type("Own", (Group,), {
        "pull": peeks, "delivery": type("Own", (Delivery,), {"ack": moves_on})})}),
     rows.STILL_THERE),
    ("never_counts", with_group(lend=never_counts), case.NOT_COUNTED),
    ("once_again", with_group(lend=once_again), rows.ONE_REDELIVERY),
    ("any_ack", with_ack(any_ack), rows.ANYBODYS_ACK),
    ("late_ack", with_ack(late_ack), rows.LATE_ACKS),
    ("always_true", with_ack(always_true), rows.ACK_TWICE),
    ("up_to_here", with_ack(up_to_here), rows.CUMULATIVE),
    ("forgets_to_say", with_ack(forgets_to_say), case.NO_ANSWER),
    ("no_effect", with_ack(no_effect), case.NO_EFFECT),
    ("stopped_clock", StoppedClock, rows.STOPPED_CLOCK),
    ("for_its_holder", ForItsHolder, rows.ONLY_ITS_HOLDER),
    ("from_publish", FromPublish, rows.FROM_PUBLISH),
    ("rewinds", with_group(pull=rewinds), leases.REWINDS),
    ("one_deadline", with_group(lend=one_deadline), leases.ONE_LEASE),
    ("counts_by_data", with_group(lend=counts_by_data), case.NOT_COUNTED),
    ("counts_for_all", CountsForAll, case.NOT_COUNTED),
    ("acks_what_is_alike", with_ack(acks_what_is_alike), rows.DEDUP),
    ("says_so_in_a_text", with_ack(says_so_in_a_text), case.NO_ANSWER),
    ("by_a_constant", with_group(lend=by_a_constant), rows.LONG_LEASE),
    ("later", Later, "async where none is awaited"),
]  # fmt: skip

#: What is wrong with these is no belief, but a slip.
SLIPPED: list[tuple[str, Any, str]] = [
    ("only_known", OnlyKnown, "raises"),
    ("key_error", with_ack(key_error), "raises"),
    ("loops", with_group(pull=loops), "misuse"),
    ("in_the_class", InTheClass, "hidden state"),
    ("no_clock", NoClock, "misuse"),
    ("bare", with_group(pull=bare), "misuse"),
    ("yields", with_group(pull=yields), "misuse"),
    ("nothing", with_publish(lambda self, topic, data: None), ""),
    (
        "in_a_text",
        type(
            "Own",
            (Broker,),
            {
                "group": type(
                    "Own", (Group,), {"delivery": type("Own", (Delivery,), {"__init__": in_a_text})}
                )
            },
        ),
        "",
    ),
    ("only_data", with_group(lend=lambda self, offset, attempt: [self.log[offset]]), "misuse"),
    ("no_verb", with_group(pull=None), "misuse"),
]
for name, answer, _ in [*WRONG, *SLIPPED]:
    answer.__name__ = name
MISTAKES = [Mistake("broker", answer, belief) for _, answer, belief in WRONG]
SLIPS = [("broker", answer, belief) for _, answer, belief in SLIPPED]
