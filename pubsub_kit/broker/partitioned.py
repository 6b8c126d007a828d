"""A partitioned group: each partition belongs to one member, who reads it in order.

    partition 0   ──0──1──2──3──4──5──►      committed: all before it is acked
                        ▲        ▲           position: the next message to hand out
                committed        position    between them: in the owner's hands

The group keeps one number a partition, the committed position: the first offset that is not acked.
A rebalance, at every join, leave and missed heartbeat, raises the generation and gives each
partition an owner (assignment.py). A partition that moves goes back to its committed position, so
the new owner repeats what the old one handled and did not ack. The old one's acks are refused.

    shared                                      partitioned
    any member gets any message                 a partition's messages go to its owner alone
    a lease a message: `ack_deadline`           no lease: a session a member, `session_timeout`
    a nack sets one message aside               a nack seeks back: the partition waits for it
    acks in any order                           acked beyond an unacked one: may be repeated

A nack therefore blocks what comes after it in the partition (head-of-line blocking), for the delay
that `retry` says. It counts as a failed delivery. So does a missed heartbeat, and a new worker
under an old one's name, for the first message that the worker had not acked in each partition: it
may be what killed it. Moving and leaving count for nothing, and neither do the messages behind.
After `max_deliveries` failures the message is dead-lettered, and the partition goes on.

In Kafka 4.x, its consumer protocol (KIP-848: `group.protocol=consumer`) is nearest to this: the
broker assigns, and only the partitions that move stop. Differences:

    Kafka moves a partition once its owner has let go, and may have committed; here it moves at once
    Kafka's client sends heartbeats in the background (a session lasts 45 s), as a worker of the
    world does, and must poll within `max.poll.interval.ms` (5 minutes); here pulling is a heartbeat
    Kafka commits a position that the client names; here acks move it, and `commit` acks all in hand
    Kafka counts no deliveries here, has no dead letters, and leaves seeking back to the client

`assignment="shared"` is Kafka's share group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import count

from pubsub_kit.broker.arguments import check_count, check_extension, check_owned
from pubsub_kit.broker.assignment import sticky
from pubsub_kit.broker.choosing import Filter
from pubsub_kit.broker.committed import Committed
from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.member import CHARGES, Member, Standing
from pubsub_kit.broker.reader import Row
from pubsub_kit.broker.settings import Settings, SubscriptionError
from pubsub_kit.broker.topic import Topic, check_name


class Partitioned(Committed):
    """One group's view of one topic, for members that `join`; the top of this file explains it."""

    def __init__(
        self, shared: Shared, topic: Topic, group: str, settings: Settings, filter: Filter | None
    ) -> None:
        super().__init__(shared, topic, group, settings, filter)
        self.generation = 0
        self.members: dict[str, Member] = {}  # by name, in the order of their joining
        self.owners: list[str | None] = [None] * topic.partitions

    # ── members ─────────────────────────────────────────────────────────────────────────────────

    def join(self, name: str | None = None) -> Member:
        """Let a worker in, by default as "member-1" and so on; this is a rebalance.

        If a member has this name, the newcomer takes its place, and its partitions.
        """
        with self._lock:
            self.reader.check_idle()
            self.check_there()
            now = self.look()
            if name is None:
                name = next(free for n in count(1) if (free := f"member-{n}") not in self.members)
            check_name("member", name)
            if name in self.members:
                self._dismiss(self.members[name], "fenced", now)
            member = Member(self, name)
            self._admit(member, now)
            return member

    def part_with(self, member: Member) -> None:
        """Let a member leave: see `Member.leave`."""
        with self._lock:
            self.reader.check_idle()
            now = self.look()
            if member.standing == "in":
                self._dismiss(member, "left", now)
                self._rebalance(now)
            elif member.standing == "expelled":
                member.standing = "left"

    def refresh(self, member: Member) -> bool:
        """Start a member's session anew: see `Member.heartbeat`."""
        with self._lock:
            return self._renew(member, self.look())

    def owned_by(self, member: Member) -> list[int]:
        """Return the partitions of a member: see `Member.partitions`."""
        with self._lock:
            self.look()
            return self._owned(member)

    def _owned(self, member: Member) -> list[int]:
        if member.standing != "in":
            return []
        return [p for p, owner in enumerate(self.owners) if owner == member.name]

    def _renew(self, member: Member, now: float, seconds: float = 0) -> bool:
        if member.standing != "in":
            return False
        seconds = max(seconds, self.settings.session_timeout)
        member.session = max(member.session, now + seconds)
        return True

    def _admit(self, member: Member, now: float) -> None:
        self.members[member.name] = member
        member.standing = "in"
        self._renew(member, now)
        self._rebalance(now)

    def _dismiss(self, member: Member, standing: Standing, now: float) -> None:
        """Take back all that a member holds; it failed, unless it has left."""
        for partition in self._owned(member):
            if standing != "left":
                for head in self._held(partition)[:1]:
                    self._fail(head, now, now, CHARGES[standing])
            self._take_back(partition, now)
        del self.members[member.name]
        member.standing = standing
        member.session = -math.inf
        member.paused.clear()

    def _rebalance(self, now: float) -> None:
        before = self.owners + [None] * (self.topic.partitions - len(self.owners))
        self.owners = sticky(list(self.members), before)
        for partition, (old, new) in enumerate(zip(before, self.owners, strict=True)):
            if old != new and old in self.members:
                self._take_back(partition, now)
                self.members[old].paused.discard(partition)
        self.reader.reach(self.topic.partitions)
        self.generation += 1
        for member in self.members.values():
            member.last_generation = self.generation
        self._shared.save_soon()

    def look(self) -> float:
        """Look at the clock, expel who is past the end of its session, and return the time."""
        now = super().look()
        if self.reader.asking:  # a filter, for a member that has to stay where it is meanwhile
            return now
        late = [member for member in self.members.values() if member.ends <= now]
        for member in late:
            self._dismiss(member, "expelled", now)
        if late or len(self.owners) < self.topic.partitions:
            self._rebalance(now)
        return now

    # ── handing out ─────────────────────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Delivery]:
        """Refuse: raises SubscriptionError, since only a member can pull from such a group."""
        self.check_there()
        raise SubscriptionError(
            f"{self.reader.name} is partitioned, so only its members pull: "
            'member = subscription.join("worker-1"), then member.pull().'
        )

    def pull_for(self, member: Member, n: int) -> list[Delivery]:
        """Take up to `n` messages of a member's partitions: see `Member.pull`."""
        check_count(n)
        with self._lock:
            self.reader.check_idle()
            if self.removed or not self.reader.log.ends:
                self.check_there()  # which says what is gone
            now = self.look()
            self._let_in_again(member, now)
            rows: list[Row] = []
            room = min(n, self._room(member))
            for partition in self._in_turn(member):
                if len(rows) >= room:
                    break
                if self.due.get(partition, now) <= now:
                    self._read_from(partition, rows, room)
                    member.turn = partition + 1
            ids = self._shared.ack_ids
            batch = self.queue.lease(self, self.topic.name, rows, math.inf, ids)
            for delivery in batch:
                self.hands[delivery.partition][delivery.offset] = delivery
            return batch

    def _let_in_again(self, member: Member, now: float) -> None:
        if self._renew(member, now):
            return
        if member.name in self.members:
            member.standing = "fenced"
        if member.standing == "fenced":
            raise SubscriptionError(
                f"Another worker has joined {self.reader.name} as {member.name!r} and taken this "
                "one's place: give each worker a name of its own."
            )
        if member.standing == "left":
            raise SubscriptionError(
                f"{member.name!r} has left {self.reader.name}: "
                f"subscription.join({member.name!r}) makes a new member."
            )
        self._admit(member, now)

    def _room(self, member: Member) -> int:
        """Return how many more messages a member may hold."""
        return self.most - sum(len(self.hands[partition]) for partition in self._owned(member))

    def _in_turn(self, member: Member) -> list[int]:
        """Return the partitions that a member gets from, in the order to look at them."""
        owned = [p for p in self._owned(member) if p not in member.paused]
        return sorted(owned, key=lambda partition: (partition < member.turn, partition))

    # ── taking back ─────────────────────────────────────────────────────────────────────────────

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Let the owner's session last `seconds` from now or longer; False if the id is stale.

        There is no lease a message that could be extended.
        """
        check_extension(seconds)
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                self._renew(self._owner(delivery), now, seconds)
            return delivery is not None

    def commit_for(self, member: Member, generation: int | None) -> bool:
        """Ack all that a member holds: see `Member.commit`."""
        with self._lock:
            now = self.look()
            if generation not in (None, self.generation) or not self._renew(member, now):
                return False
            for partition in self._owned(member):
                for delivery in self._held(partition):
                    self._settle(delivery, now)
            return True

    def _find(self, ack_id: object) -> Delivery | None:
        delivery = super()._find(ack_id)
        if delivery is not None:
            self._renew(self._owner(delivery), self.clock())
        return delivery

    def _owner(self, delivery: Delivery) -> Member:
        return self.members[str(self.owners[delivery.partition])]

    # ── going elsewhere ─────────────────────────────────────────────────────────────────────────

    def hold_back(self, member: Member, partitions: tuple[int, ...], stop: bool) -> None:
        """Stop handing out from partitions of a member, or start: see `Member.pause`."""
        with self._lock:
            self.look()
            owned = self._owned(member)
            check_owned(partitions, owned, member.name, self.reader.name)
            chosen = set(partitions or owned)
            member.paused = member.paused | chosen if stop else member.paused - chosen

    def remove(self) -> None:
        """Become useless, with all acks stale and no members."""
        self.disband("left")
        super().remove()

    def disband(self, standing: Standing = "expelled") -> None:
        """Lose all members, as at a restart of the broker: they join again when they pull."""
        for member in self.members.values():
            member.standing, member.session = standing, -math.inf
            member.paused.clear()
        self.members, self.owners = {}, [None] * len(self.owners)
        self.generation += 1

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    def next_wakeup(self) -> float | None:
        """Return the earliest end of a session or time of a redelivery, past or future, or None."""
        with self._lock:
            self.look()
            return self._wakeup(self.members.values())

    def wakeup_of(self, *members: Member) -> float | None:
        """Return when there may be something for some members: see `Member.next_wakeup`."""
        with self._lock:
            self.look()
            return self._wakeup(members)

    def _wakeup(self, members: Iterable[Member]) -> float | None:
        """Leave out redeliveries that nobody among these members could take."""
        times = [member.ends for member in self.members.values() if not member.beats]
        for member in members:
            if self._room(member) > 0:
                times += [self.due[p] for p in self._in_turn(member) if p in self.due]
        return min(times, default=None)
