"""Redis streams and NATS JetStream when their server is away, hangs, or refuses the password."""

from __future__ import annotations

import gc
import logging
import threading
import time
import warnings
from collections.abc import Iterator

import pytest

from pubsub_kit import Consumer
from pubsub_kit.engines import EngineError, Unreachable, connect
from pubsub_kit.engines.servers import Server
from tests.engines.streams import ENGINES, is_unreachable, running, until


@pytest.fixture(params=ENGINES)
def mortal(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of its own, for a test that kills it."""
    with running(request.param) as server:
        yield server


@pytest.mark.parametrize("name", ENGINES)
def test_a_wrong_password_is_refused_in_a_sentence_that_does_not_show_it(name: str) -> None:
    with running(name, password="right") as server:
        with connect(server.url) as engine:
            engine.topic("orders")
        for url in (server.url.replace("right", "wrong"), f"{name}://127.0.0.1:{server.port}"):
            with pytest.raises(EngineError, match="refused the user or password") as caught:
                connect(url)
            assert "wrong" not in str(caught.value)


def test_a_consumer_goes_on_when_its_server_is_back(
    mortal: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with connect(mortal.url, timeout=1) as engine:
        engine.topic("orders")
        seen: list[int] = []
        worker = engine.subscribe("orders", "billing")
        with caplog.at_level(logging.WARNING):
            consumer = Consumer(worker, lambda lent: seen.append(lent.data)).run_in_thread()
            engine.publish("orders", 1)
            assert until(lambda: seen == [1])
            mortal.kill()
            assert until(lambda: caplog.records)
            with pytest.raises(Unreachable, match="does not answer"):
                engine.publish("orders", 2)
            mortal.start()
            assert until(lambda: not is_unreachable(lambda: engine.publish("orders", 3)))
            assert until(lambda: 3 in seen)
            consumer.stop()
    assert [record.message.endswith("goes on trying.") for record in caplog.records] == [True]
    assert capfd.readouterr().err == ""


def test_what_is_settled_after_a_restart_is_told_in_time(mortal: Server) -> None:
    with connect(mortal.url, timeout=1) as engine:
        engine.topic("orders")
        worker = engine.subscribe("orders", "billing", ack_deadline=3)
        engine.publish("orders", "tea")
        (lent,) = worker.pull()
        mortal.kill()
        with pytest.raises(Unreachable):
            lent.ack()
        mortal.start()
        counted = lent.ack()  # it counts if the server still knows whom it lent to
        time.sleep(3)
        assert [each.data for each in worker.pull()] == ([] if counted else ["tea"])


def test_a_server_that_hangs_is_unreachable(mortal: Server) -> None:
    with connect(mortal.url, timeout=0.5) as engine:
        engine.topic("orders")
        worker = engine.subscribe("orders", "billing")
        mortal.pause()  # the system may take a moment to stop all of its threads
        try:
            assert until(lambda: is_unreachable(lambda: engine.publish("orders", 1)))
            assert is_unreachable(worker.pull)
        finally:
            mortal.resume()
        assert until(lambda: not is_unreachable(lambda: engine.publish("orders", 2)))


@pytest.mark.filterwarnings("error")
def test_a_closed_engine_leaves_no_thread_and_no_socket(mortal: Server) -> None:
    before = {*threading.enumerate()}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with connect(mortal.url) as engine:
            engine.topic("orders")
            worker = engine.subscribe("orders", "billing")
            engine.publish("orders", 1)
            worker.pull()
        with pytest.raises(Unreachable):
            connect(f"{mortal.scheme}://127.0.0.1:1")
        del engine, worker
        gc.collect()
    assert [str(each.message) for each in warned] == []
    assert {*threading.enumerate()} == before
