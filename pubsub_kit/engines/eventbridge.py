"""EventBridge: a topic is a detail-type on an event bus, and each group a rule with a queue behind.

                 ┌► rule {"detail-type": ["orders"]} ► queue "default/orders/billing"  ► workers
    a bus ───────┤
                 └► rule {"detail-type": ["orders"]} ► queue "default/orders/shipping" ► workers

    eventbridge://HOST:PORT               the default bus of an emulator
    eventbridge:///eu-west-1?bus=shop     another bus, in AWS itself; `topic` makes it if need be

The event is the `detail`, as CloudEvents JSON, and a rule passes that on alone; so anybody's rule
may also match on its data. A bus knows no topics: what no rule matches is accepted and dropped
without a word, such as what is published before the first group subscribes. A bus that is not
there accepts as much, and so `publish` looks for it once.

A bus keeps no order, also where it feeds a FIFO queue. It can archive events and replay them, to
rules rather than to one worker's position, and without their order. sqs.py tells the rest: leases,
attempts, dead letters. An event may have 256 KiB, and a request ten of them.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.aws import AwsError
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.sqs import Queue, Queued, escaped, parcels
from pubsub_kit.engines.sqs_worker import SqsWorker, check_lease
from pubsub_kit.log.event import Event

LONGEST_RULE = 64  # characters
GONE = {"ResourceNotFoundException"}
TIME = 14  # bytes that an event's time counts


class EventBridge(Queued):
    """An event bus with SQS queues: an emulator's at HOST:PORT, or AWS's in a /REGION."""

    engine = "EventBridge"
    service = "events"
    options = ("bus",)
    lacks = MappingProxyType({
        "order": "nothing; an SNS FIFO topic keeps it by key (sqs+sns://)",
        "replay": "an archive of the bus, which it can replay to rules, in any order",
        "late subscriber": "a rule matches what is published after it was made, so a new group's "
        "start is 'latest'",
    })  # fmt: skip

    def greet(self) -> None:
        """Ask for the bus, which may be made later."""
        self.bus = self.address.options.get("bus", "default")
        self.there = self._bus_is_there()

    def _bus_is_there(self) -> bool:
        try:
            self.ask(self.front, "describe_event_bus", Name=self.bus)
        except AwsError as error:
            if error.code in GONE:
                return False
            raise
        return True

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Make the bus if it is not there; it has no topics to be made, and no partitions."""
        self.checked_topic(name, partitions)
        if not self._bus_is_there():
            self.ask(self.front, "create_event_bus", Name=self.bus)
        self.there = True

    def _check_bus(self, topic: str) -> None:
        self.there = self.there or self._bus_is_there()
        if not self.there:
            raise EngineError(
                f"EventBridge has no bus {self.bus!r}: engine.topic({topic!r}) makes it."
            )

    # ── sending ─────────────────────────────────────────────────────────────────────────────────

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Put events in tens; no position, since there is no log."""
        self._check_bus(topic)
        sized = [(event, *self.packed(event, self._extra(topic, event))) for event in events]
        for parcel in parcels(((event, text), size) for event, text, size in sized):
            entries = [self._entry(topic, event, text) for event, text in parcel]
            answer = self.ask(self.front, "put_events", Entries=entries)
            self.sent([
                f"{each['ErrorCode']}: {each.get('ErrorMessage')}"
                for each in answer["Entries"] if "ErrorCode" in each
            ])  # fmt: skip
        return [None] * len(events)

    def _extra(self, topic: str, event: Event) -> int:
        return TIME + len(event.source.encode("utf-8", "surrogatepass")) + len(topic)

    def _entry(self, topic: str, event: Event, text: str) -> dict[str, Any]:
        return {
            "EventBusName": self.bus,
            "Source": event.source,
            "DetailType": topic,
            "Detail": text,
            "Time": event.time,
        }

    # ── groups ──────────────────────────────────────────────────────────────────────────────────

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> SqsWorker:
        """Make the group's queue and its rule, and let the rule send to the queue."""
        check_lease(settings)
        if settings.ordered:
            raise self.lacking("order")
        self._check_bus(topic)
        queue = self.entered(f"{self.bus}/{topic}", group, fifo=False, start=start)
        self._route(topic, queue)
        if (dead := settings.dead_letter) is not None:
            grave = self.grave(f"{self.bus}/{dead}", fifo=False)
            self._route(dead, grave)
            self.buried(queue, grave, settings)
        return SqsWorker(self, topic, group, settings, queue)

    def named(self, path: str, fifo: bool) -> str:
        """Return the name of a queue, if a rule can have it too."""
        name = super().named(path, fifo)
        if len(rule := self._rule(name)) > LONGEST_RULE:
            raise EngineError(
                f"EventBridge has rules of up to {LONGEST_RULE} characters, and {rule!r} has "
                f"{len(rule)}: choose a shorter topic or group."
            )
        return name

    def _rule(self, queue: str) -> str:
        """Return the name of a queue's rule: the same without the bus, to which it belongs."""
        return queue.removeprefix(escaped(f"{self.bus}/"))

    def _route(self, topic: str, queue: Queue) -> None:
        """Let a rule send the topic's events to a queue."""
        rule = self._rule(queue.arn.rpartition(":")[2])
        pattern = json.dumps({"detail-type": [topic]})
        made = self.ask(
            self.front, "put_rule", Name=rule, EventBusName=self.bus, EventPattern=pattern
        )
        self.admitted(queue, "events", made["RuleArn"])
        target = {"Id": "queue", "Arn": queue.arn, "InputPath": "$.detail"}
        answer = self.ask(
            self.front, "put_targets", Rule=rule, EventBusName=self.bus, Targets=[target]
        )
        failed = answer.get("FailedEntries", [])
        self.sent([f"{each['ErrorCode']}: {each.get('ErrorMessage')}" for each in failed])
