"""What a durable broker keeps in its folder, and how it remembers its groups: as events.

    data/orders/         a DurableEventLog for each topic
    data/__cursors/      one more, compacted by key: the latest event of each key is the state
        orders/billing      the settings of the group's subscription
        orders/billing/0    its position in partition 0: the next offset to read, and the messages
                            before it that are not acked, with the number of deliveries of each
        generation          how often the broker was opened

Kafka stores its consumers' offsets in the same way, in `__consumer_offsets`.

An ack doesn't wait for the disk. A group's position is written after every `commit_every` acks, and
by `flush` and `close`. So a crash loses no message, but what was acked since the last write is
redelivered: at least once. Deliveries counted since then are forgotten, and so are backoffs. If a
power cut took the tail of a log, cursors beyond its end are set back to it. A filter is a function,
which no file can hold: subscribe again to supply it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from pubsub_kit.broker.memory import Memory
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import Settings, is_count
from pubsub_kit.broker.subscription import Shared, Subscription
from pubsub_kit.broker.topic import BrokerError, Topic
from pubsub_kit.log.disk import Fsync
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.segments import DurableEventLog

CURSORS = "__cursors"
COMPACT_EVERY = 1000  # cursor events
ACK_IDS = 10**12  # for each opening of the broker, so that no ack id is ever used again

Place = tuple[int, list[list[int]]]  # next offset, [offset, deliveries] of each message in hand
Groups = dict[tuple[str, str], Subscription]  # by topic and group


class Storage(Memory):
    """The folder of a durable broker, whose groups are in `groups`."""

    def __init__(
        self, folder: Path, groups: Groups, fsync: Fsync | None, commit_every: int
    ) -> None:
        if not is_count(commit_every):
            raise BrokerError(f"commit_every is a number of acks, 1 or more, not {commit_every!r}.")
        self.folder, self.groups, self.commit_every = folder, groups, commit_every
        self.fsync = Fsync.always() if fsync is None else fsync
        self.log = DurableEventLog(folder / CURSORS, 1, fsync=Fsync.every(seconds=1))
        rows = self.log.read(0, 0, self.log.end(0))
        self._latest: dict[str, Any] = {str(event.key): event.data for _, event in rows}
        self._appended = len(rows)
        self._unsaved = 0  # acks
        self._restored: set[str] = set()  # restored groups that nobody has subscribed to yet

    def open_log(self, topic: str, partitions: int | None) -> EventLog:
        """Open the log of a topic, or create it."""
        return DurableEventLog(self.folder / topic, partitions, fsync=self.fsync)

    def settled(self, n: int) -> None:
        """Count acks and dead letters; after every `commit_every`, save the groups' positions."""
        self._unsaved += n
        if self._unsaved >= self.commit_every:
            self._write()

    def register(self, group: Subscription) -> None:
        """Save a group at once, or after a crash it would start again, at a later place."""
        self._restored.discard(group.reader.name)
        self.save()

    def reset(self, group: Subscription, settings: Settings) -> bool:
        """Change a group's settings if nobody has subscribed since a restart; return whether."""
        if group.reader.name not in self._restored:
            return False
        standing = places(group)
        group.settings = settings
        resume(group, standing)
        return True

    def save(self) -> None:
        """Save the groups' settings and positions, and wait until the disk has them."""
        self._write()
        self.log.flush()

    def close(self) -> None:
        """Close the cursors' log."""
        self.log.close()

    def restore(self, topic: Callable[[str], Topic], shared: Shared) -> None:
        """Restore the topics, by `topic(name)`, and the groups as they were."""
        generation = int(self._latest.get("generation", 0)) + 1
        self._put("generation", generation)
        shared.ack_ids = count(generation * ACK_IDS)
        names = sorted({path.parent.name for path in self.folder.glob("*/[0-9]*")} - {CURSORS})
        topics = {name: topic(name) for name in names}
        for name, data in list(self._latest.items()):
            of, _, group = name.partition("/")
            if of in topics and group and "/" not in group:
                self._restore(shared, topics[of], group, dict(data), topic)

    def _restore(
        self,
        shared: Shared,
        topic: Topic,
        group: str,
        data: dict[str, Any],
        make: Callable[[str], Topic],
    ) -> None:
        filter = lost_filter if data.pop("filtered") else None
        settings = Settings(**data | {"retry": RetryPolicy(**data["retry"])})
        if settings.dead_letter is not None:
            make(settings.dead_letter)
        found = Subscription(shared, topic, group, settings, filter)
        self.groups[topic.name, group] = found
        name, new = found.reader.name, {"next": 0, "unacked": []}  # a new partition's place
        self._restored.add(name)
        standing = [self._latest.get(f"{name}/{p}", new) for p in range(topic.partitions)]
        resume(found, [(place["next"], place["unacked"]) for place in standing])

    def _write(self) -> None:
        for group in self.groups.values():
            name, settings = group.reader.name, group.settings
            data = settings._asdict() | {"retry": asdict(settings.retry)}
            self._put(name, data | {"filtered": group.reader.filter is not None})
            for partition, (next, unacked) in enumerate(places(group)):
                self._put(f"{name}/{partition}", {"next": next, "unacked": unacked})
        self._unsaved = 0

    def _put(self, key: str, data: Any) -> None:
        if self._latest.get(key) == data:
            return
        self.log.append(Event.new("cursor", data, key=key))
        self._latest[key] = data
        self._appended += 1
        if self._appended >= COMPACT_EVERY:
            self.log.compact()
            self._appended = 0


def places(group: Subscription) -> list[Place]:
    """Return what must survive a restart of a group, for each partition."""
    found: list[Place] = [(next, []) for next in group.reader.next]
    for partition, offset, attempt, _ in sorted(group.queue.rows(), key=lambda row: row[:2]):
        found[partition][1].append([offset, attempt])
    return found


def resume(group: Subscription, standing: list[Place]) -> None:
    """Let a group go on from such places: unacked messages are due at once, attempts kept."""
    queue = group.queue = Queue(group.settings.ordered)
    log, now = group.topic.log, group.clock()
    group.reader.next = [min(next, log.end(p)) for p, (next, _) in enumerate(standing)]
    for partition, (_, unacked) in enumerate(standing):
        for offset, attempt in unacked:
            found = log.read(partition, offset, 1)
            if not found or found[0][0] != offset:
                group.reader.skipped += 1
                continue
            row = (partition, offset, attempt, found[0][1])
            if group.buries(row, "the broker restarted during the last delivery"):
                continue
            if queue.admits(row):
                queue.put_aside(row, now)


def lost_filter(event: Event) -> NoReturn:
    """Stand in for a filter until you subscribe with it again."""
    raise LookupError("a filter is a function, which no file can hold")
