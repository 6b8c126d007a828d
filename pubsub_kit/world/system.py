"""The system that runs in a world: its services, stores, consumers and broker.

Code inside finds its world by itself, as a web framework's handler finds its request: `call` and
`sleep` ask `running()` for it. Code whose world is gone gets a world in which nothing lives.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pubsub_kit.broker.broker import Broker
from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import Chance, Latency, Seeded, latency_of
from pubsub_kit.world.consumers import Group
from pubsub_kit.world.handlers import copied
from pubsub_kit.world.kernel import MANY, Kernel, Restart
from pubsub_kit.world.links import Link, Network
from pubsub_kit.world.running import (
    WorldError,
    lost,
    moment,
    rare_collections,
    unwatch,
    watch,
    with_asyncio,
    without_asyncio,
)
from pubsub_kit.world.services import Service
from pubsub_kit.world.stores import Store
from pubsub_kit.world.tasks import LOST
from pubsub_kit.world.trace import Trace


class System(Kernel):
    """Everything that code in a world can reach; `World` builds it and explains its arguments."""

    def __init__(
        self,
        seed: int = 0,
        *,
        chance: Chance | None = None,
        latency: Latency | float = 0.0,
        effect_latency: Latency | float = 0.0,
        faults: Mapping[str, float] | None = None,
        restart_after: float = 1.0,
        pause_for: float = 30.0,
    ) -> None:
        luck = chance or Seeded(seed)
        super().__init__(luck, effect_latency, faults or {}, restart_after, pause_for)
        watch(self)
        self.services: dict[str, Service] = {}
        self.stores: dict[str, Store] = {}
        self.groups: dict[str, list[Group]] = {}
        self.network = Network(self, Link(latency_of(latency)))
        env = self.env
        #: The broker of this world: the one you use live, on virtual time.
        self.broker = Broker(clock=lambda: env._now, rng=self.jitter)

    def run(
        self,
        until: float | None = None,
        *,
        max_steps: int | None = None,
        enough: Callable[[], bool] | None = None,
    ) -> Trace:
        """Run until nothing is left to do, or until a moment (virtual seconds); return the trace.

        `max_steps` limits how many moments may pass and how many effects may be awaited. `enough`
        is asked before each jump in time, and ends the run by returning true. Raises TooManySteps
        if the run takes more steps, and WorldError if `until` is in the past.
        """
        for source, _ in self.network.links:  # each link is there in both directions
            self.known(source)
        for topic in self.groups:
            self.wake(topic)
        end = sys.float_info.max if until is None else moment("run", until, self.now)
        outer = enter(self)
        if outer is self:
            raise WorldError("this world is already running: call world.run() outside its handlers")
        self.steps = self.steps_left = MANY if max_steps is None else max_steps
        loop, thresholds = without_asyncio(), rare_collections()
        try:
            if self.advance(end, enough) and until is not None:
                self.env._now = until
        finally:
            gc.set_threshold(*thresholds)
            with_asyncio(loop)
            enter(outer)
        return self.trace

    def crash(self, name: str, restart_after: float | None = None) -> None:
        """Crash a node: it loses its memory and unfinished work. It restarts only if you say when.

        Raises WorldError for a node that does not exist.
        """
        node = self.known(name)
        if restart_after is not None:
            self.after(restart_after, Restart(self, node))
        if node.alive:
            self.note("crash", name, text="its memory is gone", fault=True)
            outer = enter(self)
            try:
                self.kill(node)
            finally:
                enter(outer)

    def end_tasks(self) -> None:
        """End every task where it stands."""
        outer = enter(self)
        try:
            for node in self.nodes.values():
                for task in list(node.tasks):
                    task.end()
        finally:
            enter(outer)

    def dissolve(self) -> None:
        """End every task and let go of everything: nothing can be done with this world any more.

        A world is full of circles, which Python finds late and slowly unless they are cut.
        """
        unwatch(self)
        vars(self.broker).clear()
        for groups in self.groups.values():
            for group in groups:
                group.idle.clear()
        self.end_tasks()
        for node in self.nodes.values():
            node.boot = node.emptied = None
        vars(self.env).clear()
        vars(self).clear()
        self.nodes = {}

    @property
    def busy(self) -> bool:
        """Whether some service or worker is in its handler."""
        groups = (group.busy for groups in self.groups.values() for group in groups)
        return any(groups) or any(service.busy for service in self.services.values())

    def event(
        self, topic: str, data: Any, *, key: str | None = None, id: str | None = None
    ) -> Event:
        """Return an event whose id and time are those of this world."""
        name = id or f"{topic}-{self.number(f'event of {topic}')}"
        return Event(name, "world", topic, self.env._now, copied(data), None, key)

    def wake(self, topic: str) -> None:
        """Tell the idle workers of a topic that a message is there."""
        for group in self.groups.get(topic, ()):
            group.wake()


_running: System | None = None


def enter(world: System | None) -> System | None:
    """Make this the world that runs now; return the one that ran before."""
    global _running
    before, _running = _running, world
    return before


def running() -> System:
    """Return the world that runs now; raises WorldError outside a run."""
    if lost():
        return _NOWHERE
    if _running is None:
        raise WorldError(
            "call, publish and sleep work in virtual time: await them inside a handler or a task "
            "of a world, and start that world with world.run()"
        )
    return _running


#: Where the code of worlds that are gone finds itself: nothing lives there.
_NOWHERE = System()
_NOWHERE.task = LOST
unwatch(_NOWHERE)
