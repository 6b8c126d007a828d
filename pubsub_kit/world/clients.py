"""A client: it calls a service again and again, at random moments or at fixed intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit.world.chance import exponential, latency_of
from pubsub_kit.world.handlers import label
from pubsub_kit.world.services import CallError
from pubsub_kit.world.system import System
from pubsub_kit.world.verbs import call, sleep


async def arrivals(
    world: System,
    service: str,
    count: int,
    rate: float | None,
    every: float | None,
    start: float,
    payload: Callable[[int], Any],
    options: dict[str, Any],
) -> None:
    """Send a client's requests, each in a task of its own, at random or at fixed intervals."""
    gap = latency_of(every or 0.0) if rate is None else exponential(1.0 / rate)
    name = world.current().node.name
    await sleep(start)
    for i in range(count):
        if i or rate is not None:
            await sleep(gap(world.chance))
        world.spawn(_one(world, name, service, payload(i), options), name)


async def _one(
    world: System, name: str, service: str, payload: Any, options: dict[str, Any]
) -> None:
    begun, ok = world.now, True
    try:
        await call(service, payload, **options)
    except CallError:
        ok = False
    seconds = world.now - begun
    words = f"{label(payload)} {'answered' if ok else 'failed'} after {seconds * 1000:.0f} ms"
    world.note("end", name, "", "", words, False, {"latency": seconds, "ok": ok})
