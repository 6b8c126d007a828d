"""boto3: SNS or EventBridge in requests of ten, and SQS in tens, all with one queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pubsub_kit.bench.bare.client import CONTENT_TYPE, WAIT, Bare, Fields, read, written
from pubsub_kit.engines.address import address_of

TENS = 10
KNOWN = {"region_name": "us-east-1", "aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
KIND = {"content-type": {"DataType": "String", "StringValue": CONTENT_TYPE}}


def tens(items: list[Any]) -> Iterator[list[Any]]:
    """Yield at most ten items at a time, which is what a request may have."""
    return (items[first : first + TENS] for first in range(0, len(items), TENS))


class Sns(Bare):
    """An SNS topic with a queue."""

    def __init__(self, url: str, service: str = "sns") -> None:
        import boto3

        endpoint = f"http://{address_of(url).at(4566)}"
        session: Any = boto3.session.Session(**KNOWN)
        self.front = session.client(service, endpoint_url=endpoint)
        self.sqs = session.client("sqs", endpoint_url=endpoint)

    def topic(self, name: str) -> None:
        """Make a topic."""
        self.name = name
        self.arn = self.front.create_topic(Name=name)["TopicArn"]

    def join(self) -> None:
        """Make a queue, and subscribe it."""
        self.front.subscribe(
            TopicArn=self.arn, Protocol="sqs", Endpoint=self.queue(),
            Attributes={"RawMessageDelivery": "true"},
        )  # fmt: skip

    def queue(self) -> str:
        """Make the queue, and return its ARN."""
        self.url = self.sqs.create_queue(QueueName=f"{self.name}-bench")["QueueUrl"]
        about = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        return str(about["Attributes"]["QueueArn"])

    def publish(self, items: list[Fields]) -> None:
        """Publish in tens."""
        for ten in tens(items):
            entries = [
                {"Id": str(n), "Message": written(each).decode(), "MessageAttributes": KIND}
                for n, each in enumerate(ten)
            ]
            answer = self.front.publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=entries)
            if answer.get("Failed"):
                raise AssertionError(f"SNS refused {answer['Failed']}")

    def pull(self, n: int) -> list[Any]:
        """Receive in tens until there are so many, or no more."""
        got: list[Any] = []
        while len(got) < n:
            answer = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=min(n - len(got), TENS),
                WaitTimeSeconds=0 if got else int(WAIT), VisibilityTimeout=30,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
                MessageAttributeNames=["All"],
            )  # fmt: skip
            if not (messages := answer.get("Messages")):
                break
            got += [(each["ReceiptHandle"], read(each["Body"].encode())) for each in messages]
        return got

    def ack(self, deliveries: list[Any]) -> None:
        """Delete in tens."""
        for ten in tens(deliveries):
            entries = [{"Id": str(n), "ReceiptHandle": each[0]} for n, each in enumerate(ten)]
            answer = self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise AssertionError(f"SQS refused {answer['Failed']}")

    def leave(self) -> None:
        """Delete the queue."""
        self.sqs.delete_queue(QueueUrl=self.url)

    def close(self) -> None:
        """Disconnect."""
        self.front.close()
        self.sqs.close()


class Events(Sns):
    """A rule of EventBridge with a queue."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "events")

    def topic(self, name: str) -> None:
        """Choose a detail type."""
        self.name = name

    def join(self) -> None:
        """Make a queue, and a rule that sends to it."""
        pattern = json.dumps({"detail-type": [self.name]})
        self.front.put_rule(Name=self.name, EventPattern=pattern)
        target = {"Id": "queue", "Arn": self.queue(), "InputPath": "$.detail"}
        self.front.put_targets(Rule=self.name, Targets=[target])

    def publish(self, items: list[Fields]) -> None:
        """Put in tens."""
        for ten in tens(items):
            entries = [
                {
                    "EventBusName": "default", "Source": each["source"], "DetailType": self.name,
                    "Detail": written(each).decode(),
                } for each in ten
            ]  # fmt: skip
            if (answer := self.front.put_events(Entries=entries))["FailedEntryCount"]:
                raise AssertionError(f"EventBridge refused {answer}")

    def leave(self) -> None:
        """Delete the rule and the queue."""
        self.front.remove_targets(Rule=self.name, Ids=["queue"])
        self.front.delete_rule(Name=self.name)
        super().leave()
