"""What a durable broker keeps in its folder, and how it remembers its readers: as events.

    data/orders/         a DurableEventLog for each topic
    data/__cursors/      one more, compacted by key: the latest event of each key is the state
        orders/billing      how the group's subscription is set up
        orders/billing/0    where it stands in partition 0: the next offset to read, and those
                            messages before it that are not acked, with the deliveries each had
        generation          how often the broker was opened

Kafka keeps its consumers' offsets in the same way, in `__consumer_offsets`. Cursors are written
often and may lag behind, so they do not wait for the disk; a cursor that is ahead of its log (which
lost its tail in a power cut) is set back to the log's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pubsub_kit.event import Event
from pubsub_kit.retry import RetryPolicy
from pubsub_kit.segments import DurableEventLog, Fsync
from pubsub_kit.settings import Settings
from pubsub_kit.subscription import Subscription

if TYPE_CHECKING:
    from pubsub_kit.broker import Broker
    from pubsub_kit.topic import Topic

CURSORS = "__cursors"
COMPACT_EVERY = 1000  # cursor events


class Storage:
    """The folder of a durable broker."""

    def __init__(self, folder: Path, fsync: Fsync | None) -> None:
        self.folder = folder
        self.fsync = Fsync.always() if fsync is None else fsync
        self.log = DurableEventLog(folder / CURSORS, 1, fsync=Fsync.every(seconds=1))
        rows = self.log.read(0, 0, self.log.end(0))
        self._latest: dict[str, Any] = {str(event.key): event.data for _, event in rows}
        self._appended = len(rows)

    def open_log(self, topic: str, partitions: int | None) -> DurableEventLog:
        """Open the log of a topic, or make it."""
        return DurableEventLog(self.folder / topic, partitions, fsync=self.fsync)

    def next_generation(self) -> int:
        """Count this opening of the broker, and return its number."""
        generation = int(self._latest.get("generation", 0)) + 1
        self._put("generation", generation)
        return generation

    def restore(self, broker: Broker) -> None:
        """Give a broker its topics and its subscriptions back."""
        for path in sorted(self.folder.glob("*/lock")):
            if not path.parent.name.startswith("__"):
                broker.topic(path.parent.name)
        for name, data in list(self._latest.items()):
            if name.count("/") == 1:
                topic, group = name.split("/")
                if topic in broker.topics:
                    self._restore(broker, broker.topics[topic], group, dict(data))

    def _restore(self, broker: Broker, topic: Topic, group: str, data: dict[str, Any]) -> None:
        filter = lost_filter if data.pop("filtered") else None
        settings = Settings(**data | {"retry": RetryPolicy(**data["retry"])})
        if settings.dead_letter is not None:
            broker.topic(settings.dead_letter)
        subscription = Subscription(broker, topic, group, settings, filter)
        subscription.restored = True
        broker.subscriptions[topic.name, group] = subscription
        name, new = subscription.reader.name, {"next": 0, "unacked": []}  # a new partition's place
        places = [self._latest.get(f"{name}/{p}", new) for p in range(topic.partitions)]
        subscription._resume([(place["next"], place["unacked"]) for place in places])

    def save(self, subscriptions: Iterable[Subscription]) -> None:
        """Write down how subscriptions are set up and where they stand, where that has changed."""
        for subscription in subscriptions:
            name, settings = subscription.reader.name, subscription.settings
            data = settings._asdict() | {"retry": asdict(settings.retry)}
            self._put(name, data | {"filtered": subscription.reader.filter is not None})
            for partition, (next, unacked) in enumerate(subscription._places()):
                self._put(f"{name}/{partition}", {"next": next, "unacked": unacked})

    def _put(self, key: str, data: Any) -> None:
        if self._latest.get(key) == data:
            return
        self.log.append(Event.new("cursor", data, key=key))
        self._latest[key] = data
        self._appended += 1
        if self._appended >= COMPACT_EVERY:
            self.log.compact()
            self._appended = 0


def lost_filter(event: Event) -> NoReturn:
    """Stand in for a filter until somebody subscribes with it again."""
    raise LookupError("a function, and no file can hold one")
