"""A delivery that a worker holds: its acks on their way to the broker, and its dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.log.event import Event
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.odds import Odds
from pubsub_kit.world.outage import Outage
from pubsub_kit.world.tasks import Node


class Sharers(Protocol):
    """What a delivery needs of the group of workers that it came to."""

    name: str
    topic: str
    outage: Outage
    lost_odds: dict[str, Odds]  # by verb
    generation: int  # of a partitioned group

    def stale(self, generation: int) -> str:
        """Return why an ack is refused of what came in this generation."""

    def settled(self, verb: str) -> None:
        """Hear that an ack or a nack has arrived."""


class Hand:
    """A delivery in a worker's hand, whose ack, nack and extend are awaits that can go wrong."""

    def __init__(
        self, world: Kernel, node: Node, group: Sharers, delivery: Delivery, event: Event
    ) -> None:
        self._world, self._node, self._group = world, node, group
        self._delivery, self.event, self._generation = delivery, event, group.generation

    @property
    def id(self) -> str:
        """The event's id: the same at each redelivery."""
        return self.event.id

    @property
    def source(self) -> str:
        """The event's source, which its id is unique in."""
        return self.event.source

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.event.data

    @property
    def key(self) -> str | None:
        """The event's key."""
        return self.event.key

    @property
    def attempt(self) -> int:
        """How many times the message has been delivered, this time included."""
        return self._delivery.attempt

    @property
    def offset(self) -> int:
        """The event's offset in its partition."""
        return self._delivery.offset

    @property
    def generation(self) -> int:
        """The group's generation when it was handed out; 0 if its partitions have no owners."""
        return self._generation

    @property
    def deadline(self) -> float:
        """When the broker redelivers it unless it is acked by then (virtual seconds).

        It is inf in a partitioned group, which has no leases.
        """
        return self._delivery.deadline

    async def ack(self) -> bool:
        """Tell the broker that the work is done; return False if the ack came too late to count.

        The broker does not answer, so an ack that is lost looks like one that arrived: True.
        """
        counted = await self._tell("ack", self._delivery.ack)
        return counted is not False

    async def confirmed_ack(self) -> bool:
        """Ack and wait for the broker's confirm; return False if the ack was late or lost."""
        return bool(await self._tell("ack", self._delivery.ack))

    async def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Give the message back, to be redelivered after a delay (seconds; None: by policy)."""
        return bool(await self._tell("nack", lambda: self._delivery.nack(delay, reason)))

    async def extend(self, seconds: float) -> bool:
        """Move the deadline to `seconds` from now; return False if it has already passed.

        As with `ack`, one that is lost looks like one that arrived.
        """
        counted = await self._tell("extend", lambda: self._delivery.extend(seconds))
        return counted is not False

    async def _tell(self, verb: str, act: Callable[[], bool]) -> bool | None:
        """Return whether it counted, or None if it never arrived."""
        world, id = self._world, self.event.id
        name, topic = self._node.name, self._group.topic
        await world.point(f"the {verb} of {id}", ("ack", self._group.name, ()))
        message, text = f"m{world.number('message')}", f"{verb} {id}"
        world.note("send", name, topic, message, text)
        self._node.active = True
        odds, outage = self._group.lost_odds[verb], self._group.outage
        kind = world.chance.fault(*odds) if odds[0] and not outage.down else ""
        if kind in outage.kinds:
            outage.begin(kind, topic)
        if kind or outage.down:
            world.note("lose", name, topic, message, f"{verb} of {id} is lost", True)
            return None
        counted = act()
        refusal = "" if counted else f" refused: {self._group.stale(self._generation)}"
        world.note("receive", topic, name, message, text + refusal)
        self._group.settled(verb)
        return counted


class Letters:
    """Watches which messages of a group become dead letters, and wakes those who read them."""

    def __init__(
        self, world: Kernel, broker: Broker, subscription: Subscription, wake: Callable[[str], None]
    ) -> None:
        self.world, self.subscription, self.wake = world, subscription, wake
        self.name = str(subscription.settings.dead_letter)
        self.topic = broker.topic(self.name)
        self.log = self.topic.log
        self.read = [self.log.end(p) for p in range(self.log.partitions)]

    def start_over(self) -> None:
        """Look from the start if a broker in memory has crashed, and the log is a new one."""
        if self.log is not (log := self.topic.log):
            self.log, self.read = log, [0] * log.partitions

    def tell(self) -> None:
        """Note each dead letter that has arrived since the last look."""
        if self.read == self.log.ends:
            return
        for partition, offset in enumerate(self.read):
            for at, letter in self.log.read(partition, offset):
                self.read[partition] = at + 1
                story = letter.extensions
                if (group := self.subscription.group) == story["deadgroup"]:
                    text = f"{letter.id} goes to {self.name}: {story['deadreason']}"
                    self.world.note("note", self.subscription.topic.name, text=text, data=group)
                    self.wake(self.name)
