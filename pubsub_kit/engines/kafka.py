"""Kafka, read by a consumer group: each partition is one worker's, and is read in order.

    topic, key     the same here; a key's messages are in one partition, in order
    group          the consumer group "topic/group": one over several topics would stop all of its
                   workers whenever one joins. Workers beyond the partitions get nothing
    ack            the offset up to which there is no gap is committed: see kafka_progress.py
    nack           a seek back. What comes after it in its partition waits, and is revoked if it was
                   handed out already; other partitions go on
    lease          none for a message. A worker that does not pull for `ack_deadline` seconds is out
                   (max.poll.interval.ms); its partitions go to others, and its acks don't count
    attempt        None: the engine does not count. For max_deliveries a worker counts what it
                   handed out itself, so a message that kills each worker is never buried
    position       "partition/offset"; replay goes to an offset or to a time

Set explicitly: enable.auto.commit=false (or what was only handed out would be committed);
auto.offset.reset=earliest (a partition added later is read from its start, where "latest" would
skip messages; a new group's start is committed before it joins); cooperative-sticky (a worker that
joins takes what it needs, and the others keep the rest); session.timeout.ms as the ack deadline, up
to 45 s (a killed worker's partitions are free after it); heartbeats twice a second; and
fetch.wait.max.ms=100, for which a fetch waits in vain before a seek back can begin.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from confluent_kafka import KafkaException, TopicPartition

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.kafka_client import SLICE, KafkaClient, event_of
from pubsub_kit.engines.kafka_member import SHARE, Member
from pubsub_kit.engines.kafka_progress import Progress
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker, Lent


class Kafka(KafkaClient):
    """A connection to Kafka whose groups are consumer groups."""

    lacks = MappingProxyType({
        "lease to extend": "a worker keeps its partitions as long as it pulls in time "
                           "(max.poll.interval.ms, which subscribe sets to ack_deadline)",
        "delay": "nack() is a seek back at once, and holds up its partition; for a delay, publish "
                 "to a topic for retries",
    })  # fmt: skip

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> EngineWorker:
        """Join a consumer group; returns once this worker is a member, or waits for others."""
        partitions = self.partitions(topic)
        worker = KafkaWorker(self, topic, group, settings)
        try:
            worker.begin(start, partitions)
        except BaseException:
            worker.close()
            raise
        return worker


class KafkaWorker(Member):
    """A member of a consumer group."""

    # ── taking ──────────────────────────────────────────────────────────────────────────────────

    def take(self, n: int) -> list[Lent]:
        """Take what is there; after a rebalance, wait for this worker's partitions first."""
        lent: list[Lent] = []
        end = None
        while len(lent) < n:
            with self.lock:
                self.check_open()  # another thread may have closed it
                self.pulled = time.monotonic()
                end = end or self.pulled + self.wait
                if not self.kept:
                    self.poll(0 if lent else min(SLICE, max(0, end - self.pulled)), n - len(lent))
                if self.kept:
                    found, self.kept = self.kept[: n - len(lent)], self.kept[n - len(lent) :]
                    self._lend(found, lent)
                elif not self.joined:
                    self.await_share()
                    end = time.monotonic() + self.wait
                elif lent or time.monotonic() >= end:
                    break
        if not lent and self.troubled:
            self.check_server()
        return [each for each in lent if not each.revoked]

    def _lend(self, messages: list[Any], lent: list[Lent]) -> None:
        """Lend messages, but for those that this worker has finished, or may no longer have."""
        topic = self.topic
        for message in messages:
            partition, offset = message.partition(), message.offset()
            progress = self.progress.get(partition)
            if progress is None or progress.seen(offset):
                continue
            place = f"{partition}/{offset}"
            each = Lent(self, event_of(message, topic, place), message, None, place)
            progress.hand(offset, each)
            lent.append(each)

    # ── settling ────────────────────────────────────────────────────────────────────────────────

    def tries(self, lent: Lent) -> int:
        """Return how often this worker handed a message out: Kafka does not count."""
        with self.lock:
            progress = self.progress.get(lent.raw.partition())
            return progress.tries(lent.raw.offset()) if progress else 1

    def acked(self, lent: Lent) -> bool:
        """Commit, if that closes a gap; False if the partition is no longer this worker's."""
        partition, offset = lent.raw.partition(), lent.raw.offset()
        with self.lock:
            progress = self.progress.get(partition)
            if progress is None or lent.revoked:
                return False
            mark = progress.mark(offset)
            if mark > offset and not self.committed(partition, mark):
                return False
            progress.finish(offset)
            return True

    def acked_all(self, batch: list[Lent]) -> int:
        """Commit once for each partition."""
        batches: dict[int, list[Lent]] = {}
        for lent in batch:
            batches.setdefault(lent.raw.partition(), []).append(lent)
        with self.lock:
            return sum(self._acked_in(each, batches[each]) for each in sorted(batches))

    def _acked_in(self, partition: int, batch: list[Lent]) -> int:
        offsets = {each.raw.offset() for each in batch if not each.revoked}
        progress = self.progress.get(partition)
        if progress is None or not offsets:
            return 0
        mark = progress.mark(*offsets)
        if mark > min(offsets) and not self.committed(partition, mark):
            return 0
        for lent in batch:
            lent.settled = True
        progress.finish(*offsets)
        return len(offsets)

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Seek back, so that it comes again with all that is behind it in its partition."""
        if delay:
            raise self.adapter.lacking("delay")
        with self.lock:
            partition, offset = lent.raw.partition(), lent.raw.offset()
            if partition not in self.progress or lent.revoked:
                return False
            self.seek_to(partition, offset)
            self.progress[partition].rewind(offset)
            return True

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Raise: there is no lease."""
        raise self.adapter.lacking("lease to extend")

    # ── moving and leaving ──────────────────────────────────────────────────────────────────────

    def go(self, start: Start) -> None:
        """Move the group; all of its partitions have to be read through this connection."""
        partitions = self.adapter.partitions(self.topic)
        crew = [self, *(each for each in self.crew() if isinstance(each, KafkaWorker))]

        def missing() -> set[int]:
            return {*partitions} - {each for worker in crew for each in worker.progress}

        with self.lock:
            self.wait_for(lambda: not missing(), SHARE)
        if missing():
            raise EngineError(
                f"Kafka lets a worker move its own partitions alone, and {sorted(missing())} of "
                f"{self.topic!r} are read elsewhere: let those leave, then replay."
            )
        for place in self.offsets(start, partitions):
            for each in crew:
                with each.lock:
                    each._move(place)

    def _move(self, place: TopicPartition) -> None:
        if (progress := self.progress.get(place.partition)) is not None:
            self.seek_to(place.partition, place.offset)
            self.committed(place.partition, place.offset)
            progress.end()
            self.progress[place.partition] = Progress()

    def leave(self) -> None:
        """Leave the group: its partitions are assigned to others at once."""
        with self.lock, suppress(KafkaException, RuntimeError):
            self._taken(self.consumer, [TopicPartition(self.topic, each) for each in self.progress])
            answered = self.saying.done()
            self.aside.end(1.0 if answered else 0.0)
            if answered:  # or it would wait for a server that is gone
                self.consumer.close()
