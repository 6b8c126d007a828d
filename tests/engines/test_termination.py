"""SIGTERM in a consumer group of Kafka: a worker finishes what it holds, others get the rest."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pubsub_kit.engines import connect
from pubsub_kit.engines.servers import Server
from pubsub_kit.genai.deploy.termination import GROUP, WINDOWS, Running, container, terminated
from tests.engines.kafka_server import broker, made

PARTITIONS, LONG = 4, 60.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason=WINDOWS)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with broker() as running:
        yield running


def keys(engine: Any, topic: str) -> list[str]:
    """Return a key for each partition, in the order of partitions."""
    found: dict[str, str] = {}
    for key in map(str, range(200)):
        found.setdefault(engine.publish(topic, {}, key=key, id=f"key-{key}").split("/")[0], key)
        if len(found) == PARTITIONS:
            return [found[each] for each in sorted(found)]
    raise AssertionError("some partition has no key")


def until(ready: Any, *workers: Running) -> None:
    end = time.monotonic() + LONG
    while not ready():
        assert time.monotonic() < end, [worker.wrote for worker in workers]
        time.sleep(0.05)
        for worker in workers:
            worker.catch_up()


def finished(worker: Running, of: str) -> set[str]:
    return {name for name, chunk in worker.wrote if chunk == 2 and name.startswith(of)}


def test_the_other_member_takes_over_and_nothing_is_lost_or_repeated(server: Server) -> None:
    with connect(server.url) as engine:
        topic = made(engine, PARTITIONS)
        engine.subscribe(topic, GROUP).close()  # so that the group is there
        each = keys(engine, topic)
        with (
            container("interrupted", server.url, topic, 30) as leaving,
            container("steady", server.url, topic, 30) as staying,
        ):
            both = (leaving, staying)

            def by_either(of: str) -> set[str]:
                return finished(leaving, of) | finished(staying, of)

            # Until both are members that have partitions of their own.
            for number in range(100):
                name = f"warm-{number}-"
                for place, key in enumerate(each):
                    engine.publish(topic, {}, key=key, id=f"{name}{place}")
                # While the second joins, the first may handle one whose ack then comes too late.
                until(lambda of=name: len(by_either(of)) == PARTITIONS, *both)
                if finished(leaving, name) and finished(staying, name):
                    break
            shared = len(finished(leaving, name))
            for number in range(5):
                for place, key in enumerate(each):
                    engine.publish(topic, {"work": 0.2}, key=key, id=f"doc-{number}-{place}")
            until(lambda: any(name.startswith("doc") for name, _ in leaving.wrote), *both)
            assert leaving.end(grace=LONG) == 0
            everything = 5 * PARTITIONS
            until(lambda: len(by_either("doc")) == everything, *both)
            assert staying.end(grace=LONG) == 0
    assert 1 <= shared < PARTITIONS
    assert len(finished(leaving, "doc")) == 1  # the one at hand, and no other after it
    assert len(finished(staying, "doc")) == everything - 1
    wrote = leaving.wrote + staying.wrote
    assert {wrote[name, chunk] for name, chunk in wrote if name.startswith("doc")} == {1}


def test_what_does_not_fit_in_the_grace_period_goes_to_the_successor(server: Server) -> None:
    ended = terminated(work=60, grace=0.3, url=server.url, lease=2)
    assert (ended.killed, ended.repeated) == (True, ("doc-3",))
    assert (ended.lost, ended.unacked, ended.first, ended.second) == (0, 0, 2, 3)


def test_what_fits_is_finished(server: Server) -> None:
    ended = terminated(work=0.1, grace=LONG, url=server.url)
    assert (ended.exit, ended.repeated, ended.writes) == (0, (), 10)
    assert (ended.lost, ended.unacked, ended.first, ended.second) == (0, 0, 3, 2)
