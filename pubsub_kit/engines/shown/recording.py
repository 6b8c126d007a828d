"""Records what lesson 12 shows where no server runs: `python3 -m pubsub_kit.engines.shown lesson`.

Each part is played on real servers, which are started for it: the tour of the shop, the leader that
dies, and the keys under two hashes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pubsub_kit.engines.servers.kafka_cluster import KafkaCluster
from pubsub_kit.engines.servers.start import start
from pubsub_kit.engines.shown.shelf import write
from pubsub_kit.engines.shown.tour import keep, visit
from pubsub_kit.engines.trials.expected import engines, expectations
from pubsub_kit.engines.trials.running import running


def record_tour() -> None:
    """Let the shop visit each engine, on a server that is started for it."""
    stops, versions = [], {}
    for name in engines():
        with running(expectations(name)) as place:
            stops.append(visit(place.url))
            versions[name] = place.version
    keep(stops, versions)


def record_leaders() -> None:
    """Kill the leader of three brokers, with acks=1 and with acks=all."""
    from pubsub_kit.engines.trials import leaders

    with start("kafka", brokers=3) as cluster:
        assert isinstance(cluster, KafkaCluster)
        fates = {acks: leaders.followers_behind(cluster, acks) for acks in ("1", "all")}
        fates["killed"] = leaders.leader_killed(cluster)
        fates["too few"] = leaders.too_few_in_sync(cluster)
    write("leaders", {name: _dated(fate) for name, fate in fates.items()})


def record_hashes() -> None:
    """Publish 1,000 keys with two hashes."""
    from pubsub_kit.engines.trials import partitioning

    with start("kafka") as server:
        places = partitioning.two_hashes(server.url)
    write("hashes", _dated(places))


def _dated(value: Any) -> dict[str, Any]:
    return {**value._asdict(), "date": datetime.now(UTC).date().isoformat()}
