"""A partitioned group against a model: for each partition, a position and what its owner holds.

Hypothesis runs both through the same operations and compares every answer. The model is told who
owns what, after it has checked that the shares are fair; all else it works out by itself.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.member import Member
from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.log.segments import Fsync

pytestmark = pytest.mark.once

SECONDS = st.integers(1, 8).map(lambda eighths: eighths / 8)  # exact in binary: no rounding
NAMES = ["ann", "bob", "cy"]
SESSION = 2.0
RETRY = RetryPolicy(base=0.25, factor=2, cap=1, jitter=None)


@dataclass
class Place:
    """A partition as the group sees it."""

    wanted: list[bool] = field(default_factory=list)  # by offset
    position: int = 0
    hand: list[int] = field(default_factory=list)  # offsets, in order
    tries: dict[int, int] = field(default_factory=dict)
    due: float = 0.0
    done: set[int] = field(default_factory=set)  # acked or dead, at least once

    @property
    def committed(self) -> int:
        return min([*self.hand, self.position])

    def go_back(self, offset: int, due: float) -> None:
        self.hand = [o for o in self.hand if o < offset]
        self.position, self.due = offset, due

    def take_back(self, now: float) -> None:
        if self.hand:
            self.go_back(self.hand[0], now)


class InMemory(RuleBasedStateMachine):
    """One partitioned group of one topic, with three workers that come, go and fall silent."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 64.0
        self.taken: list[Delivery] = []
        self.members: dict[str, Member] = {}  # the latest of each name
        self.sessions: dict[str, float] = {}  # of those that the model takes to be in the group
        self.former: list[Member] = []
        self.dead: list[tuple[int, int]] = []

    def open(self) -> Broker:
        return Broker(clock=lambda: self.now)

    @initialize(
        partitions=st.integers(1, 4), limit=st.none() | st.integers(1, 3), room=st.integers(1, 6)
    )
    def start(self, partitions: int, limit: int | None, room: int) -> None:
        self.limit, self.room = limit, room
        self.places = [Place() for _ in range(partitions)]
        self.broker = self.open()
        self.broker.topic("orders", partitions)
        self.subscribe()
        self.owners: list[str | None] = [None] * partitions
        self.generation = 0

    def subscribe(self) -> None:
        group = self.broker.subscribe(
            "orders",
            "billing",
            filter=lambda event: bool(event.data),
            retry=RETRY,
            max_deliveries=self.limit,
            max_outstanding=self.room,
            assignment="partitioned",
            session_timeout=SESSION,
        )
        assert isinstance(group, Partitioned)
        self.group = group

    # ── what the model expects ──────────────────────────────────────────────────────────────────

    def look(self) -> None:
        late = [name for name, end in self.sessions.items() if end <= self.now]
        for name in late:
            self.dismiss(name, failed=True)
        if late or len(self.owners) < len(self.places):
            self.rebalance()

    def dismiss(self, name: str, failed: bool) -> None:
        for number, place in enumerate(self.places):
            if self.owned(number, name):
                if failed and place.hand:
                    self.fail(number, place.hand[0], self.now)
                place.take_back(self.now)
        del self.sessions[name]

    def owned(self, number: int, name: str) -> bool:
        return number < len(self.owners) and self.owners[number] == name

    def fail(self, number: int, offset: int, due: float) -> None:
        place = self.places[number]
        tries = place.tries.get(offset, 0) + 1
        if self.limit is not None and tries >= self.limit:
            self.dead.append((number, offset))
            self.end(number, offset)
        else:
            place.tries[offset] = tries
            place.go_back(offset, due)

    def end(self, number: int, offset: int) -> None:
        place = self.places[number]
        place.hand.remove(offset)
        place.tries.pop(offset, None)
        place.done.add(offset)

    def rebalance(self) -> None:
        """Check the shares, and that no partition moves which could stay; then take them over."""
        self.group.look()
        before = self.owners + [None] * (len(self.places) - len(self.owners))
        names, owners = list(self.sessions), self.group.owners
        shares = sorted(owners.count(name) for name in names)
        assert not names or (shares[-1] - shares[0] <= 1 and sum(shares) == len(self.places))
        assert names or owners == [None] * len(self.places)
        least, larger = divmod(len(self.places), len(names) or 1)
        had = sorted((before.count(name) for name in names), reverse=True)
        stay = sum(min(n, least + (i < larger)) for i, n in enumerate(had))
        same = zip(before, owners, strict=True)
        assert stay == sum(old == new and new is not None for old, new in same)
        for place, old, new in zip(self.places, before, owners, strict=True):
            if old != new and old in names:
                place.take_back(self.now)
        self.owners = list(owners)
        self.generation += 1

    def held(self, name: str) -> int:
        return sum(
            len(p.hand) for p, owner in zip(self.places, self.owners, strict=False) if owner == name
        )

    # ── what happens ────────────────────────────────────────────────────────────────────────────

    @rule(partition=st.integers(0, 3), wanted=st.lists(st.booleans(), min_size=1, max_size=4))
    def publish(self, partition: int, wanted: list[bool]) -> None:
        log, partition = self.broker.topics["orders"].log, partition % len(self.places)
        for want in wanted:
            self.broker.topics["orders"].turn = partition
            assert self.broker.publish("orders", int(want)).partition == partition
            self.places[partition].wanted.append(want)
        assert log.end(partition) == len(self.places[partition].wanted)

    @rule(name=st.sampled_from(NAMES))
    def join(self, name: str) -> None:
        self.look()
        if name in self.members:
            self.former.append(self.members[name])
        if name in self.sessions:
            self.dismiss(name, failed=True)
        self.members[name] = self.group.join(name)
        self.sessions[name] = self.now + SESSION
        self.rebalance()

    @rule(name=st.sampled_from(NAMES))
    def leave(self, name: str) -> None:
        if name in self.members:
            self.look()
            self.members.pop(name).leave()
            if name in self.sessions:
                self.dismiss(name, failed=False)
                self.rebalance()

    @rule(name=st.sampled_from(NAMES), n=st.integers(1, 5))
    def pull(self, name: str, n: int) -> None:
        if name not in self.members:
            return
        member = self.members[name]
        self.look()
        back = name not in self.sessions
        room = min(n, self.room - (0 if back else self.held(name)))
        batch = member.pull(n)
        self.sessions[name] = self.now + SESSION
        if back:
            self.rebalance()
        assert len(batch) <= max(0, room)
        for delivery in batch:
            number, offset = delivery.partition, delivery.offset
            place = self.places[number]
            assert self.owners[number] == name
            assert place.due <= self.now
            assert offset == place.wanted.index(True, place.position)  # in order, none left out
            assert delivery.attempt == place.tries.get(offset, 0) + 1
            place.position = offset + 1
            place.hand.append(offset)
        self.taken += batch
        for number, place in enumerate(self.places):
            if self.owners[number] == name and place.due <= self.now and len(batch) < room:
                assert True not in place.wanted[place.position :]  # it took all that there is
            reached = self.group.reader.next[number]
            assert True not in place.wanted[place.position : reached]  # only what it rejects
            place.position = reached

    def choose(self, data: st.DataObject) -> tuple[Delivery, bool]:
        """Choose any delivery that there ever was; say whether it still counts."""
        self.look()
        delivery = data.draw(st.sampled_from(self.taken[-12:]))
        newest = [
            d
            for d in self.taken
            if (d.partition, d.offset) == (delivery.partition, delivery.offset)
        ][-1]
        alive = newest is delivery and delivery.offset in self.places[delivery.partition].hand
        if alive:
            self.sessions[str(self.owners[delivery.partition])] = self.now + SESSION
        return delivery, alive

    @rule(data=st.data(), several=st.booleans())
    def ack(self, data: st.DataObject, several: bool) -> None:
        if self.taken:
            delivery, alive = self.choose(data)
            done = self.group.ack_batch([delivery]) if several else self.group.ack(delivery.ack_id)
            assert done == alive
            if alive:
                self.end(delivery.partition, delivery.offset)

    @rule(data=st.data(), delay=st.none() | st.just(0) | SECONDS)
    def nack(self, data: st.DataObject, delay: float | None) -> None:
        if self.taken:
            delivery, alive = self.choose(data)
            assert self.group.nack(delivery.ack_id, delay) == alive
            if alive:
                wait = min(1, 0.25 * 2 ** (delivery.attempt - 1)) if delay is None else delay
                self.fail(delivery.partition, delivery.offset, self.now + wait)

    @rule(name=st.sampled_from(NAMES), old=st.booleans())
    def commit(self, name: str, old: bool) -> None:
        if name in self.members:
            self.look()
            good = name in self.sessions and not old
            generation = self.group.generation - old
            assert self.members[name].commit(generation) == good
            if good:
                self.sessions[name] = self.now + SESSION
                for number, place in enumerate(self.places):
                    if self.owners[number] == name:
                        for offset in list(place.hand):
                            self.end(number, offset)

    @rule(name=st.sampled_from(NAMES))
    def heartbeat(self, name: str) -> None:
        if name in self.members:
            self.look()
            assert self.members[name].heartbeat() == (name in self.sessions)
            if name in self.sessions:
                self.sessions[name] = self.now + SESSION

    @rule()
    def a_worker_whose_name_another_has_taken_is_out(self) -> None:
        if self.former:
            self.look()
            assert not self.former[-1].heartbeat()
            assert not self.former[-1].commit()
            assert self.former[-1].partitions == []

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def grow(self) -> None:
        if len(self.places) < 4:
            self.broker.topics["orders"].log.add_partitions(1)
            self.places.append(Place())

    @rule(back=st.integers(0, 9))
    def seek(self, back: int) -> None:
        offset = max(0, max(len(place.wanted) for place in self.places) - back)
        self.look()
        self.group.seek(offset=offset)
        for place in self.places:
            place.position = min(offset, len(place.wanted))
            place.hand, place.tries, place.due = [], {}, 0.0
            place.done |= set(range(place.position))  # passed over on purpose

    # ── what always holds ───────────────────────────────────────────────────────────────────────

    @invariant()
    def the_gauges_agree(self) -> None:
        self.look()
        assert self.group.generation == self.generation
        assert list(self.group.members) == list(self.sessions)
        assert self.group.outstanding == sum(len(place.hand) for place in self.places)
        assert self.group.cursors == [place.committed for place in self.places]
        unread = sum(len(place.wanted) - place.position for place in self.places)
        assert self.group.lag == unread + self.group.outstanding
        assert self.group.skipped == 0
        for name, member in self.members.items():
            owned = [p for p, owner in enumerate(self.owners) if owner == name]
            assert member.partitions == (owned if name in self.sessions else [])

    @invariant()
    def nothing_is_passed_over(self) -> None:
        for place in self.places:
            wanted = {o for o in range(place.committed) if place.wanted[o]}
            assert wanted <= place.done

    @invariant()
    def the_dead_letters_agree(self) -> None:
        if self.limit is not None:
            log = self.broker.topics["orders.dead"].log
            story = [event.extensions for _, event in log.read(0, 0)]
            assert [(s["deadpartition"], s["deadoffset"]) for s in story] == self.dead

    def teardown(self) -> None:
        """Handle all that is left, with one more worker: everything ends acked or dead."""
        with self.broker:
            worker = self.group.join("zoe")
            for _ in range(200):
                worker.pull(5)
                worker.commit()
                self.now += 0.25
            assert self.group.lag == 0


class Durable(InMemory):
    """The same with restarts: positions, failures and the generation stay; members do not."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.no_disk = patch("os.fsync")  # no power is cut here, so nobody needs to wait
        self.no_disk.start()

    def open(self) -> Broker:
        return Broker(self.folder, clock=lambda: self.now, fsync=Fsync.never(), commit_every=7)

    @rule()
    def restart(self) -> None:
        self.look()
        self.broker.close()
        self.broker = self.open()
        self.subscribe()
        self.members, self.sessions, self.former = {}, {}, []
        self.owners = [None] * len(self.places)
        self.generation += 1
        for place in self.places:
            place.take_back(self.now)
            place.due = 0.0
            place.tries = {o: n for o, n in place.tries.items() if o >= place.committed}

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.no_disk.stop()
            shutil.rmtree(self.folder)


# 6,000 and 1,500 steps; with PUBSUB_KIT_LONG=20, 10⁵ steps and more.
LONG = float(os.environ.get("PUBSUB_KIT_LONG", "1"))
InMemory.TestCase.settings = settings(
    max_examples=round(150 * LONG), stateful_step_count=40, deadline=None
)
Durable.TestCase.settings = settings(
    max_examples=round(50 * LONG), stateful_step_count=30, deadline=None
)
test_a_group_in_memory_does_as_the_model = InMemory.TestCase
test_a_durable_group_does_as_the_model = Durable.TestCase
