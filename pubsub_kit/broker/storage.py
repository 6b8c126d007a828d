"""What a durable broker keeps in its folder, and how it remembers its readers: as events.

    data/orders/         a DurableEventLog for each topic
    data/__cursors/      one more, compacted by key: the latest event of each key is the state
        orders/billing      how the group's subscription is set up
        orders/billing/0    where it stands in partition 0: the next offset to read, and those
                            messages before it that are not acked, with the deliveries each had
        generation          how often the broker was opened

Kafka keeps its consumers' offsets in the same way, in `__consumer_offsets`.

An ack waits for no disk. Where a group stands is written down after every `commit_every` acks, and
by `flush` and `close`. So a crash loses no message, but what was acked since the last write comes
again: at least once. Deliveries counted since then are forgotten, and the rest of every backoff is.
Cursors that are ahead of their log, whose tail a power cut took, are set back to its end. A filter
is a function, which no file can hold: subscribe again to supply it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import Settings, is_count
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import BrokerError, Memory, Topic
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog, Fsync

if TYPE_CHECKING:
    from pubsub_kit.broker.broker import Broker

CURSORS = "__cursors"
COMPACT_EVERY = 1000  # cursor events
ACK_IDS = 10**12  # for each opening of the broker, so that no ack id is ever used again


class Storage(Memory):
    """The folder of a durable broker."""

    def __init__(
        self, broker: Broker, folder: Path, fsync: Fsync | None, commit_every: int
    ) -> None:
        if not is_count(commit_every):
            raise BrokerError(f"commit_every is a number of acks from 1 up, not {commit_every!r}.")
        self.broker = broker
        self.folder = folder
        self.fsync = Fsync.always() if fsync is None else fsync
        self.commit_every = commit_every
        self.log = DurableEventLog(folder / CURSORS, 1, fsync=Fsync.every(seconds=1))
        rows = self.log.read(0, 0, self.log.end(0))
        self._latest: dict[str, Any] = {str(event.key): event.data for _, event in rows}
        self._appended = len(rows)
        self._unsaved = 0  # acks

    def open_log(self, topic: str, partitions: int | None) -> EventLog:
        """Open the log of a topic, or make it."""
        return DurableEventLog(self.folder / topic, partitions, fsync=self.fsync)

    def settled(self, n: int) -> None:
        """Count acks and dead letters, and now and then write down where the groups stand."""
        self._unsaved += n
        if self._unsaved >= self.commit_every:
            self.save(flush=False)

    def save(self, *, flush: bool) -> None:
        """Write down how subscriptions are set up and where they stand, where that has changed."""
        for subscription in self.broker.subscriptions.values():
            name, settings = subscription.reader.name, subscription.settings
            data = settings._asdict() | {"retry": asdict(settings.retry)}
            self._put(name, data | {"filtered": subscription.reader.filter is not None})
            for partition, (next, unacked) in enumerate(subscription._places()):
                self._put(f"{name}/{partition}", {"next": next, "unacked": unacked})
        self._unsaved = 0
        if flush:
            self.log.flush()

    def close(self) -> None:
        """Let go of the cursors' log."""
        self.log.close()

    def restore(self) -> int:
        """Give the broker its topics and its subscriptions back; return its first ack id."""
        generation = int(self._latest.get("generation", 0)) + 1
        self._put("generation", generation)
        for name in sorted({path.parent.name for path in self.folder.glob("*/[0-9]*")}):
            if name != CURSORS:
                self.broker.topic(name)
        for name, data in list(self._latest.items()):
            topic, _, group = name.partition("/")
            if topic in self.broker.topics and group and "/" not in group:
                self._restore(self.broker.topics[topic], group, dict(data))
        return generation * ACK_IDS

    def _restore(self, topic: Topic, group: str, data: dict[str, Any]) -> None:
        filter = lost_filter if data.pop("filtered") else None
        settings = Settings(**data | {"retry": RetryPolicy(**data["retry"])})
        if settings.dead_letter is not None:
            self.broker.topic(settings.dead_letter)
        subscription = Subscription(self.broker, topic, group, settings, filter)
        subscription.restored = True
        self.broker.subscriptions[topic.name, group] = subscription
        name, new = subscription.reader.name, {"next": 0, "unacked": []}  # a new partition's place
        places = [self._latest.get(f"{name}/{p}", new) for p in range(topic.partitions)]
        subscription._resume([(place["next"], place["unacked"]) for place in places])

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
