"""kill -9 while events flow: what was acknowledged and is lost, and what came twice.

    a server      windows of 100 are published; amid them the server is killed, and started again on
                  its data; a window that failed is sent again, with the same ids
    a consumer    a process of its own handles events until it is killed; another goes on
    a holder      a process that holds an embedded broker is killed; the next one opens its folder

An id that was acknowledged and never handled is lost. One that was handled twice is a duplicate,
which nobody can avoid who has heard no acknowledgement. A killed process leaves what it wrote to
the kernel, so this proves nothing about a power cut.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.trials import victim
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.ids import fresh_id

COUNT = 10_000
DOWN = 0.5  # seconds from the kill to the start
PATIENCE = 40.0  # seconds without an event after which the rest is given up
DEADLINE = 120.0  # seconds for which a window is sent again and again
GROUP = "billing"
KIT = Path(__file__).resolve().parents[3]


class Killable(Protocol):
    """A server that can be killed and started again on its data."""

    @property
    def url(self) -> str:
        """Where it answers."""

    def kill(self) -> None:
        """End it with SIGKILL."""

    def start(self) -> None:
        """Start it, on the port and the data that it had."""


class Killed(NamedTuple):
    """What a kill cost: events, and the longest time that a window took (seconds)."""

    acknowledged: int
    lost: int
    twice: int
    pause: float = 0.0

    def __str__(self) -> str:
        pause = f"; the longest window took {self.pause:.1f} s" if self.pause else ""
        return (
            f"{self.lost} of {self.acknowledged} acknowledged events lost, "
            f"{self.twice} handled more than once{pause}"
        )


class Tally:
    """Which ids were acknowledged, and how often each was handled."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.handled: Counter[str] = Counter()
        self.pause, self.latest = 0.0, time.monotonic()

    def handle(self, id: str) -> None:
        """Count an event that was handled."""
        self.handled[id] += 1
        self.latest = time.monotonic()

    @property
    def missing(self) -> int:
        """How many were acknowledged and not handled, so far."""
        return len(self.acknowledged - self.handled.keys())

    def settle(self) -> None:
        """Wait until nothing is missing, or until nothing comes for PATIENCE seconds from now."""
        self.latest = time.monotonic()
        while self.missing and time.monotonic() - self.latest < PATIENCE:
            time.sleep(0.1)

    def result(self) -> Killed:
        """Return what the kill cost."""
        twice = sum(times - 1 for times in self.handled.values())
        return Killed(len(self.acknowledged), self.missing, twice, round(self.pause, 1))


def kill_server(server: Killable, count: int = COUNT, settles: float = 0.0) -> Killed:
    """Kill a server amid `count` events, start it again, and count what is lost and what is twice.

    A consumer runs meanwhile. Its group is `settles` seconds old when the first event comes.
    Raises EngineError if a window can't be sent for DEADLINE seconds.
    """
    topic, tally = _fresh("kill"), Tally()
    with connect(server.url) as engine:
        engine.topic(topic)
        with _handling(engine.subscribe(topic, GROUP), tally):
            time.sleep(settles)
            amid = threading.Event()
            killer = threading.Thread(target=_crash, args=(server, amid))
            killer.start()
            try:
                _publish(engine, topic, count, tally, amid.set)
            finally:
                amid.set()
                killer.join()
            tally.settle()
    return tally.result()


def _crash(server: Killable, amid: threading.Event) -> None:
    amid.wait()
    time.sleep(0.01)  # into the window
    server.kill()
    time.sleep(DOWN)
    server.start()


def _publish(
    engine: Any, topic: str, count: int, tally: Tally, amid: Callable[[], Any] = lambda: None
) -> None:
    """Publish windows, each until it is acknowledged; call `amid` when two fifths are sent."""
    last = count // victim.WINDOW
    for number in range(last):
        if number == last * 2 // 5:
            amid()
        begun = time.monotonic()
        events = victim.window(topic, number)
        while not _sent(engine, topic, events, begun):
            time.sleep(0.2)
        tally.acknowledged.update(event.id for event in events)
        tally.pause = max(tally.pause, time.monotonic() - begun)


def _sent(engine: Any, topic: str, events: list[Any], begun: float) -> bool:
    try:
        engine.publish_batch(topic, events)
    except PubSubKitError:
        if time.monotonic() - begun > DEADLINE:
            raise
        return False
    return True


@contextmanager
def _handling(worker: Any, tally: Tally) -> Iterator[None]:
    """Let a worker handle events in a thread, whatever becomes of its server."""
    over = threading.Event()
    consumer = Consumer(worker, lambda delivery: tally.handle(delivery.id))

    def work() -> None:
        while not over.is_set():
            try:
                over.wait(0 if consumer.step(100) else 0.01)
            except PubSubKitError:
                over.wait(0.5)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def kill_forgetful(server: Killable, count: int = COUNT) -> Killed:
    """Kill a server that keeps all in memory once it has acknowledged all, and count what is lost.

    Its topic and its group are made anew after the start, and the group reads from its beginning.
    """
    topic, tally = _fresh("kill"), Tally()
    with connect(server.url) as engine:
        engine.topic(topic)
        engine.subscribe(topic, GROUP)
        _publish(engine, topic, count, tally)
        server.kill()
    server.start()
    with connect(server.url) as engine:
        engine.topic(topic)
        worker = engine.subscribe(topic, GROUP)
        for _ in range(10):  # what is there comes at once
            for lent in worker.pull(100):
                tally.handle(lent.id)
                lent.ack()
    return tally.result()


def kill_consumer(url: str, count: int = COUNT) -> Killed:
    """Kill a process that handles events, let another worker go on, and count."""
    topic, tally = _fresh("victim"), Tally()
    with connect(url) as engine:
        engine.topic(topic)
        with _process(tally, "handle", url, topic, GROUP) as process:
            _publish(engine, topic, count, tally, process.kill)
        with _handling(engine.subscribe(topic, GROUP), tally):
            tally.settle()
    return tally.result()


def kill_holder(url: str, count: int = COUNT) -> Killed:
    """Kill a process that holds an embedded broker, open its folder anew, and count."""
    topic, tally = _fresh("holder"), Tally()
    with _process(tally, "hold", url, topic, GROUP, str(count)) as process:
        while len(tally.acknowledged) < count * 2 // 5 and process.poll() is None:
            time.sleep(0.005)
    with connect(url) as engine, _handling(engine.subscribe(topic, GROUP), tally):
        tally.settle()
    return tally.result()


@contextmanager
def _process(tally: Tally, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a victim, kill it at the end, and count all that it has said."""
    command = [sys.executable, "-m", victim.__name__, *arguments]
    found = os.pathsep.join([str(KIT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": found}
    )
    assert process.stdout is not None
    begun = process.stdout.readline() == "ready\n"
    reader = threading.Thread(target=_read, args=(process.stdout, tally))
    reader.start()
    try:
        if not begun:
            code = process.wait()
            raise EngineError(f"The process ended with {code} before it was killed.")
        yield process
    finally:
        process.kill()
        process.wait()
        reader.join()


def _read(lines: TextIO, tally: Tally) -> None:
    with lines:
        for line in lines:
            if line.startswith("+"):
                tally.handle(line[1:-1])
            elif line.startswith("="):
                ids, _, number = line[1:-1].rpartition(" ")
                tally.acknowledged.update(event.id for event in victim.window(ids, int(number)))


def _fresh(name: str) -> str:
    return f"{name}-{fresh_id()[:6]}{fresh_id().partition('-')[2]}"
