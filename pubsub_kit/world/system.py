"""The system that runs in a world: its services, stores, consumers and broker.

Code inside finds its world by itself, as a web framework's handler finds its request: `call` and
`sleep` ask `running()` for it. Code whose world is gone gets a world in which nothing lives.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any, Protocol

from pubsub_kit.broker.broker import Broker
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.event import NO_EXTENSIONS, Event, make
from pubsub_kit.world.chance import Chance, Latency, Seeded, latency_of
from pubsub_kit.world.consumers import Group
from pubsub_kit.world.handlers import copied
from pubsub_kit.world.kernel import MANY, Kernel, Restart
from pubsub_kit.world.links import AT_ONCE, Link, Network
from pubsub_kit.world.outage import Outage
from pubsub_kit.world.permissions import Permissions
from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.running import (
    CODE,
    WorldError,
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


class Replicated(Protocol):
    """Brokers on several nodes, which `World.brokers` makes; see brokers.py."""

    cluster: Cluster

    def send(self, node: str, topic: str, event: Event, done: Callable[[bool], None]) -> None:
        """Send an event to whoever leads; `done` hears whether it was acked."""

    async def publish(self, node: str, topic: str, event: Event) -> bool:
        """Send an event, and wait until it is acked; return whether it was."""

    def dissolve(self) -> None:
        """Let go of the cluster."""


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
        self.network = Network(self, AT_ONCE if latency == 0.0 else Link(latency_of(latency)))
        env = self.env
        #: The broker of this world: the one you use live, on virtual time.
        self.broker = Broker(clock=lambda: env._now, rng=self.jitter)
        self.outage = Outage(self, self.enabled("broker crash", "broker wiped"))
        self.replicated: Replicated | None = None
        self.late: dict[str, list[Callable[[], None]]] = {}  # copies under way, by topic
        self.permissions = Permissions()

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
        with _ONE_AT_A_TIME:
            self._run(end, until, max_steps, enough)
        return self.trace

    def _run(
        self,
        end: float,
        until: float | None,
        max_steps: int | None,
        enough: Callable[[], bool] | None,
    ) -> None:
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
        if self.replicated is not None:
            self.replicated.dissolve()
        for groups in self.groups.values():
            for group in groups:
                group.dissolve()
            groups.clear()
        self.end_tasks()
        for node in self.nodes.values():
            node.boot = node.emptied = node.heard = None
        vars(self.env).clear()
        vars(self).clear()
        self.nodes = {}

    @property
    def cluster(self) -> Cluster:
        """The brokers of this world; raises WorldError if it has only one."""
        if self.replicated is None:
            raise WorldError("this world has one broker: world.brokers(3) gives it three")
        return self.replicated.cluster

    @property
    def busy(self) -> bool:
        """Whether some service or worker is in its handler."""
        groups = (group.busy for groups in self.groups.values() for group in groups)
        return any(groups) or any(service.busy for service in self.services.values())

    def event(
        self,
        topic: str,
        data: Any,
        *,
        key: str | None = None,
        id: str | None = None,
        extensions: Mapping[str, str | int | bool] = NO_EXTENSIONS,
    ) -> Event:
        """Return an event whose id and time are those of this world."""
        name = id or f"{topic}-{self.number(f'event of {topic}')}"
        now = self.env._now
        return make(
            Event, (name, "world", topic, now, copied(data), None, key, extensions or NO_EXTENSIONS)
        )

    def check_topic(self, topic: str) -> None:
        """Raise WorldError if there is no such topic."""
        try:
            self.broker._find(topic)
        except PubSubKitError as error:
            raise WorldError(f"publish({topic!r}, …): {error}") from None

    def publish_late(self, topic: str, arrive: Callable[[], None]) -> None:
        """Let a copy arrive after the next event of its topic, or when none comes for long."""
        under_way = self.late.setdefault(topic, [])
        under_way.append(arrive)
        self.after(self.pause_for, lambda _: self.late_copies(topic, arrive))

    def late_copies(self, topic: str, only: Callable[[], None] | None = None) -> None:
        """Let the copies arrive that are under way to a topic: all, or only this one."""
        if under_way := self.late.get(topic):
            due = under_way[:] if only is None else [only] * (only in under_way)
            self.late[topic] = [copy for copy in under_way if copy not in due]
            for arrive in due:
                arrive()
            if due:
                self.wake(topic)

    def broker_is_back(self) -> None:
        """Let everybody who waits for the broker look again."""
        for topic, groups in self.groups.items():
            for group in groups:
                group.start_over()
            self.wake(topic)

    def wake(self, topic: str) -> None:
        """Tell the idle workers of a topic that a message is there."""
        for group in self.groups.get(topic, ()):
            group.wake()


#: One world runs at a time in a process, since a notebook's widgets may call from other threads.
_ONE_AT_A_TIME = RLock()
_running: System | None = None


def enter(world: System | None) -> System | None:
    """Make this the world that runs now; return the one that ran before."""
    global _running
    before, _running = _running, world
    return before


def running() -> System:
    """Return the world that runs now; raises WorldError outside a run."""
    if CODE.lost:
        return _NOWHERE
    if _running is None:
        raise WorldError(
            "call, publish, sleep and clock work in virtual time, which there is only while a "
            "world runs: use them inside a handler or a task, not while it is made (in __init__, "
            "say), and start the world with world.run()"
        )
    return _running


#: Where the code of worlds that are gone finds itself: nothing lives there.
_NOWHERE = System()
_NOWHERE.task = LOST
unwatch(_NOWHERE)
