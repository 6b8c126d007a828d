"""A service that nobody calls: it works by itself, and anew after each crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Unasked:
    """A service that begins its work at each start, and answers no calls."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.recover = work

    async def handle(self, request: Any) -> None:
        """Answer nothing."""
