"""Consumers of the world's broker: workers that pull, handle, ack, crash and come back.

The broker is the live one; only its clock is virtual. A worker gets a new handler at each start, so
a crash erases what the old one kept in memory. What a worker does with one message:

    pull ─▶ (does it arrive late?) ─▶ handle ─▶ return: ack (is it lost?) │ exception: nack
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from simpy import Event as Moment

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.world.chance import Latency, latency_of
from pubsub_kit.world.deliveries import Hand, Letters
from pubsub_kit.world.handlers import copied, instantiate, settle
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.tasks import Node, Task, wait

SEMANTICS = ("at_least_once", "at_most_once", "manual")


class Group:
    """The workers that share one subscription."""

    def __init__(
        self,
        world: Kernel,
        name: str,
        factory: Callable[..., Any],
        subscription: Subscription,
        letters: Letters | None,
        semantics: str,
        latency: Latency | float,
    ) -> None:
        self.world, self.name, self.factory = world, name, factory
        self.subscription, self.topic = subscription, subscription.topic.name
        self.letters, self.semantics = letters, semantics
        self.latency = None if latency == 0.0 else latency_of(latency)
        self.nodes: list[Node] = []
        self.idle: list[Worker] = []
        self.alarm: float | None = None
        self.transit = world.enabled("reorder", "delay")
        self.ack_odds, self.turns = world.enabled("ack lost"), world.enabled("preempt")

    def hire(self, name: str) -> None:
        """Add a worker on a node of its own."""
        node = self.world.claim(name)
        node.boot, node.emptied = partial(Worker, self, node), partial(self.lose, node)
        self.nodes.append(node)
        Worker(self, node)

    def lose(self, node: Node) -> None:
        """Forget an idle worker that has crashed."""
        self.idle = [worker for worker in self.idle if worker.node is not node]

    @property
    def busy(self) -> bool:
        """Whether some worker is in its handler."""
        return len(self.idle) < sum(node.alive for node in self.nodes)

    def pull(self) -> Delivery | None:
        """Take the next message, if one is available."""
        pulled = self.subscription.pull()
        if self.letters is not None:
            self.letters.tell()
        return pulled[0] if pulled else None

    def wake(self) -> None:
        """Let every idle worker look for messages again, the one idle for longest first.

        Or the others first, which matters because no worker has what another has in memory. Workers
        that have handled nothing yet are all alike, so for them chance is not asked.
        """
        idle, self.idle = self.idle, []
        differ = self.turns[0] and len(idle) > 1 and any(worker.used for worker in idle)
        if differ and self.world.chance.fault(*self.turns):
            idle.append(idle.pop(0))
            text = f"other workers pull before {idle[-1].node.name}"
            self.world.note("note", idle[-1].node.name, text=text, fault=True)
        for worker in idle:
            worker.bell.succeed()

    def settled(self, verb: str) -> None:
        """See what an ack or a nack has set free, for others of the group or among the dead."""
        if self.letters is not None:
            self.letters.tell()
        if verb == "nack" or self.subscription.settings.ordered:
            self.wake()

    def set_alarm(self) -> None:
        """See to it that somebody looks when the next message becomes available again."""
        due = self.subscription.next_wakeup() if self.subscription.pending else None
        if due is not None and (self.alarm is None or due < self.alarm):
            self.alarm = due
            self.world.on(max(due, self.world.env._now), self.ring)

    def ring(self, _: Moment) -> None:
        """Wake the idle if a message is due; else set the alarm anew."""
        now = self.world.env._now
        if self.alarm is not None and self.alarm <= now:
            self.alarm = None
        if self.idle:
            due = self.subscription.next_wakeup()
            if self.letters is not None:
                self.letters.tell()
            if due is not None and due <= now:
                self.wake()
            else:
                self.set_alarm()


class Worker:
    """One worker: its node, its handler, and the messages that reach it late."""

    def __init__(self, group: Group, node: Node) -> None:
        self.group, self.node, self.world = group, node, group.world
        self.handle, self.made = instantiate(group.factory)
        self.late: deque[Delivery] = deque()
        self.used = False  # it has handled something
        self.bell: Moment
        Task(self.world, node, self._work())

    async def _work(self) -> None:
        recover = getattr(self.made, "recover", None)
        if recover is not None:
            self.world.note("begin", self.node.name, text="recovery")
            await settle(recover())
            self.world.note("end", self.node.name, text="done")
        while True:
            if self.late:
                await self._deliver(self.late.popleft())
            elif (delivery := self.group.pull()) is None:
                await self._rest()
            elif not self._held_up(delivery):
                await self._deliver(delivery)

    async def _rest(self) -> None:
        """Wait until a message comes, or one becomes available again."""
        self.bell = Moment(self.world.env)
        self.group.idle.append(self)
        self.group.set_alarm()
        await wait(self.bell)

    def _held_up(self, delivery: Delivery) -> bool:
        """Ask whether the message overtakes or misses its deadline on the way to this worker."""
        kinds, rates = self.group.transit
        kind = self.world.chance.fault(kinds, rates) if kinds else ""
        if not kind:
            return False
        left = delivery.deadline - self.world.now
        words = "arrives after the next" if kind == "reorder" else "arrives after its deadline"
        text = f"{delivery.id} {words}"
        self.world.note("note", self.node.name, self.group.topic, "", text, True)
        self.world.after(
            left / 2 if kind == "reorder" else left * 1.5, lambda _: self._come(delivery)
        )
        return True

    def _come(self, delivery: Delivery) -> None:
        self.late.append(delivery)
        self.group.wake()

    async def _deliver(self, delivery: Delivery) -> None:
        group, world, name = self.group, self.world, self.node.name
        event = delivery.event
        if isinstance(event.data, (dict, list)):
            event = event._replace(data=copied(event.data))
        message = f"m{world.number('message')}"
        text = f"{event.id} (attempt {delivery.attempt})" if delivery.attempt > 1 else event.id
        world.note("send", group.topic, name, message, text)
        world.note("receive", name, group.topic, message, text)
        self.node.active = self.used = True
        hand = Hand(world, self.node, group, delivery, event)
        if group.semantics == "at_most_once" and not await hand.confirmed_ack():
            return
        world.note("begin", name, "", message, text)
        try:
            if group.latency is not None:
                await wait(world.env.timeout(group.latency(world.chance)))
            await settle(self.handle(hand if group.semantics == "manual" else event))
        except WorldError:
            raise
        except Exception as error:
            if not world.current().node.alive:
                raise  # the handler would not end with its node
            why = world.heard(error)
            world.note("end", name, "", message, f"failed: {why}")
            if group.semantics != "at_most_once":
                await hand.nack(reason=why)
            return
        world.note("end", name, "", message, "done")
        if group.semantics == "at_least_once":
            await hand.ack()
