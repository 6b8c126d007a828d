"""What brokers lose when their leader dies: by the run of a world, and from where the logs end."""

from __future__ import annotations

from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Listed, Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.interviews.cards.families.wording import are
from pubsub_kit.world.world import World

_GAP = 0.05  # seconds between two bursts: ten hops and more
_HOP = 0.002  # seconds that a message takes


def burst_run(acks: str, bursts: tuple[int, ...], dies: int) -> World:
    """Run bursts of records; the leader dies when the one of this number (from 1) has arrived.

    It has answered by then, if it answers at once, and no follower has fetched the burst yet.
    """
    world = World()
    world.brokers(3, acks=acks, min_insync=2 if acks == "all" else 1, hop=_HOP, patience=30.0)
    world.topic("orders")
    for number, size in enumerate(bursts, 1):
        for _ in range(size):
            world.at(_GAP * number, world.publish, "orders", number)
    world.at(_GAP * dies + 1.5 * _HOP, world.cluster.kill, "broker-1")
    world.run(until=90.0)
    return world


def acked_and_lost(world: World) -> tuple[int, int]:
    """Return how many records were acked, and how many of these the leader at the end lacks."""
    state = world.trace.of("replicas")[-1].data
    leader = next(row for row in state["nodes"] if row[0] == state["leader"])
    kept = {record.id for record in leader[5]}
    return len(state["acked"]), sum(id not in kept for id in state["acked"])


def burst(dice: Dice) -> Problem:
    """Ask how many acknowledged records a failover loses."""
    bursts = tuple(dice.whole(1, 9) for _ in range(dice.whole(2, 4)))
    acks, dies = dice.pick(("1", "1", "1", "all")), dice.whole(1, len(bursts))
    world = burst_run(acks, bursts, dies)
    _, lost = acked_and_lost(world)
    world.dissolve()
    size = bursts[dies - 1]
    were, them = are(size, ("was", "were")), "it" if size == 1 else "them"
    why = (
        f"With acks=1 the leader answers alone: the {were} acked, and only it had {them}."
        if acks == "1"
        else f"With acks=all the {were} not acked yet; the client sends {them} again."
    )
    return Problem(
        f"Three brokers, acks={acks}. A producer sends {len(bursts)} bursts, 50 ms apart, of so "
        "many "
        f"records: {', '.join(map(str, bursts))}. Followers fetch one in milliseconds. The leader "
        "dies "
        f"for good when burst {dies} has just reached it, before a follower fetches that. How many "
        "acknowledged records are lost?",
        Number(lost, "", 0),
        f"{are(lost).capitalize()} lost. {why}",
        "Which records were acked at that moment? Which of them has only the leader?",
        {"acks": acks, "bursts": bursts, "dies": dies},
        run=lambda: burst_run(acks, bursts, dies),
    )


def watermark(dice: Dice) -> Problem:
    """Ask which acknowledged records a new leader lacks, from where the logs end."""
    end = dice.whole(6, 12)
    near, far = end - dice.whole(0, 2), end - dice.whole(3, 5)
    acks, out = dice.pick(("1", "all")), dice.pick((True, False))
    high = min(end, near) if out else far
    acked = end if acks == "1" else high
    lost = tuple(str(offset) for offset in range(far, acked))
    insync = "The set in sync is leader and A; B has fallen out" if out else "All are in sync"
    elected = (
        "Leader and A are lost, and an unclean election makes B the leader"
        if out
        else "The leader dies for good, and B becomes the leader"
    )
    return Problem(
        f"The leader's log ends at {end} (its next offset), A's at {near}, B's at {far}. "
        f"{insync}. acks={acks}: what could be acknowledged, was. {elected}. "
        "Which acknowledged offsets does the new leader lack?",
        Listed(lost),
        f"Acknowledged: all below {acked}"
        + (" (the leader alone answers)" if acks == "1" else f" (the high watermark is {high})")
        + f". B ends at {far}, so it lacks {', '.join(lost) or 'none of them'}.",
        "Up to which offset was everything acknowledged? Where does B's log end?",
        {"end": end, "near": near, "far": far, "acks": acks, "out": out},
    )


FAMILIES = (
    Family("burst", "What a failover loses", "11", burst, (76,), "Kafka, design docs"),
    Family("watermark", "What a new leader lacks", "11", watermark, (79,), "Kafka, design docs"),
)
