"""What a broker without a path keeps: the logs of its topics, in memory."""

from __future__ import annotations

from collections.abc import Callable

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.subscription import Shared, Subscription
from pubsub_kit.broker.topic import Topic
from pubsub_kit.log.memory import EventLog


class Memory:
    """Keeps nothing after the process ends; storage.py does the same with a folder."""

    def restore(self, topic: Callable[[str], Topic], shared: Shared) -> None:
        """Restore what was saved."""

    def open_log(self, topic: str, partitions: int | None) -> EventLog:
        """Open the log of a topic, or create it."""
        return EventLog(topic, partitions or 1)

    def settled(self, n: int) -> None:
        """Hear of acks and dead letters."""

    def register(self, group: Subscription) -> None:
        """Save a group that somebody has subscribed to."""

    def reset(self, group: Subscription, settings: Settings) -> bool:
        """Change a group's settings if nobody has subscribed since a restart; return whether."""
        return False

    def save(self) -> None:
        """Save the groups' positions, and wait until the disk has them."""

    def close(self) -> None:
        """Close all files."""
