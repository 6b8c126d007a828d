"""A delivery: one message lent to one consumer for a limited time. It is a lease, not a gift.

The ack id names this lease. If the lease ends without an ack, the message is leased again under a
new id, and the old one is stale: an ack that comes late must not touch the new lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pubsub_kit.log.event import Event


class Settler(Protocol):
    """What settles a delivery: the subscription that handed it out, which explains each verb."""

    def ack(self, ack_id: int) -> bool:
        """Finish it."""

    def nack(self, ack_id: int, delay: float | None = None, reason: str = "nack") -> bool:
        """Take it back."""

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Extend its lease."""


@dataclass(slots=True, eq=False, repr=False)
class Delivery:
    """An event, where it came from, and its lease until `deadline` (the broker's clock, seconds).

    A redelivery is a new Delivery, with a new `ack_id` and the next `attempt`, counted from 1.
    """

    settler: Settler
    topic: str
    partition: int
    offset: int
    attempt: int
    event: Event
    ack_id: int
    deadline: float

    def __repr__(self) -> str:
        place = f"{self.topic}/{self.partition}/{self.offset}"
        return f"<Delivery {place} attempt {self.attempt} key={self.key!r} data={self.data!r}>"

    @property
    def id(self) -> str:
        """The event's id."""
        return self.event.id

    @property
    def key(self) -> str | None:
        """The event's key."""
        return self.event.key

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.event.data

    def ack(self) -> bool:
        """Tell the broker that the message has been handled: see `Subscription.ack`."""
        return self.settler.ack(self.ack_id)

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Tell the broker that handling it failed: see `Subscription.nack`."""
        return self.settler.nack(self.ack_id, delay, reason)

    def extend(self, seconds: float) -> bool:
        """Ask for more time: see `Subscription.extend`."""
        return self.settler.extend(self.ack_id, seconds)
