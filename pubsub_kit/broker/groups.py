"""Which kind of subscription a group has, and where its dead letters may go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from pubsub_kit.broker.choosing import Filter
from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.broker.settings import Settings, SubscriptionError
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import Topic


def make_group(
    shared: Shared, topic: Topic, group: str, settings: Settings, filter: Filter | None
) -> Subscription:
    """Make the subscription of a new or a restored group."""
    kind = Partitioned if settings.assignment == "partitioned" else Subscription
    return kind(shared, topic, group, settings, filter)


def check_no_ring(groups: Iterable[Subscription], topic: str, dead_letter: str) -> None:
    """Raise SubscriptionError if dead letters of a topic could come back to it, and go round."""
    edges = [(group.topic.name, group.settings.dead_letter) for group in groups]
    ways = [[topic, dead_letter]]
    seen = set[str | None]()
    for way in ways:
        if way[-1] == topic:
            raise SubscriptionError(
                "These dead letters would go round in a ring, "
                f"{' → '.join(map(str, way))}: name another topic as dead_letter."
            )
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, to] for at, to in edges if at == way[-1] and to is not None]


def difference(group: Subscription, settings: Settings) -> SubscriptionError:
    """Return the error for settings that differ from those of a group that exists."""
    has, wants = group.settings._asdict(), settings._asdict()
    differ = ", ".join(f"{name}={has[name]!r}" for name in has if has[name] != wants[name])
    return SubscriptionError(
        f"{group.reader.name} already exists with {differ}: give the same settings, or only the "
        "topic and the group."
    )


class Deleting(Protocol):
    """A broker, of which topics can be deleted again."""

    topics: dict[str, Topic]

    def delete_topic(self, name: str) -> None:
        """Delete a topic."""


def undo(broker: Deleting, group: Subscription | None, topics: list[str], before: Any) -> None:
    """After a failure, leave a group as it was, if there was one, and no topic that was not."""
    if group is not None and before is not None:
        group.stand(before)
    for made in [name for name in broker.topics if name not in topics]:
        broker.delete_topic(made)
