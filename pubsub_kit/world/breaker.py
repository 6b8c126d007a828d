"""A circuit breaker: after too many failures it blocks calls for a while, then lets one through.

closed ── failures in a row ──▶ open ── reset seconds ──▶ half-open ── success ──▶ closed
                                  ▲                          │
                                  └────────── failure ───────┘

Calls overlap, so an outcome can come late: of a call that went out before the breaker opened. It
tells how the service was then, so it changes nothing. Only the call let through when half-open
decides. That is why an outcome comes with the moment at which its call was allowed.
"""

from __future__ import annotations

from pubsub_kit.errors import PubSubKitError


class Breaker:
    """Opens after so many failures in a row, and then allows no call for `reset` seconds.

    You tell it the time (seconds); it reads no clock. Raises PubSubKitError for a limit below 1.
    """

    def __init__(self, failures: int = 5, reset: float = 10.0) -> None:
        if failures < 1 or not reset > 0:
            raise PubSubKitError(
                f"Breaker(failures={failures!r}, reset={reset!r}): give at least 1 failure, and "
                "more than 0 seconds"
            )
        self.limit, self.reset = failures, reset
        self.count = 0
        self.opened: float | None = None
        self.trying = False
        self.last_opened: float | None = None  # kept after it has closed again

    @property
    def state(self) -> str:
        """The state: closed, open or half-open."""
        return "closed" if self.opened is None else "half-open" if self.trying else "open"

    def allows(self, now: float) -> bool:
        """Say whether a call may go out now; when half-open, exactly one may."""
        if self.opened is None:
            return True
        if self.trying or now - self.opened < self.reset:
            return False
        self.trying = True
        return True

    def failed(self, now: float, since: float | None = None) -> bool:
        """Count a failure of a call allowed at `since`; return whether it opened the breaker."""
        if self._late(since):
            return False
        self.count += 1
        if self.trying or self.count >= self.limit:
            self.opened, self.last_opened, self.trying = now, now, False
            return True
        return False

    def succeeded(self, now: float, since: float | None = None) -> bool:
        """Count a success of a call allowed at `since`; return whether it closed the breaker."""
        if self._late(since):
            return False
        was_open = self.opened is not None
        self.count, self.opened, self.trying = 0, None, False
        return was_open

    def _late(self, since: float | None) -> bool:
        """Say whether a call went out before the breaker last opened."""
        if self.opened is not None and not self.trying:
            return True  # open: no call has been allowed since
        return since is not None and self.last_opened is not None and since <= self.last_opened
