"""Consumers of the world's broker: workers that pull, handle, ack, crash and come back.

The broker is the live one; only its clock is virtual. A worker gets a new handler at each start, so
a crash erases what the old one kept in memory. What a worker does with one message:

    pull ─▶ (does it arrive late?) ─▶ handle ─▶ return: ack (is it lost?) │ exception: nack
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from types import coroutine
from typing import Any

from simpy import Event as Moment

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.world.chance import Latency, latency_of
from pubsub_kit.world.deliveries import Hand, Letters
from pubsub_kit.world.handlers import instantiate, settle
from pubsub_kit.world.kernel import Kernel, stay_away
from pubsub_kit.world.outage import Outage
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.tasks import Node, Task, wait

SEMANTICS = ("at_least_once", "at_most_once", "manual")


class Group:
    """The workers that share one subscription."""

    def __init__(
        self,
        world: Kernel,
        outage: Outage,
        name: str,
        factory: Callable[..., Any],
        subscription: Subscription,
        letters: Letters | None,
        semantics: str,
        latency: Latency | float,
    ) -> None:
        self.world, self.outage, self.name, self.factory = world, outage, name, factory
        self.subscription, self.topic = subscription, subscription.topic.name
        self.letters, self.semantics = letters, semantics
        self.latency = None if latency == 0.0 else latency_of(latency)
        world.stirs |= self.latency is not None
        self.workers: dict[str, Worker] = {}  # the latest one on each node
        self.idle: list[Worker] = []
        self.alarm: float | None = None
        self.generation = 0  # the latest of a partitioned group that the trace has told of
        self.all: list[Group] = [self]  # of the topic; several may be of one subscription
        self.transit = world.enabled("reorder", "delay")
        self.turns = world.enabled("preempt")
        lost, late = (world.enabled(f"{verb} lost", *outage.kinds) for verb in ("ack", "extend"))
        self.lost_odds = {"ack": lost, "nack": lost, "extend": late}

    def hire(self, *names: str) -> None:
        """Add workers, each on a node of its own, or on that of one that has left."""
        for name in names:
            node = self.world.claim(name)
            node.boot, node.emptied = partial(self.start, node), partial(self.lose, node)
            if not node.alive:
                node.alive = True
                self.world.note("restart", name)
            self.start(node)

    def start(self, node: Node) -> None:
        """Let a node begin its work, for the first time or after a crash."""
        self.workers[node.name] = Worker(self, node)

    def lose(self, node: Node) -> None:
        """Forget an idle worker that has crashed."""
        self.idle = [worker for worker in self.idle if worker.node is not node]

    def leave(self, name: str) -> None:
        """Let a worker leave the group at once: it gets nothing new, and does not come back.

        What it is handling it goes on with. A shared group still takes its ack; in a partitioned
        one its partitions move, so their new owners repeat what it had not acked. `hire` lets it in
        again. Raises WorldError if it is not one of the workers.
        """
        if name not in self.workers:
            known = ", ".join(self.workers) or "none"
            raise WorldError(f"{name!r} does not work for {self.name!r}, which has: {known}")
        worker = self.workers.pop(name)
        node = worker.node
        node.boot, node.emptied, node.heard = stay_away, None, None
        worker.left = True
        self.world.note("note", name, text=f"leaves {self.name}")
        if worker in self.idle:
            self.idle.remove(worker)
            worker.bell.succeed()

    @property
    def busy(self) -> bool:
        """Whether some worker is in its handler."""
        return len(self.idle) < sum(worker.node.alive for worker in self.workers.values())

    def unsubscribe(self) -> None:
        """Remove the group from the broker, with its position, and let all its workers leave."""
        name = self.subscription.group
        self.outage.ground.broker.unsubscribe(self.topic, name)
        self.world.note("note", self.topic, text=f"{name} is unsubscribed")
        for group in self.of_subscription():
            self.all.remove(group)
            for name in list(group.workers):
                group.leave(name)

    def pause(self) -> None:
        """Let the broker hand out nothing to the group until `resume`; acks still count."""
        self.subscription.pause()
        self.world.note("note", self.topic, text=f"{self.subscription.group} is paused")

    def resume(self) -> None:
        """Let the broker hand out messages to the group again."""
        self.subscription.resume()
        self.world.note("note", self.topic, text=f"{self.subscription.group} is resumed")
        for group in self.of_subscription():
            group.wake()

    def of_subscription(self) -> list[Group]:
        """Return all whose workers are members of the same group of the broker."""
        return [group for group in self.all if group.subscription is self.subscription]

    def pull(self, worker: Worker) -> Delivery | None:
        """Take the next message for a worker, if one is available."""
        if self.outage.down or self.subscription.removed:
            return None
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
        if idle and self.world.crowd > 1:
            self.world.stir()
        differ = self.turns[0] and len(idle) > 1 and any(worker.used for worker in idle)
        if differ and self.world.chance.fault(*self.turns):
            idle.append(idle.pop(0))
            text = f"other workers pull before {idle[-1].node.name}"
            self.world.note("note", idle[-1].node.name, text=text, fault=True)
        for worker in idle:
            worker.bell.succeed()

    def stale(self, generation: int) -> str:
        """Return why an ack is refused of what came in this generation."""
        return "stale"

    def settled(self, verb: str) -> None:
        """See what an ack or a nack has set free, for others of the group or among the dead."""
        if self.letters is not None:
            self.letters.tell()
        if verb == "nack" or self.subscription.settings.ordered:
            self.wake()

    def start_over(self) -> None:
        """Forget what was known of a broker that has crashed since."""
        self.alarm = None
        if self.letters is not None:
            self.letters.start_over()

    def set_alarm(self) -> None:
        """See to it that somebody looks when the next message becomes available again."""
        pending = self.subscription.pending and not self.outage.down
        due = self.subscription.next_wakeup() if pending else None
        if due is not None and (self.alarm is None or due < self.alarm):
            self.alarm = due
            self.world.on(max(due, self.world.env._now), self.ring)
            self.world.preemption.heard += self.world.crowd == 1  # all the same who sets it

    def dissolve(self) -> None:
        """Let go of its workers."""
        self.idle.clear()
        self.workers.clear()

    def state(self) -> tuple[Any, ...]:
        """Return what it knows beside its subscription, to compare it."""
        removed = self.subscription.removed
        return self.name, self.alarm, self.generation, removed, tuple(self.workers)

    def ring(self, _: Moment) -> None:
        """Wake the idle if a message is due; else set the alarm anew."""
        now = self.world.env._now
        if self.alarm is not None and self.alarm <= now:
            self.alarm = None
        if self.idle and not self.outage.down:
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
        self.left = False  # it has left its group
        self.bell: Moment
        Task(self.world, node, self._work())

    async def _work(self) -> None:
        recover = getattr(self.made, "recover", None)
        if recover is not None:
            self.world.note("begin", self.node.name, text="recovery")
            await settle(recover())
            self.world.note("end", self.node.name, text="done")
        while not self.left:
            if self.late:
                await self._deliver(self.late.popleft())
            elif (delivery := self._pull()) is None:
                await self._rest()
            elif not self._held_up(delivery):
                await self._deliver(delivery)

    def _pull(self) -> Delivery | None:
        preemption = self.world.preemption
        if preemption.held or preemption.released:
            preemption.saw(self.world.current(), ("pull", self.group.name, ()))
        return self.group.pull(self)

    @coroutine
    def _rest(self) -> Generator[Moment, None, None]:
        """Wait until a message comes, or one becomes available again."""
        self.bell = Moment(self.world.env)
        self.group.idle.append(self)
        self.group.set_alarm()
        yield self.bell

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
        event = delivery.event  # a copy of its own, as no two nodes share memory
        message = f"m{world.number('message')}"
        text = f"{event.id} (attempt {delivery.attempt})" if delivery.attempt > 1 else event.id
        world.note("send", group.topic, name, message, text, data=group.subscription.group)
        world.note("receive", name, group.topic, message, text)
        self.node.active = self.used = True
        task = world.current()
        task.lease, task.closing = delivery, group.semantics == "at_least_once"
        hand = Hand(world, self.node, group, delivery, event)
        if group.semantics == "at_most_once" and not await hand.confirmed_ack():
            return
        world.note("begin", name, "", message, text)
        try:
            if group.latency is not None:
                await wait(world.env.timeout(group.latency(world.chance)))
            result = self.handle(hand if group.semantics == "manual" else event)
            if hasattr(result, "__await__"):
                await result
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
