"""What a broker without a path keeps: the logs of its topics, in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import Topic
from pubsub_kit.log.memory import EventLog, LogError


class Memory:
    """Keeps nothing after the process ends; storage.py does the same with a folder."""

    trouble: LogError | None = None  # why it could not save what it should have, the last time

    def restore(self, open_topic: Callable[[str], Topic], shared: Shared) -> None:
        """Restore what was saved."""

    def open_log(self, topic: str, partitions: int | None, clock: Callable[[], float]) -> EventLog:
        """Open the log of a topic, or create it."""
        return EventLog(topic, partitions or 1, clock=clock)

    def keep(self, topic: Topic) -> None:
        """Save the settings of a topic."""

    def discard(self, topic: Topic) -> None:
        """Undo `open_log`."""
        topic.log.close()

    def delete(self, topic: Topic) -> None:
        """Delete a topic, and all that is known of its groups."""
        topic.log.close()

    def settled(self, n: int) -> None:
        """Hear of acks and dead letters."""

    def register(self, group: Subscription) -> None:
        """Save a group that somebody has subscribed to."""

    def unregister(self, group: Subscription) -> None:
        """Forget a group."""

    def reset(self, group: Subscription, settings: Settings) -> bool:
        """Change a group's settings if nobody has subscribed since a restart; return whether."""
        return False

    def save(self) -> None:
        """Save the groups' positions, and wait until the disk has them."""

    def strangers(self) -> list[Path]:
        """Return what lies in the folder and was not written by the broker."""
        return []

    def close(self) -> None:
        """Close all files."""
