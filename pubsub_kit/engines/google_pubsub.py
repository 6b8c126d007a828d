"""Google Cloud Pub/Sub: a topic is a topic, a group is a subscription with the group's name.

    publish ──▶ topic "orders" ──▶ subscription "orders+billing" ──▶ a worker, or another one
                              ╰──▶ subscription "orders+mail"    ──▶ a worker of another group

    pubsub://127.0.0.1:8085/PROJECT     an emulator, such as pstest: this is what was run
    pubsub:///PROJECT                   Google's service, with your default credentials: never run

Each message has a lease, the ack deadline. A subscription's is 10 to 600 s. For a shorter one each
pull sets it (ModifyAckDeadline, whole seconds). A nack with a delay is the same: the lease ends
then. **A late ack has no effect, and nobody tells you so**: `ack()` returns True all the same, as
it does for each ack that Pub/Sub accepts.

Pub/Sub counts attempts only where there is a dead-letter policy, of 5 to 100 attempts: then it
buries too, and else `attempt` is None. On the service, its own account must be allowed to publish
to the dead-letter topic. pstest buries a message anew at each later pull (8,039 copies in one run),
so with an emulator the policy only counts, and the adapter buries at the last attempt.

A key is an ordering key: a group with `ordered` gets the messages of a key in order, one at a time.
Any other group gets its messages in no order; pstest shuffles them.

Pulls are synchronous. A pull that its client gives up may have leased a message, which then comes
a deadline late: so an emulator is asked for what it has at once (return_immediately), again and
again, and the service is given 5 seconds, however short `wait` is.

There are no positions. The service can seek a subscription to a time; pstest ends at the next pull.
Seen with pstest 2.9.0 and google-cloud-pubsub 2.44.0; https://cloud.google.com/pubsub/docs.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what goes wrong becomes a sentence

import grpc
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import PublisherClient, SubscriberClient, types
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from pubsub_kit.broker.arguments import check_topic
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.starts import Start
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.binding import CONTENT_TYPE, pack
from pubsub_kit.engines.google_worker import SHORTEST, GoogleWorker
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.log.event import Event

PORT = 8085
FEWEST, LARGEST = 5, 100  # attempts of a dead-letter policy
CHUNK, CHUNK_BYTES = 1000, 3_000_000  # messages, and bytes, of one request
Plain: Any = type(types.PubsubMessage.pb(types.PubsubMessage()))
BACK = 1.5  # seconds within which a server that is back is found, for it is looked for each second
CHANNEL = {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
}


class GooglePubSub(Adapter):
    """A connection to an emulator, pubsub://HOST:PORT/PROJECT, or to the service."""

    engine: ClassVar[str] = "Google Pub/Sub"
    lacks: ClassVar[Mapping[str, str]] = {
        "dead letter after so few or so many attempts": "its dead-letter policy takes "
        f"{FEWEST} to {LARGEST}, and without one nobody counts",
        "lease so long": "an ack deadline is at most 600 s; extend it in time",
        "delay so long": "a delay is an ack deadline, so at most 600 s",
        "late subscriber": "a new group gets what is published from now on; a topic that retains "
        "messages lets the service seek to a time",
        "replay by position": "there are no positions; the service can seek to a time",
        "replay in its emulator": "pstest ends at the first pull after a seek; the service can "
        "seek to a time",
    }

    def open(self) -> None:
        """Connect; raises Unreachable, and EngineError where there are no credentials."""
        self.emulator = bool(self.address.host)
        self.project = self.address.path.strip("/") or ("pubsub-kit" if self.emulator else "")
        if not self.project or "/" in self.project:
            raise EngineError("Pub/Sub needs a project: pubsub:///PROJECT or pubsub://HOST:PORT/…")
        with self.sentences():
            if self.emulator:
                place = self.address.at(PORT)
                channel = grpc.insecure_channel(place, options=[*CHANNEL.items()])
                self.publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
                self.subscriber = SubscriberClient(
                    transport=SubscriberGrpcTransport(channel=channel)
                )
                self.call(self.publisher.get_topic, {"topic": self.path("topics", "kit~")}, {})
            else:
                self.publisher, self.subscriber = PublisherClient(), SubscriberClient()

    def topic(self, name: str, partitions: int | None = None) -> None:
        """Create a topic; it has no partitions, so their number changes nothing."""
        self.check(name)
        check_topic(partitions, None, None)
        with self.sentences(name):
            self.call(self.publisher.create_topic, {"name": self.path("topics", escaped(name))})

    def send(self, topic: str, events: list[Event]) -> list[str | None]:
        """Publish in as few requests as can be; there are no positions, only None."""
        path = self.path("topics", escaped(topic))
        for messages in requests_of([message_of(event) for event in events]):
            with self.sentences(topic):
                request = types.PublishRequest(topic=path)
                types.PublishRequest.pb(request).messages.extend(messages)
                self.call(self.publisher.publish, request)
        return [None] * len(events)

    def join(self, topic: str, group: str, start: Start, settings: Settings) -> GoogleWorker:
        """Create the group's subscription, unless it is there."""
        most = settings.max_deliveries
        if most is not None and not FEWEST <= most <= LARGEST:
            raise self.lacking("dead letter after so few or so many attempts")
        if settings.ack_deadline > 600:
            raise self.lacking("lease so long")
        path = self.path("subscriptions", f"{escaped(topic)}+{group}")
        with self.sentences(topic, group):
            there = self.found(path)
            if there is None and start != "latest":
                raise self.lacking("late subscriber")
            if there is None:
                self.call(self.subscriber.create_subscription, self._wanted(path, topic, settings))
                there = self.found(path)
            self._compare(there, self._wanted(path, topic, settings), group)
        deadline = there.ack_deadline_seconds if there is not None else SHORTEST
        return GoogleWorker(self, topic, group, settings, path, deadline)

    def shut(self) -> None:
        """Disconnect."""
        for client in (self.publisher, self.subscriber):
            client.transport.close()

    def path(self, kind: str, name: str) -> str:
        """Return the full name of a resource."""
        return f"projects/{self.project}/{kind}/{name}"

    def call(
        self, verb: Any, request: Any, missing: Any = None, timeout: float | None = None
    ) -> Any:
        """Make a call within `timeout`; what is there already is as good as made.

        A server that is back is reached again within a moment, so it is tried for that long.
        """
        ends = time.monotonic() + min(BACK, self.timeout)
        while True:
            try:
                return verb(request=request, retry=None, timeout=timeout or self.timeout)
            except exceptions.ServiceUnavailable:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.05)
            except exceptions.AlreadyExists:
                return None
            except exceptions.NotFound:
                if missing is None:
                    raise
                return missing

    def found(self, path: str) -> Any:
        """Return a subscription, or None."""
        verb = self.subscriber.get_subscription
        return self.call(verb, {"subscription": path}, False) or None

    @contextmanager
    def sentences(self, topic: str = "", group: str = "") -> Iterator[None]:
        """Turn Google's errors into sentences about a topic, or about a group of it."""
        try:
            yield
        except (exceptions.Unauthenticated, exceptions.PermissionDenied, GoogleAuthError) as error:
            raise EngineError(
                f"Google Pub/Sub refused your credentials ({_first(error)}): see "
                "https://cloud.google.com/docs/authentication."
            ) from None
        except exceptions.NotFound as error:
            if not group or "topic" in str(error).lower():
                self.no_topic(topic)
            raise EngineError(
                f"Google Pub/Sub has no subscription of the group {group!r} of {topic!r}: "
                "subscribe again."
            ) from None
        except (exceptions.ServiceUnavailable, exceptions.GatewayTimeout, exceptions.Cancelled,
                exceptions.RetryError) as error:  # fmt: skip
            raise self.unreachable(_first(error)) from None
        except exceptions.GoogleAPICallError as error:
            raise EngineError(f"Google Pub/Sub refused this: {_first(error)}.") from None

    def _wanted(self, path: str, topic: str, settings: Settings) -> types.Subscription:
        subscription = types.Subscription(
            name=path, topic=self.path("topics", escaped(topic)),
            ack_deadline_seconds=max(SHORTEST, math.ceil(settings.ack_deadline)),
            enable_message_ordering=settings.ordered,
            retain_acked_messages=not self.emulator,  # or a seek would find nothing
        )  # fmt: skip
        if settings.dead_letter is not None:
            subscription.dead_letter_policy = types.DeadLetterPolicy(
                dead_letter_topic=self.path("topics", escaped(settings.dead_letter)),
                max_delivery_attempts=LARGEST if self.emulator else settings.max_deliveries,
            )
        return subscription

    def _compare(self, there: Any, wanted: types.Subscription, group: str) -> None:
        if there is None:
            return
        ours, theirs = wanted.dead_letter_policy, there.dead_letter_policy
        for name, one, other in (
            ("topic", there.topic, wanted.topic),
            ("ordered", there.enable_message_ordering, wanted.enable_message_ordering),
            ("max_deliveries", theirs.max_delivery_attempts, ours.max_delivery_attempts),
            ("dead_letter", theirs.dead_letter_topic, ours.dead_letter_topic),
        ):
            if one != other:
                raise EngineError(
                    f"Google Pub/Sub has the group {group!r} with other settings "
                    f"({name}): give the same settings, or take another name."
                )


def escaped(name: str) -> str:
    """Return a name that Pub/Sub takes: from a letter on, 3 or longer, and not Google's own."""
    fine = name[0].isalpha() and len(name) >= 3 and not name.startswith("goog")
    return name if fine else f"kit~{name}"


def message_of(event: Event) -> Any:
    """Return an event as a message: the whole event is its data, its key the ordering key.

    It is one of plain protobuf: Google's wrapper takes far longer to make and to read one.
    """
    key = (event.key or "").encode("utf-8", "backslashreplace").decode()  # half a character
    return Plain(data=pack(event), attributes={"content-type": CONTENT_TYPE}, ordering_key=key)


def requests_of(messages: list[Any]) -> Iterator[list[Any]]:
    """Cut messages into requests that are small enough."""
    batch: list[Any] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == CHUNK or size + len(message.data) > CHUNK_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message.data)
    yield batch


def _first(error: BaseException) -> str:
    """Return the first of the sentences that Google says."""
    text = str(getattr(error, "message", "") or error)
    return re.split(r"; |\n|\. (?=[A-Z])", text)[0][:200].rstrip(". ")
