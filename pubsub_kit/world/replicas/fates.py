"""What may befall a node after each step of a cluster, one letter each in a schedule.

node crash   its process dies, and starts again after a second: the log is still there, also
             what the operating system has not yet flushed
node down    … and never starts again
node wiped   … and starts again under its old name, with an empty disk
node cut     the other nodes can't reach it, for twice as long as a follower may lag
power loss   all nodes stop at once, and keep only what was flushed to the disk
loss         the answer to a follower's fetch never arrives
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pubsub_kit.world.replicas.ground import FATES, POWER, Ground
from pubsub_kit.world.replicas.insync import InSync
from pubsub_kit.world.replicas.replica import Replica
from pubsub_kit.world.replicas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


class Struck(Protocol):
    """A cluster, as its faults see it."""

    ground: Ground
    settings: Settings
    nodes: list[Replica]
    leader: Replica | None
    insync: InSync

    @property
    def followers(self) -> Sequence[Replica]:
        """The nodes that can fetch from the leader now."""

    def tell(self, text: str) -> None:
        """Write down how all nodes stand."""

    def follow(self, node: Replica) -> str:
        """Cut what a follower has and its leader lacks; say what, or ""."""

    def settled(self, text: str) -> None:
        """See what a change sets free."""


class Fates:
    """Asks chance what befalls whom, and does it."""

    def __init__(self, cluster: Struck) -> None:
        self.cluster, self.ground = cluster, cluster.ground
        self.each = self.ground.odds(*FATES)
        self.first = self.ground.odds(*FATES, POWER)
        self.fetches = self.ground.odds("loss")

    def strike(self) -> None:
        """Ask for each node that lives what befalls it now."""
        odds = self.first
        if not odds[0]:
            return
        for node in self.cluster.nodes:
            if node.alive and odds[0]:
                if kind := self.ground.fault(*odds):
                    self.befall(kind, node)
                odds = self.each

    def loses(self, leader: Replica, node: Replica) -> bool:
        """Say whether the leader's answer to a fetch is lost."""
        if not self.fetches[0] or not self.ground.fault(*self.fetches):
            return False
        self.ground.note("lose", leader.name, text=f"{node.name} gets no answer", fault=True)
        self.cluster.tell(f"{leader.name}'s answer to {node.name} is lost")
        return True

    def befall(self, kind: str, node: Replica) -> None:
        """Let a fault happen to a node."""
        soon = self.ground.restart_after
        if kind == "node cut":
            self.cut(node)
        elif kind == POWER:
            words = "the power fails, for all nodes: what was not flushed is gone"
            self.ground.note("crash", node.name, text=words, fault=True)
            for each in self.cluster.nodes:
                if each.alive:
                    each.cut_at(each.flushed)
                    self.ground.stop(each.name, soon)
            self.cluster.tell("the power fails")
        else:
            words = {
                "node crash": f"crashes, for {soon:g} s: its log is still on its disk",
                "node down": "is down for good",
                "node wiped": f"crashes, for {soon:g} s, and comes back with an empty disk",
            }[kind]
            self.ground.note("crash", node.name, text=words, fault=True)
            if kind == "node wiped":
                node.cut_at(0)
                node.wiped = True
            self.ground.stop(node.name, None if kind == "node down" else soon)
            self.cluster.tell(f"{node.name} {words.partition(',')[0].partition(':')[0]}")

    def cut(self, node: Replica) -> None:
        """Cut a node off from the others; its producers and the controller still reach it."""
        if node.cut:
            return
        node.cut = True
        lag = self.cluster.settings.lag
        words = f"is cut off from the other nodes, for {2 * lag:g} s"
        self.ground.note("partition", node.name, text=words, fault=True)
        self.cluster.tell(f"{node.name} is cut off from the other nodes")
        self.ground.after(lag, partial(self._lags, node))
        self.ground.after(2 * lag, partial(self.repair, node))

    def _lags(self, node: Replica, _: Any) -> None:
        """Take out of sync who has not fetched from the leader for too long."""
        cluster = self.cluster
        leader = cluster.leader
        if leader is None or not node.cut:
            return
        late = [each for each in cluster.nodes if each is not leader] if node is leader else [node]
        gone = [each for each in late if each in cluster.insync]
        for each in gone:
            cluster.insync.remove(each)
        if gone:
            names = " and ".join(each.name for each in gone)
            cluster.settled(f"{names} fall{'s' * (len(gone) == 1)} out of sync")

    def repair(self, node: Replica, _: Any = None) -> None:
        """Let the other nodes reach a node again."""
        if not node.cut:
            return
        node.cut, cluster = False, self.cluster
        if not node.alive:
            return
        self.ground.note("repair", node.name, text="is reached by the other nodes again")
        for each in cluster.followers if node is cluster.leader else [node]:
            if each.alive and cluster.leader is not each:
                cluster.follow(each)
        cluster.settled(f"{node.name} is connected again")
