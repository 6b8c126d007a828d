"""Places: where a group stands, in a form that can be written down, and how it goes on from there.

Of each partition, that is the next offset, and [offset, deliveries] of each message before it that
is not acked. A partitioned group has its committed position instead, and the messages from there on
that have failed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NoReturn

from pubsub_kit.broker.committed import Place
from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.groups import make_group
from pubsub_kit.broker.growth import age
from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import Topic
from pubsub_kit.log.event import Event


def places(group: Subscription) -> list[Place]:
    """Return what must survive a restart of a group, for each partition."""
    if isinstance(group, Partitioned):
        return group.places()
    found: list[Place] = [(next, []) for next in group.reader.next]
    for partition, offset, attempt, _ in sorted(group.queue.rows(), key=lambda row: row[:2]):
        found[partition][1].append([offset, attempt])
    return found


def resume(group: Subscription, standing: list[Place]) -> None:
    """Let a group go on from such places: unacked messages are due at once, attempts kept."""
    if isinstance(group, Partitioned):
        group.stand_at(standing)
        return
    queue = group.queue = Queue(group.settings.ordered)
    log, now = group.topic.log, group.clock()
    group.reader.next = [min(next, log.end(p)) for p, (next, _) in enumerate(standing)]
    open = [(p, *each) for p, (_, unacked) in enumerate(standing) for each in unacked]
    if log.grown:  # of two messages with a key, the one from before the growth comes first
        open.sort(key=lambda row: (age(log, row[0], row[1]), row))
    for partition, offset, attempt in open:
        found = log.peek(partition, offset, 1)
        if not found or found[0][0] != offset:
            group.reader.skipped += 1
            continue
        row = (partition, offset, attempt, found[0][1])
        if group.buries(row, "the broker restarted during the last delivery"):
            continue
        if queue.admits(row):
            queue.put_aside(row, now)


def said(group: Subscription) -> dict[str, Any]:
    """Return a group's settings, and the rest of it that is not its place."""
    settings = group.settings
    data = settings._asdict() | {"retry": asdict(settings.retry)}
    data |= {"filtered": group.reader.filter is not None, "paused": group.paused}
    if isinstance(group, Partitioned):
        data["generation"] = group.generation
    return data


def restored(shared: Shared, topic: Topic, name: str, data: dict[str, Any]) -> Subscription:
    """Make a group from what was said of it; without members, and with its filter lost."""
    known = {field: data[field] for field in Settings._fields if field in data}
    settings = Settings(**known | {"retry": RetryPolicy(**data["retry"])})
    filter = lost_filter if data.get("filtered") else None
    group = make_group(shared, topic, name, settings, filter)
    if data.get("paused"):
        group.most = 0
    if isinstance(group, Partitioned):
        group.generation = data.get("generation", 0) + 1  # its members are gone
    return group


def lost_filter(event: Event) -> NoReturn:
    """Stand in for a filter until you subscribe with it again."""
    raise LookupError("a filter is a function, which no file can hold")
