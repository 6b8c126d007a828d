"""A service that reads a topic in batches, and tracers on a world's clock."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from pubsub_kit.patterns.tracing import Tracing
from pubsub_kit.scenarios.unasked import Unasked
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World


def traced(world: World, **options: Any) -> Tracing:
    """Return tracers on a world's clock, whose log lines are notes in its trace."""
    log = lambda service, words: world.note("note", service, text=str(words))  # noqa: E731
    return Tracing(lambda: world.now, log, **options)


class Batches(Unasked):
    """Reads a topic from its start, some events at a time; after a crash, from the last batch.

    The world's `took` has the seconds, by event id, that the batch took in which an event was.
    """

    def __init__(self, world: World, topic: str, handle: Callable[[Any], Any],
                 size: int = 2, every: float = 1.0, until: float = 60.0) -> None:  # fmt: skip
        super().__init__(self._read)
        self.world, self.topic, self.call = world, topic, handle
        self.size, self.every, self.until = size, every, until

    async def _read(self) -> None:
        """Go on from the first event that is not done."""
        log, done = self.world.broker.topic(self.topic).log, self.world.store("offsets")
        while self.world.now < self.until:
            offset, begun = done.rows.get(self.topic, 0), self.world.now
            batch = [event for _, event in log.read(0, offset, self.size)]
            if batch:
                if isawaitable(done_with := self.call(batch)):
                    await done_with
                done.rows[self.topic] = offset + len(batch)
                took = dict.fromkeys((event.id for event in batch), self.world.now - begun)
                vars(self.world).setdefault("took", {}).update(took)
            else:
                await sleep(self.every)
