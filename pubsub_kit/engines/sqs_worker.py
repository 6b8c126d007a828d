"""A worker that polls an SQS queue: it borrows messages, and says what became of them.

A message stays in its queue until it is deleted; a receipt says which delivery of it is meant.
Close lets others have at once what the worker holds. That is one delivery more for each, as it
would be when the lease ends.
"""

from __future__ import annotations

import math
import time
from typing import Any

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.aws import AwsError
from pubsub_kit.engines.binding import unpack
from pubsub_kit.engines.protocol import EngineError, NotSupported
from pubsub_kit.engines.sqs import GONE, TENS, Queue, Queued
from pubsub_kit.engines.worker import EngineWorker, Lent

LONGEST = 43_200  # seconds that a message may be invisible
LONGEST_POLL = 20  # seconds
MOST_DELIVERIES = 1_000
LATE = {"ReceiptHandleIsInvalid", "MessageNotInflight"}


def check_lease(settings: Settings) -> None:
    """Raise NotSupported for settings that a queue can't keep."""
    if settings.ack_deadline > LONGEST:
        raise NotSupported(
            f"SQS lends a message for at most {LONGEST:,} seconds (12 hours), not "
            f"{settings.ack_deadline:g}: take a shorter ack_deadline, and extend."
        )
    if (settings.max_deliveries or 0) > MOST_DELIVERIES:
        raise NotSupported(
            f"SQS counts up to {MOST_DELIVERIES:,} deliveries, not {settings.max_deliveries}."
        )


class SqsWorker(EngineWorker):
    """A worker that polls a queue. Close lets others have at once what it holds."""

    buries = True

    def __init__(self, adapter: Queued, topic: str, group: str, settings: Settings, queue: Queue):
        super().__init__(adapter, topic, group, settings)
        self.aws, self.queue = adapter, queue
        self.lease = math.ceil(settings.ack_deadline)
        self.held: dict[str, tuple[Lent, float]] = {}  # by receipt: until when

    def take(self, n: int) -> list[Lent]:
        """Poll until a message is there, or until `wait` has passed; then take what else is."""
        end, wait = time.monotonic() + self.wait, math.ceil(self.wait)
        taken = self._receive(n, min(wait, LONGEST_POLL))
        while not (taken or self.closed) and (left := end - time.monotonic()) > 0:
            taken = self._receive(n, min(math.ceil(left), LONGEST_POLL))
        end = time.monotonic() + max(self.wait, self.lease / 10)  # ten a call, and the leases run
        while taken and len(taken) < n and time.monotonic() < end:
            try:
                more = self._receive(n - len(taken), 0)
            except EngineError:
                break  # what is here already must not be lost; the next pull says it again
            if not more:
                break
            taken += more
        if self.closed:  # by another thread, meanwhile
            self.leave()
            return []
        return taken

    def _receive(self, n: int, wait: int) -> list[Lent]:
        now = time.monotonic()
        answer = self._asked(
            "receive_message",
            MaxNumberOfMessages=min(n, TENS),
            WaitTimeSeconds=wait,
            VisibilityTimeout=self.lease,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
            MessageAttributeNames=["All"],
        )
        self.held = {receipt: held for receipt, held in [*self.held.items()] if held[1] > now}
        return [self._lent(message) for message in answer.get("Messages", [])]

    def _lent(self, message: dict[str, Any]) -> Lent:
        known, found = message.get("Attributes", {}), message.get("MessageAttributes", {})
        headers = {
            name: each.get("StringValue", each.get("BinaryValue", b""))
            for name, each in found.items()
        }
        event = unpack(
            message["Body"].encode("utf-8", "surrogatepass"), headers, topic=self.topic,
            place=message["MessageId"], key=known.get("MessageGroupId"),
        )  # fmt: skip
        lent = Lent(self, event, message["ReceiptHandle"], int(known["ApproximateReceiveCount"]))
        self.held[lent.raw] = lent, time.monotonic() + self.lease
        return lent

    def _asked(self, call: str, **arguments: Any) -> Any:
        client = self.aws.polling if call == "receive_message" else self.aws.sqs
        try:
            return self.aws.ask(client, call, QueueUrl=self.queue.url, **arguments)
        except AwsError as error:
            if error.code in GONE:
                raise EngineError(
                    f"The queue of {self.group!r} on {self.topic!r} is gone: subscribe again. "
                    "(An emulator keeps queues in memory, and starts without them.)"
                ) from None
            raise

    def _counted(self, call: str, **arguments: Any) -> bool:
        try:
            self._asked(call, **arguments)
        except AwsError as error:
            if error.code in LATE or "receipt handle has expired" in str(error):
                return False
            raise
        return True

    def acked(self, lent: Lent) -> bool:
        """Delete the message; False if SQS refuses the receipt, which is of an ended lease."""
        self.held.pop(lent.raw, None)
        return self._counted("delete_message", ReceiptHandle=lent.raw)

    def acked_all(self, batch: list[Lent]) -> int:
        """Delete in tens; what SQS refuses, since its lease has ended, does not count."""
        counted = 0
        for first in range(0, len(batch), TENS):
            ten = batch[first : first + TENS]
            entries = [{"Id": str(n), "ReceiptHandle": each.raw} for n, each in enumerate(ten)]
            answer = self._asked("delete_message_batch", Entries=entries)
            counted += len(answer.get("Successful", []))
            failed = {int(each["Id"]): each for each in answer.get("Failed", [])}
            for place, lent in enumerate(ten):
                lent.settled = place not in failed or failed[place]["Code"] in LATE
                if lent.settled:
                    self.held.pop(lent.raw, None)
            self.aws.sent([each["Code"] for each in failed.values() if each["Code"] not in LATE])
        return counted

    def returned(self, lent: Lent, delay: float | None) -> bool:
        """Make it visible after whole seconds; at once, if it has had its last delivery."""
        last = (lent.attempt or 0) >= (self.settings.max_deliveries or math.inf)
        counted = self._invisible(lent, 0 if last else delay or 0)
        self.held.pop(lent.raw, None)
        return counted

    def extended(self, lent: Lent, seconds: float) -> bool:
        """Make it visible so many whole seconds from now."""
        if counted := self._invisible(lent, seconds):
            self.held[lent.raw] = lent, time.monotonic() + math.ceil(seconds)
        return counted

    def _invisible(self, lent: Lent, seconds: float) -> bool:
        if seconds > LONGEST:
            raise NotSupported(
                f"SQS hides a message for at most {LONGEST:,} seconds (12 hours), not {seconds:g}."
            )
        return self._counted(
            "change_message_visibility",
            ReceiptHandle=lent.raw,
            VisibilityTimeout=math.ceil(seconds),
        )

    def go(self, start: Start) -> None:
        """Raise NotSupported: a queue keeps no log."""
        raise self.aws.lacking("replay")

    def leave(self) -> None:
        """Let others have at once what is held; without an answer, once the lease ends."""
        held, now = [*self.held.values()], time.monotonic()
        for lent, until in held:
            lent.revoked = True
            if until > now and not lent.settled:
                try:
                    self._invisible(lent, 0)
                except EngineError:
                    break  # a queue or a server that is gone: the lease ends by itself
