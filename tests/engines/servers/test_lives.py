"""Each real server starts, answers, dies, goes on with its data, and stops."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from pubsub_kit.engines.servers import NAMES, Server, ServerError, available, start
from pubsub_kit.engines.servers.kafka_cluster import KafkaCluster
from pubsub_kit.engines.servers.wire import is_free

# With these, a broker that was killed is let in again after 3 s instead of 9.
SOON = {"broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500}
OPTIONS: dict[str, dict[str, Any]] = {"kafka": {"properties": SOON}}


def started(name: str, **options: Any) -> Server:
    """Start a server; skip the test, with what to install, where it can't be."""
    if sentence := available(name):
        pytest.skip(sentence)
    return start(name, **options)


# --- how data is put into each, and got back ------------------------------------------------------


def redis_client(server: Server) -> Any:
    import redis

    return redis.Redis.from_url(server.url)


def redis_put(server: Server) -> None:
    redis_client(server).xadd("t", {"event": "tea"})


def redis_get(server: Server) -> bytes:
    return bytes(redis_client(server).xrange("t")[0][1][b"event"])


def nats_do(server: Server, put: bool) -> bytes:
    import nats

    async def go() -> bytes:
        client: Any = await nats.connect(server.url)
        try:
            stream = client.jetstream()
            if put:
                await stream.add_stream(name="t", subjects=["t"])
                await stream.publish("t", b"tea")
            return bytes((await stream.get_msg("t", 1)).data)
        finally:
            await client.close()

    return asyncio.run(go())


def rabbit_do(server: Server, put: bool) -> bytes:
    import pika

    with pika.BlockingConnection(pika.URLParameters(server.url)) as connection:
        channel = connection.channel()
        if put:
            channel.queue_declare("t", durable=True, arguments={"x-queue-type": "quorum"})
            channel.confirm_delivery()
            channel.basic_publish("", "t", b"tea")
            return b"tea"
        deadline = time.monotonic() + 30  # a quorum queue elects its leader anew
        while (body := channel.basic_get("t")[2]) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return bytes(body)


def address(server: Server) -> str:
    return urlsplit(server.url).netloc.rpartition("@")[2]


def kafka_put(server: Server, copies: int = 1) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": address(server)})
    admin.create_topics([NewTopic("t", 1, copies)])["t"].result(60)
    producer = Producer({"bootstrap.servers": address(server)})
    producer.produce("t", b"tea")
    assert producer.flush(60) == 0


def kafka_get(server: Server) -> bytes:
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": address(server), "group.id": "g"})
    consumer.assign([TopicPartition("t", 0, 0)])
    try:
        message: Any = consumer.poll(60)
        return bytes(message.value())
    finally:
        consumer.close()


KEEPERS: dict[str, tuple[Callable[[Server], object], Callable[[Server], bytes]]] = {
    "redis": (redis_put, redis_get),
    "nats": (lambda server: nats_do(server, True), lambda server: nats_do(server, False)),
    "rabbitmq": (lambda server: rabbit_do(server, True), lambda server: rabbit_do(server, False)),
    "kafka": (kafka_put, kafka_get),
}


# --- lives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_server_starts_dies_starts_again_and_stops(name: str) -> None:
    server = started(name, **OPTIONS.get(name, {}))
    with server:
        assert re.fullmatch(r"\d+\.\d+[\w.+-]*", server.version)
        assert server.url.partition("://")[0] == server.scheme
        assert f"127.0.0.1:{server.port}" in server.url
        put, get = KEEPERS.get(name, (lambda _: None, lambda _: b"tea"))
        put(server)

        folder, url, first = server.folder, server.url, server.pid
        family = below(first)
        server.kill()
        assert (server.alive, server.pid) == (False, None)
        assert gone(family)
        assert folder.is_dir()

        server.start()
        assert server.url == url
        assert server.pid != first
        assert get(server) == b"tea"

        family = below(server.pid)
        server.stop()
        assert gone(family)
        assert is_free(server.port)
        assert not folder.exists()
        server.stop()  # once more says nothing


def below(pid: int | None) -> list[psutil.Process]:
    """Return a process and all that it has started."""
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]


def gone(processes: list[psutil.Process]) -> bool:
    """Tell whether these processes have ended, or do so soon."""
    ended = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)  # an orphan waits to be reaped
    deadline = time.monotonic() + 10
    while alive := [one for one in processes if one.is_running() and one.status() not in ended]:
        if time.monotonic() > deadline:
            return alive == []
        time.sleep(0.05)
    return True


def test_each_broker_of_a_cluster_dies_hangs_and_comes_back_alone() -> None:
    cluster = started("kafka", brokers=3)
    assert isinstance(cluster, KafkaCluster)
    with cluster:
        kafka_put(cluster, copies=3)
        first, second, third = cluster.brokers
        first.kill()
        assert cluster.url == second.url
        assert kafka_get(second) == b"tea"
        first.start()
        third.pause()
        assert kafka_get(first) == b"tea"
        third.resume()
        third.stop()
        third.start()
        assert kafka_get(third) == b"tea"
        folder, family = cluster.folder, [psutil.Process(one.pid) for one in cluster.brokers]
    assert gone(family)
    assert not folder.exists()


# --- folders, ports and passwords -----------------------------------------------------------------


def test_a_folder_that_was_given_is_kept_and_goes_on_under_another_server(tmp_path: Path) -> None:
    for put in (redis_put, lambda server: None):
        with started("redis", folder=tmp_path / "new" / "data") as server:
            put(server)
            assert redis_get(server) == b"tea"
    assert (tmp_path / "new" / "data").is_dir()


def test_a_folder_belongs_to_one_server(tmp_path: Path) -> None:
    with started("redis", folder=tmp_path), pytest.raises(ServerError, match="is in use: stop"):
        start("redis", folder=tmp_path)


def test_a_server_that_was_stopped_may_keep_its_data() -> None:
    with started("redis") as server:
        redis_put(server)
        server.stop(keep=True)
        server.start()
        assert redis_get(server) == b"tea"


def test_a_server_starts_once() -> None:
    with started("redis") as server, pytest.raises(ServerError, match="redis runs already, at"):
        server.start()


def test_a_port_that_is_in_use_is_refused_and_its_server_runs_on() -> None:
    with started("redis") as server:
        with pytest.raises(ServerError, match=f"Port {server.port} of 127.0.0.1 is in use"):
            start("redis", port=server.port)
        redis_put(server)


def test_a_paused_server_answers_once_it_is_resumed() -> None:
    with started("redis") as server:
        server.pause()
        with socket.create_connection(("127.0.0.1", server.port), 5) as line:
            line.sendall(b"PING\r\n")
            line.settimeout(0.2)
            with pytest.raises(TimeoutError):
                line.recv(100)
            server.resume()
            line.settimeout(10)
            assert line.recv(100) == b"+PONG\r\n"
        server.pause()  # stop() ends it all the same


def test_redis_refuses_those_without_its_password() -> None:
    import redis

    with started("redis", password="tea") as server:
        assert server.url == f"redis://:tea@127.0.0.1:{server.port}"
        assert redis_client(server).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port).ping()


def test_nats_refuses_those_without_its_password() -> None:
    with started("nats", user="ann", password="tea") as server:
        assert server.url == f"nats://ann:tea@127.0.0.1:{server.port}"
        assert nats_do(server, True) == b"tea"
        with socket.create_connection(("127.0.0.1", server.port), 10) as line:
            line.recv(4096)
            line.sendall(b"CONNECT {}\r\nPING\r\n")
            assert b"Authorization Violation" in line.recv(4096)


def test_rabbitmq_and_kafka_write_the_password_into_their_urls_and_settings() -> None:
    from pubsub_kit.engines.servers.start import make

    rabbit = make("rabbitmq", user="ann", password="tea")
    assert rabbit.url == f"amqp://ann:tea@127.0.0.1:{rabbit.port}"
    kafka = make("kafka", password="tea")
    assert kafka.url == f"kafka://kit:tea@127.0.0.1:{kafka.port}"
