"""The brokers of exercise 11 that an oracle is judged by: some keep the promises, and some don't.

An answer is what `orders.shop` takes, and `does`, a name of what no setting brings about. The
plainest right one comes first. One right system refuses writes when too few replicas are left, one
writes a record twice after a retry: neither breaks a promise. Each wrong one breaks one promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.scenarios.broker_availability import orders
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

FAULTS = ("node crash",)
AWAY, PATIENCE = 20.0, 15.0  # seconds that a crashed broker is away, and that a producer tries


def stage(world: World, setup: Mapping[str, Any]) -> None:
    """Put a system into the world: two producers at once, with an order each, or one with both.

    After a failover the one that was second is heard first: nothing says who tries again sooner.
    Brokers crash until the first one that crashed is back.
    """
    world.restart_after = AWAY
    given = {"records": 1, "min_insync": 2, "patience": PATIENCE, **setup}
    does = given.pop("does", None)
    orders.shop(world, **given)
    _heard_backwards(world.cluster)
    if does is not None:
        does(world.cluster)
    strike = world.cluster.fates.strike
    vars(world.cluster.fates).update(strike=lambda: strike() if world.now < AWAY else None)

    async def second() -> None:
        with suppress(PublishTimeout):
            await publish("orders", 2, id="m2")

    if given["records"] > 1:
        return
    opens = world.cluster.settings.session + 1.0 if given.get("away") else 0.0
    world.at(opens, lambda: world.spawn(second(), "shop"))


def _heard_backwards(cluster: Cluster) -> None:
    waiting: list[Callable[[], None]] = []

    def changed() -> None:
        last_first = waiting[::-1]
        waiting.clear()
        for then in last_first:
            then()

    vars(cluster).update(when_changed=waiting.append, changed=changed)


def _reads_ahead(cluster: Cluster) -> None:
    """Let readers have what the leader has, committed or not."""
    advance, update = cluster.advance, cluster.seen.update

    def shows() -> None:
        if cluster.leader is not None and cluster.leader.alive:
            cluster.seen.update(cluster.leader)
        advance()

    def all_of(leader: Any) -> None:
        committed, leader.watermark = leader.watermark, len(leader.log)
        update(leader)
        leader.watermark = committed

    vars(cluster).update(advance=shows)
    vars(cluster.seen).update(update=all_of)


def _writes_the_first_again(cluster: Cluster) -> None:
    """Once an order is acked, write it again in place of each later one."""
    append = cluster.append

    def appends(topic: str, event: Any, sequence: int, answer: Any) -> None:
        leader, acked = cluster.leader, cluster.seen.acked
        log = leader.log if leader is not None else []
        first = [each.event for each in log if acked and each.id == acked[0]]
        append(topic, [*first, event][0], sequence, answer)

    vars(cluster).update(append=appends)


def rows(world: World) -> dict[str, Any]:
    """Return what an oracle gets: what was acked, given up, can be read now, and was ever read."""
    cluster = world.cluster
    return {
        "acked": [*cluster.seen.acked],
        "failed": [*cluster.seen.failed],
        "log": orders.kept_ids(cluster),
        "read": [[*ids] for ids in cluster.seen.ever],
    }


def truth(world: World) -> Violation | None:
    """Find a promise that was broken: kept, one, or available after up to one fault."""
    return orders.kept(world) or orders.one(world) or orders.available(world)


def spared_with(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return other rows by belief: as if only acked records were in the log, or none given up."""
    acked = [id for id in found["log"] if id in found["acked"]]
    others = {IN_DOUBT: {**found, "log": acked}} if acked != found["log"] else {}
    if {*found["log"]} == {*found["acked"]}:
        others = {_WAYS: {**found, "log": [*found["acked"]]}}  # in the order of the acks, once
    if found["failed"]:
        others["a refusal is a violation"] = {**found, "failed": []}
    return others


def overlooked(missed: Sequence[Suspect], told: object) -> str:
    """Name what lets these pass: no loss is seen, or only some losses are."""
    beliefs = [suspect.belief for suspect in missed]
    return _LOSS if beliefs[0] == SOME and _LOSS in beliefs else beliefs[0]


_LOSS, _NEVER, _WAYS = "a loss is no harm", "never acking is safe", "one way to be right"
SOME, CHANGED = "one kept, all kept", "an offset may change"
TWO, IN_DOUBT = "two faults excuse a loss", "the log has what was acked, and no more"

_UNCLEAN = {"unclean": True, "min_insync": 1, "nodes": 2, "away": 15.0}
_AGAIN = {"does": _writes_the_first_again, "records": 2}

SUSPECTS = (
    Suspect("has 3 copies, and acks when at least 2 are in sync", {}, _WAYS),
    Suspect("lets its producers write a record twice", {"idempotent": False}, _WAYS),
    Suspect("writes m1 again in place of m2, and acks both", _AGAIN, SOME, 0),
    Suspect("gives a write up after a millisecond", {"patience": 0.001}, _NEVER, 0),
    Suspect("needs all 3 copies in sync for a write", {"min_insync": 3}, _NEVER, 1),
    Suspect("acks what the leader alone has", {"acks": "1"}, _LOSS, 1),
    Suspect("acks before anybody has the record", {"acks": "0"}, _LOSS, 1),
    Suspect("lets readers read what is not committed", {"does": _reads_ahead}, CHANGED, 1),
    Suspect("elects any broker that lives", _UNCLEAN, _LOSS, 1),
    Suspect("cuts a follower's log at its high watermark", {"epochs": False}, TWO, 2),
)

#: Why an oracle fails, by what it overlooks, or takes for wrong.
WHY = {
    "never complains": "An oracle that finds nothing wrong with any system can't fail a wrong one. "
    "What do rows['acked'] and rows['log'] hold in the run that is drawn?",
    "always complains": "It complains of every run without a fault, the right ones included. Print "
    "rows: what is in there that you didn't expect?",
    "only the calm run counts": "It catches what is wrong without any fault, and nothing that "
    "takes a crash. Which promises hold after a crash too?",
    "a fault is a violation": "A crash is the test, and not the fault of the system. What does the "
    "rule ask of the run after it?",
    "a refusal is a violation": "More than one broker was away, and then refusing a write is how a "
    "system loses nothing. How many faults does the rule allow for?",
    "a loss is no harm": "A producer was told that its record is safe, and no reader will ever "
    "get it. Which two lists do you have to compare?",
    "never acking is safe": "A system that acks nothing loses nothing, and is of no use. What does "
    "the rule ask of writes while at most one broker is away?",
    SOME: "Two records were acked, and one of them is nowhere to be found. Does "
    "your oracle look at each record, or only at some, or at how many there are?",
    CHANGED: "Whoever read this offset first saw another record than later readers. "
    "Nothing acked is lost, and still one reader acts on an order that is not in the log.",
    TWO: "Your oracle sees a loss after one fault, but not this one, after "
    "two. Does promise 1 depend on the number of faults?",
    IN_DOUBT: "The log may hold a record that was never acked: who gave up doesn't know "
    "whether it is there. The promise goes one way, from what was acked to the log.",
    "one way to be right": "This system breaks none of the three promises. What do you ask for "
    "beyond them?",
    "a text means right": "Any text means that the run is wrong. What do you return where nothing "
    "is wrong?",
}
