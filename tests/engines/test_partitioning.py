"""Where a key goes: by librdkafka's own hash, and by the Java client's, which the kit sets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pubsub_kit.engines import connect
from pubsub_kit.engines.servers import Server
from pubsub_kit.engines.trials.partitioning import JAVA, placed, two_hashes
from tests.engines.kafka_server import broker, made

#: murmur2 as the Java client's own test has it: clients/src/test/java/org/apache/kafka/common/
#: utils/UtilsTest.java, https://github.com/apache/kafka
HASHES = {
    "21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829, "abc": 479470107,
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with broker() as running:
        yield running


def test_most_keys_move(server: Server) -> None:
    places = two_hashes(server.url, 1_000, 12)
    assert len(places.moved) == 916  # 11 of 12 would be 917
    assert {*places.default} == {*places.java} == {*range(12)}
    assert str(places).startswith("916 of 1000 keys go to another of 12 partitions (librdkafka ")


def test_the_kit_puts_a_key_where_the_java_client_does(server: Server) -> None:
    due = {key: (hash & 0x7FFFFFFF) % 12 for key, hash in HASHES.items()}
    with connect(server.url) as engine:
        topic = made(engine, 12)
        positions = {key: engine.publish(topic, 0, key=key) for key in HASHES}
        assert {key: int(place.split("/")[0]) for key, place in positions.items()} == due
        assert placed(engine, topic, (*due,), JAVA) == (*due.values(),)
