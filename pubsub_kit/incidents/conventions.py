"""What a span says of a message: a producer sent it, a consumer received, processed, settled it.

The names are those of the semantic conventions for messaging, version 1.44.0, which are still in
development (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/); `publish` and
`deliver`, which they had before, are understood too.

    span                             becomes
    send, create                     published, when it begins
    receive                          delivered, when it ends, once for each message it links to
    process                          delivered, when it begins, if no receive span tells of it
    settle: ack, complete, …         acked; with error.type, an ack that was refused
    settle: nack, abandon, …         nacked
    settle: dead_letter              dead
    an event `effect` in a span      effect: its attributes are target, amount and message

A message is known by messaging.message.id, by the link (or parent) that leads to the span that sent
it, or by its topic, partition and offset. Consumers that name no group are one if they are one
service. The conventions name no effects: record them with
`span.add_event("effect", {"target": "ann", "amount": 10})`.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.incidents.record import Record, record, wrong
from pubsub_kit.incidents.spans import Context, Span

_SENDS, _RECEIVES, _PROCESSES = ("send", "publish", "create"), ("receive",), ("process", "deliver")
_KNOWN = (*_SENDS, *_RECEIVES, *_PROCESSES, "settle")
_ACKS = ("ack", "acknowledge", "complete", "commit", "delete", "accept", "settle", "")
_DEAD = ("dead_letter", "deadletter")


def recorded(spans: list[Span]) -> list[Record]:
    """Return what spans tell of messages; raises IncidentError for one whose message is unknown."""
    return _Reader(spans).records() if spans else []


class _Reader:
    """The spans of a log, with the names of their messages and of their workers."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans
        self.by_context = {span.context: span for span in spans}
        self.named: dict[Context, str] = {}  # messages by the span that sent them
        self.received: set[tuple[str, str, str]] = set()
        self.workers = _workers(spans)
        for span in spans:
            if _operation(span) and (name := _own_name(span)):
                sender = [span.context] if _operation(span) in _SENDS else self._senders(span)
                if len(sender) == 1:
                    self.named.setdefault(sender[0], name)

    def records(self) -> list[Record]:
        """Return the records in the order of the spans' starts."""
        found: list[Record] = []
        for span in sorted(self.spans, key=lambda span: (span.start, span.end)):
            if operation := _operation(span):
                found += self._of(span, operation)
            found += self._effects(span)
        return found

    def _of(self, span: Span, operation: str) -> list[Record]:
        if operation in _SENDS:
            made = self._senders(span)
            if span.failed or (operation != "create" and made):
                return []  # its outcome is unknown, or the create span tells of it
            return [self._record(span, "published", span.start, self._messages(span)[0])]
        if operation in _RECEIVES:
            return [self._delivered(span, name, span.end) for name in self._messages(span)]
        if operation in _PROCESSES:
            return [
                self._delivered(span, name, span.start)
                for name in self._messages(span)
                if not self._was_received(span, name)
            ]
        what, refused = _settled(span)
        return [self._record(span, what, span.end, name, refused) for name in self._messages(span)]

    def _delivered(self, span: Span, name: str, at: float) -> Record:
        if _operation(span) in _RECEIVES:
            self.received.add((name, self.workers[span.context], _group(span)))
        return self._record(span, "delivered", at, name)

    def _was_received(self, span: Span, name: str) -> bool:
        """Say whether a receive span told of this delivery already, if so for this time only."""
        told = (name, self.workers[span.context], _group(span))
        known = told in self.received
        self.received.discard(told)
        return known

    def _messages(self, span: Span) -> list[str]:
        """Return the messages that a span is about; a receive span may have none."""
        if name := _own_name(span):
            return [name]
        senders = [span.context] if _operation(span) in _SENDS else self._senders(span)
        names = [self.named.get(context, f"span {context[1]}"[:60]) for context in senders]
        if names or _operation(span) in _RECEIVES:
            return [*dict.fromkeys(names)]
        raise wrong(
            span.line,
            f"the span {brief(span.context[1])} does not say which message it is about: give it "
            "messaging.message.id, or a link to the span that sent the message.",
        )

    def _senders(self, span: Span) -> list[Context]:
        """Return the contexts that its links name; else the nearest sending span above it."""
        linked = [*span.causes[: span.links]]
        to_receive = len(linked) == 1 and _operation(self.by_context.get(linked[0])) in _RECEIVES
        if linked and not to_receive:
            return linked
        seen = {span.context}
        waiting = [*span.causes]
        while waiting:
            context = waiting.pop(0)
            if context in seen:  # as in a circle of parents
                continue
            seen.add(context)
            other = self.by_context.get(context)
            if _operation(other) in _SENDS:
                return [context]
            waiting += other.causes if other else ()
        return []

    def _record(
        self, span: Span, what: str, at: float, name: str, refused: bool | None = None
    ) -> Record:
        row = {
            "at": at, "what": what, "message": name, "refused": refused,
            "topic": _first(span, _TOPICS),
            "worker": self.workers[span.context],
            "group": None if what == "published" else _group(span) or None,
            "key": _first(span, _KEYS), "attempt": _first(span, _ATTEMPTS) or None,
            "sequence": _first(span, _OFFSETS), "reason": span.failed[:200],
        }  # fmt: skip
        return record(row, span.line)

    def _effects(self, span: Span) -> list[Record]:
        rows = [(at, about) for name, at, about in span.events if name == "effect"]
        if not rows:
            return []
        mine = self._about(span)
        told = {"worker": self.workers[span.context]}
        return [
            record({"message": mine, **about, **told, "at": at, "what": "effect"}, span.line)
            for at, about in rows
        ]

    def _about(self, span: Span) -> str | None:
        """Return the message that a span, or one above it, was about."""
        seen: set[Context] = set()
        while True:
            if _operation(span):
                return next(iter(self._messages(span)), None)
            seen.add(span.context)
            above = (c for c in span.causes[span.links :] if c in self.by_context and c not in seen)
            if (up := next(above, None)) is None:
                return None
            span = self.by_context[up]


_KEYS = ("messaging.kafka.message.key", "messaging.gcp_pubsub.message.ordering_key",
         "messaging.rocketmq.message.group")  # fmt: skip
_ATTEMPTS = ("messaging.gcp_pubsub.message.delivery_attempt",
             "messaging.servicebus.message.delivery_count")  # fmt: skip
_OFFSETS = ("messaging.kafka.offset", "messaging.kafka.message.offset")
_PUBLISHED_TO = "messaging.destination_publish.name"
_TOPICS = (_PUBLISHED_TO, "messaging.destination.name")
_GROUPS = ("messaging.consumer.group.name", "messaging.destination.subscription.name",
           "messaging.kafka.consumer.group")  # fmt: skip


def _first(span: Span, names: tuple[str, ...]) -> Any:
    return next((span.about[name] for name in names if name in span.about), None)


def _group(span: Span) -> str:
    """Return the group: as it is named, or the queue of an exchange, or the consumer's service."""
    if group := _first(span, _GROUPS):
        return str(group)
    if _PUBLISHED_TO in span.about and (queue := span.about.get("messaging.destination.name")):
        return str(queue)
    return str(span.resource.get("service.name") or "")


def _operation(span: Span | None) -> str:
    """Return what a span does with a message; "" if it is about none."""
    if span is None:
        return ""
    given = span.about.get("messaging.operation.type") or span.about.get("messaging.operation")
    if given:
        return str(given) if given in _KNOWN else ""
    if any(str(name).startswith("messaging.") for name in span.about):
        return {"PRODUCER": "send", "CONSUMER": "process"}.get(span.kind, "")
    return ""


def _own_name(span: Span) -> str:
    if name := span.about.get("messaging.message.id"):
        return str(name)
    offset, topic = _first(span, _OFFSETS), span.about.get("messaging.destination.name")
    if offset is None or topic is None:
        return ""
    return f"{topic}/{span.about.get('messaging.destination.partition.id', 0)}/{offset}"


def _settled(span: Span) -> tuple[str, bool | None]:
    """Return what a settle span came to: acked, nacked or dead, and whether it was refused."""
    given = _first(span, ("messaging.servicebus.disposition_status", "messaging.operation.name"))
    name = str(given or "").lower()
    if name in _DEAD:
        return "dead", None
    if name not in _ACKS:
        return "nacked", None
    return "acked", True if span.failed else None


def _workers(spans: list[Span]) -> dict[Context, str]:
    """Name the worker of each span: its client's id, else its service, numbered if several."""
    instances: dict[str, dict[str, None]] = {}
    for span in spans:
        service = str(span.resource.get("service.name") or "service")
        instances.setdefault(service, {}).setdefault(_instance(span))
    found = {}
    for span in spans:
        service = str(span.resource.get("service.name") or "service")
        several = [*instances[service]]
        number = f"-{several.index(_instance(span)) + 1}" if len(several) > 1 else ""
        found[span.context] = str(span.about.get("messaging.client.id") or service + number)
    return found


def _instance(span: Span) -> str:
    return str(span.resource.get("service.instance.id") or "")
