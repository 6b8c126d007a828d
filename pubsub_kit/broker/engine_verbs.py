"""The two verbs that a subscription has because every engine has them: see engines/protocol.py."""

from __future__ import annotations

from abc import abstractmethod

from pubsub_kit.broker.starts import At, Offset, Start, check_start
from pubsub_kit.broker.watching import Watched


class EngineVerbs(Watched):
    """A group in the terms of any engine."""

    @abstractmethod
    def seek(self, *, offset: int | None = None, time: float | None = None) -> None:
        """Go to this offset in each partition, or to this time (seconds since the epoch)."""

    def replay(self, start: Start) -> None:
        """Move the group to a start, as `seek` does; raises SubscriptionError for what is none."""
        check_start(start)
        if isinstance(start, At):
            self.seek(time=start.time)
        elif isinstance(start, Offset):
            self.seek(offset=start.offset)
        else:
            self.seek(offset=0 if start == "earliest" else max(self.topic.log.ends))

    def close(self) -> None:
        """Do nothing: workers of a shared group are not known one by one, only their leases."""
