"""A log on several brokers: what is committed, what a fault leaves of it, and what each setting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.replicas import rules
from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.replicas.rules import Candidate
from pubsub_kit.world.replicas.settings import ReplicaError
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.search.explore import Exploration, Violation, explore, replay
from pubsub_kit.world.search.sampled import Sampled
from pubsub_kit.world.world import World

Scenario = Callable[[World], None]


def shop(nodes: int = 3, records: int = 2, **settings: Any) -> Scenario:
    """Return a scenario: so many brokers, and a shop that publishes one record after the other."""

    def scenario(world: World) -> None:
        world.brokers(nodes, **settings)
        world.topic("orders")
        world.consumer("billing", lambda event: None, "orders", start="earliest")

        async def sell() -> None:
            for number in range(1, records + 1):
                with suppress(PublishTimeout):
                    await publish("orders", number, id=f"m{number}")

        world.spawn(sell(), "shop")

    return scenario


def nothing_is_lost(world: World) -> Violation | None:
    """No acked record is missing, no offset shows two records, and none is there twice."""
    cluster = world.cluster
    logs = [cluster.leader] if cluster.leader else [n for n in cluster.nodes if n.alive]
    kept = [record.id for node in logs for record in node.log]
    if missing := [id for id in cluster.seen.acked if id not in kept]:
        return Violation(f"lost {missing[0]}")
    if changed := cluster.seen.changed():
        return Violation(f"offset {changed[0][0]} showed two records")
    if cluster.leader and len(set(kept)) < len(kept):
        return Violation("a record is there twice")
    return None


def all_are_acked(world: World) -> Violation | None:
    """No producer had to give up."""
    failed = world.cluster.seen.failed
    return Violation(f"gave up {failed[0]}") if failed else None


def searched(
    *faults: str, most: int = 2, oracle: Any = nothing_is_lost, **setup: Any
) -> Exploration:
    return explore(shop(**setup), oracle, faults=faults, max_faults=most, seconds=60)


def after(code: str, *faults: str, **setup: Any) -> Cluster:
    return replay(shop(**setup), code, faults=faults).cluster


def logs(cluster: Cluster) -> list[str]:
    return [" ".join(record.id for record in node.log) for node in cluster.nodes]


# --- without a fault ------------------------------------------------------------------------------


def test_every_replica_gets_every_record_and_commits_it() -> None:
    world = World()
    shop()(world)
    world.run()
    assert logs(world.cluster) == ["m1 m2"] * 3
    assert [node.watermark for node in world.cluster.nodes] == [2, 2, 2]
    assert world.cluster.seen.acked == ["m1", "m2"]
    assert [event.id for _, event in world.broker.topic("orders").log.read(0, 0)] == ["m1", "m2"]


@pytest.mark.parametrize(
    ("acks", "hops", "flushes"),
    [("0", 0, 0), ("1", 2, 0), ("all", 4, 0), ("1", 2, 1), ("all", 4, 1)],
)
def test_an_ack_takes_so_many_hops_and_flushes(acks: str, hops: int, flushes: int) -> None:
    world = World()
    shop(records=1, acks=acks, fsync=bool(flushes), hop=0.001, flush=0.005)(world)
    trace = world.run()
    (ack,) = [step for step in trace.of("receive") if step.peer == "shop"]
    assert ack.time == pytest.approx(hops * 0.001 + flushes * 0.005)


def test_a_follower_learns_of_the_high_watermark_one_fetch_later_than_the_leader() -> None:
    world = World()
    shop(records=1)(world)
    marks = [[row[3] for row in step.data["nodes"]] for step in world.run().of("replicas")]
    assert marks == [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 1]]


def test_a_record_is_readable_only_once_min_insync_replicas_have_it_whatever_acks_says() -> None:
    world = World()
    shop(nodes=2, records=1, acks="1", min_insync=2)(world)
    world.crash("broker-2")
    world.run()
    assert world.cluster.seen.acked == ["m1"]
    assert world.broker.topic("orders").log.end() == 0


# --- what is lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "setup"),
    [
        ("publish lost", {"acks": "0"}),
        ("node down", {"acks": "1"}),
        ("node down", {"acks": "1", "min_insync": 2}),
        ("node wiped", {"min_insync": 2, "checks_disk": False}),
        ("power loss", {"min_insync": 2}),
        ("confirm lost", {"idempotent": False}),
        ("duplicate", {"idempotent": False}),
    ],
)
def test_one_fault_is_enough(fault: str, setup: dict[str, Any]) -> None:
    found = searched(fault, **setup)
    assert found.outcome == "fails", found
    assert len(found.code) == 2, found


@pytest.mark.parametrize(
    ("faults", "setup"),
    [
        (("node down", "node cut"), {"min_insync": 1}),
        (("node down", "node cut"), {"min_insync": 1, "unclean": True}),
        (("node crash", "node down"), {"min_insync": 2, "epochs": False}),
        (("node crash", "node down"), {"nodes": 2, "epochs": False}),
    ],
)
def test_two_faults_are_needed(faults: tuple[str, ...], setup: dict[str, Any]) -> None:
    assert searched(*faults, most=1, **setup).outcome == "holds"
    assert searched(*faults, **setup).outcome == "fails"


@pytest.mark.parametrize(
    ("faults", "setup"),
    [
        (("node crash", "node down", "loss"), {"min_insync": 2}),
        (("node down", "node cut"), {"min_insync": 2}),
        (("node wiped",), {"min_insync": 2}),
        (("power loss",), {"min_insync": 2, "fsync": True}),
        (("confirm lost", "duplicate", "publish lost"), {}),
        (("node down",), {"nodes": 5, "min_insync": 3}),
    ],
)
def test_nothing_is_lost(faults: tuple[str, ...], setup: dict[str, Any]) -> None:
    found = searched(*faults, **setup)
    assert found.outcome == "holds", found


def test_an_unclean_leader_shows_another_record_at_an_offset_that_was_read() -> None:
    found = searched("node down", "node cut", min_insync=1, unclean=True)
    assert found.violation is not None
    assert found.world is not None
    assert found.world.cluster.seen.changed() or "lost" in found.violation.message


# --- what goes on ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "min_insync", "down"), [(1, 1, 0), (3, 1, 2), (3, 2, 1), (3, 3, 0), (5, 3, 2)]
)
def test_n_copies_of_which_m_are_needed_take_writes_with_n_minus_m_down(
    nodes: int, min_insync: int, down: int
) -> None:
    setup = {"nodes": nodes, "min_insync": min_insync}
    holds = searched("node down", most=down, oracle=all_are_acked, **setup)
    assert holds.violation is None, holds
    assert searched("node down", most=down + 1, oracle=all_are_acked, **setup).outcome == "fails"


def test_a_leader_that_restarts_within_its_session_leads_again_in_a_new_epoch() -> None:
    cluster = after("0C", "node crash")
    assert cluster.leader is cluster.nodes[0]
    assert cluster.epoch == 2
    assert logs(cluster) == ["m1 m2"] * 3


def test_a_leader_that_stays_silent_is_replaced_by_a_follower_in_sync() -> None:
    cluster = after("0X", "node down")
    assert cluster.leader is cluster.nodes[1]
    assert cluster.seen.acked == ["m1", "m2"]
    assert [node.name for node in cluster.insync] == ["broker-2", "broker-3"]


def test_a_node_that_was_cut_off_catches_up_and_is_in_sync_again() -> None:
    cluster = after("1H", "node cut", min_insync=2)
    assert len(cluster.insync) == 3
    assert logs(cluster) == ["m1 m2"] * 3


def test_nobody_leads_when_the_last_in_sync_is_gone() -> None:
    world = World()
    shop(nodes=1)(world)
    world.at(1.0, world.crash, "broker-1")
    world.run()
    assert world.cluster.leader is None


def test_a_world_can_crash_a_broker_and_restart_it() -> None:
    world = World()
    shop(min_insync=2)(world)
    world.at(0.0005, world.crash, "broker-1", 20.0)
    world.run()
    cluster = world.cluster
    assert (cluster.epoch, cluster.seen.failed) == (2, [])
    assert logs(cluster) == ["m1 m2"] * 3
    assert len(cluster.insync) == 3


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "leaders", "cut"),
    [
        ([1, 1], [1, 1, 1], 2),
        ([1, 1, 1], [1, 1], 2),
        ([1, 1, 2], [1, 1, 3], 2),
        ([1, 2, 2], [1, 3], 1),
        ([], [1], 0),
        ([1], [], 0),
    ],
)
def test_a_follower_cuts_where_the_epochs_part(
    mine: list[int], leaders: list[int], cut: int
) -> None:
    assert rules.where_epochs_part(mine, leaders, 0) == cut


def test_only_an_unclean_election_takes_who_is_not_in_sync() -> None:
    late, dead = Candidate("a", True, False, False, 3), Candidate("b", False, True, False, 4)
    assert rules.the_first_in_sync([late, dead]) is None
    assert rules.or_any_that_lives([late, dead]) == "a"
    assert rules.or_any_that_lives([late, Candidate("c", True, True, False, 1)]) == "c"


def test_a_world_takes_rules_of_your_own() -> None:
    world = World()
    shop(elect=lambda known: "broker-3", cut=lambda mine, leaders, mark: 0)(world)
    world.at(1.0, world.crash, "broker-1")
    world.run()
    assert world.cluster.leader is world.cluster.nodes[2]
    assert logs(world.cluster)[1:] == ["m1 m2"] * 2


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"nodes": 0}, "from 1 to 9"),
        ({"acks": "2"}, "choose one of 0, 1, all"),
        ({"min_insync": 4}, "give 1 to 3"),
        ({"min_insync": True}, "give 1 to 3"),
        ({"session": -1}, "give seconds"),
        ({"copies": 3}, "no setting 'copies': choose from acks"),
    ],
)
def test_a_setting_that_cant_work_is_refused(setup: dict[str, Any], words: str) -> None:
    with pytest.raises(ReplicaError, match=words):
        shop(**setup)(World())


@pytest.mark.parametrize("acks", [0, 1])
def test_acks_may_be_a_number(acks: int) -> None:
    world = World()
    assert world.brokers(3, acks=acks).settings.acks == str(acks)


def test_a_world_gets_its_brokers_once() -> None:
    world = World()
    world.brokers(3)
    with pytest.raises(WorldError, match="already"):
        world.brokers(3)


def test_a_world_with_one_broker_has_no_cluster() -> None:
    with pytest.raises(WorldError, match=r"world\.brokers\(3\)"):
        _ = World().cluster


def test_publishing_to_no_topic_is_refused() -> None:
    world = World()
    world.brokers(3)
    with pytest.raises(WorldError, match="no topic"):
        world.publish("orders", 1)


@pytest.mark.parametrize("code", ["0X", "0H3X", "-"])
def test_a_run_repeats_byte_for_byte(code: str) -> None:
    faults = ["node down", "node cut"]
    one, two = (replay(shop(), code, faults=faults).trace.text() for _ in range(2))
    assert one == two


# --- however many faults --------------------------------------------------------------------------


@pytest.mark.parametrize("setup", [{"min_insync": 2}, {"min_insync": 1}, {"nodes": 2}], ids=str)
def test_brokers_that_come_back_lose_nothing_however_many_crash(setup: dict[str, Any]) -> None:
    faults = ["node crash", "node cut", "loss", "confirm lost", "publish lost", "duplicate"]
    found = explore(
        shop(records=3, **setup),
        nothing_is_lost,
        faults=faults,
        max_faults=7,
        strategy=Sampled(seed=11, runs=300),
        seconds=60,
    )
    assert found.outcome == "not found", found


def test_what_consumers_can_read_is_what_the_cluster_has_shown() -> None:
    for code in ("-", "0X", "6C", "3X", "0X9X"):
        world = replay(shop(min_insync=2), code, faults=["node down", "node crash"])
        there = [event.id for _, event in world.broker.topic("orders").log.read(0, 0)]
        assert there == [record.id for record in world.cluster.seen.now], code
