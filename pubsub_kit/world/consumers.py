"""Consumers of the world's broker: workers that pull, handle, ack, crash and come back.

The broker is the live one; only its clock is virtual. A worker's handler is made anew at each
start, so what it kept in memory is gone after a crash. Its way with one message:

    pull ─▶ (arrives late?) ─▶ handle ─▶ return: ack (lost on the way?) │ exception: nack
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simpy import Event as Moment

from pubsub_kit.world.chance import Latency, latency_of
from pubsub_kit.world.tasks import Node, Task, Wait, WorldError, instantiate, settle

if TYPE_CHECKING:
    from pubsub_kit.broker import Delivery, Subscription
    from pubsub_kit.event import Event
    from pubsub_kit.world.world import World

SEMANTICS = ("at_least_once", "at_most_once", "manual")
#: Waking a hair after a deadline, so that rounding can't wake us a hair before it for ever.
_HAIR = 1e-9


class Group:
    """The workers that share one subscription."""

    def __init__(
        self,
        world: World,
        name: str,
        factory: Callable[..., Any],
        topic: str,
        subscription: Subscription,
        semantics: str,
        latency: Latency | float,
    ) -> None:
        self.world, self.name, self.factory, self.topic = world, name, factory, topic
        self.subscription, self.semantics = subscription, semantics
        self.latency = None if latency == 0.0 else latency_of(latency)
        self.idle: list[Moment] = []
        self.alarm: float | None = None
        self.transit = world.enabled("reorder", "delay")
        self.ack_odds = world.enabled("ack lost")

    def start(self, node: Node) -> None:
        """Start a worker on a node, with a new handler."""
        Worker(self, node)

    def wake(self) -> None:
        """Let every idle worker look for messages again."""
        idle, self.idle = self.idle, []
        for moment in idle:
            if not moment.triggered:
                moment.succeed()

    async def rest(self) -> None:
        """Wait until a message comes, or one becomes available again."""
        moment = Moment(self.world.env)
        self.idle.append(moment)
        self._set_alarm()
        await Wait(moment)

    def _set_alarm(self) -> None:
        due = self.subscription.next_wakeup()
        if due is not None and (self.alarm is None or due < self.alarm):
            self.alarm = due
            self.world.after(max(0.0, due - self.world.now) + _HAIR, self._ring)

    def _ring(self, _: Moment) -> None:
        if not self.idle:
            self.alarm = None
            return
        if self.alarm is not None and self.alarm <= self.world.now:
            self.alarm = None
        due = self.subscription.next_wakeup()
        if due is not None and due <= self.world.now:
            self.wake()
        else:
            self._set_alarm()


class Worker:
    """One worker: its node, its handler, and the messages that reach it late."""

    def __init__(self, group: Group, node: Node) -> None:
        self.group, self.node, self.world = group, node, group.world
        self.handle, self.made = instantiate(group.factory)
        self.late: deque[Delivery] = deque()
        Task(self.world, node, self._work())

    async def _work(self) -> None:
        recover = getattr(self.made, "recover", None)
        if recover is not None:
            await settle(recover())
        while True:
            if self.late:
                await self._deliver(self.late.popleft())
                continue
            pulled = self.group.subscription.pull(1)
            if not pulled:
                await self.group.rest()
            elif not self._held_up(pulled[0]):
                await self._deliver(pulled[0])

    def _held_up(self, delivery: Delivery) -> bool:
        """Ask whether the message overtakes or misses its deadline on the way to this worker."""
        kinds, rates = self.group.transit
        kind = self.world.chance.fault(kinds, rates) if kinds else ""
        if not kind:
            return False
        wait = delivery.deadline - self.world.now
        words = "arrives after the next" if kind == "reorder" else "arrives after its deadline"
        text = f"{delivery.id} {words}"
        self.world.note("note", self.node.name, self.group.topic, "", text, True)
        self.world.after(
            wait / 2 if kind == "reorder" else wait * 1.5, lambda _: self._come(delivery)
        )
        return True

    def _come(self, delivery: Delivery) -> None:
        self.late.append(delivery)
        self.group.wake()

    async def _deliver(self, delivery: Delivery) -> None:
        group, world, node = self.group, self.world, self.node
        name, event = node.name, delivery.event
        message = f"m{world.number('message')}"
        again = f" (attempt {delivery.attempt})" if delivery.attempt > 1 else ""
        text = event.id + again
        world.note("send", group.topic, name, message, text)
        world.note("receive", name, group.topic, message, text)
        world.note("begin", name, "", message, text)
        node.active = True
        hand = Hand(self, delivery)
        if group.semantics == "at_most_once":
            await hand.ack()
        try:
            if group.latency is not None:
                await Wait(world.env.timeout(group.latency(world.chance)))
            await settle(self.handle(hand if group.semantics == "manual" else event))
        except WorldError:
            raise
        except Exception as error:
            world.note("end", name, "", message, f"failed: {error or type(error).__name__}")
            if group.semantics != "at_most_once":
                await hand.nack(reason=str(error) or type(error).__name__)
            return
        world.note("end", name, "", message, "done")
        if group.semantics == "at_least_once":
            await hand.ack()


class Hand:
    """A delivery in a worker's hand, whose ack, nack and extend are awaits that can go wrong."""

    def __init__(self, worker: Worker, delivery: Delivery) -> None:
        self._worker, self._delivery = worker, delivery

    @property
    def event(self) -> Event:
        """The event that was delivered."""
        return self._delivery.event

    @property
    def id(self) -> str:
        """The event's id: the same at each redelivery."""
        return self._delivery.id

    @property
    def data(self) -> Any:
        """The event's data."""
        return self._delivery.data

    @property
    def key(self) -> str | None:
        """The event's key."""
        return self._delivery.key

    @property
    def attempt(self) -> int:
        """Which delivery of this message it is, from 1."""
        return self._delivery.attempt

    @property
    def offset(self) -> int:
        """The event's offset in its partition."""
        return self._delivery.offset

    @property
    def deadline(self) -> float:
        """When the broker will deliver it again, unless it is acked (virtual seconds)."""
        return self._delivery.deadline

    async def ack(self) -> bool:
        """Tell the broker that the work is done; False if the ack came too late to count."""
        return await self._tell("ack", self._delivery.ack, self._worker.group.ack_odds)

    async def nack(self, delay: float | None = None, reason: str = "") -> bool:
        """Give the message back; it comes again after a delay (seconds; None: by policy)."""
        return await self._tell("nack", lambda: self._delivery.nack(delay, reason=reason), ((), ()))

    async def extend(self, seconds: float) -> bool:
        """Move the deadline to so many seconds from now; False if it had passed already."""
        return await self._tell("extend", lambda: self._delivery.extend(seconds), ((), ()))

    async def _tell(
        self,
        verb: str,
        act: Callable[[], bool],
        odds: tuple[tuple[str, ...], tuple[float, ...]],
    ) -> bool:
        worker = self._worker
        world, name, topic = worker.world, worker.node.name, worker.group.topic
        text = f"{verb} {self.id}"
        await world.point(f"the {verb} of {self.id}")
        message = f"m{world.number('message')}"
        world.note("send", name, topic, message, text)
        worker.node.active = True
        if odds[0] and world.chance.fault(*odds):
            world.note("lose", name, topic, message, f"{verb} of {self.id} is lost", True)
            return True
        counted = act()
        world.note("receive", topic, name, message, text if counted else f"{text}: stale, refused")
        if verb == "nack":
            worker.group.wake()
        return counted


def consume(
    world: World,
    name: str,
    factory: Callable[..., Any],
    topic: str,
    group: str,
    workers: int,
    semantics: str,
    latency: Latency | float,
    options: dict[str, Any],
) -> Group:
    """Subscribe, and start the workers; a single one bears the name of its group."""
    if workers < 1:
        raise WorldError(f"consumer {name!r} has {workers} workers: give 1 or more")
    if semantics not in SEMANTICS:
        raise WorldError(f"semantics is {semantics!r}: choose among {', '.join(SEMANTICS)}")
    subscription = world.broker.subscribe(topic, group, **options)
    made = Group(world, name, factory, topic, subscription, semantics, latency)
    world.groups.setdefault(topic, []).append(made)
    for i in range(workers):
        node = world.node(name if workers == 1 else f"{name}-{i + 1}")
        node.boot = lambda node=node: made.start(node)
        made.start(node)
    return made
