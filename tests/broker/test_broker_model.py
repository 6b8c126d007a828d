"""The broker against a model: a list of messages, each with its state, looked through from the top.

Hypothesis runs both through the same operations and compares every answer. The model says exactly
what comes next: so nothing is lost, nothing comes after its ack, a key stays in order, attempts and
limits count, and lag is right, at every step and not only in the end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.log.segments import Fsync

pytestmark = pytest.mark.once

KEYS = [None, "ann", "bob", "cy"]
SECONDS = st.integers(1, 8).map(lambda eighths: eighths / 8)  # exact in binary: no rounding
RETRY = RetryPolicy(base=0.25, factor=2, cap=1, jitter=None)


@dataclass
class Message:
    """A message as one group sees it."""

    partition: int
    offset: int
    key: str | None
    wanted: bool
    state: str = "unread"  # unread, flying, aside, held, acked, dead, filtered
    attempts: int = 0
    time: float = 0.0  # when its lease ends, or when it is available again
    ack_id: int = 0

    @property
    def open(self) -> bool:
        return self.state in ("flying", "aside", "held")


class Model:
    """What the group's subscription should do, the slow and plain way."""

    def __init__(self, partitions: int, ordered: bool, limit: int | None, room: int) -> None:
        self.partitions, self.ordered, self.limit, self.room = partitions, ordered, limit, room
        self.messages: list[Message] = []
        self.dead: list[tuple[int, int]] = []
        self.turn = 0

    def within(self, *states: str) -> list[Message]:
        return [message for message in self.messages if message.state in states]

    def look(self, now: float) -> None:
        late = [m for m in self.within("flying") if m.time <= now]
        for message in sorted(late, key=lambda m: m.ack_id):
            self.fail(message, message.time, message.time)

    def fail(self, message: Message, now: float, due: float) -> None:
        if self.limit is not None and message.attempts >= self.limit:
            self.dead.append((message.partition, message.offset))
            self.end(message, "dead", now)
        else:
            message.state, message.time = "aside", due

    def end(self, message: Message, state: str, now: float) -> None:
        message.state = state
        waiting = [m for m in self.within("held") if m.key == message.key]
        if waiting:
            waiting[0].state, waiting[0].time = "aside", now

    def pull(self, n: int, now: float, deadline: float) -> list[Message]:
        n = max(0, min(n, self.room - len(self.within("flying"))))
        due = [m for m in self.within("aside") if m.time <= now]
        chosen = sorted(due, key=lambda m: (m.time, m.partition, m.offset))[:n]
        while len(chosen) < n and (found := self.read(n - len(chosen))):
            for message in found:
                message.state = "held" if self.waits(message) else "flying"
                chosen += [message] if message.state == "flying" else []
        for message in chosen:
            message.state, message.time = "flying", deadline
            message.attempts += 1
        return chosen

    def read(self, most: int) -> list[Message]:
        """Take new messages, as many as there are from one partition before the next one."""
        found: list[Message] = []
        for _ in range(self.partitions):
            here, self.turn = self.turn, (self.turn + 1) % self.partitions
            for message in self.within("unread"):
                if message.partition == here:
                    message.state = "read" if message.wanted else "filtered"
                    found += [message] if message.wanted else []
                    if len(found) == most:
                        return found
        return found

    def waits(self, message: Message) -> bool:
        same = (m for m in self.messages if m.open and m.key == message.key)
        return self.ordered and message.key is not None and any(same)

    def restart(self, now: float) -> None:
        """Take up what was open, in the order of the log; a key's first goes, the others wait."""
        opened = [m for m in self.messages if m.open]
        for message in opened:
            message.state = "unread"
        for message in sorted(opened, key=lambda m: (m.partition, m.offset)):
            if self.limit is not None and message.attempts >= self.limit:
                self.dead.append((message.partition, message.offset))
                message.state = "dead"
            else:
                message.state, message.time = "held" if self.waits(message) else "aside", now
        self.turn = 0

    def seek(self, offset: int) -> None:
        for message in self.messages:
            message.attempts = 0
            message.state = "unread" if message.offset >= offset else "passed"
        self.turn = 0

    def wakeup(self) -> float | None:
        times = [m.time for m in self.within("flying")]
        if len(times) < self.room:
            times += [m.time for m in self.within("aside")]
        return min(times, default=None)


class InMemory(RuleBasedStateMachine):
    """One group of one topic, driven like the model."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 64.0
        self.taken: list[tuple[Delivery, Message]] = []

    def open(self) -> Broker:
        return Broker(clock=lambda: self.now)

    @initialize(
        partitions=st.integers(1, 3),
        ordered=st.booleans(),
        limit=st.none() | st.integers(1, 3),
        room=st.integers(1, 6),
        choosy=st.booleans(),
    )
    def start(
        self, partitions: int, ordered: bool, limit: int | None, room: int, choosy: bool
    ) -> None:
        self.model = Model(partitions, ordered, limit, room)
        self.filter = (lambda event: event.data != "unwanted") if choosy else None
        self.broker = self.open()
        self.broker.topic("orders", partitions)
        self.subscribe()

    def subscribe(self) -> None:
        self.group = self.broker.subscribe(
            "orders",
            "billing",
            filter=self.filter,
            ack_deadline=2.0,
            retry=RETRY,
            max_deliveries=self.model.limit,
            ordered=self.model.ordered,
            max_outstanding=self.model.room,
        )

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4), wanted=st.booleans())
    def publish(self, keys: list[str | None], wanted: bool) -> None:
        for key in keys:
            place = self.broker.publish("orders", "wanted" if wanted else "unwanted", key=key)
            passes = wanted or self.filter is None
            self.model.messages.append(Message(place.partition, place.offset, key, passes))

    @rule(n=st.integers(1, 5))
    def pull(self, n: int) -> None:
        self.model.look(self.now)
        expected = self.model.pull(n, self.now, self.now + 2.0)
        pulled = self.group.pull(n)
        assert [(d.partition, d.offset, d.attempt, d.deadline) for d in pulled] == [
            (m.partition, m.offset, m.attempts, m.time) for m in expected
        ]
        for delivery, message in zip(pulled, expected, strict=True):
            message.ack_id = delivery.ack_id
        self.taken += zip(pulled, expected, strict=True)

    def choose(self, data: st.DataObject) -> tuple[Delivery, Message, bool]:
        """Choose any delivery that there ever was; say whether its lease still runs."""
        self.model.look(self.now)
        delivery, message = data.draw(st.sampled_from(self.taken[-12:]))
        alive = message.state == "flying" and message.ack_id == delivery.ack_id
        return delivery, message, alive

    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        if self.taken:
            delivery, message, alive = self.choose(data)
            assert self.group.ack(delivery.ack_id) == alive
            if alive:
                self.model.end(message, "acked", self.now)

    @rule(data=st.data())
    def ack_several(self, data: st.DataObject) -> None:
        chosen = [self.choose(data) for _ in range(3) if self.taken]
        counted = self.group.ack_batch([delivery for delivery, _, _ in chosen])
        running = {delivery.ack_id: message for delivery, message, alive in chosen if alive}
        assert counted == len(running)
        for message in running.values():
            self.model.end(message, "acked", self.now)

    @rule(data=st.data(), delay=st.none() | st.just(0) | SECONDS)
    def nack(self, data: st.DataObject, delay: float | None) -> None:
        if self.taken:
            delivery, message, alive = self.choose(data)
            assert self.group.nack(delivery.ack_id, delay) == alive
            if alive:
                wait = min(1, 0.25 * 2 ** (message.attempts - 1)) if delay is None else delay
                self.model.fail(message, self.now, self.now + wait)

    @rule(data=st.data(), seconds=SECONDS)
    def extend(self, data: st.DataObject, seconds: float) -> None:
        if self.taken:
            delivery, message, alive = self.choose(data)
            assert self.group.extend(delivery.ack_id, seconds) == alive
            if alive:
                message.time = self.now + seconds

    @rule(seconds=SECONDS, times=st.sampled_from([1, 1, 3]))
    def wait(self, seconds: float, times: int) -> None:
        self.now += seconds * times

    @rule(back=st.integers(0, 9))
    def seek(self, back: int) -> None:
        log = self.broker.topics["orders"].log
        offset = max(0, max(map(log.end, range(log.partitions))) - back)
        self.group.seek(offset=offset)
        self.model.seek(offset)

    @invariant()
    def the_gauges_agree(self) -> None:
        self.model.look(self.now)
        unread, opened = self.model.within("unread"), [m for m in self.model.messages if m.open]
        assert self.group.lag == len(unread) + len(opened)
        assert self.group.outstanding == len(self.model.within("flying"))
        assert self.group.next_wakeup() == self.model.wakeup()
        assert self.group.skipped == 0
        for partition, cursor in enumerate(self.group.cursors):
            left = [m.offset for m in unread + opened if m.partition == partition]
            assert not left or min(left) == cursor

    @invariant()
    def the_dead_letters_agree(self) -> None:
        if self.model.limit is not None:
            log = self.broker.topics["orders.dead"].log
            story = [event.extensions for _, event in log.read(0, 0)]
            assert [(s["deadpartition"], s["deadoffset"]) for s in story] == self.model.dead

    @invariant()
    def a_key_is_in_one_hand(self) -> None:
        keys = [m.key for m in self.model.within("flying") if m.key is not None]
        assert not self.model.ordered or len(keys) == len(set(keys))

    def teardown(self) -> None:
        """Handle all that is left: every message ends acked or dead, or was passed over."""
        with self.broker:
            for _ in range(1000):
                if self.group.lag:
                    self.pull(5)
                    for delivery, message in self.taken[-5:]:
                        if self.group.ack(delivery.ack_id):
                            self.model.end(message, "acked", self.now)
                    self.now += 0.5
            self.model.look(self.now)  # the last deadlines may have passed since it looked
            states = {message.state for message in self.model.messages}
            assert states <= {"acked", "dead", "filtered", "passed"}


class Durable(InMemory):
    """The same with restarts, between any two steps: an orderly one loses nothing but time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.no_disk = patch("os.fsync")  # no power is cut here, so nobody needs to wait
        self.no_disk.start()

    def open(self) -> Broker:
        return Broker(self.folder, clock=lambda: self.now, fsync=Fsync.never(), commit_every=7)

    @rule(again=st.booleans())
    def restart(self, again: bool) -> None:
        self.broker.close()
        self.broker = self.open()
        self.model.restart(self.now)
        if again or self.filter is not None:
            self.subscribe()
        self.group = self.broker.subscriptions["orders", "billing"]

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
test_a_broker_in_memory_does_as_the_model = InMemory.TestCase
test_a_durable_broker_does_as_the_model = Durable.TestCase
