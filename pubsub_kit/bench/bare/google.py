"""google-cloud-pubsub's synchronous client: a window is one request, and so are its acks.

Its other publisher waits up to 10 ms for a batch to fill, so that one at a time would be its wait.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.bench.bare.client import CONTENT_TYPE, WAIT, Bare, Fields, read, written
from pubsub_kit.engines.address import address_of

PROJECT = "bench"


class Google(Bare):
    """A publisher and a subscriber over one channel."""

    def __init__(self, url: str) -> None:
        import grpc
        from google.pubsub_v1 import PublisherClient, SubscriberClient, types
        from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
        from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

        channel = grpc.insecure_channel(address_of(url).at(8085))
        self.types: Any = types
        self.publisher: Any = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self.subscriber: Any = SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))

    def topic(self, name: str) -> None:
        """Create a topic."""
        self.path = f"projects/{PROJECT}/topics/{name}"
        self.publisher.create_topic(name=self.path)

    def join(self) -> None:
        """Create a subscription."""
        self.group = self.path.replace("/topics/", "/subscriptions/")
        self.subscriber.create_subscription(
            name=self.group, topic=self.path, ack_deadline_seconds=30
        )

    def publish(self, items: list[Fields]) -> None:
        """Publish in one request."""
        messages = [
            self.types.PubsubMessage(data=written(each), attributes={"content-type": CONTENT_TYPE})
            for each in items
        ]
        request = self.types.PublishRequest(topic=self.path, messages=messages)
        self.publisher.publish(request=request, retry=None, timeout=30)

    def pull(self, n: int) -> list[Any]:
        """Pull, and wait for the first message."""
        request = self.types.PullRequest(subscription=self.group, max_messages=n)
        reply = self.subscriber.pull(request=request, retry=None, timeout=WAIT)
        return [(each.ack_id, read(each.message.data)) for each in reply.received_messages]

    def ack(self, deliveries: list[Any]) -> None:
        """Ack in one request."""
        ids = [id for id, _ in deliveries]
        request = self.types.AcknowledgeRequest(subscription=self.group, ack_ids=ids)
        self.subscriber.acknowledge(request=request, retry=None, timeout=30)

    def leave(self) -> None:
        """Delete the subscription."""
        self.subscriber.delete_subscription(subscription=self.group)

    def close(self) -> None:
        """Disconnect."""
        self.publisher.transport.close()
