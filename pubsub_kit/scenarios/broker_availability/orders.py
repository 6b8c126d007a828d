"""A shop that publishes to several brokers, and the three promises that they make.

kept       a record that was acked stays in the log
one        whoever reads an offset finds the same record there
available  each write is acked in time, as long as no more than so many faults happen
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

SLOW = 5.0  # milliseconds more than this are too long for an ack when nothing goes wrong


def shop(world: World, records: int = 2, nodes: int = 3, away: float = 0.0, **brokers: Any) -> None:
    """Publish m1, m2 …, each when the one before it is acked or given up.

    `brokers` are what `world.brokers` takes. With `away`, the last broker is down from the start,
    for so many seconds: it is being upgraded, and the shop opens when it is out of sync.
    """
    cluster = world.brokers(nodes, **brokers)
    world.topic("orders")
    opens = 0.0
    if away:
        stop(world, cluster.nodes[-1].name, away)
        opens = cluster.settings.session + 1.0

    async def sell() -> None:
        for number in range(1, records + 1):
            with suppress(PublishTimeout):
                await publish("orders", number, id=f"m{number}")

    world.at(opens, lambda: world.spawn(sell(), "shop"))


def stop(world: World, name: str, seconds: float) -> None:
    """Stop a broker on purpose, which is no fault, for so many seconds."""
    world.note("note", name, text=f"is stopped, for {seconds:g} s")
    world.cluster.ground.stop(name, seconds)
    world.cluster.tell(f"{name} is stopped, for {seconds:g} s")


def kept_ids(cluster: Cluster) -> list[str]:
    """Return the ids in the leader's log, or of all that lives if nobody leads."""
    leader = cluster.leader
    holders = [leader] if leader else [node for node in cluster.nodes if node.alive]
    return [record.id for node in holders for record in node.log]


def kept(world: World) -> Violation | None:
    """Find a record that was acked and is not in the log any more."""
    cluster = world.cluster
    ids = kept_ids(cluster)
    missing = [id for id in cluster.seen.acked if id not in ids]
    if not missing:
        return None
    step = _when_lost(world.trace, missing[0])
    who = f"{cluster.leader.name} leads and" if cluster.leader else "nobody can lead, and no broker"
    words = f"{missing[0]} was acked, and it is lost: at the end {who} does not have it."
    if not cluster.leader:
        words = f"{missing[0]} was acked, and it is lost: {who} that lives has it."
    wanted, found = (
        {"acked and kept": len(cluster.seen.acked)},
        {"acked and kept": len(cluster.seen.acked) - len(missing)},
    )
    return Violation(words, step, wanted, found)


def _when_lost(trace: Trace, id: str) -> int:
    from pubsub_kit.show.diagrams.standing import standings

    found = standings(trace)
    return next((each.step for each in found if id in each.lost), found[-1].step)


def one(world: World) -> Violation | None:
    """Find an offset at which different records could be read."""
    changed = world.cluster.seen.changed()
    if not changed:
        return None
    at, ids = changed[0]
    words = f"Offset {at} held {ids[0]} for one reader, and {ids[1]} for a later one."
    steps = [i for i, step in enumerate(world.trace) if step.kind == "replicas"]
    return Violation(
        words, steps[-1], {f"records at offset {at}": 1}, {f"records at offset {at}": 2}
    )


def once(world: World) -> Violation | None:
    """Find a record that is in the leader's log twice."""
    cluster = world.cluster
    ids = kept_ids(cluster) if cluster.leader else []
    twice = next((id for id in ids if ids.count(id) > 1), None)
    if twice is None:
        return None
    steps = [i for i, step in enumerate(world.trace) if step.kind == "replicas"]
    words = f"{twice} was published once, and the log has it twice."
    return Violation(words, steps[-1], {twice: 1}, {twice: ids.count(twice)})


def available(world: World, faults: int = 1) -> Violation | None:
    """Find a write that was given up, though no more than so many faults happened."""
    failed = world.cluster.seen.failed
    if not failed or len(world.trace.faults()) > faults:
        return None
    gave = [i for i, step in enumerate(world.trace) if step.kind == "timeout"]
    many = len(world.trace.faults())
    after = f"after {many} fault{'s' * (many > 1)}" if many else "without a fault"
    words = f"{failed[0]} was never acked, {after}"
    words += f": its producer gave up at {moment(world.trace[gave[0]])}." if gave else "."
    total = len(failed) + len(world.cluster.seen.acked)
    wanted, found = {"acked": total}, {"acked": total - len(failed)}
    return Violation(words, gave[0] if gave else None, wanted, found)


#: What a producer's client does that hears no ack, and the settings that it stands for.
CLIENTS: dict[str, dict[str, Any]] = {
    "gives up": {"patience": 0.5},
    "sends it again": {"idempotent": False},
    "sends it again, under the same number": {},
}


def client(world: World, choice: Mapping[str, str]) -> None:
    """One order, by a client that does as chosen."""
    shop(world, records=1, min_insync=2, **CLIENTS[choice["client"]])


def in_the_log_once(world: World) -> Violation | None:
    """Find an order that is in the log twice, or not at all."""
    if twice := once(world):
        return replace(twice, belief="a retry writes once")
    if "m1" in kept_ids(world.cluster):
        return None
    words = "m1 is not in the log: its client heard no ack, and gave up."
    return Violation(words, len(world.trace) - 1, {"m1": 1}, {"m1": 0}, "silence means stored")


def ack_seconds(trace: Trace) -> float:
    """Return how long the first write took from its sending to its ack (seconds)."""
    sent = next(step for step in trace if step.kind == "send" and step.peer == "orders")
    acks = (s for s in trace if s.kind == "receive" and s.message == sent.message)
    ack = next(acks, None)
    return (ack.time if ack else float("inf")) - sent.time


def promises(world: World) -> Violation | None:
    """Find a promise that was broken: kept, one, once; available under up to one fault."""
    return kept(world) or one(world) or once(world) or available(world)


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the brokers' logs, moment by moment."""
    from pubsub_kit import show

    return show.replicas(world.trace, title=title, caption=violation.message if violation else None)


def setup_of(words: str) -> dict[str, Any]:
    """Return the settings that an option names: "acks=all, min_insync=2, fsync"."""
    found: dict[str, Any] = {}
    for part in words.split(", "):
        name, _, value = part.partition("=")
        found[name] = int(value) if name == "min_insync" else value or True
    return found


def settings(world: World, choice: Mapping[str, str], topic: str) -> None:
    """An order on three brokers, with the settings chosen for a topic."""
    shop(world, records=1, **setup_of(choice[topic]))
