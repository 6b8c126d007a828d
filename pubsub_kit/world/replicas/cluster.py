"""The cluster: how a leader, its followers and a controller keep one log on several nodes.

    producer ──▶ the leader appends ──▶ the followers fetch ──▶ their next fetch tells it how far
    they are ──▶ the high watermark moves: acks go out, consumers may read ──▶ the followers hear

One leader leads all topics, and one log holds them. The controller, which notices who is silent
and chooses the next leader, is not one of the nodes and never fails; in Kafka it is a Raft quorum
of its own. After each step every node may suffer a fault (fates.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pubsub_kit.world.replicas import rules
from pubsub_kit.world.replicas.fates import Fates
from pubsub_kit.world.replicas.ground import Ground
from pubsub_kit.world.replicas.insync import InSync
from pubsub_kit.world.replicas.replica import Record, Replica
from pubsub_kit.world.replicas.rules import Cut, Elect
from pubsub_kit.world.replicas.seen import Seen
from pubsub_kit.world.replicas.settings import Settings

#: Tells a producer's client how it went: "acked", "gone" (the leader died) or "refused".
Answer = Callable[[str], None]


class Cluster:
    """Nodes, the leader among them, and what each producer waits for."""

    def __init__(
        self,
        ground: Ground,
        names: Sequence[str],
        settings: Settings,
        cut: Cut | None = None,
        elect: Elect | None = None,
    ) -> None:
        self.ground, self.settings = ground, settings
        self.nodes = [Replica(name) for name in names]
        self.leader: Replica | None = self.nodes[0]
        self.epoch = 1
        self.insync = InSync(self.nodes)
        self.cut = cut or (rules.where_epochs_part if settings.epochs else rules.at_the_watermark)
        clean, unclean = rules.the_first_in_sync, rules.or_any_that_lives
        self.elect = elect or (unclean if settings.unclean else clean)
        self.seen = Seen(ground)
        self.fates = Fates(self)
        self.waiting: list[tuple[int, int, Answer]] = []  # offset, the producer's number, answer
        self.round = 0  # of fetches; odd while one is under way
        self._heard: list[Callable[[], None]] = []
        self.sequences = 0

    # ── producers ───────────────────────────────────────────────────────────────────────────────

    def append(self, topic: str, event: Any, sequence: int, answer: Answer) -> None:
        """Let the leader, which lives, take a record from a producer."""
        rules, leader = self.settings, self.leader
        assert leader is not None
        if rules.acks == "all" and len(self.insync) < rules.min_insync:
            self.tell(f"{leader.name} refuses {event.id}: too few replicas are in sync")
            answer("refused")
            return
        at = leader.find(sequence) if rules.idempotent else None
        if at is None:
            at = len(leader.log)
            leader.log.append(Record(self.epoch, event.id, topic, event, sequence))
            if rules.fsync:
                leader.flushed = len(leader.log)
        if rules.acks == "1":
            self.ground.after(rules.flush * rules.fsync, lambda _: answer("acked"))
        elif rules.acks == "all":
            self.waiting.append((at, sequence, answer))
        self.advance()
        self.moment(f"{leader.name} has {event.id}")
        self.pump()

    def when_changed(self, then: Callable[[], None]) -> None:
        """Call a function once the leader or the replicas in sync have changed."""
        self._heard.append(then)

    def changed(self) -> None:
        """Tell those who wait for a change."""
        heard, self._heard = self._heard, []
        for then in heard:
            then()

    # ── replication ─────────────────────────────────────────────────────────────────────────────

    @property
    def followers(self) -> list[Replica]:
        """The nodes that can fetch from the leader now."""
        leader = self.leader
        if leader is None or not leader.alive or leader.cut:
            return []
        return [node for node in self.nodes if node is not leader and node.alive and not node.cut]

    def pump(self) -> None:
        """Begin a round of fetches, unless one is under way or nobody lacks anything."""
        if self.round % 2 == 0 and any(map(self._behind, self.followers)):
            assert self.leader is not None
            self.round += 1
            self.ground.after(self.settings.hop, partial(self._fetch, self.leader))

    def _behind(self, node: Replica) -> bool:
        leader = self.leader
        assert leader is not None
        end = len(leader.log)
        return node.told != end or len(node.log) != end or node.watermark < leader.watermark

    def _fetch(self, leader: Replica, _: object) -> None:
        """Give each follower what it lacks, and the high watermark, unless the answer is lost."""
        took = []
        if self.leader is leader:
            for node in self.followers:
                if not self.fates.loses(leader, node):
                    before = len(node.log), node.watermark
                    node.take(leader, self.settings.fsync)
                    took += [node.name] * (before != (len(node.log), node.watermark))
        if took:
            verb = "fetches" if len(took) == 1 else "fetch"
            self.moment(f"{' and '.join(took)} {verb} from {leader.name}")
        seconds = self.settings.hop + self.settings.flush * self.settings.fsync
        self.ground.after(seconds, partial(self._hear, leader))

    def _hear(self, leader: Replica, _: object) -> None:
        """Let the leader know how far each follower is, and commit what all in sync have."""
        self.round += 1
        if self.leader is leader and leader.alive:
            before = leader.watermark, len(self.insync)
            for node in self.followers:
                node.told = len(node.log)
                if node.told == len(leader.log):
                    self.insync.add(node)
            joined = len(self.insync) > before[1]
            self.advance()
            if joined:
                self.changed()
            if before != (leader.watermark, len(self.insync)):
                self.moment(f"{leader.name} hears from its followers")
        self.pump()

    def advance(self) -> None:
        """Move the high watermark to what every replica in sync has, and answer who waits for it.

        A record is committed only if at least `min_insync` replicas have it, whatever `acks` says.
        """
        leader = self.leader
        if leader is None or not leader.alive or len(self.insync) < self.settings.min_insync:
            return
        ends = [len(leader.log) if node is leader else node.told for node in self.insync]
        if min(ends) > leader.watermark:
            leader.watermark = min(ends)
            self.seen.update(leader)
        if self.waiting:
            waiting, self.waiting = self.waiting, []
            for each in waiting:
                if each[0] < leader.watermark:
                    each[2]("acked")
                else:
                    self.waiting.append(each)

    # ── who leads ───────────────────────────────────────────────────────────────────────────────

    def stopped(self, node: Replica) -> None:
        """Hear that a node is down; whoever waits for a leader's answer loses the connection."""
        node.alive = False
        node.stint += 1
        if node is self.leader:
            waiting, self.waiting = self.waiting, []
            for _, _, answer in waiting:
                answer("gone")
        self.ground.after(self.settings.session, partial(self._silent, node, node.stint))

    def _silent(self, node: Replica, stint: int, _: object) -> None:
        """Take a node for dead that was silent for a session, and choose a leader if it led."""
        if node.alive or node.stint != stint:
            return
        self.insync.remove(node)
        if node is self.leader:
            self.choose(f"{node.name} has been silent")
        else:
            self.settled(f"{node.name} is out of sync")

    def back(self, node: Replica) -> None:
        """Let a node that restarted go on as what it was, or as a follower."""
        node.alive = True
        if node.wiped and self.settings.checks_disk:
            self.insync.remove(node)
            if node is self.leader and node not in self.insync:
                self.leader = None
        if node is self.leader and not node.wiped:
            self.lead(node)
        elif node is self.leader or self.leader is None:
            self.choose(f"{node.name} is back")
        else:
            cuts = self.follow(node)
            self.settled(f"{node.name} is back, with {len(node.log)} records{cuts}")

    def choose(self, why: str) -> None:
        """Let the controller choose a leader, if there is one to choose."""
        self.leader = None
        known = [
            rules.Candidate(n.name, n.alive, n in self.insync, n.wiped, len(n.log))
            for n in self.nodes
        ]
        chosen = self.elect(known)
        leader = next((n for n in self.nodes if n.name == chosen and n.alive), None)
        if leader is None:
            self.moment(f"{why}: nobody can lead")
        else:
            self.lead(leader)

    def lead(self, leader: Replica) -> None:
        """Let a node lead in a new epoch, and the others follow it."""
        self.leader, self.epoch = leader, self.epoch + 1
        self.insync.led_by(leader)
        self.seen.update(leader)
        for node in self.nodes:
            node.told = 0
        cuts = "".join(map(self.follow, self.followers))
        self.settled(f"{leader.name} leads in epoch {self.epoch}{cuts}")

    def follow(self, node: Replica) -> str:
        """Cut what a follower has and its leader lacks, as far as the rule can tell; say what."""
        leader = self.leader
        if leader is None or node not in self.followers:
            gone = [] if self.settings.epochs else node.cut_at(node.watermark)
        else:
            end = self.cut(node.epochs, leader.epochs, node.watermark)
            gone = node.cut_at(min(max(end, 0), len(leader.log)))
            node.told = 0
        return f", {node.name} cuts {', '.join(record.id for record in gone)}" if gone else ""

    def settled(self, text: str) -> None:
        """See what a change of who is in sync, or who leads, sets free."""
        self.advance()
        self.changed()
        self.moment(text)
        self.pump()

    def kill(self, name: str) -> None:
        """Stop a node for good: `world.at(1.0, world.cluster.kill, "broker-1")`."""
        self.fates.befall("node down", next(node for node in self.nodes if node.name == name))

    # ── the trace ───────────────────────────────────────────────────────────────────────────────

    def moment(self, text: str) -> None:
        """Write down how all nodes stand, and let each suffer what it may."""
        self.tell(text)
        self.fates.strike()

    def tell(self, text: str) -> None:
        """Write down how all nodes stand."""
        name = self.leader.name if self.leader else self.nodes[0].name
        self.ground.note("replicas", name, text=text, data=self.snapshot())

    def snapshot(self) -> dict[str, Any]:
        """Return how all nodes stand: a row each, and what has been acked, all of it immutable."""
        return {
            "leader": self.leader.name if self.leader else "",
            "epoch": self.epoch,
            "acked": tuple(self.seen.acked),
            "nodes": tuple(
                (
                    node.name,
                    "down" if not node.alive else "cut off" if node.cut else "up",
                    node in self.insync,
                    node.watermark,
                    node.flushed,
                    tuple(node.log),
                )
                for node in self.nodes
            ),
        }
