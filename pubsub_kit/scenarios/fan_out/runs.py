"""What the handlers of exercise 02's readers did, whoever called them, and from where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.world.consumers import Group
from pubsub_kit.world.world import World


@dataclass
class Run:
    """One run of a reader's handler: on which node, and the steps at which it began and ended."""

    reader: str
    name: str
    node: str
    begun: int
    ended: int | None = None
    failed: int | None = None


class Runs:
    """All runs of all handlers, in order, and how many subscriptions there were before the index's.

    An error in a task that belongs to no delivery reaches nobody, so it ends there.
    """

    def __init__(self, world: World) -> None:
        self.world, self.all, self.early = world, list[Run](), 0

    @property
    def groups(self) -> list[Group]:
        """The consumers of the topic, in the order in which they were made."""
        return self.world.groups.get("signups", [])

    def group(self, node: str) -> Subscription | None:
        """Return the subscription whose worker a node is, or None."""
        mine = (group for group in self.groups if node in group.workers)
        return next((group.subscription for group in mine), None)

    def of(self, reader: str, work: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Any]:
        """Return a reader's handler, which keeps a record of each of its runs."""

        async def handle(event: Any) -> None:
            trace, task = self.world.trace, self.world.current()
            run = Run(reader, event.data, task.node.name, len(trace))
            self.all.append(run)
            try:
                await work(event)
            except ConnectionError:
                run.failed = len(trace)
                if task.lease is not None:
                    raise
            else:
                run.ended = len(trace)

        return handle


def runs_of(world: World) -> Runs:
    """Return the record of this world."""
    found: Runs = world.stores["runs"].rows["all"]
    return found
