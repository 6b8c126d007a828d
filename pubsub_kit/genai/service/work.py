"""The three services that a signup needs: each one sleeps in place of its work.

    welcome-email 80 ms      analytics 30 ms      vector-index 120 ms

These times are assumptions, chosen to be told apart; no real service was measured for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pubsub_kit.broker.settings import is_seconds
from pubsub_kit.errors import brief
from pubsub_kit.genai.service.installed import ServiceError

#: How long each service takes, in milliseconds: assumptions.
WORK = {"welcome-email": 80.0, "analytics": 30.0, "vector-index": 120.0}


class ServiceDown(ServiceError):
    """A service does not answer."""


class Services:
    """The services by name, which can be taken down and brought up again.

    `work` says how long each takes, in milliseconds. `done` holds for each service the ids that it
    has worked for, in that order: an id that it knows is no work, so a redelivery changes nothing.
    """

    def __init__(self, work: Mapping[str, float] = WORK) -> None:
        if not isinstance(work, Mapping) or not all(map(is_seconds, work.values())):
            raise ServiceError(f"work has a number of ms for each service, unlike {brief(work)}.")
        self.work = dict(work)
        self.down: set[str] = set()
        self.done: dict[str, list[str]] = {name: [] for name in self.work}

    async def call(self, name: str, id: str) -> None:
        """Let a service do its work for a signup; raises ServiceDown if it is down."""
        if name in self.down:
            raise ServiceDown(f"{name} is down.")
        if id in self.done[name]:
            return
        await asyncio.sleep(self.work[name] / 1000)
        if id not in self.done[name]:  # meanwhile another call for it may have ended
            self.done[name].append(id)

    def take_down(self, name: str) -> None:
        """Let a service refuse each call; raises ServiceError if there is none of that name."""
        self._check(name)
        self.down.add(name)

    def bring_up(self, name: str) -> None:
        """Let a service answer again; raises ServiceError if there is none of that name."""
        self._check(name)
        self.down.discard(name)

    def _check(self, name: str) -> None:
        if not isinstance(name, str) or name not in self.work:
            raise ServiceError(
                f"There is no service {brief(name)}: there are {', '.join(self.work)}."
            )
