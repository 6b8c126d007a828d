"""The kit's broker as the contract's verbs, with all that it can."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.settings import Assignment
from pubsub_kit.checks.contract.case import Factory

LEASE = 30.0
ALL = (
    "single leases",
    "nack",
    "extend",
    "dead letter",
    "order",
    "seek",
    "pause",
    "filter",
    "restart",
)


class Kit:
    """The kit's broker, with groups of one kind, as the contract's verbs."""

    def __init__(self, clock: Callable[[], float], kind: Assignment, path: Path | None) -> None:
        self.broker, self.kind, self.members = Broker(path, clock=clock), kind, 0
        self.lease: dict[str, Any] = (
            {"ack_deadline": LEASE} if kind == "shared" else {"session_timeout": LEASE}
        )
        self.settings: dict[tuple[str, str], dict[str, Any]] = {}  # as each group was made

    def publish(self, topic: str, data: Any, key: str | None = None) -> None:
        self.broker.topic(topic)
        self.broker.publish(topic, data, key=key)

    def subscribe(self, topic: str, group: str, **options: Any) -> Any:
        self.broker.topic(topic, 3 if "ordered" in options else None)
        if (keeps := options.pop("filter", None)) is not None:
            options["filter"] = lambda event: keeps(event.data)
        options |= self.lease
        found = self.broker.subscribe(
            topic, group, assignment=self.kind, **self.settings.setdefault((topic, group), options)
        )
        if self.kind == "partitioned":
            self.members += 1
        worker = found if self.kind == "shared" else found.join(f"member-{self.members}")
        return Clerk(worker) if topic.endswith(".dead") else worker

    def seek(self, topic: str, group: str, offset: int) -> None:
        self.broker.subscriptions[topic, group].seek(offset=offset)

    def pause(self, topic: str, group: str) -> None:
        self.broker.subscriptions[topic, group].pause()

    def resume(self, topic: str, group: str) -> None:
        self.broker.subscriptions[topic, group].resume()

    def close(self) -> None:
        self.broker.close()


class Clerk:
    """Reads dead letters, with the reason of each."""

    def __init__(self, worker: Any) -> None:
        self.worker = worker

    def pull(self) -> list[Any]:
        return [Letter(delivery) for delivery in self.worker.pull()]


class Letter:
    def __init__(self, delivery: Delivery) -> None:
        self.delivery, self.data, self.attempt = delivery, delivery.data, delivery.attempt
        self.reason, self.ack = delivery.event.extensions["deadreason"], delivery.ack


def kit(kind: Assignment, path: Path | None) -> Factory:
    """Make the kit's broker; over a folder, the one before has died if it was not closed."""
    made: list[Kit] = []

    def factory(clock: Callable[[], float]) -> Kit:
        nonlocal path
        if made and path is not None and not made[-1].broker.closed:
            path = Path(shutil.copytree(path, path.with_name(f"{path.name}+")))
        made.append(Kit(clock, kind, path))
        return made[-1]

    return factory
