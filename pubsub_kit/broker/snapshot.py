"""Snapshots: everything that decides what a broker does next, in a form to compare and hash.

A search through runs need not go on from a state that it has met before. Times are relative to now,
so two states are equal whenever they were reached; or, if you ask for them, they are exact. The rng
is left out.
"""

from __future__ import annotations

import marshal
from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.member import Member
from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import Topic
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import Event

_ATOMS = frozenset((str, int, float, bool, bytes, type(None)))
_EXACT = 2  # the version of marshal that writes equal values alike, wherever they come from


class NotPlain(PubSubKitError):
    """An event's data is not plain JSON, so somebody else may hold it and change it."""


def of_broker(broker: Broker, exact: bool = False) -> Hashable:
    """Return the state of all topics and groups; raises NotPlain."""
    groups = [(name, of_group(group, exact)) for name, group in broker.subscriptions.items()]
    topics = [(name, of_topic(topic, exact)) for name, topic in broker.topics.items()]
    return (*groups, *topics)


def of_group(group: Subscription, exact: bool = False) -> Hashable:
    """Return where a group stands in its topic, and what it holds."""
    reader = group.reader
    now = 0.0 if exact else group.look()
    place = (*reader.next, reader.turn, reader.skipped, group.paused)
    members = _of_members(group, now, exact) if isinstance(group, Partitioned) else ()
    return (place, _of_queue(group.queue, now, exact), members)


def of_topic(topic: Topic, exact: bool = False) -> Hashable:
    """Return what the log holds; what has not grown since is not read again. Raises NotPlain."""
    log, partitions = topic.log, range(topic.partitions)
    ends = tuple((log.start(partition), log.end(partition)) for partition in partitions)
    before, events = _read.get(topic, ((), ()))
    if before != (exact, ends) or log.compacted:  # compaction leaves both ends alone
        kept = [pair for p in partitions for pair in log.peek(p, *ends[p])]
        events = marshal.dumps([_plain(*pair, exact) for pair in kept], _EXACT)
        _read[topic] = ((exact, ends), events)
    return (topic.turn, ends, events)


#: What was read of each topic that is still in use, and between which ends.
_read: WeakKeyDictionary[Topic, tuple[Hashable, Hashable]] = WeakKeyDictionary()


def _plain(offset: int, event: Event, exact: bool) -> tuple[Any, ...]:
    """Return the fields of an event, without its time unless it is to be exact."""
    id, source, type, time, data, subject, key, more = event
    if not _is_json(data):
        raise NotPlain(f"{id!r} carries data that is not plain JSON: {data!r}")
    extensions = dict(more) if more else None
    return (offset, id, source, type, time if exact else None, data, subject, key, extensions)


def _is_json(data: Any) -> bool:
    if type(data) in _ATOMS:
        return True
    if type(data) is dict:
        if _ATOMS.issuperset(map(type, data)) and _ATOMS.issuperset(map(type, data.values())):
            return True
        return all(type(key) is str and _is_json(each) for key, each in data.items())
    if type(data) is list:
        return all(map(_is_json, data))
    return False


def _of_queue(queue: Queue, now: float, exact: bool) -> Hashable:
    def due(time: float, *rest: Hashable) -> Hashable:
        return (_left(time, now, exact), *rest)

    flying = [due(d.deadline, d.partition, d.offset, d.attempt) for d in queue.flying.values()]
    return (
        tuple(flying),
        tuple(due(*row[:4]) for row in sorted(queue.aside)),
        tuple((key, tuple(row[:3] for row in line)) for key, line in queue.held.items()),
    )


def _left(time: float, now: float, exact: bool) -> float:
    return time if exact else round(max(now, time) - now, 9)


def _session(member: Member, now: float, exact: bool) -> tuple[bool, float]:
    """Return whether it goes on by itself, and when it ends, at the earliest, once it does not."""
    group = member.group
    least = group.clock() + group.settings.session_timeout if member.beats else 0.0
    return member.beats, _left(max(member.session, least), now, exact)


def _of_members(group: Partitioned, now: float, exact: bool) -> Hashable:
    members = group.members.values()
    due = sorted(group.due.items())
    return (
        group.generation,
        tuple(group.owners),
        tuple((m.name, _session(m, now, exact), m.turn, *sorted(m.paused)) for m in members),
        tuple(sorted(group.tries.items())),
        tuple((partition, _left(time, now, exact)) for partition, time in due),
        tuple((partition, *gaps) for partition, gaps in sorted(group.reader.gaps.items()) if gaps),
    )
