"""What a broker without a path keeps: its topics' logs in memory, and of its groups nothing."""

from __future__ import annotations

from collections.abc import Callable

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.subscription import Shared, Subscription
from pubsub_kit.broker.topic import Topic
from pubsub_kit.log.memory import EventLog


class Memory:
    """Keeps nothing beyond the process; storage.py does the same with a folder."""

    def restore(self, topic: Callable[[str], Topic], shared: Shared) -> None:
        """Give the broker back what was kept."""

    def open_log(self, topic: str, partitions: int | None) -> EventLog:
        """Open the log of a topic, or make it."""
        return EventLog(topic, partitions or 1)

    def settled(self, n: int) -> None:
        """Hear of acks and dead letters."""

    def register(self, group: Subscription) -> None:
        """Remember a group that somebody has subscribed to."""

    def reset(self, group: Subscription, settings: Settings) -> bool:
        """Give a group other settings, if nobody has subscribed since a restart; say whether."""
        return False

    def save(self) -> None:
        """Write down where the groups stand, and wait until that is safe."""

    def close(self) -> None:
        """Let go of all files."""
