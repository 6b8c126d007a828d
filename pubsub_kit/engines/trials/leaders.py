"""What a dead leader costs: a Kafka partition on three brokers, with acks=1 and with acks=all.

    followers_behind   both followers hang, N messages are acknowledged, the leader is killed, and
                       the followers run on. With acks=1 exactly those N are lost, also once the old
                       leader is back: it drops what the new one hasn't got. With acks=all nothing
                       was acknowledged, so nothing acknowledged is lost
    leader_killed      the leader is killed amid a stream: acks=all loses none, and pauses
    too_few_in_sync    fewer replicas in sync than min.insync.replicas: acks=all is refused; acks=1
                       is acknowledged, but nobody can read it

Each takes a cluster that runs (`start("kafka", brokers=3)`), and leaves it whole. They kill and
pause processes of this machine: a process that is killed leaves what it wrote to the kernel, so
none of this says anything about a power cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.servers.kafka_cluster import KafkaCluster
from pubsub_kit.log.ids import fresh_id

COUNT = 50  # messages that the leader alone has
PATIENCE = 60.0  # seconds in which a cluster has to elect a leader, and to be whole again
QUIET = 3.0  # seconds without a message after which a reader has read all
# A follower's last fetch waits at the leader for 0.5 s (replica.fetch.wait.max.ms). Its answer
# would reach the follower even while that hangs, so publish only when it has been answered.
ANSWERED = 1.0


class Fate(NamedTuple):
    """What became of numbered messages: `lost` were acknowledged, and nobody can read them."""

    acks: str
    acknowledged: int
    lost: tuple[int, ...]
    pause: float  # the longest that a publisher, or a reader, had to wait, in seconds
    refused: str = ""  # what a publisher was told, if it was told anything
    versions: str = ""

    def __str__(self) -> str:
        said = f"acks={self.acks}: {len(self.lost)} of {self.acknowledged} acknowledged were lost"
        if self.lost:
            said += f" ({self.lost[0]} to {self.lost[-1]})"
        said += f"; the longest pause took {self.pause:.1f} s"
        return f"{said}; refused: {self.refused}" if self.refused else said


def followers_behind(cluster: KafkaCluster, acks: str = "1", count: int = COUNT) -> Fate:
    """Let the leader alone acknowledge `count` messages, and kill it."""
    with _topic(cluster, least=2) as topic, _publisher(cluster, acks) as publisher:
        done, _ = _numbers(publisher, topic, 0, count)
        _catch_up(cluster, topic)
        leader = _partition(cluster, topic).leader
        followers = [broker for broker in cluster.brokers if broker.place.node != leader]
        try:
            for broker in followers:
                broker.pause()
            time.sleep(ANSWERED)
            more, refused = _numbers(publisher, topic, count, count)
        finally:
            cluster.brokers[leader - 1].kill()
            for broker in followers:
                broker.resume()
        begun = time.monotonic()
        _until(lambda: _partition(cluster, topic).leader not in (leader, -1), "a new leader")
        pause = time.monotonic() - begun
        lost = _lost(cluster, topic, done + more)
        _whole(cluster, topic)
        again = _lost(cluster, topic, done + more)
        assert again == lost, f"{again} are lost once the old leader is back, and before {lost}"
        return _fate(cluster, acks, done + more, lost, pause, refused)


def leader_killed(cluster: KafkaCluster, acks: str = "all", count: int = 2_000) -> Fate:
    """Kill the leader amid a stream of messages, in windows of 10, 500 a second."""
    with _topic(cluster, least=2) as topic, _publisher(cluster, acks, PATIENCE) as publisher:
        _catch_up(cluster, topic)
        done: list[int] = []
        pause, refused = 0.0, ""
        for first in range(0, count, 10):
            if first == count // 20 * 10:
                cluster.brokers[_partition(cluster, topic).leader - 1].kill()
            begun = time.monotonic()
            sent, said = _numbers(publisher, topic, first, 10)
            pause = max(pause, time.monotonic() - begun)
            done, refused = done + sent, said or refused
            time.sleep(0.02)  # 500 a second: followers keep up
        _whole(cluster, topic)
        return _fate(cluster, acks, done, _lost(cluster, topic, done), pause, refused)


def too_few_in_sync(cluster: KafkaCluster, acks: str = "all", count: int = COUNT) -> Fate:
    """Publish while two replicas are in sync and min.insync.replicas is 3; nobody reads it then."""
    with _topic(cluster, least=3) as topic, _publisher(cluster, acks) as publisher:
        done, _ = _numbers(publisher, topic, 0, count)
        _catch_up(cluster, topic)  # or they would not be readable, either
        leader = _partition(cluster, topic).leader
        gone = next(broker for broker in cluster.brokers if broker.place.node != leader)
        gone.kill()
        try:
            _until(lambda: len(_partition(cluster, topic).isrs) == 2, "two replicas in sync")
            begun = time.monotonic()
            more, refused = _numbers(publisher, topic, count, count)
            pause = time.monotonic() - begun
            lost = _lost(cluster, topic, done + more)
        finally:
            _whole(cluster, topic)
        again = _lost(cluster, topic, done + more)
        assert not again, f"{again} can't be read, though all replicas are in sync again"
        return _fate(cluster, acks, done + more, lost, pause, refused)


def _fate(
    cluster: KafkaCluster, acks: str, done: list[int], lost: tuple[int, ...], pause: float,
    refused: str,
) -> Fate:  # fmt: skip
    from confluent_kafka import libversion

    versions = f"Kafka {cluster.version}, librdkafka {libversion()[0]}"
    return Fate(acks, len(done), lost, round(pause, 1), refused, versions)


# ── the cluster ─────────────────────────────────────────────────────────────────────────────────


def _url(cluster: KafkaCluster) -> str:
    """Return the address of all brokers, as any of them may be down."""
    return f"kafka://{cluster.bootstrap}"


@contextmanager
def _topic(cluster: KafkaCluster, least: int) -> Iterator[str]:
    """Make a topic with one partition on three brokers, and leave the cluster whole."""
    from confluent_kafka.cimpl import NewTopic

    topic = f"leaders-{fresh_id()}"
    settings = {"min.insync.replicas": str(least)}
    with connect(_url(cluster)) as engine:
        new = NewTopic(topic, 1, 3, config=settings)
        engine.admin.create_topics([new], operation_timeout=5)[topic].result(PATIENCE)
    _until(lambda: len(_partition(cluster, topic).isrs) == 3, "three replicas in sync")
    try:
        yield topic
    finally:
        _whole(cluster, topic)


@contextmanager
def _publisher(cluster: KafkaCluster, acks: str, timeout: float = 5.0) -> Iterator[Any]:
    with connect(f"{_url(cluster)}?acks={acks}", timeout=timeout) as engine:
        yield engine


def _partition(cluster: KafkaCluster, topic: str) -> Any:
    """Return what the cluster says of the topic's partition: its leader and who is in sync."""
    with connect(_url(cluster), timeout=PATIENCE) as engine:
        return engine.brokers(topic).topics[topic].partitions[0]


def _whole(cluster: KafkaCluster, topic: str) -> None:
    """Start what was killed, and return once all replicas are in sync."""
    for broker in cluster.brokers:
        if not broker.alive:
            broker.start()
    _until(lambda: len(_partition(cluster, topic).isrs) == 3, "three replicas in sync")


def _until(ready: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise EngineError(f"The cluster did not have {what} within {PATIENCE:g} s.")
        time.sleep(0.1)


# ── messages ────────────────────────────────────────────────────────────────────────────────────


def _numbers(publisher: Any, topic: str, first: int, count: int) -> tuple[list[int], str]:
    """Publish numbers; return those that were acknowledged, and what was said of the others."""
    numbers = [*range(first, first + count)]
    try:
        publisher.publish_batch(topic, numbers)
    except EngineError as error:
        return [], str(error)
    return numbers, ""


def _catch_up(cluster: KafkaCluster, topic: str) -> None:
    """Return once every replica has what was published: a write with acks=all is on all of them."""
    with connect(_url(cluster)) as engine:
        engine.publish(topic, "a mark")


def _lost(cluster: KafkaCluster, topic: str, done: list[int]) -> tuple[int, ...]:
    """Return which of the acknowledged numbers a new group can't read."""
    seen: set[Any] = set()
    with connect(_url(cluster), timeout=PATIENCE) as engine:
        worker = engine.subscribe(topic, f"audit-{fresh_id()}", start="earliest")
        end = time.monotonic() + PATIENCE  # for the first one: to join a group may take a while
        while time.monotonic() < end and not seen.issuperset(done):
            for lent in worker.pull(500):
                seen.add(lent.data)
                end = time.monotonic() + QUIET
    return tuple(sorted({*done} - seen))
