"""Snapshots: everything that decides what a broker does next, in a form to compare and hash.

A search through runs need not go on from a state that it has met before. Times are relative to now,
so two states are equal whenever they were reached; the rng is left out.
"""

from __future__ import annotations

from collections.abc import Hashable
from weakref import WeakKeyDictionary

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import Topic


def of_broker(broker: Broker) -> Hashable:
    """Return the state of all topics and groups."""
    groups = [(name, of_group(group)) for name, group in broker.subscriptions.items()]
    return (*groups, *[(topic.name, of_topic(topic)) for topic in broker.topics.values()])


def of_group(group: Subscription) -> Hashable:
    """Return where a group stands in its topic, and what it holds."""
    now, reader = group.look(), group.reader
    return ((*reader.next, reader.turn, reader.skipped), _of_queue(group.queue, now))


def of_topic(topic: Topic) -> Hashable:
    """Return what the log holds, without times; what has not grown since is not read again."""
    log, partitions = topic.log, range(topic.partitions)
    ends = tuple((log.start(partition), log.end(partition)) for partition in partitions)
    before, events = _read.get(topic, ((), ()))
    if before != ends or log.compacted:  # compaction leaves both ends alone
        kept = [pair for p in partitions for pair in log.read(p, *ends[p])]
        events = tuple((offset, e.id, e.key, repr(e.data)) for offset, e in kept)
        _read[topic] = (ends, events)
    return (topic.turn, ends, events)


#: What was read of each topic that is still in use, and between which ends.
_read: WeakKeyDictionary[Topic, tuple[Hashable, Hashable]] = WeakKeyDictionary()


def _of_queue(queue: Queue, now: float) -> Hashable:
    flying = [(d.deadline, d.partition, d.offset, d.attempt) for d in queue.flying.values()]
    aside = [(max(now, due), *row) for due, *row, _ in sorted(queue.aside)]
    return (
        tuple((round(deadline - now, 9), *rest) for deadline, *rest in flying),
        tuple((round(due - now, 9), *rest) for due, *rest in aside),
        tuple((key, tuple(row[:3] for row in line)) for key, line in queue.held.items()),
    )
