"""The worlds of exercise 11's two rules: where a follower cuts its log, and who leads next.

The learner's rule is asked by the cluster, and each of its decisions is remembered, so that the
oracle can say which one went wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from pubsub_kit.scenarios.broker_availability.orders import kept, one, shop, stop
from pubsub_kit.scenarios.plain import shown
from pubsub_kit.world.replicas.replica import Record
from pubsub_kit.world.replicas.rules import Candidate, the_first_in_sync, where_epochs_part
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.search.explore import Exploration, Violation
from pubsub_kit.world.world import World

WATERMARK, ALL, DIFFERS = "cut at the high watermark", "cut more than differs", "keeps what differs"
UNCLEAN, DISK = "unclean loses just a tail", "same id, so in sync"
NOBODY, DEAD = "nobody is good enough", "elects the dead"


class Decision(NamedTuple):
    """What a rule was asked, and what it said."""

    asked: tuple[Any, ...]
    said: Any


def decisions(world: World) -> list[Decision]:
    """Return the decisions of a run, in order."""
    found: list[Decision] = world.store("decisions").rows["all"]
    return found


def _plain(said: Any, name: str) -> Any:
    """Return what a rule said; raises WorldError for a coroutine."""
    if hasattr(said, "__await__"):
        if hasattr(said, "close"):
            said.close()
        raise WorldError(f"{name} is called as an ordinary function: write def, not async def")
    return said


# -- where a follower cuts -------------------------------------------------------------------------


#: What the brokers hold when the run begins: (epoch, id) of each record; h1 and h2 are acked.
HISTORY = {
    "broker-1": ((1, "h1"), (2, "h2"), (3, "h3")),
    "broker-2": ((1, "h1"), (2, "h2"), (2, "x1"), (2, "x2")),
    "broker-3": ((1, "h1"), (2, "h2")),
}
RETURNS = 20.0  # seconds after which broker-2, which led in epoch 2, is back


def followers(world: World, answer: Callable[..., Any]) -> None:
    """Three brokers with a history, whose followers cut as the answer says.

    broker-1 leads in epoch 3. broker-3 is in sync with it, and restarts before it hears that h2 is
    committed. broker-2 led in epoch 2 and took two records that nobody else has; it is down, and
    any broker that crashes is away for as long as it.
    """
    made: list[Decision] = []
    world.store("decisions").rows["all"] = made

    def cut(mine: list[int], leaders: list[int], watermark: int) -> int:
        said = _plain(answer([*mine], [*leaders], watermark), "cut")
        made.append(Decision(([*mine], [*leaders], watermark), said))
        if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= len(mine):
            words = "an offset of its own log, a whole number from 0 to its length"
            raise WorldError(f"cut(…) returns {words}, not {shown(said, 40)}")
        return said

    world.restart_after = RETURNS
    world.at(0.0, _begin, world)
    shop(world, records=1, min_insync=2, cut=cut)


def _begin(world: World) -> None:
    """Give each broker its history; broker-2 is down for a while, and broker-3 restarts."""
    cluster = world.cluster
    for node in cluster.nodes:
        for at, (epoch, id) in enumerate(HISTORY[node.name]):
            event = world.event("orders", id, id=id)
            node.log.append(Record(epoch, id, "orders", event, -(epoch * 10 + at)))
        node.watermark = 2 if node is cluster.leader else 1
        node.told = len(node.log)
    cluster.epoch = 3
    cluster.insync.remove(cluster.nodes[1])
    cluster.seen.acked += ["h1", "h2"]
    cluster.seen.update(cluster.nodes[0])
    stop(world, "broker-2", RETURNS)
    stop(world, "broker-3", 1.0)


def nothing_acked_is_cut(world: World) -> Violation | None:
    """Find an acked record that a cut lost, or an offset that a missing cut made differ."""
    wrong = kept(world) or one(world)
    cut = wrong and what_differs_is_cut(world)
    if wrong is None or cut is None:
        return wrong
    return replace(wrong, message=f"{wrong.message} {cut.message}", belief=cut.belief)


def what_differs_is_cut(world: World) -> Violation | None:
    """Find a cut that leaves something that the leader lacks, or takes what both logs have."""
    steps = [i for i, step in enumerate(world.trace) if step.kind == "replicas"]
    for (mine, leaders, watermark), said in decisions(world):
        right = where_epochs_part(mine, leaders, watermark)
        if said != right:
            words = f"Your cut({mine}, {leaders}, {watermark}) said {said}."
            belief = DIFFERS if said > right else ALL
            return Violation(words, steps[-1], {"cut at": right}, {"cut at": said}, belief)
    return None


def diagnose_cut(answer: Callable[..., Any], found: Exploration) -> str:
    """Ask the rule about two equal logs: does it cut at the watermark, or somewhere else?"""
    if found.violation is None or found.violation.belief != ALL:
        return ""
    marks = {mark: answer([1, 1, 2], [1, 1, 2], mark) for mark in (1, 2)}
    return WATERMARK if all(mark == said for mark, said in marks.items()) else ALL


# -- who leads next --------------------------------------------------------------------------------


def election(world: World, answer: Callable[..., Any], wiped: bool = False) -> None:
    """Three brokers; the controller asks the answer who leads next.

    The third broker is away for a minute, and one that crashes is away for 20 seconds; where disks
    can be `wiped`, for a second.
    """
    made: list[Decision] = []
    world.store("decisions").rows["all"] = made

    def elect(candidates: list[Candidate]) -> str | None:
        said = _plain(answer([*candidates]), "elect")
        said = said.name if isinstance(said, Candidate) else said
        made.append(Decision((candidates,), said))
        if said is not None and said not in [each.name for each in candidates]:
            raise WorldError(f"elect(…) returns a candidate's name or None, not {shown(said, 40)}")
        return said if said is None else str(said)

    world.restart_after = 1.0 if wiped else 20.0
    shop(world, records=1, away=60.0, min_insync=2, elect=elect, checks_disk=False)


def new_disks(world: World, answer: Callable[..., Any]) -> None:
    """The same three brokers, where disks can be wiped."""
    election(world, answer, wiped=True)


def the_leader_has_all(world: World) -> Violation | None:
    """Find a leader that nobody chose, or one that lacked an acked record.

    What is lost with the disks of all that had it is not the fault of an election.
    """
    wrong = kept(world) or one(world)
    steps = [i for i, step in enumerate(world.trace) if step.kind == "replicas"]
    for (candidates,), said in decisions(world):
        chosen = next((each for each in candidates if each.name == said), None)
        fit = the_first_in_sync([each for each in candidates if not each.wiped])
        if wrong is None and fit is not None and (chosen is None or not chosen.alive):
            words = f"Your elect(…) said {said}, though {fit} was fit to lead."
            if chosen is not None:
                words = f"Your elect(…) said {said}, which was down, though {fit} was fit to lead."
            belief = DEAD if chosen else NOBODY
            return Violation(words, steps[-1], {"leader": fit}, {"leader": said}, belief)
        if wrong is not None and chosen and chosen.alive and (chosen.wiped or not chosen.in_sync):
            how = "whose disk was new" if chosen.wiped else "which was not in sync"
            words = f"{wrong.message} Your elect(…) said {said}, {how}."
            return replace(wrong, message=words, belief=DISK if chosen.wiped else UNCLEAN)
    return None
