"""A consumer on an engine far away, driven in a thread or in asyncio, and what ends it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import pubsub_kit.broker.driver
from pubsub_kit import Consumer
from pubsub_kit.engines import Unreachable, connect
from pubsub_kit.engines.servers.nats import Nats
from pubsub_kit.engines.servers.redis import Redis
from pubsub_kit.engines.servers.server import Server
from tests.engines.ministack import fresh

LONG = 30.0  # seconds: no test waits so long unless it fails
SERVERS: dict[str, type[Server]] = {"redis": Redis, "nats": Nats}
ENGINES = ["memory", "file", *SERVERS]


def started(name: str) -> Server:
    """Start a server, or skip with what is missing for it."""
    if sentence := SERVERS[name].missing():
        pytest.skip(sentence)
    server = SERVERS[name]()
    server.start()
    return server


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    running: dict[str, Server] = {}

    def url(name: str) -> str:
        if name == "file":
            return f"file://{tmp_path_factory.mktemp('broker')}"
        if name == "memory":
            return "memory://"
        if name not in running:
            running[name] = started(name)
        return running[name].url

    yield url
    for server in running.values():
        server.stop()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, urls: Callable[[str], str]) -> Iterator[Any]:
    with connect(urls(request.param)) as connection:
        yield connection


@pytest.fixture
def topic(engine: Any) -> str:
    name = fresh("orders")
    engine.topic(name)
    return name


class Shelf:
    """A handler, plain or async, that keeps what it got and can be waited for."""

    def __init__(self, enough: int) -> None:
        self.enough, self.kept, self.full = enough, list[Any](), threading.Event()

    def __call__(self, delivery: Any) -> None:
        self.kept.append(delivery.data)
        if len({*self.kept}) >= self.enough:
            self.full.set()

    async def handle(self, delivery: Any) -> None:
        await asyncio.sleep(0)
        self(delivery)


def thread(consumer: Consumer, until: Callable[[], object]) -> None:
    """Drive a consumer in a thread until a call has returned."""
    with consumer.run_in_thread():
        until()


def loop(consumer: Consumer, until: Callable[[], object]) -> None:
    """Drive a consumer in an event loop until a call, in a thread, has returned."""

    async def main() -> None:
        task = asyncio.create_task(consumer.run())
        await asyncio.to_thread(until)
        consumer.stop()
        await asyncio.wait_for(task, LONG)

    asyncio.run(main())


WAYS = [
    pytest.param(thread, lambda shelf: shelf, id="thread"),
    pytest.param(loop, lambda shelf: shelf, id="loop"),
    pytest.param(loop, lambda shelf: shelf.handle, id="async-handler"),
]


# ── on engines ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("drive", "handler"), WAYS)
def test_what_is_published_is_handled_once_and_acked(
    engine: Any, topic: str, drive: Any, handler: Any
) -> None:
    worker, shelf = engine.subscribe(topic, "billing"), Shelf(20)
    consumer = Consumer(worker, handler(shelf))

    def publish() -> None:
        for number in range(20):
            engine.publish(topic, number)
        assert shelf.full.wait(LONG)

    drive(consumer, publish)
    assert (sorted(shelf.kept), consumer.handled, consumer.error) == ([*range(20)], 20, None)
    worker.close()
    assert engine.subscribe(topic, "billing").pull() == []


def test_the_loop_goes_on_while_a_pull_waits(engine: Any, topic: str) -> None:
    worker, ticks = engine.subscribe(topic, "billing"), [0]
    pulling, pull = [False], worker.pull

    def slow(n: int = 1) -> Any:
        pulling[0] = True
        try:
            return pull(n)
        finally:
            pulling[0] = False

    async def main() -> None:
        shelf = Shelf(1)
        consumer = Consumer(worker, shelf)
        task = asyncio.create_task(consumer.run())
        while ticks[0] < 20 and not shelf.full.is_set():
            await asyncio.sleep(0.001)
            ticks[0] += pulling[0]
        await asyncio.to_thread(engine.publish, topic, "tea")
        assert await asyncio.to_thread(shelf.full.wait, LONG)
        consumer.stop()
        await asyncio.wait_for(task, LONG)

    if not hasattr(worker, "wait"):
        return  # the embedded broker never waits
    worker.pull = slow
    asyncio.run(main())
    assert ticks == [20]


@pytest.mark.parametrize("drive", [thread, loop])
def test_a_stopped_consumer_finishes_what_it_holds(engine: Any, topic: str, drive: Any) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[Any]()
    worker = engine.subscribe(topic, "billing")

    def slow(delivery: Any) -> None:
        begun.set()
        assert go_on.wait(LONG)
        done.append(delivery.data)

    def stop() -> None:
        assert begun.wait(LONG)
        consumer._stopping.set()
        go_on.set()

    consumer = Consumer(worker, slow)
    engine.publish_batch(topic, ["tea", "tea"])
    drive(consumer, stop)
    worker.close()
    (left,) = pulled(engine.subscribe(topic, "billing"))
    assert (done, consumer.handled, left.data, left.attempt) == (["tea"], 1, "tea", 1)


def pulled(worker: Any) -> list[Any]:
    """Pull until something comes."""
    for _ in range(300):
        if taken := list(worker.pull(10)):
            return taken
        threading.Event().wait(0.02)
    return []


def test_a_cancelled_handler_gives_its_message_back(engine: Any, topic: str) -> None:
    worker, other = (engine.subscribe(topic, "billing", ack_deadline=LONG) for _ in range(2))

    async def main() -> None:
        begun = asyncio.Event()

        async def endless(delivery: Any) -> None:
            begun.set()
            await asyncio.sleep(LONG)

        task = asyncio.create_task(Consumer(worker, endless).run())
        await asyncio.to_thread(engine.publish, topic, "tea")
        await asyncio.wait_for(begun.wait(), LONG)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [(lent.data, lent.attempt) for lent in pulled(other)] == [("tea", 2)]


@pytest.mark.parametrize("drive", [thread, loop])
def test_what_the_handler_raised_is_why_it_was_given_back(
    engine: Any, topic: str, drive: Any
) -> None:
    worker, failed = engine.subscribe(topic, "billing", max_deliveries=1), threading.Event()

    def handler(delivery: Any) -> None:
        failed.set()
        raise ValueError(f"no {delivery.data}")

    consumer = Consumer(worker, handler)
    engine.publish(topic, "tea")
    drive(consumer, lambda: failed.wait(LONG))
    (letter,) = pulled(engine.subscribe(f"{topic}.dead", "clerk", start="earliest"))
    assert letter.event.extensions["deadreason"] == "ValueError: no tea"
    assert (consumer.handled, consumer.failed, repr(consumer.error)) == (
        0, 1, "ValueError('no tea')",
    )  # fmt: skip


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(("drive", "handler"), WAYS[::2])
def test_a_server_is_killed_and_comes_back_and_loses_nothing_acknowledged(
    name: str, drive: Any, handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server, shelf = started(name), Shelf(60)
    with connect(server.url, timeout=2) as engine:
        engine.topic("orders")
        consumer = Consumer(engine.subscribe("orders", "billing", ack_deadline=1), handler(shelf))
        cut_off = threading.Event()
        consumer.subscription.pull = noticing(consumer.subscription.pull, cut_off)  # type: ignore[method-assign]

        def publish() -> None:
            for number in range(60):
                if number == 30:
                    server.kill()
                    assert cut_off.wait(LONG)
                    server.start()
                until_acknowledged(partial(engine.publish, "orders", number))
            assert shelf.full.wait(LONG)

        drive(consumer, publish)
    server.stop()
    assert {*shelf.kept} == {*range(60)}
    (warning,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "does not answer" in warning.getMessage()
    assert warning.getMessage().endswith("This consumer goes on trying.")


def noticing(pull: Any, cut_off: threading.Event) -> Any:
    """Return a pull that says when it reached nobody."""

    def wrapped(n: int = 1) -> Any:
        try:
            return pull(n)
        except Unreachable:
            cut_off.set()
            raise

    return wrapped


def until_acknowledged(publish: Callable[[], object]) -> None:
    """Publish, again and again while the server is away."""
    for _ in range(300):
        try:
            publish()
        except Unreachable:
            threading.Event().wait(0.02)
        else:
            return
    raise AssertionError("the server did not come back")


# ── without any server ──────────────────────────────────────────────────────────────────────────


class Slip:
    """A delivery of nobody's, which waits for a word before it is settled."""

    id, key, data, attempt, revoked = "o-1", None, "tea", 1, False

    def __init__(self, settled: Callable[[], object] = bool) -> None:
        self.settled, self.said = settled, list[Any]()

    def ack(self) -> bool:
        self.settled()
        self.said.append("ack")
        return True

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        self.settled()
        self.said.append((delay, reason))
        return True


class Far:
    """A worker whose pulls wait until somebody lets them go on."""

    wait = LONG

    def __init__(self, *slips: Slip) -> None:
        self.slips, self.begun, self.go_on = [*slips], threading.Event(), threading.Event()
        self.clock: Callable[[], float] = lambda: 0.0

    def next_wakeup(self) -> None:
        return None

    def pull(self, n: int = 1) -> list[Any]:
        self.begun.set()
        assert self.go_on.wait(LONG)
        taken, self.slips = self.slips[:n], self.slips[n:]
        return taken


def test_what_a_cancelled_pull_still_takes_is_given_back() -> None:
    slip, shelf = Slip(), Shelf(1)
    far = Far(slip)

    async def main() -> None:
        task = asyncio.create_task(Consumer(far, shelf).run())
        assert await asyncio.to_thread(far.begun.wait, LONG)
        task.cancel()
        await asyncio.sleep(0)
        far.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (slip.said, shelf.kept) == ([(0, "the worker was stopped")], [])


def unreachable() -> None:
    raise Unreachable("nobody answers.")


@pytest.mark.parametrize("late", [True, False])
def test_a_consumer_is_cancelled_though_no_server_answers(late: bool) -> None:
    far = Far(Slip(unreachable))

    async def main() -> None:
        begun = asyncio.Event()

        async def endless(delivery: Any) -> None:
            begun.set()
            await asyncio.sleep(LONG)

        task = asyncio.create_task(Consumer(far, endless).run())
        assert await asyncio.to_thread(far.begun.wait, LONG)
        if late:
            far.go_on.set()
            await asyncio.wait_for(begun.wait(), LONG)
        task.cancel()
        await asyncio.sleep(0)
        far.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(task), LONG)

    asyncio.run(main())


def test_the_loop_goes_on_while_an_ack_waits() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def held_up() -> None:
        asked.set()
        assert go_on.wait(LONG)

    slip = Slip(held_up)
    far = Far(slip)
    far.go_on.set()

    async def main() -> None:
        consumer = Consumer(far, print)
        task = asyncio.create_task(consumer.run())
        while not asked.is_set():
            await asyncio.sleep(0.001)
        assert slip.said == []
        go_on.set()
        while not slip.said:
            await asyncio.sleep(0.001)
        consumer.stop()
        await task

    asyncio.run(main())
    assert slip.said == ["ack"]


def test_many_consumers_in_one_loop_do_not_wait_for_each_other() -> None:
    workers = [Far() for _ in range(60)]

    async def main() -> None:
        tasks = [asyncio.create_task(Consumer(far, print).run()) for far in workers]
        while not all(far.begun.is_set() for far in workers):
            await asyncio.sleep(0.001)
        for task, far in zip(tasks, workers, strict=True):
            task.cancel()
            far.go_on.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_stop_waits_as_long_as_a_pull_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub_kit.broker.driver, "PATIENCE", 0.0)
    far = Far()
    consumer = Consumer(far, print).run_in_thread()
    assert far.begun.wait(LONG)
    with ThreadPoolExecutor() as pool:
        stopping = pool.submit(consumer.stop)
        assert consumer._stopping.wait(LONG)
        far.go_on.set()
        stopping.result(LONG)
    assert not consumer.running


def test_a_batch_of_a_cancelled_step_is_given_back_as_a_whole() -> None:
    slips = [Slip() for _ in range(3)]
    far = Far(*slips)
    far.go_on.set()

    async def main() -> None:
        begun = asyncio.Event()

        async def second(delivery: Any) -> None:
            if delivery is slips[1]:
                begun.set()
                await asyncio.sleep(LONG)

        task = asyncio.create_task(Consumer(far, second).step_async(3))
        await asyncio.wait_for(begun.wait(), LONG)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    back = [(0, "the worker was stopped")]
    assert [slip.said for slip in slips] == [["ack"], back, back]


def test_a_nack_that_reaches_nobody_still_counts_the_failure() -> None:
    def handler(delivery: Any) -> None:
        raise ValueError("no tea")

    far = Far(Slip(unreachable))
    far.go_on.set()
    consumer = Consumer(far, handler)
    with pytest.raises(Unreachable):
        consumer.step()
    assert (consumer.failed, repr(consumer.error)) == (1, "ValueError('no tea')")


def test_the_file_of_a_broker_is_no_server(tmp_path: Path) -> None:
    """What never waits is driven without any thread."""
    with connect(f"file://{tmp_path}/broker") as broker:
        broker.topic("orders")
        seen = list[str]()
        consumer = Consumer(
            broker.subscribe("orders", "billing"),
            lambda delivery: seen.append(threading.current_thread().name),
        )
        broker.publish("orders", "tea")

        async def main() -> None:
            task = asyncio.create_task(consumer.run())
            while not seen:
                await asyncio.sleep(0)
            assert not [each for each in threading.enumerate() if each.name.startswith("consumer")]
            consumer.stop()
            await task

        asyncio.run(main())
