"""SNS and SQS: a topic is an SNS topic, and each group a queue that subscribes to it.

                    ┌► queue "orders/billing"  ► workers        SNS copies a message into each
    SNS "orders" ───┤                                           queue at once (raw: as it is), and
                    └► queue "orders/shipping" ► workers        keeps nothing of its own

So a group sees what is published after it subscribed, and no log can be replayed. sqs.py tells the
rest: leases, attempts, dead letters. In AWS's names a dot is written _2E and a slash _2F.

A topic is a standard one, which keeps no order. `subscribe(…, ordered=True)` makes the topic a FIFO
one, while it has no groups; so does `?fifo=1` in the URL, for all topics that the connection makes.
There, a group id is the event's key: while a message of it is in flight, the next ones wait. An
event without a key is a group of its own, by its id. A FIFO topic drops a second event with the id
(and the source) of one published within the last 5 minutes, and says nothing: so you can publish
again what got no answer, but a dead letter that is put back so early is lost.

A message may have 256 KiB with its attributes, and a request ten of them (SNS's defaults).
"""

from __future__ import annotations

import hashlib
import re
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.aws import AwsError
from pubsub_kit.engines.binding import CONTENT_TYPE
from pubsub_kit.engines.protocol import NotSupported
from pubsub_kit.engines.sqs import FIFO, Queue, Queued, escaped, parcels
from pubsub_kit.engines.sqs_worker import SqsWorker, check_lease
from pubsub_kit.log.event import Event

ATTRIBUTES = {"content-type": {"DataType": "String", "StringValue": CONTENT_TYPE}}
EXTRA = len("content-type") + len("String") + len(CONTENT_TYPE)  # bytes, which count too
GONE = {"NotFound", "NotFoundException", "ResourceNotFoundException"}


class SnsSqs(Queued):
    """SNS topics with SQS queues: an emulator's at HOST:PORT, or AWS's in a /REGION."""

    engine = "SNS/SQS"
    service = "sns"
    options = ("fifo",)
    lacks = MappingProxyType({
        "replay": "a FIFO topic's archive, which SNS can replay to one subscription",
        "late subscriber": "a queue gets what is published after it subscribed, so a new group's "
        "start is 'latest'",
    })  # fmt: skip

    def greet(self) -> None:
        """Ask for the topics, of which one tells how all of them are named."""
        self.arns: dict[str, str] = {}  # of topics seen
        self.own: set[str] = set()  # topics that this connection made
        self.ask(self.front, "list_topics")

    # ── topics ──────────────────────────────────────────────────────────────────────────────────

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Make an SNS topic if there is none, standard or FIFO; it has no partitions."""
        self.checked_topic(name, partitions)
        if self._seek(name) is None:
            self._make(name, fifo="fifo" in self.address.options)

    def _make(self, name: str, fifo: bool) -> str:
        self.own.add(name)
        more = {"Attributes": {"FifoTopic": "true"}} if fifo else {}
        answer = self.ask(
            self.front, "create_topic", Name=escaped(name) + (FIFO if fifo else ""), **more
        )
        self.arns[name] = answer["TopicArn"]
        return self.arns[name]

    def _seek(self, name: str) -> str | None:
        """Return the ARN of a topic, the FIFO one first, or None if there is none."""
        topics = self.ask(self.front, "list_topics")["Topics"]
        for ending in (FIFO, "") if topics else ():
            arn = f"{topics[0]['TopicArn'].rpartition(':')[0]}:{escaped(name)}{ending}"
            try:
                self.ask(self.front, "get_topic_attributes", TopicArn=arn)
            except AwsError as error:
                if error.code not in GONE:
                    raise
            else:
                self.arns[name] = arn
                return arn
        self.arns.pop(name, None)
        return None

    def _arn(self, name: str, ordered: bool = False) -> str:
        arn = self._seek(name) or self.no_topic(name)
        return self._fifo(name, arn) if ordered and not arn.endswith(FIFO) else arn

    def _fifo(self, name: str, arn: str) -> str:
        """Replace a standard topic that we made, and that has no groups, by a FIFO one."""
        groups = self.ask(self.front, "list_subscriptions_by_topic", TopicArn=arn)["Subscriptions"]
        if groups or name not in self.own:
            raise NotSupported(
                f"SNS/SQS keeps no order in the standard topic {name!r}, and can't make it a FIFO "
                "topic now: choose another name, or connect with ?fifo=1 to make it."
            )
        self.ask(self.front, "delete_topic", TopicArn=arn)
        return self._make(name, fifo=True)

    # ── sending ─────────────────────────────────────────────────────────────────────────────────

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Publish in tens; no position, since there is no log."""
        packed = [(event, *self.packed(event, EXTRA)) for event in events]
        for parcel in parcels(((event, text), size) for event, text, size in packed):
            try:
                self._publish(topic, self.arns.get(topic) or self._arn(topic), parcel)
            except AwsError as error:
                if error.code not in GONE:
                    raise
                self._publish(topic, self._arn(topic), parcel)  # it may be a FIFO topic by now
        return [None] * len(events)

    def _publish(self, topic: str, arn: str, parcel: list[tuple[Event, str]]) -> None:
        entries = [
            {"Id": str(place), "Message": text, "MessageAttributes": ATTRIBUTES}
            | (grouped(event) if arn.endswith(FIFO) else {})
            for place, (event, text) in enumerate(parcel)
        ]
        answer = self.ask(
            self.front, "publish_batch", TopicArn=arn, PublishBatchRequestEntries=entries
        )
        self.sent([f"{each['Code']}: {each.get('Message')}" for each in answer.get("Failed", [])])

    # ── groups ──────────────────────────────────────────────────────────────────────────────────

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> SqsWorker:
        """Make the group's queue, let the topic send to it, and subscribe it."""
        check_lease(settings)
        arn = self._arn(topic, settings.ordered)
        queue = self.entered(topic, group, arn.endswith(FIFO), start)
        self._route(arn, queue)
        if (dead := settings.dead_letter) is not None:
            letters = self._arn(dead, ordered=arn.endswith(FIFO))
            grave = self.grave(dead, arn.endswith(FIFO))
            self._route(letters, grave)
            self.buried(queue, grave, settings)
        return SqsWorker(self, topic, group, settings, queue)

    def _route(self, arn: str, queue: Queue) -> None:
        self.admitted(queue, "sns", arn)
        raw: dict[str, Any] = {"RawMessageDelivery": "true"}
        self.ask(
            self.front, "subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue.arn,
            Attributes=raw, ReturnSubscriptionArn=True,
        )  # fmt: skip


def grouped(event: Event) -> dict[str, str]:
    """Return what orders an event in a FIFO topic, and what tells a second copy of it."""
    return {
        "MessageGroupId": _fitting(event.id if event.key is None else event.key),
        "MessageDeduplicationId": _fitting(f"{quote(event.source)} {quote(event.id)}"),
    }


def _fitting(text: str) -> str:
    """Return a text as SNS has ids: 1 to 128 visible ASCII characters; others are hashed."""
    if re.fullmatch("[!-~]{1,128}", text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
