"""The workers of a partitioned group: each joins as a member, and owns partitions while it lives.

    joins     when its node starts; when the broker is back; at a pull, if it was expelled
    lives     it sends heartbeats all the time, in its handler too; so the trace shows none
    silent    from a crash or a pause on: after `session_timeout` seconds it is expelled
    leaves    at once, when `Group.leave` says so

Each time a `rebalance` step tells who owns which partition now, and in which generation. A worker
that pauses for longer than its session is a zombie when it goes on: its acks are refused, and only
when it pulls does it join again. A worker that restarts in time takes its own place again.

A partition's messages reach its owner in order, so the faults "reorder" and "delay" strike none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from simpy import Event as Moment

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.member import Member
from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.world.consumers import Group, Worker
from pubsub_kit.world.tasks import Node


class PartitionedGroup(Group):
    """The workers that are members of one partitioned subscription."""

    subscription: Partitioned

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.members: dict[str, Member] = {}  # by node: of the latest worker on it
        self.known: list[str] = []  # the members that the trace has told of
        self.hiring = False
        self.transit = (), ()

    def hire(self, *names: str) -> None:
        """Add workers; several at once make one rebalance."""
        self.hiring = True
        try:
            super().hire(*names)
        finally:
            self.hiring = False
        self.tell()

    def start(self, node: Node) -> None:
        """Let a node begin its work, and join unless the broker is down."""
        node.heard = partial(self.hear, node)
        super().start(node)
        self.members.pop(node.name, None)
        if not (self.outage.down or self.subscription.removed):
            self._join(node)
            if not self.hiring:
                self.tell()

    def _join(self, node: Node) -> Member:
        self.members[node.name] = member = self.subscription.join(node.name)
        member.beats = True
        return member

    def hear(self, node: Node, alive: bool) -> None:
        """Hear that a worker falls silent, or that its heartbeats come again."""
        member = self.members.get(node.name)
        if member is not None:
            member.heartbeat()
            member.beats = alive
            self.set_alarm()

    def lose(self, node: Node) -> None:
        """Forget an idle worker that has crashed, and hear no more of it."""
        super().lose(node)
        self.hear(node, False)

    def leave(self, name: str) -> None:
        """Let a worker leave the group at once, which is a rebalance: see `Group.leave`."""
        super().leave(name)
        if (member := self.members.pop(name, None)) is not None:
            member.leave()
        self.tell()

    def pull(self, worker: Worker) -> Delivery | None:
        """Take the next message of a worker's partitions; if it was expelled, it joins again."""
        if self.outage.down or self.subscription.removed:
            return None
        member = self.members.get(worker.node.name) or self._join(worker.node)
        member.beats = True
        pulled = member.pull()
        self.tell()
        return pulled[0] if pulled else None

    def settled(self, verb: str) -> None:
        """See what an ack or a nack has changed, for others of the group or among the dead."""
        self.tell()
        super().settled(verb)

    def stale(self, generation: int) -> str:
        """Return why an ack is refused of what came in this generation."""
        now = self.subscription.generation
        return "stale" if now == generation else f"stale, of generation {generation}, now {now}"

    def start_over(self) -> None:
        """Let all that live join the broker that is back, before anybody pulls."""
        super().start_over()
        for name, worker in self.workers.items():
            member = self.members.get(name)
            if worker.node.alive and (member is None or member.beats):
                self._join(worker.node)
        self.tell()

    def tell(self) -> None:
        """Note who owns what, if that has changed, and let everybody look for messages."""
        if self.letters is not None:
            self.letters.tell()
        group = self.subscription
        if group.generation == self.generation or self.outage.down or group.removed:
            return
        text = f"generation {group.generation}{self._changes()}: {said(owners(group))}"
        data = {"group": group.group, "generation": group.generation, "owners": owners(group)}
        self.world.note("rebalance", self.topic, text=text, data=data)
        if self.world.preemption.watches:
            self.world.preemption.saw(None, ("pull", self.name, ()))
        for each in self.of_subscription():
            each.generation = group.generation
            if isinstance(each, PartitionedGroup):
                each.known = list(group.members)
            each.wake()

    def _changes(self) -> str:
        now = self.subscription.members
        gone = [name for name in self.known if name not in now]
        come = [name for name in now if name not in self.known]
        both = ("without", gone), ("with", come)
        return "".join(f", {word} {' and '.join(names)}" for word, names in both if names)

    def set_alarm(self) -> None:
        """See to it that somebody looks when a session ends, or a redelivery to the idle is due."""
        due = None if self.outage.down else self._due()
        if due is not None and (self.alarm is None or due < self.alarm):
            self.alarm = due
            self.world.on(max(due, self.world.env._now), self.ring)

    def _due(self) -> float | None:
        """Leave out the redeliveries to busy workers, who pull afterwards anyway."""
        names = [worker.node.name for worker in self.idle]
        members = [self.members[name] for name in names if name in self.members]
        return self.subscription.wakeup_of(*members)

    def ring(self, _: Moment) -> None:
        """Expel who has been silent for too long, and wake the idle if a message is due."""
        now = self.world.env._now
        if self.alarm is not None and self.alarm <= now:
            self.alarm = None
        if self.outage.down:
            return
        due = self._due()
        self.tell()
        if due is not None and due <= now:
            self.wake()
        self.set_alarm()

    def dissolve(self) -> None:
        """Let go of its workers, and of its members."""
        super().dissolve()
        self.members.clear()
        self.subscription.members.clear()

    def state(self) -> tuple[Any, ...]:
        """Return what it knows beside its subscription, to compare it."""
        members = self.members.items()
        return (
            *super().state(),
            tuple(self.known),
            tuple((name, m.standing, m.beats, m.session, m.turn) for name, m in members),
        )


def owners(group: Partitioned) -> dict[str, list[int]]:
    """Return the partitions of each member."""
    pairs = list(enumerate(group.owners))
    return {name: [p for p, owner in pairs if owner == name] for name in group.members}


def said(owned: Mapping[str, list[int]]) -> str:
    """Return in words who owns which partitions."""
    if not owned:
        return "nobody is there"
    shares = [f"{name} owns {', '.join(map(str, has)) or 'none'}" for name, has in owned.items()]
    return "; ".join(shares)
