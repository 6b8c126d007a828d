"""A worker of a group on Google Pub/Sub: synchronous pulls of one subscription."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from typing import Any

from google.api_core.exceptions import Cancelled, DeadlineExceeded
from google.api_core.grpc_helpers import wrap_errors
from google.pubsub_v1 import types

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.engines.binding import unpack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.worker import EngineWorker, Lent

SHORTEST, LONGEST = 10, 600  # seconds of a subscription's ack deadline, and of any
PULL = 5.0  # seconds for which the service may look for messages
MOST = 1000  # messages at most of one pull
LOOKS = 0.005, 0.05  # seconds between two looks of an emulator's client: the first, the longest


class GoogleWorker(EngineWorker):
    """One worker; Pub/Sub knows none of them, only their leases."""

    def __init__(
        self, adapter: Any, topic: str, group: str, settings: Settings, path: str, deadline: int
    ) -> None:
        super().__init__(adapter, topic, group, settings)
        self.google, self.path = adapter, path
        self.buries = not adapter.emulator
        self.lease = math.ceil(settings.ack_deadline)
        self._shorter = self.lease != deadline
        self._lock = threading.Lock()
        self._lent: dict[str, Lent] = {}  # by ack id

    def take(self, n: int) -> list[Lent]:
        """Pull, and set the lease where it is not the subscription's."""
        with self.google.sentences(self.topic, self.group):
            received = self._received(min(n, MOST))
            if received and self._shorter:
                self._lease([each.ack_id for each in received], self.lease)
        lent = [self._lend(each) for each in received]
        with self._lock:
            self._lent.update({each.raw: each for each in lent})
        if self.closed:  # meanwhile, by another thread
            self.leave()
        return lent

    def acked(self, lent: Lent) -> bool:
        """Ack one; True whether it came in time or not, for Pub/Sub does not say."""
        return bool(self.acked_all([lent]))

    def acked_all(self, batch: list[Lent]) -> int:
        """Ack many in one request, all of them in time or not."""
        for first in range(0, len(batch), MOST):
            some = batch[first : first + MOST]
            ids = [each.raw for each in some]
            with self.google.sentences(self.topic, self.group):
                self.google.call(
                    self.google.subscriber.acknowledge,
                    types.AcknowledgeRequest(subscription=self.path, ack_ids=ids),
                )
            for lent in some:
                lent.settled = True
                self._forget(lent)
        return len(batch)

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Let the lease end now, or after a delay in whole seconds."""
        if (delay or 0) > LONGEST:
            raise self.google.lacking("delay so long")
        with self.google.sentences(self.topic, self.group):
            self._lease([lent.raw], math.ceil(delay or 0))
        self._forget(lent)
        return True

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Move the end of a lease, in whole seconds; True also if it was too late."""
        if seconds > LONGEST:
            raise self.google.lacking("lease so long")
        with self.google.sentences(self.topic, self.group):
            self._lease([lent.raw], math.ceil(seconds))
        return True

    def go(self, start: Start) -> None:
        """Seek to a time, on the service; raises NotSupported for an emulator, and an Offset."""
        if isinstance(start, Offset):
            raise self.google.lacking("replay by position")
        if self.google.emulator:
            raise self.google.lacking("replay in its emulator")
        moment = start.time if isinstance(start, At) else 0 if start == "earliest" else time.time()
        with self.google.sentences(self.topic, self.group):
            seconds, rest = divmod(moment, 1)
            stamp = {"seconds": int(seconds), "nanos": int(rest * 1e9)}
            request = {"subscription": self.path, "time": stamp}
            self.google.call(self.google.subscriber.seek, request)

    def leave(self) -> None:
        """Let the leases end of what it holds; each of these deliveries counts as an attempt."""
        with self._lock:
            held = [*self._lent]
            self._lent.clear()
        with suppress(EngineError):
            if held:
                with self.google.sentences(self.topic, self.group):
                    self._lease(held, 0)

    def _received(self, n: int) -> list[Any]:
        if not self.google.emulator:
            return self._pulled(n, False, max(self.wait, PULL))
        ends, pause = time.monotonic() + self.wait, LOOKS[0]
        while not (found := self._pulled(n, True, self.google.timeout)):
            if (left := ends - time.monotonic()) <= 0 or self.closed:
                return []
            time.sleep(min(pause, left))
            pause = min(2 * pause, LOOKS[1])
        return found

    def _pulled(self, n: int, at_once: bool, timeout: float) -> list[Any]:
        request = types.PullRequest(
            subscription=self.path, max_messages=n, return_immediately=at_once
        )
        verb = self._at_once if at_once else self.google.subscriber.pull
        try:
            reply = self.google.call(verb, request, timeout=timeout)
        except (DeadlineExceeded, Cancelled):
            if at_once:
                raise
            return []
        return list(types.PullResponse.pb(reply).received_messages)

    def _at_once(self, request: Any, retry: None, timeout: float) -> Any:
        """Pull past the client, which warns of return_immediately at each call."""
        return wrap_errors(self.google.subscriber.transport.pull)(request, timeout=timeout)

    def _lease(self, ack_ids: list[str], seconds: int) -> None:
        self.google.call(
            self.google.subscriber.modify_ack_deadline,
            types.ModifyAckDeadlineRequest(
                subscription=self.path, ack_ids=ack_ids, ack_deadline_seconds=seconds
            ),
        )

    def _lend(self, received: Any) -> Lent:
        message = received.message
        event = unpack(
            message.data, dict(message.attributes), topic=self.topic, place=message.message_id,
            key=message.ordering_key or None,
        )  # fmt: skip
        return Lent(self, event, received.ack_id, received.delivery_attempt or None)

    def _forget(self, lent: Lent) -> None:
        with self._lock:
            self._lent.pop(lent.raw, None)
