"""A circuit breaker: after too many failures it blocks calls for a while, then lets one through.

closed ── failures in a row ──▶ open ── reset seconds ──▶ half-open ── success ──▶ closed
                                  ▲                          │
                                  └────────── failure ───────┘
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

    def failed(self, now: float) -> bool:
        """Count a failure; return whether it opened the breaker."""
        self.count += 1
        if self.trying or (self.opened is None and self.count >= self.limit):
            self.opened, self.trying = now, False
            return True
        return False

    def succeeded(self, now: float) -> bool:
        """Count a success; return whether it closed the breaker."""
        was_open = self.opened is not None
        self.count, self.opened, self.trying = 0, None, False
        return was_open
