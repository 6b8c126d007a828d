"""The world's verbs on a real clock, and the places where a process dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.trials.answers.journal import Journal
from pubsub_kit.engines.trials.answers.places import Fate, Place
from pubsub_kit.engines.trials.answers.real import RealWorld
from pubsub_kit.patterns.sqlite_store import SqliteStore
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.verbs import call, clock, gather, perform, sleep


class Now:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.time

    def pause(self, seconds: float) -> None:
        self.waited.append(round(seconds, 6))
        self.time += seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "rows.db")
    yield store
    store.close()


async def nap(seconds: float) -> float:
    await sleep(seconds)
    return seconds


def real(now: Now, second: float = 1.0, **options: Any) -> RealWorld:
    return RealWorld(Fate(), second, clock=now, pause=now.pause, **options)


def test_a_sleep_takes_its_time(now: Now) -> None:
    real(now).do(lambda: nap(5))
    assert now.time == pytest.approx(1005)


def test_a_second_of_the_lesson_can_be_shorter(now: Now) -> None:
    real(now, second=0.1).do(lambda: nap(5))
    assert now.time == pytest.approx(1000.5)


def test_the_clock_counts_seconds_of_the_lesson(now: Now) -> None:
    async def code() -> float:
        before = clock()
        await sleep(5)
        return clock() - before

    assert real(now, second=0.1).do(code) == pytest.approx(5)


def test_tasks_go_on_side_by_side(now: Now) -> None:
    async def code() -> list[float]:
        return await gather(nap(3), nap(1), nap(2))

    assert real(now).do(code) == [3, 1, 2]
    assert now.time == pytest.approx(1003)


def test_what_a_handler_raises_is_raised(now: Now) -> None:
    async def code() -> None:
        await sleep(1)
        raise KeyError("tea")

    world = real(now)
    with pytest.raises(KeyError, match="tea"):
        world.do(code)
    assert world.do(lambda: 3) == 3


def test_a_service_is_called(now: Now) -> None:
    async def double(number: int) -> int:
        await sleep(1)
        return 2 * number

    world = real(now)
    world.service("double", double)
    assert world.do(lambda: call("double", 21, timeout=5.0)) == 42


def test_what_is_performed_is_written_down(now: Now, db: SqliteStore) -> None:
    world = real(now)
    world.journal = Journal(db)
    world.do(lambda: perform("mail", "o-1"))
    assert world.journal.all("performed") == ["mail o-1"]
    assert db.rows == {}


def test_what_is_published_is_with_the_engine(now: Now) -> None:
    engine = connect("memory://")
    engine.topic("orders-1")
    readers = engine.subscribe("orders-1", "readers")
    world = real(now, engine=engine, topics={"orders": "orders-1"})
    world.do(lambda: publish("orders", {"tea": 1}, id="o-1", key="ann"))
    [got] = readers.pull()
    assert (got.id, got.key, got.data) == ("o-1", "ann", {"tea": 1})


# --- places ---------------------------------------------------------------------------------------

REACHES = """
import sys
from pubsub_kit.engines.trials.answers.places import Fate, Place
fate = Fate(Place(*eval(sys.argv[1])))
for hand, words in [("a", "writing x"), ("a", "writing y"), ("b", "writing x")]:
    fate.hand = hand
    fate.reach(words)
    print(hand, words, flush=True)
"""


def reached(*place: object) -> tuple[int, list[str]]:
    """Return how a process ended that comes to three places, and which it has passed."""
    done = subprocess.run(
        [sys.executable, "-c", REACHES, repr(place)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("place", "passed"),
    [
        (("writing y",), ["a writing x"]),
        ((3,), ["a writing x", "a writing y"]),
        (("writing", False, "b"), ["a writing x", "a writing y"]),
    ],
    ids=["by words", "by number", "by message"],
)
def test_a_process_dies_before_its_place(place: tuple[object, ...], passed: list[str]) -> None:
    assert reached(*place) == (-signal.SIGKILL, passed)


def test_a_process_that_never_comes_there_lives() -> None:
    assert reached("deleting")[0] == 0


def test_a_process_without_a_place_lives() -> None:
    fate = Fate()
    fate.reach("writing x")
    assert (fate.passed, fate.place) == (1, None)
    assert Place("x").stops is False
