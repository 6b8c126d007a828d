"""Redriving: publishing dead letters again, once the consumer that failed has been fixed."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from typing import Literal, Protocol

from pubsub_kit.broker.dead_letters import revive
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.event import Event

GROUP = "__redrive"


class Redriving(Protocol):
    """A broker, of which dead letters can be published again."""

    @property
    def topics(self) -> Container[str]:
        """Its topics, by name."""

    @property
    def subscriptions(self) -> Container[tuple[str, str]]:
        """Its groups, by topic and name."""

    def subscribe(self, topic: str, group: str, *, start: Literal["earliest"]) -> Subscription:
        """Return the group, which is new if there is none."""

    def unsubscribe(self, topic: str, group: str) -> None:
        """Remove the group."""

    def publish_event(self, topic: str, event: Event) -> object:
        """Publish an event."""


def redrive(broker: Redriving, dead_topic: str, to: str | None, limit: int | None) -> int:
    """Publish the dead letters that were not redriven yet: see `Broker.redrive`.

    A call that is refused before it has moved any leaves no new group behind.
    """
    if limit is not None and (limit.__class__ is not int or limit < 0):
        raise BrokerError(f"limit is a number of dead letters (None: all), not {brief(limit)}.")
    if not (to is None or isinstance(to, str)):
        raise BrokerError(f"to is the name of a topic (None: the old one), not {brief(to)}.")
    known = isinstance(dead_topic, str) and (dead_topic, GROUP) in broker.subscriptions
    letters, moved = broker.subscribe(dead_topic, GROUP, start="earliest"), 0
    try:
        most = letters.lag if limit is None else min(limit, letters.lag)
        while moved < most and (batch := letters.pull()):
            origin, event = revive(batch[0].stored)
            target = to or origin
            if target is None or target not in broker.topics or target == dead_topic:
                batch[0].nack(0)
                raise BrokerError(
                    f"Dead letter {event.id!r} can't go to the topic {brief(target)}: name another "
                    f"one that exists, as in broker.redrive({dead_topic!r}, to='orders')."
                )
            broker.publish_event(target, event)
            moved += 1
            batch[0].ack()
    except BaseException:
        if not (known or moved):
            with suppress(PubSubKitError):
                broker.unsubscribe(dead_topic, GROUP)
        raise
    return moved
