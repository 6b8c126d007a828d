"""From a design to a world: a node for each part that works, a store for each that keeps.

    Service, Provider ──▶ world.service      Topic ──▶ world.topic
    Group ──▶ world.consumer                 Store, Cache ──▶ world.store
    Scheduler ──▶ a service, and a timer that calls it
    Wire ──▶ a route: which step is reached from where, and how

The same builder serves both levels. In the small run all steps take no time, so that the search
meets no more moments than the faults bring. In a slice of the load each step takes what the
question says, and all that can be many is divided by `one_of`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from random import Random
from typing import Any, NamedTuple

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.designs.components import (
    Cache,
    Component,
    DesignError,
    Group,
    Provider,
    Scheduler,
    Service,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, Slice, steps_of
from pubsub_kit.designs.rows import Kept, Rows
from pubsub_kit.designs.steps import Route, Steps
from pubsub_kit.world.chance import Latency, latency_of
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

CLIENT = "client"
_SEMANTICS = {"at least once": "at_least_once", "at most once": "at_most_once"}


class Record(NamedTuple):
    """One fact outside of all memory: when (virtual seconds), what, about which id."""

    time: float
    kind: str
    id: str
    facts: Mapping[str, Any]
    step: int  # of the trace, where a small run notes it


class Built:
    """A design in a world: what is kept, what was recorded, and how traffic gets in."""

    def __init__(self, world: World, design: Design, problem: Problem, load: Slice | None) -> None:
        self.world, self.design, self.problem, self.load = world, design, problem, load
        self.decisions = problem.decided(design)
        self.one_of = load.one_of if load else 1
        latencies = load.latencies if load else {}
        self.latencies: dict[str, Latency] = {s: latency_of(t) for s, t in latencies.items()}
        self.luck = Random(load.seed if load else 0)  # of the traffic; the world has its own
        self.records: list[Record] = []
        self.kept: dict[str, Kept] = {}
        self.outside: dict[str, Any] = {}  # what providers and people remember, whatever crashes

    def record(self, kind: str, id: str, who: str = CLIENT, **facts: Any) -> None:
        """Note a fact by which the run is judged; a small run shows it in its trace."""
        at = len(self.world.trace)
        if not self.load and kind not in ("asked", "accepted", "done"):
            said = ", ".join(map(str, facts.values()))
            self.world.note("note", who, text=f"{kind} {id}" + (f": {said}" if said else ""))
        self.records.append(Record(self.world.now, kind, id, facts, at))

    def of(self, kind: str, id: str | None = None) -> list[Record]:
        """Return the facts of a kind, in their order; those about one id, if you name it."""
        return [r for r in self.records if r.kind == kind and id in (None, r.id)]

    def rows(self, role: str) -> Mapping[str, Any]:
        """Return what is stored of a role now, by key: for oracles, which see through caches."""
        kept = self.kept_for(role)
        start = f"{role}/"
        return {k.removeprefix(start): v for k, v in kept.store.rows.items() if k.startswith(start)}

    def kept_for(self, role: str) -> Kept:
        """Return where a role is kept."""
        holder = self.design.holder(role)
        if holder is None:
            raise DesignError(f"nothing in {self.design.name!r} holds {role!r}")
        return self.kept[holder.name]

    def share(self, many: int) -> int:
        """Return how many of a fleet belong to this slice, one at least; of a small run, two."""
        return max(1, round(many / self.one_of)) if self.load else min(many, 2)

    # -- traffic -----------------------------------------------------------------------------------

    def client(self, coroutine: Coroutine[Any, Any, Any], node: str = CLIENT) -> None:
        """Let somebody outside do something: `built.client(ask(built))`."""
        self.world.spawn(coroutine, node)

    async def ask(
        self, step: str, data: Mapping[str, Any], *, timeout: float = 5.0, tries: int = 1
    ) -> Any:
        """Send a message to whoever performs a step first, as a client does; return the reply.

        A call that fails is repeated up to `tries` times, a second apart. Raises CallError for the
        last one, and DesignError if the step is not to be reached from outside.
        """
        way = entry(self.design, step)
        for attempt in range(tries):
            try:
                if way.how == "publish":
                    key = str(data.get(way.key, "")) if way.key else None
                    return await publish(way.target, {**data, "step": step}, key=key)
                return await call(way.target, {**data, "step": step}, timeout=timeout)
            except CallError:
                if attempt + 1 == tries:
                    raise
                await sleep(1.0)
        return None


class Site:
    """Where steps run: one component of a design in one world; its memory ends with a crash."""

    def __init__(self, built: Built, part: Component, kind: type[Steps]) -> None:
        self.built, self.name = built, part.name
        self.decisions: Mapping[str, Any] = built.decisions
        self.routes: Mapping[str, Route] = routes(built.design, part)
        self.outside: dict[str, Any] = built.outside
        self.steps = kind(self)
        self.own = getattr(part, "steps", ())

    @property
    def now(self) -> float:
        """Virtual seconds since the run began."""
        return self.built.world.now

    def rows(self, role: str) -> Rows:
        """Return the rows of a role."""
        kept = self.built.kept_for(role)
        return Rows(kept, role, kept.store)

    def record(self, kind: str, id: str, **facts: Any) -> None:
        """Note a fact by which the run is judged, on the node where it comes about."""
        self.built.record(kind, id, self.built.world.current().node.name, **facts)

    async def perform(self, step: str, data: Any) -> Any:
        """Do a step here, after the seconds that it takes."""
        latency, load = self.built.latencies.get(step), self.built.load
        if latency is not None:
            await sleep(latency(self.built.world.chance))
        if load is not None and step in load.takes:
            await sleep(load.takes[step](data))
        doing: Callable[[Any], Awaitable[Any]] = getattr(self.steps, step)
        return await doing(data)

    async def answer(self, message: Mapping[str, Any]) -> Any:
        """Do what a call asks for."""
        return await self.perform(message["step"], _plain(message))

    async def handle(self, event: Any) -> Any:
        """Do what a message asks for, if it is for this group."""
        if event.data["step"] in self.own:
            return await self.perform(event.data["step"], _plain(event.data))
        return None


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "step"}


# -- wires -----------------------------------------------------------------------------------------


def routes(design: Design, part: Component) -> dict[str, Route]:
    """Return how each step is reached: here, unless the part is wired to itself, or by a wire."""
    again = any(w.start == part.name and w.end == getattr(part, "topic", "") for w in design.wires)
    found = {} if again else {step: Route("here") for step in getattr(part, "steps", ())}
    for wire in design.wires:
        if wire.start == part.name:
            for step, route in _along(design, wire.end, wire):
                found.setdefault(step, route)
    return found


def _along(design: Design, end: str, wire: Wire | None) -> list[tuple[str, Route]]:
    target = design.part(end)
    if isinstance(target, Service | Provider | Scheduler):
        return [(step, Route("call", end, wire)) for step in target.steps]
    if isinstance(target, Topic):
        readers = [p for p in design.components if isinstance(p, Group) and p.topic == end]
        way = Route("publish", end, wire, target.key)
        return [(step, way) for group in readers for step in group.steps]
    return []


def entry(design: Design, step: str) -> Route:
    """Return how a step is reached from outside: a service that performs it, or else a topic.

    Raises DesignError if neither does.
    """
    for kind in (Service, Topic):
        for part in design.components:
            if isinstance(part, kind):
                for found, route in _along(design, part.name, None):
                    if found == step:
                        return route
    raise DesignError(
        f"clients of {design.name!r} can't reach {step!r}: give a Service that performs it, or a "
        "Topic with a Group that does"
    )


# -- parts -----------------------------------------------------------------------------------------


def build(world: World, design: Design, problem: Problem, load: Slice | None = None) -> Built:
    """Put a design into a new world, and return it; traffic is not sent yet.

    Raises DesignError for a design in which something that the question needs has no place.
    """
    problem.check(design)
    built = Built(world, design, problem, load)
    for part in design.components:
        if isinstance(part, Store | Cache):
            lag, keeps = (part.lag, None) if isinstance(part, Store) else (0.0, part.keeps)
            built.kept[part.name] = Kept(world, part.name, lag, keeps)
        elif isinstance(part, Topic):
            world.topic(part.name, partitions=part.partitions)
    for part in design.components:
        if isinstance(part, Service | Provider | Scheduler):
            _serve(built, part)
        elif isinstance(part, Group):
            _consume(built, part)
    return built


def _serve(built: Built, part: Service | Provider | Scheduler) -> None:
    kind = _steps(built, part)
    workers = getattr(part, "workers", None)
    queue = getattr(part, "queue", None)
    built.world.service(
        part.name,
        lambda: Site(built, part, kind).answer,
        workers=built.share(workers) if workers else None,
        queue=built.share(queue) if queue else queue,
    )
    if isinstance(part, Scheduler):
        built.world.spawn(_ticking(built, part), f"{part.name} timer")


async def _ticking(built: Built, part: Scheduler) -> None:
    """Call a scheduler's steps when it is time."""
    load = built.load
    last = load.seconds + load.drain if load else 0.0
    count = int(last / part.every)
    times = [part.every * (n + 1) for n in range(count)] if load else built.problem.small.ticks
    for at in times:
        await sleep(max(0.0, at - built.world.now))
        for step in part.steps:
            try:
                await call(part.name, {"step": step}, timeout=None if load else 20.0)
            except CallError:
                continue  # the next tick tries again


def _consume(built: Built, part: Group) -> None:
    kind = _steps(built, part)
    topic = built.design.part(part.topic)
    assert isinstance(topic, Topic)
    built.world.consumer(
        part.name,
        lambda: Site(built, part, kind).handle,
        part.topic,
        workers=built.share(part.workers),
        semantics=_SEMANTICS[part.semantics],
        start="earliest",
        ack_deadline=part.lease,
        retry=RetryPolicy(base=part.backoff, factor=2.0, cap=60.0, jitter=None),
        max_deliveries=part.attempts,
        ordered=bool(topic.key),
        filter=lambda event: event.data["step"] in part.steps,
    )


def _steps(built: Built, part: Component) -> type[Steps]:
    problem = built.problem
    if isinstance(part, Provider):
        missing = [s for s in part.steps if s not in steps_of(problem.outside)]
        if missing:
            raise DesignError(
                f"the provider {part.name!r} does not offer {missing[0]!r}: it has "
                f"{', '.join(steps_of(problem.outside))}"
            )
        return problem.outside
    foreign = [s for s in getattr(part, "steps", ()) if s not in steps_of(problem.steps)]
    mine = built.design.steps or problem.steps
    foreign = [s for s in foreign if s not in steps_of(mine)]
    if foreign:
        raise DesignError(f"{foreign[0]!r} is what a provider does: {part.name!r} is none")
    return mine
