"""Redriving: publishing dead letters again, once the consumer that failed has been fixed."""

from __future__ import annotations

from collections.abc import Callable, Container

from pubsub_kit.broker.dead_letters import revive
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.log.event import Event


def redrive(
    letters: Subscription,
    publish: Callable[[str, Event], object],
    topics: Container[str],
    to: str | None,
    limit: int | None,
) -> int:
    """Publish the dead letters that this subscription has not seen: see `Broker.redrive`."""
    moved, most = 0, letters.lag if limit is None else min(limit, letters.lag)
    while moved < most and (batch := letters.pull()):
        origin, event = revive(batch[0].event)
        target = to or origin
        if target is None or target not in topics or target == letters.topic.name:
            batch[0].nack(0)
            raise BrokerError(
                f"Dead letter {event.id!r} can't go to the topic {target!r}: name another one "
                f"that exists, as in broker.redrive({letters.topic.name!r}, to='orders')."
            )
        publish(target, event)
        batch[0].ack()
        moved += 1
    return moved
