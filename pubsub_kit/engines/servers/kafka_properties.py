"""The properties of a Kafka broker that is also its own controller (KRaft), for one or for three.

Waits that suit a data centre are shortened: a member may count as dead after 1 s, a consumer of a
share group gets its first record at once, and a dead broker of a cluster is noticed after 3 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pubsub_kit.engines.servers.wire import HOST

_ALWAYS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # Else a consumer of a share group waits 5 s for its first record.
    "group.share.min.heartbeat.interval.ms": "100",
    "group.share.heartbeat.interval.ms": "300",
    "group.share.min.session.timeout.ms": "1000",
    "group.share.min.record.lock.duration.ms": "1000",
}
_CLUSTER = {
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "3000",
}
_INNER_TOPICS = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")


@dataclass(frozen=True)
class Place:
    """Where one broker is: its number, and the ports of its clients, its peers and its controller.

    A broker without a password has its clients and its peers on one port.
    """

    node: int
    clients: int
    peers: int
    controller: int


def properties(
    place: Place,
    all_places: tuple[Place, ...],
    data: Path,
    user: str,
    password: str,
    given: Mapping[str, str],
) -> dict[str, str]:
    """Return all properties of one broker among `all_places`; what was given goes last."""
    voters = ",".join(f"{one.node}@{HOST}:{one.controller}" for one in all_places)
    return {
        **_ALWAYS,
        **_inner_topics(len(all_places)),
        **(_CLUSTER if len(all_places) > 1 else {}),
        "node.id": str(place.node),
        "controller.quorum.voters": voters,
        "log.dirs": str(data).replace("\\", "\\\\"),
        **_listeners(place, password),
        **(_password(user, password) if password else {}),
        **given,
    }


def _inner_topics(brokers: int) -> dict[str, str]:
    """Return how Kafka's own topics are kept: by up to three brokers, of which one may be away."""
    copies = str(min(brokers, 3))
    found = {"default.replication.factor": copies}
    for topic in _INNER_TOPICS:
        found |= {f"{topic}.replication.factor": copies, f"{topic}.num.partitions": "4"}
        if topic != "offsets.topic":
            found[f"{topic}.min.isr"] = str(min(brokers, 2))
    return found


def _listeners(place: Place, password: str) -> dict[str, str]:
    doors = {"PLAINTEXT": place.peers, **({"SASL": place.clients} if password else {})}
    open_doors = ",".join(f"{name}://{HOST}:{port}" for name, port in doors.items())
    return {
        "listeners": f"{open_doors},CONTROLLER://{HOST}:{place.controller}",
        "advertised.listeners": open_doors,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        + (",SASL:SASL_PLAINTEXT" if password else ""),
    }


def _password(user: str, password: str) -> dict[str, str]:
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    return {
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": f'{module} required user_{user}="{password}";',
    }


def written(settings: Mapping[str, str]) -> str:
    """Return the text of a file of properties."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())
