"""SQS: each group is a queue, whatever puts messages into it (an SNS topic, an EventBridge rule).

    group          queue               ack        DeleteMessage
    lease          visibility timeout  nack       ChangeMessageVisibility(delay)
    attempt        ApproximateReceiveCount        extend: the same call
    max_deliveries, dead letter        the queue's redrive policy: SQS itself moves the message

SQS counts in whole seconds: leases, delays and waits are rounded up, to at most 12 hours, or 20
seconds for one long poll. A delay longer than that is refused. A nack without one is due at once.
Each worker has its own ack deadline; the last one that names max_deliveries sets it for its group.

SQS moves a message that has had its last delivery when a worker next asks for messages, and to one
queue. So a dead-letter topic has one queue, that of its first group; all groups that subscribe
later share it. The letter is the message as it was: why it failed is in no attribute.

A late ack: FIFO queues and ministack refuse a receipt of an earlier delivery. A standard queue of
AWS may accept the call and delete nothing (API reference of DeleteMessage), so True proves less.
A queue forgets what nobody took for 4 days, its default; a dead-letter queue here for 14.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.aws import Aws, AwsError
from pubsub_kit.engines.binding import pack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.log.event import Event

TENS = 10  # messages in one request
MOST_BYTES = 262_144  # of a request: 256 KiB
LONGEST_NAME = 80
FORTNIGHT = "1209600"  # seconds, the longest that a queue keeps a message
FIFO = ".fifo"
GONE = {"QueueDoesNotExist", "NonExistentQueue"}
Item = TypeVar("Item")


class Queue(NamedTuple):
    """A queue, as calls and as policies name it."""

    url: str
    arn: str


def escaped(name: str) -> str:
    """Write a dot or slash, which these names may not hold, as _2E or _2F; reversible."""
    return re.sub("[./]|_(?=2E|2F|5F)", lambda found: f"_{ord(found[0]):02X}", name)


def parcels(items: Iterable[tuple[Item, int]]) -> Iterator[list[Item]]:
    """Yield items with their sizes in bytes as requests: at most 10, and 256 KiB together."""
    parcel: list[Item] = []
    total = 0
    for item, size in items:
        if parcel and (len(parcel) == TENS or total + size > MOST_BYTES):
            yield parcel
            parcel, total = [], 0
        parcel.append(item)
        total += size
    if parcel:
        yield parcel


class Queued(Aws):
    """An adapter whose groups are queues."""

    def packed(self, event: Event, more: int) -> tuple[str, int]:
        """Return an event's text and its size with `more` bytes; raises if AWS can't take it."""
        text = pack(event).decode()
        if (size := len(text) + more) > MOST_BYTES:
            raise EngineError(
                f"{self.engine} takes messages of up to {MOST_BYTES:,} bytes, and event "
                f"{event.id!r} has {size:,}: store the data elsewhere, such as in S3, and publish "
                "where it is."
            )
        return text, size

    def sent(self, failed: list[str]) -> None:
        """Raise if a part of a batch was refused."""
        if failed:
            raise EngineError(
                f"{self.engine} refused {len(failed)} of a batch, the first one with "
                f"{failed[0]}: the others are published."
            )

    # ── queues ──────────────────────────────────────────────────────────────────────────────────

    def named(self, path: str, fifo: bool) -> str:
        """Return the name of the queue of a group, or of dead letters; raises if it is too long."""
        name = escaped(path) + (FIFO if fifo else "")
        if len(name) > LONGEST_NAME:
            raise EngineError(
                f"SQS has names of up to {LONGEST_NAME} characters, and {name!r} has {len(name)}: "
                "choose a shorter topic or group."
            )
        return name

    def found(self, name: str) -> Queue | None:
        """Return a queue by its name, or None."""
        try:
            url = self.ask(self.sqs, "get_queue_url", QueueName=name)["QueueUrl"]
        except AwsError as error:
            if error.code in GONE:
                return None
            raise
        wanted = ["QueueArn"]
        answer = self.ask(self.sqs, "get_queue_attributes", QueueUrl=url, AttributeNames=wanted)
        return Queue(url, answer["Attributes"]["QueueArn"])

    def made(self, name: str, **attributes: str) -> Queue:
        """Make a queue, and return it."""
        if name.endswith(FIFO):
            attributes["FifoQueue"] = "true"
        self.ask(self.sqs, "create_queue", QueueName=name, Attributes=attributes)
        queue = self.found(name)
        if queue is None:
            raise EngineError(f"SQS made the queue {name!r}, and can't find it: try again.")
        return queue

    def entered(self, path: str, group: str, fifo: bool, start: Start) -> Queue:
        """Return the queue that a worker reads: its group's, or the one of all dead letters."""
        name = self.named(f"{path}/{group}", fifo)
        queue = self.found(self.named(path, fifo)) or self.found(name)
        if queue is None and start != "latest":
            raise self.lacking("late subscriber")
        return queue or self.made(name)

    def grave(self, path: str, fifo: bool) -> Queue:
        """Return the queue of a topic's dead letters: that of its first group, or a new one."""
        prefix = escaped(f"{path}/")
        urls = self.ask(self.sqs, "list_queues", QueueNamePrefix=prefix).get("QueueUrls", [])
        names = sorted(url.rpartition("/")[2] for url in urls)
        right = [name for name in names if name.endswith(FIFO) == fifo]
        own = self.named(path, fifo)
        queue = self.found(own) or (self.found(right[0]) if right else None)
        return queue or self.made(own, MessageRetentionPeriod=FORTNIGHT)

    def buried(self, queue: Queue, grave: Queue, settings: Settings) -> None:
        """Let SQS move what was delivered too often."""
        policy = {"deadLetterTargetArn": grave.arn, "maxReceiveCount": settings.max_deliveries}
        self.set(queue, RedrivePolicy=json.dumps(policy))

    def admitted(self, queue: Queue, service: str, source: str) -> None:
        """Let a topic or a rule, and nobody else of its service, send to a queue."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        self.set(queue, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def set(self, queue: Queue, **attributes: str) -> None:
        """Set attributes of a queue."""
        self.ask(self.sqs, "set_queue_attributes", QueueUrl=queue.url, Attributes=attributes)
