"""A dead leader on three brokers: what acks=1 loses, and acks=all does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from pubsub_kit.engines.servers.kafka_cluster import KafkaCluster
from pubsub_kit.engines.trials.leaders import Fate, followers_behind, leader_killed, too_few_in_sync
from tests.engines.kafka_server import broker

AFTER = range(50, 100)


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    with broker(brokers=3) as running:
        yield cast(KafkaCluster, running)


def test_acks_1_loses_what_the_leader_alone_had_each_time(cluster: KafkaCluster) -> None:
    fates = [followers_behind(cluster, "1", 50) for _ in range(2)]
    assert [(fate.acknowledged, fate.lost) for fate in fates] == [(100, (*AFTER,))] * 2
    assert fates[0].versions.startswith("Kafka 4.")


def test_acks_all_acknowledges_nothing_that_the_leader_alone_has(cluster: KafkaCluster) -> None:
    fate = followers_behind(cluster, "all", 50)
    assert (fate.acknowledged, fate.lost) == (50, ())
    assert "does not answer" in fate.refused


def test_acks_all_loses_nothing_if_the_leader_dies(cluster: KafkaCluster) -> None:
    fate = leader_killed(cluster, "all", 1_000)
    assert (fate.acknowledged, fate.lost) == (1_000, ())
    assert fate.pause > 0.1


def test_acks_all_is_refused_while_too_few_are_in_sync(cluster: KafkaCluster) -> None:
    fate = too_few_in_sync(cluster, "all", 50)
    assert (fate.acknowledged, fate.lost) == (50, ())
    assert "it needs min.insync.replicas replicas in sync, and there are fewer" in fate.refused


def test_acks_1_is_acknowledged_and_not_readable_until_enough_are_in_sync(
    cluster: KafkaCluster,
) -> None:
    """The trial itself asserts that all can be read once the replicas are back."""
    fate = too_few_in_sync(cluster, "1", 50)
    assert (fate.acknowledged, fate.lost, fate.refused) == (100, (*AFTER,), "")


def test_a_fate_says_what_was_lost() -> None:
    fate = Fate("1", 100, (*AFTER,), 3.2, "too late")
    assert str(fate) == (
        "acks=1: 50 of 100 acknowledged were lost (50 to 99); the longest pause took 3.2 s; "
        "refused: too late"
    )
