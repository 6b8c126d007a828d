"""A delivery: one message lent to one consumer for a limited time. It is a lease, not a gift.

The ack id names this lease. If the lease ends without an ack, the message is leased again under a
new id, and the old one is stale: an ack that comes late must not touch the new lease.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from pubsub_kit.log.acceptance import own
from pubsub_kit.log.event import Event


class Settler(Protocol):
    """What settles a delivery: the subscription that handed it out, which explains each verb."""

    def ack(self, ack_id: int) -> bool:
        """Finish it."""

    def nack(self, ack_id: int, delay: float | None = None, reason: str = "nack") -> bool:
        """Take it back."""

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Extend its lease."""


class Lease(NamedTuple):
    """What a delivery consists of, as a tuple, because that is the fastest to make."""

    settler: Settler
    topic: str
    partition: int
    offset: int
    attempt: int
    stored: Event  # the log's own, which nobody may change
    ack_id: int
    until: float


class Deadline:
    """When a lease ends: as it says, unless its delivery has a deadline of its own by now."""

    def __get__(self, delivery: Delivery, kind: object) -> float:
        deadline: float = delivery.__dict__.setdefault("deadline", delivery.until)
        return deadline


class Delivery(Lease):
    """An event, where it came from, and its lease until `deadline` (the broker's clock, seconds).

    A redelivery is a new Delivery, with a new `ack_id` and the next `attempt`, counted from 1. In a
    partitioned group there is no lease: `deadline` is infinity, until it is `revoked`. The event is
    your own: to change its data changes neither a redelivery nor what other groups get.
    """

    deadline = Deadline()
    _own: Event | None = None

    __eq__, __hash__ = object.__eq__, object.__hash__

    def __repr__(self) -> str:
        place = f"{self.topic}/{self.position}"
        return f"<Delivery {place} attempt {self.attempt} key={self.key!r} data={self.data!r}>"

    @property
    def event(self) -> Event:
        """The event, copied when you first ask for it."""
        if self._own is None:
            self._own = own(self.stored)
        return self._own

    @property
    def id(self) -> str:
        """The event's id."""
        return self.stored.id

    @property
    def key(self) -> str | None:
        """The event's key."""
        return self.stored.key

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.event.data

    @property
    def position(self) -> str:
        """Where it is in the topic's log: partition/offset."""
        return f"{self.partition}/{self.offset}"

    @property
    def revoked(self) -> bool:
        """Whether a partitioned group has taken it back: there is no use in handling it."""
        return self.deadline == -math.inf

    def move(self, deadline: float) -> None:
        """Let the lease end at another time: only its group calls this."""
        vars(self)["deadline"] = deadline

    def revoke(self) -> None:
        """Note that it was taken back: only its group calls this."""
        self.move(-math.inf)

    def ack(self) -> bool:
        """Tell the broker that the message has been handled: see `Subscription.ack`."""
        return self.settler.ack(self.ack_id)

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Tell the broker that handling it failed: see `Subscription.nack`."""
        return self.settler.nack(self.ack_id, delay, reason)

    def extend(self, seconds: float) -> bool:
        """Ask for more time: see `Subscription.extend`."""
        return self.settler.extend(self.ack_id, seconds)


deliver: Callable[..., Delivery] = tuple.__new__  # what Delivery(…) does, and faster
