"""A member of a consumer group: how it joins, what a rebalance takes from it, and what it commits.

A rebalance needs each member to poll. So that several workers in one thread don't wait for each
other, one that waits lets the others of its connection take part meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.in_time import Aside
from pubsub_kit.engines.kafka_client import SLICE, KafkaClient
from pubsub_kit.engines.kafka_progress import Progress
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker

FRESH = 0.5  # seconds for which an answer shows that the cluster is there: asking takes 0.1 s
SHARE = 2.0  # seconds to wait until a member that has joined is given partitions: two rounds
SESSION = 45.0  # seconds after which a silent worker is taken for dead, at most
LATE = {
    KafkaError.UNKNOWN_MEMBER_ID, KafkaError.FENCED_INSTANCE_ID, KafkaError._ASSIGNMENT_LOST,
    KafkaError._STATE, KafkaError.STALE_MEMBER_EPOCH,
}  # fmt: skip
# Refused amid a rebalance, which may leave the partition to this worker: the next polls will tell.
MOVING = {KafkaError.REBALANCE_IN_PROGRESS, KafkaError.ILLEGAL_GENERATION}


class Member(EngineWorker):
    """A worker whose partitions the group's coordinator assigns, and takes away again."""

    adapter: KafkaClient

    def __init__(self, adapter: KafkaClient, topic: str, group: str, settings: Settings) -> None:
        super().__init__(adapter, topic, group, settings)
        self.lock = threading.RLock()
        self.progress: dict[int, Progress] = {}  # of each partition that is this worker's
        self.kept: list[Any] = []  # came while others were served
        self.joined = self.troubled = False
        self.answered = 0.0  # when the cluster last did
        self.partitions = 0
        self.aside = Aside("kafka commit")
        self.saying: Future[Any] = Future()  # the last commit
        self.saying.set_result(None)
        self.pulled = time.monotonic()
        lease = int(settings.ack_deadline * 1000)
        session = min(lease, int(SESSION * 1000))
        try:
            self.consumer = Consumer({
                **adapter.settings(error_cb=self._heard), "group.id": f"{topic}/{group}",
                "enable.auto.commit": False, "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "max.poll.interval.ms": lease, "session.timeout.ms": session,
                "heartbeat.interval.ms": max(1, min(500, session // 3)), "fetch.wait.max.ms": 100,
            })  # fmt: skip
        except KafkaException as error:
            raise adapter.failure(error.args[0]) from None

    # ── joining, and what a rebalance takes ─────────────────────────────────────────────────────

    def begin(self, start: Start, partitions: list[int]) -> None:
        """Commit where a new group starts, and join."""
        self.partitions = len(partitions)
        asked = [TopicPartition(self.topic, each) for each in partitions]
        ask = self.consumer.committed
        found = self.adapter.until(lambda left: ask(asked, timeout=min(1.0, left)))
        if all(each.offset < 0 for each in found):
            offsets = self.offsets(start, partitions)
            self.adapter.until(lambda left: self.commit(offsets))
        self.consumer.subscribe(
            [self.topic], on_assign=self._given, on_revoke=self._taken, on_lost=self._lost
        )
        with self.lock:
            self.await_share()

    def crew(self) -> list[Member]:
        """Return this connection's other members of the same group."""
        return [
            each for each in self.adapter.workers
            if isinstance(each, Member) and each is not self and not each.closed
            and (each.topic, each.group) == (self.topic, self.group)
        ]  # fmt: skip

    def await_share(self) -> None:
        """Wait until this worker is a member, and has partitions if there are enough of them."""
        end = time.monotonic() + self.adapter.timeout
        while not self.joined and (left := end - time.monotonic()) > 0:
            self.wait_for(lambda: self.joined or self.troubled, left)
            if self.troubled:
                self.check_server()
        if sum(each.present for each in self.crew()) < self.partitions:
            self.wait_for(lambda: self.progress, SHARE)

    def wait_for(self, ready: Callable[[], object], seconds: float) -> None:
        """Wait, and let the others of this connection take part meanwhile."""
        end = time.monotonic() + seconds
        while not ready() and time.monotonic() < end:
            self.poll(SLICE)
            for each in self.crew():
                each.serve()

    @property
    def present(self) -> bool:
        """Whether it is a member, as far as can be told without asking."""
        alive = self.joined and self.saying.done()
        return alive and time.monotonic() - self.pulled <= self.settings.ack_deadline

    def serve(self) -> None:
        """Take part in a rebalance, if nobody else lets this worker do so now."""
        if self.present and self.lock.acquire(blocking=False):
            try:
                self.poll(0)
            finally:
                self.lock.release()

    def _given(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = True
        self.progress.update({each.partition: Progress() for each in partitions})

    def _taken(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {each.partition for each in partitions}
        for each in gone & self.progress.keys():
            self.progress.pop(each).end()
        self.kept = [each for each in self.kept if each.partition() not in gone]

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = False
        self._taken(consumer, partitions)

    def _heard(self, error: KafkaError) -> None:
        self.troubled = True

    def poll(self, seconds: float, most: int = 1) -> None:
        """Let the client do what is due, and keep the message that came, and more if it has some.

        A message that was followed by an error is kept all the same.
        """
        self.check_client()
        message = self.consumer.poll(seconds)
        if message is None:
            return
        found = [message, *self.consumer.consume(most - 1, 0)] if most > 1 else [message]
        good = [each for each in found if each.error() is None]
        self.kept += good
        if len(good) < len(found):
            for each in found:
                if each.error() is not None:
                    self._failed(each)

    def _failed(self, message: Any) -> None:
        error = message.error()
        if error.code() == KafkaError._MAX_POLL_EXCEEDED:
            self.joined = False  # and _lost is told with the next poll
        elif error.code() == KafkaError.INVALID_SESSION_TIMEOUT:
            raise EngineError(
                f"Kafka refused ack_deadline={self.settings.ack_deadline:g}: a session takes "
                "at least group.min.session.timeout.ms (6 s unless the server sets less)."
            )
        elif error.retriable() or error.code() < 0:
            self.troubled = True
        else:
            raise self.adapter.failure(error, self.topic)

    def check_client(self) -> None:
        """Raise Unreachable while a commit has no answer: every other call would hang, too."""
        if not self.saying.done():
            raise self.adapter.unreachable("no answer to a commit")

    def check_server(self) -> None:
        """Find out whether the cluster answers; raises Unreachable."""
        try:
            self.consumer.list_topics(self.topic, timeout=min(1.0, self.adapter.timeout))
        except KafkaException as error:
            raise self.adapter.unreachable(error.args[0].str()) from None
        self.troubled, self.answered = False, time.monotonic()

    # ── places ──────────────────────────────────────────────────────────────────────────────────

    def committed(self, partition: int, mark: int) -> bool:
        """Commit how far a partition is done; False if it is no longer this worker's."""
        place = [TopicPartition(self.topic, partition, mark)]
        end = time.monotonic() + self.adapter.timeout
        while True:
            try:
                self.commit(place)
                return True
            except KafkaException as error:
                code = error.args[0].code()
                if code in LATE:
                    self._lost(
                        self.consumer, [TopicPartition(self.topic, p) for p in self.progress]
                    )
                    return False
                moving = code in MOVING or error.args[0].retriable()
                if not moving or time.monotonic() >= end:
                    raise self.adapter.failure(error.args[0], self.topic) from None
                self.poll(SLICE)
                if partition not in self.progress:
                    return False

    def commit(self, places: list[TopicPartition]) -> None:
        """Commit where to go on; raises KafkaException, and Unreachable if nobody answers."""
        self.check_client()
        if self.troubled or time.monotonic() - self.answered > FRESH:
            self.check_server()  # a commit would wait for a coordinator as long as a session lasts
        say = partial(self.consumer.commit, offsets=places, asynchronous=False)
        self.saying = self.aside.begun(say)
        try:
            told = self.saying.result(self.adapter.timeout)
        except TimeoutError:  # the server went in the middle of it
            raise self.adapter.unreachable("no answer to a commit") from None
        for each in told or []:
            if each.error is not None:
                raise KafkaException(each.error)
        self.answered = time.monotonic()

    def seek_to(self, partition: int, offset: int) -> None:
        """Read a partition from an offset on."""

        def seek(_: float) -> None:
            try:
                self.consumer.seek(TopicPartition(self.topic, partition, offset))
            except KafkaException as error:
                if error.args[0].code() != KafkaError._STATE:
                    raise
                self.poll(SLICE)  # it has just been assigned, and is not being read yet
                raise KafkaException(KafkaError(KafkaError._WAIT_COORD)) from None

        self.check_client()
        self.adapter.until(seek)
        self.kept = [each for each in self.kept if each.partition() != partition]

    def offsets(self, start: Start, partitions: list[int]) -> list[TopicPartition]:
        """Return where each partition begins, for a start."""
        return [TopicPartition(self.topic, each, self._offset(start, each)) for each in partitions]

    def _offset(self, start: Start, partition: int) -> int:
        place = TopicPartition(self.topic, partition)
        ask = self.consumer.get_watermark_offsets
        low, high = self.adapter.until(lambda left: ask(place, timeout=min(1.0, left)))
        if isinstance(start, Offset):
            return int(min(max(start.offset, low), high))
        if isinstance(start, At):
            place.offset = int(start.time * 1000)
            find = self.consumer.offsets_for_times
            (found,) = self.adapter.until(lambda left: find([place], timeout=min(1.0, left)))
            return int(found.offset if found.offset >= 0 else high)
        return int(low if start == "earliest" else high)
