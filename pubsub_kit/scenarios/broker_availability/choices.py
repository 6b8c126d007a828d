"""The world and the oracles of exercise 11's settings: three topics, each with needs of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pubsub_kit.scenarios.broker_availability.orders import (
    ack_seconds,
    available,
    kept,
    once,
    one,
    settings,
)
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

VIEWS, ORDERS, LEDGER = "page views", "orders", "ledger"
OPTIONS = (
    "acks=1, min_insync=1",
    "acks=all, min_insync=2",
    "acks=all, min_insync=2, fsync",
    "acks=1, min_insync=2",
    "acks=all, min_insync=1",
    "acks=all, min_insync=3",
    "acks=0, min_insync=1",
)
#: How long an ack may take when nothing goes wrong (milliseconds).
PATIENCE = {VIEWS: 3.0, ORDERS: 5.0, LEDGER: 20.0}
SENT, LEADER, GUARDS = "sent means stored", "the leader is enough", "min_insync guards acks=1"
LONE, DISK = "acks=all is enough", "an ack means it is on disk"
COPIES, DEAR = "as many as there are is safest", "safer than asked"


def stage(topic: str) -> Callable[[World, dict[str, str]], None]:
    """Return the world of a topic."""
    return lambda world, choice: settings(world, choice, topic)


def oracle(topic: str) -> Callable[[World], Violation | None]:
    """Return the oracle of a topic: an ack in time, and but for page views, all promises kept."""

    def judged(world: World) -> Violation | None:
        if not world.trace.faults() and (late := _late(world, topic)):
            return late
        if topic == VIEWS:
            return None
        lost = kept(world) or one(world) or once(world)
        if lost is not None:
            return _why_lost(world, topic, lost)
        never = available(world)
        return never and replace(never, belief=COPIES)

    return judged


def _late(world: World, topic: str) -> Violation | None:
    seconds, most = ack_seconds(world.trace), PATIENCE[topic]
    if 1_000 * seconds <= most:
        return None
    words = f"An ack takes {1_000 * seconds:.0f} ms with nothing going wrong, and {topic} "
    words += f"need it within {most:.0f} ms." if topic != LEDGER else f"needs it in {most:.0f} ms."
    steps = [i for i, step in enumerate(world.trace) if step.kind == "receive"]
    wanted, found = {"ack": f"{most:.0f} ms"}, {"ack": f"{1_000 * seconds:.0f} ms"}
    return Violation(words, steps[0] if steps else None, wanted, found, DEAR)


def _why_lost(world: World, topic: str, lost: Violation) -> Violation:
    """Say why a record is lost; with fsync added, no power loss loses one, whoever acked it."""
    rules: Any = world.cluster.settings
    if rules.acks == "0":
        waits = "counts as acked, since its producer went on without waiting, and it is lost"
        words = lost.message.replace("was acked, and it is lost", waits)
        return replace(lost, message=words, belief=SENT)
    if topic == LEDGER:
        return replace(lost, belief=DISK)
    if rules.acks == "1":
        return replace(lost, belief=GUARDS if rules.min_insync > 1 else LEADER)
    return replace(lost, belief=LONE)
