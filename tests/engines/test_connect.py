"""`connect`: from a URL to an engine, and what it says of a URL that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pubsub_kit import Broker, Consumer, Offset
from pubsub_kit.engines import EngineError, connect
from pubsub_kit.engines.connect import ADAPTERS, adapter_of
from pubsub_kit.engines.protocol import Delivered, Engine, Worker


def embedded(url: str) -> Engine:
    engine: Engine = connect(url)
    return engine


@pytest.mark.parametrize("scheme", ["memory://", "file://"])
def test_the_embedded_broker_is_an_engine(scheme: str, tmp_path: Path) -> None:
    engine = embedded(scheme if scheme == "memory://" else f"file://{tmp_path}/broker")
    assert isinstance(engine, Broker)
    engine.topic("orders")
    worker: Worker = engine.subscribe("orders", "billing", max_deliveries=3)
    engine.publish("orders", {"item": "tea"}, key="ann")
    (lent,) = worker.pull()
    delivered: Delivered = lent
    assert (delivered.data, delivered.key, delivered.attempt) == ({"item": "tea"}, "ann", 1)
    assert delivered.position == "0/0"
    assert delivered.nack(0)
    assert [each.attempt for each in worker.pull()] == [2]
    worker.replay("earliest")
    assert [each.position for each in worker.pull()] == ["0/0"]
    worker.replay(Offset(0))
    Consumer(worker, lambda delivery: None).step()
    worker.close()
    engine.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("kafak://127.0.0.1:9092", "did you mean kafka://"),
        ("127.0.0.1:9092", "An engine has a URL"),
        (None, "An engine has a URL"),
        (b"memory://", "An engine has a URL"),
        ("", "An engine has a URL"),
        ("redis://127.0.0.1:port", "is no URL"),
        ("redis://127.0.0.1:99999", "is no URL"),
        ("redis://127.0.0.1:0", "nobody listens at port 0"),
        ("nats://127.0.0.1:1/\ud800", "can't be printed"),
        ("kafka://\x00:1", "can't be printed"),
        ("memory://orders", "memory:// has no name"),
        ("file://", "needs the path of a folder"),
        ("http://example.com", "There is no engine 'http'"),
    ],
)
def test_what_is_no_engine_gets_a_sentence(url: object, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        connect(url)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-1, float("nan"), "2", None])
def test_a_wait_is_a_number_of_seconds(seconds: object) -> None:
    with pytest.raises(EngineError, match="wait is a number of seconds"):
        connect("memory://", wait=seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ADAPTERS)
def test_a_missing_client_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package, module = ADAPTERS[scheme][2:]
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(EngineError, match=f"python3 -m pip install {package}"):
        adapter_of(scheme)
