"""A member of a share group: it holds one batch, and settles each message with the broker."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any

from confluent_kafka import (
    AcknowledgeType,
    IllegalStateException,
    KafkaError,
    KafkaException,
    ShareConsumer,
)

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.kafka_client import AWAY, MOVING, KafkaClient, event_of, place_of
from pubsub_kit.engines.worker import EngineWorker, Lent

FETCHES = 2  # the answer to the first one says that the group's start is settled


class ShareWorker(EngineWorker):
    """A member of a share group; its client lets one thread in at a time, and so does this."""

    adapter: KafkaClient

    def __init__(self, adapter: KafkaClient, topic: str, group: str, settings: Settings) -> None:
        super().__init__(adapter, topic, group, settings)
        self.fetches = 0
        self.troubled = False
        self.fetched: list[Any] = []  # of the batch, what is not handed out yet
        self.lent: dict[str, Lent] = {}  # of the batch, what is not settled yet
        self.expires = 0.0  # when the locks of the batch end
        self.lock = threading.Lock()
        self.consumer = self._client()

    def _client(self) -> ShareConsumer:
        return ShareConsumer({
            **self.adapter.settings(error_cb=self._heard, stats_cb=self._counted),
            "group.id": f"{self.topic}/{self.group}", "share.acknowledgement.mode": "explicit",
            "statistics.interval.ms": 100, "fetch.wait.max.ms": 100,
        })  # fmt: skip

    def _heard(self, error: KafkaError) -> None:
        self.troubled = True

    def _counted(self, statistics: str) -> None:
        if self.fetches >= FETCHES:
            return
        brokers = json.loads(statistics)["brokers"].values()
        self.fetches = sum(each["req"].get("ShareFetch", 0) for each in brokers)

    def begin(self) -> None:
        """Join, and wait until this worker has fetched in vain once."""
        with self.lock:
            self.consumer.subscribe([self.topic])
            end = time.monotonic() + 2 * self.adapter.timeout  # the heartbeat is 5 s by default
            while self.fetches < FETCHES and not self.fetched and time.monotonic() < end:
                self._fetch(0.05)

    # ── taking ──────────────────────────────────────────────────────────────────────────────────

    def take(self, n: int) -> list[Lent]:
        """Take what the batch still has, or the next batch once this one is settled."""
        with self.lock:
            end = time.monotonic() + self.wait
            self._expire()
            while not self.fetched and (left := end - time.monotonic()) > 0:
                if self.lent:
                    time.sleep(min(0.02, left))
                    self._expire()
                else:
                    self._fetch(min(0.05, left))
            if not self.fetched and self.troubled:
                self._check()
            taken, self.fetched = self.fetched[:n], self.fetched[n:]
            return [self._lend(each) for each in taken]

    def _lend(self, message: Any) -> Lent:
        place = place_of(message)
        event = event_of(message, self.topic, place)
        self.lent[place] = lent = Lent(self, event, message, message.delivery_count(), place)
        return lent

    def _fetch(self, seconds: float) -> None:
        asked = time.monotonic()
        try:
            batch = list(self.consumer.poll(seconds))
        except IllegalStateException:  # an interrupt came between the client and us: it has a
            self._again()  # batch that nobody knows
            return
        except KafkaException as error:
            raise self.adapter.failure(error.args[0], self.topic) from None
        self.fetched = [each for each in batch if each.error() is None]
        self.troubled = self.troubled or len(self.fetched) < len(batch)
        self.expires = asked + self.settings.ack_deadline

    def _again(self) -> None:
        """Leave, which gives back what the client holds, and join with a new one."""
        with suppress(KafkaException):
            self.consumer.close()
        self.consumer = self._client()
        self.consumer.subscribe([self.topic])

    def _expire(self) -> None:
        """Give up a batch whose locks have ended, so that the next one may be fetched."""
        if (self.lent or self.fetched) and time.monotonic() > self.expires:
            late = [*(each.raw for each in self.lent.values()), *self.fetched]
            for each in self.lent.values():
                each.revoked = True
            self.lent, self.fetched = {}, []
            for message in late:
                with suppress(IllegalStateException):
                    self.consumer.acknowledge(message, AcknowledgeType.RELEASE)
            with suppress(KafkaException):
                self.consumer.commit_sync(min(1.0, self.adapter.timeout))

    def _check(self) -> None:
        self.adapter.brokers()
        self.troubled = False

    # ── settling ────────────────────────────────────────────────────────────────────────────────

    def acked(self, lent: Lent) -> bool:
        """Accept it; False if the broker says that its lock had ended."""
        return self._settle(lent, AcknowledgeType.ACCEPT)

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Release it, for any worker; after its last delivery the broker may bury it."""
        if delay:
            raise self.adapter.lacking("delay")
        return self._settle(lent, AcknowledgeType.RELEASE)

    def _settle(self, lent: Lent, how: Any) -> bool:
        with self.lock:
            if lent.position not in self.lent:
                return False
            try:
                self.consumer.acknowledge(lent.raw, how)
                answers = self.consumer.commit_sync(self.adapter.timeout).values()
            except IllegalStateException:
                return self._forget(lent, False)  # the client itself has given it up
            except KafkaException as error:
                raise self.adapter.failure(error.args[0], self.topic) from None
            refused = [each.args[0] for each in answers if each is not None]
            if any(each.code() in AWAY | MOVING for each in refused):
                raise self.adapter.failure(refused[0], self.topic)
            return self._forget(lent, not refused)

    def acked_all(self, batch: list[Lent]) -> int:
        """Accept all, and commit once; where a partition is refused, none of its acks counts."""
        with self.lock:
            return self._accept(batch)

    def _accept(self, batch: list[Lent]) -> int:
        mine = [each for each in batch if each.position in self.lent]
        kept = []
        acknowledge, accept = self.consumer.acknowledge, AcknowledgeType.ACCEPT
        for lent in mine:
            try:
                acknowledge(lent.raw, accept)
            except IllegalStateException:  # the client itself has given it up
                continue
            kept.append(lent)
        try:
            answers = self.consumer.commit_sync(self.adapter.timeout) if kept else {}
        except KafkaException as error:
            raise self.adapter.failure(error.args[0], self.topic) from None
        refused = {place.partition: why.args[0] for place, why in answers.items() if why}
        if trouble := [each for each in refused.values() if each.code() in AWAY | MOVING]:
            raise self.adapter.failure(trouble[0], self.topic)
        for lent in mine:
            self._forget(lent, True)
        if not refused:
            return len(kept)
        return sum(each.raw.partition() not in refused for each in kept)

    def _forget(self, lent: Lent, counted: bool) -> bool:
        del self.lent[lent.position or ""]
        return counted

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Raise: the lock can't be renewed."""
        raise self.adapter.lacking("lease to extend")

    def go(self, start: Start) -> None:
        """Raise: a share group does not go back."""
        raise self.adapter.lacking("replay")

    def leave(self) -> None:
        """Leave the group; the broker releases what was not settled."""
        with self.lock, suppress(KafkaException):
            self.consumer.close()
