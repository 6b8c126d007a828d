"""Small random programs for a world, and what a run of one leaves behind.

A program is a list of jobs; a job is a list of deeds that one handler does, each a point where the
search may step in. Every job is a message of one topic, and workers who are all alike do the jobs.
A job may do two things at once, call a service, or publish a job of its own to a second topic.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from pubsub_kit.log.event import Event
from pubsub_kit.world.chance import constant
from pubsub_kit.world.deliveries import Hand
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.services import CallError
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.verbs import call, gather, perform, sleep
from pubsub_kit.world.world import World

Job = list[tuple[Any, ...]]
KEYS = ("x", "y")
#: What a job may do, and how often: reads and writes that may race, and what goes elsewhere.
DEEDS = ("copy", "copy", "bump", "add", "put", "insert", "swap", "perform", "count")
#: What takes no time, and what does.
PLAIN = (*DEEDS, "publish", "gather")
ALL = (*PLAIN, "call", "sleep")


def program(rng: random.Random, kinds: Sequence[str] = ALL, most: int = 3) -> list[Job]:
    """Return two or more jobs, of one or more deeds each; at `most` so many of both."""
    return [
        [_deed(rng, rng.choice(kinds), f"{i}{j}") for j in range(rng.randint(1, most))]
        for i in range(rng.randint(2, most))
    ]


def _deed(rng: random.Random, kind: str, name: str) -> tuple[Any, ...]:
    key, other = rng.choice(KEYS), rng.choice(KEYS)
    if kind in ("call", "publish", "gather"):
        parts = range(1 + (kind == "gather"))
        return kind, [_deed(rng, rng.choice(DEEDS), f"{name}{kind[0]}{i}") for i in parts]
    return kind, key, other, name


def scenario(
    jobs: list[Job],
    workers: int = 2,
    helpers: int = 1,
    *,
    effects: float = 0.0,
    links: float = 0.0,
    service: float = 0.0,
    manual: bool = False,
) -> Callable[[World], None]:
    """Return what sets up a world in which workers do these jobs.

    `effects`, `links` and `service` are latencies, in seconds. With `manual`, a worker extends its
    lease before it does a job, and acks the job itself.
    """

    def set_up(world: World) -> None:
        db = world.store("db", dict.fromkeys(KEYS, 0))
        if effects:
            world.effect_latency = constant(effects)
        doing = _doing(world)
        world.topic("jobs")
        world.topic("more")
        world.service("desk", lambda: lambda payload: doing(payload), latency=service)
        for name, count in (("jobs", workers), ("more", helpers)):
            world.consumer(
                f"{name}-worker",
                lambda: _by_hand(doing) if manual else _handler(doing),
                name,
                workers=count,
                start="earliest",
                semantics="manual" if manual else "at_least_once",
            )
        for node in list(world.nodes):
            if links and node != "desk":
                world.link(node, "desk", latency=links)
        for i, job in enumerate(jobs):
            world.publish("jobs", job, id=f"job-{i}")
        assert db.rows

    return set_up


def _handler(doing: Callable[[Job], Any]) -> Callable[[Event], Any]:
    async def handle(event: Event) -> None:
        await doing(event.data)

    return handle


def _by_hand(doing: Callable[[Job], Any]) -> Callable[[Hand], Any]:
    async def handle(hand: Hand) -> None:
        await hand.extend(4.0)
        await doing(hand.data)
        await hand.ack()

    return handle


def _doing(world: World) -> Callable[[Job], Any]:
    db = world.store("db")

    async def do(job: Job) -> str:
        for kind, *rest in job:
            if kind == "call":
                try:
                    await call("desk", rest[0], timeout=0.5)
                except CallError:
                    await db.put("unheard", True)
            elif kind == "publish":
                await publish("more", rest[0])
            elif kind == "gather":
                await gather(*(_do(*part) for part in rest[0]))
            else:
                await _do(kind, *rest)
        return "done"

    async def _do(kind: str, key: str, other: str, name: str) -> None:
        if kind == "copy":
            await db.put(other, [name, str(await db.get(key))[-12:]])
        elif kind == "bump":
            seen = await db.get(key)
            await db.put(key, f"{str(seen)[-12:]}.{name}")
        elif kind == "add":
            await db.add(f"n{key}", len(name))
        elif kind == "put":
            await db.put(key, name)
        elif kind == "insert":
            await db.insert(f"new {key}", name)
        elif kind == "swap":
            try:
                async with db.transaction() as tx:
                    a, b = await tx.get(key), await tx.get(other)
                    await tx.put(key, b)
                    await tx.put(other, a)
            except Conflict:
                await db.put("conflict", name)
        elif kind == "count":
            await db.put(other, [name, str(list(await db.scan()))[-12:]])
        elif kind == "perform":
            await perform("stamp", name)
        else:
            await sleep(0.005)

    return do


def outcome(world: World) -> Hashable:
    """Return what a run leaves: the rows, and what each durable effect wrote, in their order."""
    effects = tuple(repr(step.data[2]) for step in world.trace if step.kind == "effect")
    return repr(sorted(world.stores["db"].rows.items())), effects
