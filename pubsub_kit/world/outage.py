"""The broker's own crash: what a durable broker still has afterwards, and what one in memory has.

    broker crash   a durable broker: the log is on the disk, and each group goes on from the last
                   position that was saved; what it acked since then is redelivered
    broker wiped   a broker in memory: its topics are empty, and every group starts anew

Either way it is down for a while: it confirms nothing, hears no ack and hands nothing out. The
members of a partitioned group join again when it is back. A
durable broker of this kit saves positions after every 100 acks, so that is what this one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from simpy import Event as Moment

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.memory import Memory
from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.broker.places import places, resume
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.world.odds import Odds

COMMIT_EVERY = 100  # acks
_WORDS = {
    "broker crash": "the broker crashes: its log is on the disk, later acks are not",
    "broker wiped": "the broker crashes: all that it had in memory is gone",
}


class Ground(Protocol):
    """What an outage needs of the world that it happens in."""

    broker: Broker
    restart_after: float

    def note(self, kind: str, node: str, *, text: str, fault: bool = False) -> None:
        """Write a step to the trace."""

    def after(self, seconds: float, then: Callable[[Moment], Any]) -> Moment:
        """Call a function after so many seconds."""

    def broker_is_back(self) -> None:
        """Let everybody who waits for the broker look again."""


class Outage(Memory):
    """Whether the broker is down, and what it had saved of its groups' positions."""

    def __init__(self, ground: Ground, odds: Odds) -> None:
        self.ground, self.odds, self.kinds = ground, odds, odds[0]
        self.down = False
        self._saved: dict[tuple[str, str], list[Any]] = {}
        self._unsaved = 0  # acks
        if self.kinds:
            broker = ground.broker
            broker._storage, shared = self, broker._shared
            shared.settled, shared.save = self.settled, self.save

    def register(self, group: Subscription) -> None:
        """Save the position of a group that somebody has subscribed to."""
        self._keep(group)

    def settled(self, n: int) -> None:
        """Save all positions once enough has been acked."""
        self._unsaved += n
        if self._unsaved >= COMMIT_EVERY:
            self.save()

    def save(self) -> None:
        """Save where each group stands."""
        self._unsaved = 0
        for group in self.ground.broker.subscriptions.values():
            self._keep(group)

    def saved(self) -> tuple[Any, ...]:
        """Return what a crash would go back to, to compare it."""
        return self._unsaved, repr(self._saved)

    def _keep(self, group: Subscription) -> None:
        self._saved[group.topic.name, group.group] = places(group)

    def begin(self, kind: str, topic: str) -> None:
        """Crash the broker, while it deals with this topic."""
        self.down, ground = True, self.ground
        ground.note("crash", topic, text=_WORDS[kind], fault=True)
        groups = ground.broker.subscriptions.values()
        self._wipe(groups) if kind == "broker wiped" else self._recover(groups)
        ground.after(ground.restart_after, lambda _: self._end(topic))

    def _recover(self, groups: Iterable[Subscription]) -> None:
        for group in list(groups):
            if isinstance(group, Partitioned):
                group.disband()
            resume(group, self._saved[group.topic.name, group.group])

    def _wipe(self, groups: Iterable[Subscription]) -> None:
        for topic in self.ground.broker.topics.values():
            topic.log = self.open_log(topic.name, topic.partitions, self.ground.broker.clock)
            topic.turn = 0
        for group in groups:
            group.reader.log = group.topic.log
            group.reader.go("earliest")
            group.forget()
            if isinstance(group, Partitioned):
                group.disband()
            self._keep(group)

    def _end(self, topic: str) -> None:
        self.down = False
        self.ground.note("restart", topic, text="the broker is back")
        self.ground.broker_is_back()
