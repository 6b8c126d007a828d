"""Choosing: which events a group wants, as its filter says."""

from __future__ import annotations

from collections.abc import Callable

from pubsub_kit.broker.settings import SubscriptionError
from pubsub_kit.errors import brief
from pubsub_kit.log.acceptance import own
from pubsub_kit.log.event import Event

Filter = Callable[[Event], bool]


class Choosing:
    """The part of a reader that asks a filter, which must not move the reader meanwhile."""

    def __init__(self, name: str, filter: Filter | None) -> None:
        self.name, self.filter, self.asking = name, filter, False

    def wants(self, partition: int, offset: int, event: Event) -> bool:
        """Ask the filter about an event; raises SubscriptionError if it can't answer."""
        if self.asking:
            self.check_idle()
        self.asking = True
        try:
            return self.filter is None or bool(self.filter(own(event)))
        except Exception as error:
            raise SubscriptionError(
                f"The filter of {self.name} failed at partition {partition}, offset {offset} with "
                f"{brief(error)}: subscribe again with a filter that can handle this event."
            ) from error
        finally:
            self.asking = False

    def check_idle(self) -> None:
        """Raise SubscriptionError if a filter moves the reader that asks it, or its members."""
        if self.asking:
            raise SubscriptionError(
                f"The filter of {self.name} can't pull or seek for its group, nor change who is a "
                "member."
            )
