"""What a durable broker keeps in its folder, and how it remembers its groups: as events.

    data/orders/         a DurableEventLog for each topic
    data/__cursors/      one more, compacted by key: the latest event of each key is the state
        orders/             the topic's settings, and the id of its log
        orders/billing      the settings of the group's subscription, and whether it is paused; of
                            a partitioned one, its generation too
        orders/billing/0    its position in partition 0: the next offset to read, and the messages
                            before it that are not acked, with the number of deliveries of each
                            (partitioned: the committed position, and the messages from there on
                            that have failed, with the number of failures of each)
        generation          how often the broker was opened

Kafka stores its consumers' offsets in the same way, in `__consumer_offsets`. What is written at a
time is one batch, so a crash leaves all of it or nothing.

An ack doesn't wait for the disk. A group's position is written after every `commit_every` acks, and
by `flush` and `close`. So a crash loses no message, but what was acked since the last write is
redelivered: at least once. Deliveries counted since then are forgotten, and so are backoffs. The
members of a partitioned group must join again, in a new generation. An unsubscribed group leaves
tombstones. If a power cut took the tail of a log, cursors beyond its end are set back to it. If a
topic's folder was made anew, it has another log, so its groups are forgotten. A filter is a
function, which no file can hold: subscribe again to supply it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.memory import Memory
from pubsub_kit.broker.places import places, restored, resume, said
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import NAME, BrokerError, Topic
from pubsub_kit.errors import brief
from pubsub_kit.log.disk import Fsync, reading
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog, LogError
from pubsub_kit.log.retention import Retention
from pubsub_kit.log.segments import DurableEventLog, is_log, logs_in

__all__ = ["Storage", "places", "resume"]

CURSORS = "__cursors"
ACK_IDS = 10**12  # for each opening of the broker, so that no ack id is ever used again

Groups = dict[tuple[str, str], Subscription]  # by topic and group


class Storage(Memory):
    """The folder of a durable broker, whose topics and groups are in `topics` and `groups`."""

    def __init__(
        self,
        folder: Path,
        topics: dict[str, Topic],
        groups: Groups,
        fsync: Fsync | None,
        commit_every: int,
        clock: Callable[[], float],
    ) -> None:
        if not (fsync is None or isinstance(fsync, Fsync)):
            raise BrokerError(f"fsync is Fsync.always(), every(…) or never(), not {brief(fsync)}.")
        self.topics, self.groups = topics, groups
        self.fsync, self.commit_every = Fsync.always() if fsync is None else fsync, commit_every
        self.log = DurableEventLog(
            folder / CURSORS, 1, fsync=Fsync.every(seconds=1), compact=True, clock=clock
        )
        self.folder = self.log.path.parent  # absolute: it stays where it is
        try:
            rows = self.log.read(0, 0, self.log.end(0))
        except BaseException:
            self.log.close()
            raise
        latest = {str(event.key): event.data for _, event in rows}
        self._latest: dict[str, Any] = {k: data for k, data in latest.items() if data is not None}
        self._unsaved = 0  # acks
        self._made: set[str] = set()  # topics that were not there when their logs were opened
        self._restored: set[str] = set()  # restored groups that nobody has subscribed to yet

    # ── topics ──────────────────────────────────────────────────────────────────────────────────

    def open_log(self, topic: str, partitions: int | None, clock: Callable[[], float]) -> EventLog:
        """Open the log of a topic, or create it; as it was set, it forgets."""
        if not is_log(self.folder / topic):
            self._made.add(topic)
        log = DurableEventLog(self.folder / topic, partitions, fsync=self.fsync, clock=clock)
        known = self._latest.get(f"{topic}/")
        if known is not None and known["log"] == log.id:
            log.retention, log.compacted = Retention(**known["retention"]), known["compacted"]
        return log

    def keep(self, topic: Topic) -> None:
        """Save the settings of a topic; forget the groups that read another log of its name."""
        log, key = topic.log, f"{topic.name}/"
        id = log.id if isinstance(log, DurableEventLog) else None
        known, empty = self._latest.get(key), not any(map(log.end, range(log.partitions)))
        changes: dict[str, Any] = {}
        if id is not None and (known["log"] != id if known is not None else empty):
            changes = self._without(key)
        rules = {"retention": asdict(log.retention), "compacted": log.compacted}
        self._append(changes | {key: {"log": id, **rules}})
        self.log.flush()
        self._made.discard(topic.name)

    def discard(self, topic: Topic) -> None:
        """Undo `open_log`."""
        if topic.name in self._made and isinstance(topic.log, DurableEventLog):
            topic.log.delete()
        topic.log.close()

    def delete(self, topic: Topic) -> None:
        """Delete a topic, and all that is known of its groups."""
        if isinstance(topic.log, DurableEventLog):
            topic.log.delete()
        self._restored -= {name for name in self._restored if name.startswith(f"{topic.name}/")}
        try:
            self._append(self._without(f"{topic.name}/"))
            self.log.flush()
        except LogError:
            pass  # what is left behind belongs to a log that is gone: it counts no more

    def strangers(self) -> list[Path]:
        """Return what lies in the folder and was not written by the broker."""
        own = {self.folder / name for name in [CURSORS, *self.topics]}
        logs = [self.log, *(topic.log for topic in self.topics.values())]
        with reading(self.folder):
            found = [path for path in sorted(self.folder.iterdir()) if path not in own]
            durable = (log for log in logs if isinstance(log, DurableEventLog))
            return found + [path for log in durable for path in log.strangers]

    # ── groups ──────────────────────────────────────────────────────────────────────────────────

    def settled(self, n: int) -> None:
        """Count acks and dead letters; after every `commit_every`, save the groups' positions.

        If the disk refuses, an ack still counts: its position is saved later.
        """
        self._unsaved += n
        if self._unsaved >= self.commit_every:
            try:
                self._write(self.groups.values())
            except LogError:  # `trouble` has it
                self._unsaved = 0

    def register(self, group: Subscription) -> None:
        """Save a group at once, or after a crash it would start again, at a later place."""
        self._write([*self.groups.values(), group])
        self.log.flush()
        self._restored.discard(group.reader.name)

    def unregister(self, group: Subscription) -> None:
        """Forget a group at once, or after a crash it would be back."""
        name = group.reader.name
        self._append(self._without(f"{name}/") | {name: None})
        self.log.flush()
        self._restored.discard(name)

    def reset(self, group: Subscription, settings: Settings) -> bool:
        """Change a group's settings if nobody has subscribed since a restart; return whether."""
        same_kind = group.settings.assignment == settings.assignment
        if group.reader.name not in self._restored or not same_kind:
            return False
        standing = places(group)
        group.change(settings)
        resume(group, standing)
        return True

    def save(self) -> None:
        """Save the groups' settings and positions, and wait until the disk has them."""
        self._write(self.groups.values())
        self.log.flush()

    def close(self) -> None:
        """Close the cursors' log."""
        self.log.close()

    # ── restoring ───────────────────────────────────────────────────────────────────────────────

    def restore(self, open_topic: Callable[[str], Topic], shared: Shared) -> None:
        """Open the topics, and restore the groups as they were."""
        generation = int(self._latest.get("generation", 0)) + 1
        self._append({"generation": generation})
        shared.ack_ids = count(generation * ACK_IDS)
        for name in logs_in(self.folder)[0]:
            if NAME.fullmatch(name) and not name.startswith("__"):
                open_topic(name)
        for key, data in list(self._latest.items()):
            name, _, group = key.partition("/")
            if name in self.topics and group and "/" not in group:
                self._restore(shared, self.topics[name], group, data, open_topic)

    def _restore(
        self,
        shared: Shared,
        topic: Topic,
        group: str,
        data: dict[str, Any],
        open_topic: Callable[[str], Topic],
    ) -> None:
        found = restored(shared, topic, group, data)
        name, dead = found.reader.name, found.settings.dead_letter
        if dead is not None and dead not in self.topics:
            open_topic(dead)
        self.groups[topic.name, group] = found
        self._restored.add(name)
        new = {"next": 0, "unacked": []}  # the place in a partition that is new
        standing = [self._latest.get(f"{name}/{p}", new) for p in range(topic.partitions)]
        resume(found, [(place["next"], place["unacked"]) for place in standing])

    # ── writing ─────────────────────────────────────────────────────────────────────────────────

    def _write(self, groups: Iterable[Subscription]) -> None:
        changes: dict[str, Any] = {}
        for group in groups:
            changes[group.reader.name] = said(group)
            for partition, (next, unacked) in enumerate(places(group)):
                changes[f"{group.reader.name}/{partition}"] = {"next": next, "unacked": unacked}
        self._append(changes)
        self._unsaved = 0

    def _without(self, prefix: str) -> dict[str, Any]:
        return dict.fromkeys(key for key in self._latest if key.startswith(prefix))

    def _append(self, changes: dict[str, Any]) -> None:
        """Write what has changed, None for what is gone, all or nothing of it."""
        changes = {k: data for k, data in changes.items() if self._latest.get(k) != data}
        try:
            self.log.append_batch([Event.new("cursor", d, key=k) for k, d in changes.items()])
        except LogError as error:
            self.trouble = error
            raise
        self.trouble = None
        self._latest |= changes
        for key in [key for key, data in changes.items() if data is None]:
            del self._latest[key]
