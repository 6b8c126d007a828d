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

from collections.abc import Sequence

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.designs.built import Built, Load, Site
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
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, steps_of
from pubsub_kit.designs.rows import Kept
from pubsub_kit.designs.steps import Steps
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

TIMER = " timer"  # after a scheduler's name: the node that calls it when it is time
_SEMANTICS = {"at least once": "at_least_once", "at most once": "at_most_once"}


def build(world: World, design: Design, problem: Problem, load: Load | None = None) -> Built:
    """Put a design into a new world, and return it; traffic is not sent yet.

    Raises DesignError for a design in which something that the question needs has no place.
    """
    problem.check(design)
    decisions, kind = problem.decided(design), design.steps or problem.steps
    built = Built(world, design, decisions, kind, load)
    for part in design.components:
        if isinstance(part, Store | Cache):
            lag, keeps = (part.lag, None) if isinstance(part, Store) else (0.0, part.keeps)
            kept = built.kept[part.name] = Kept(world, part.name, lag, keeps)
            kept.reads = 0.0 if load else problem.small.reads
            kept.looks = None if load else []
        elif isinstance(part, Topic):
            world.topic(part.name, partitions=part.partitions)
    for part in design.components:
        if isinstance(part, Service | Provider | Scheduler):
            _serve(built, part, problem)
        elif isinstance(part, Group):
            _consume(built, part, problem)
    return built


def _serve(built: Built, part: Service | Provider | Scheduler, problem: Problem) -> None:
    kind = _steps(built, part, problem)
    workers = getattr(part, "workers", None)
    queue = getattr(part, "queue", None)
    built.world.service(
        part.name,
        lambda: Site(built, part, kind).answer,
        workers=built.share(workers) if workers else None,
        queue=built.share(queue) if queue else queue,
    )
    if isinstance(part, Scheduler):
        built.world.spawn(_ticking(built, part, problem.small.ticks), part.name + TIMER)


async def _ticking(built: Built, part: Scheduler, ticks: Sequence[float]) -> None:
    """Call a scheduler's steps when it is time."""
    load = built.load
    last = load.seconds + load.drain if load else 0.0
    count = int(last / part.every)
    times = [part.every * (n + 1) for n in range(count)] if load else ticks
    for at in times:
        await sleep(max(0.0, at - built.world.now))
        for step in part.steps:
            try:
                await call(part.name, {"step": step}, timeout=None if load else 20.0)
            except CallError:
                continue  # the next tick tries again


def _consume(built: Built, part: Group, problem: Problem) -> None:
    kind = _steps(built, part, problem)
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


def _steps(built: Built, part: Component, problem: Problem) -> type[Steps]:
    if isinstance(part, Provider):
        missing = [s for s in part.steps if s not in steps_of(problem.outside)]
        if missing:
            raise DesignError(
                f"the provider {part.name!r} does not offer {missing[0]!r}: it has "
                f"{', '.join(steps_of(problem.outside))}"
            )
        return problem.outside
    mine = built.kind
    foreign = [s for s in getattr(part, "steps", ()) if s not in steps_of(mine)]
    if foreign:
        raise DesignError(f"{foreign[0]!r} is what a provider does: {part.name!r} is none")
    return mine
