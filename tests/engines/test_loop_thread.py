"""An event loop that is run by whoever calls, and by its keeper for those who can't."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Iterator

import pytest

from pubsub_kit.engines.loop_thread import LoopThread

EMBEDDED = True  # no server is needed


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    made = LoopThread("test")
    yield made
    made.end()


async def thread() -> str:
    return threading.current_thread().name


def in_a_thread(loop: LoopThread, work: object) -> concurrent.futures.Future[object]:
    pool = concurrent.futures.ThreadPoolExecutor(1, "other")
    try:
        return pool.submit(loop, work)  # type: ignore[arg-type]
    finally:
        pool.shutdown(wait=False)


def test_a_lone_caller_runs_the_loop_itself(loop: LoopThread) -> None:
    assert loop(thread()) == threading.current_thread().name
    assert str(in_a_thread(loop, thread()).result(20)).startswith("other")


def test_a_caller_in_an_event_loop_is_served_by_the_keeper(loop: LoopThread) -> None:
    async def notebook() -> str:
        return loop(thread())

    assert asyncio.run(notebook()) == "test"


def test_two_callers_are_in_the_loop_together(loop: LoopThread) -> None:
    begun, met = threading.Event(), asyncio.Event()

    async def wait() -> str:
        begun.set()
        await met.wait()
        return "met"

    async def meet() -> None:
        met.set()

    waits = in_a_thread(loop, wait())
    assert begun.wait(20)
    loop(meet())
    assert waits.result(20) == "met"


def test_the_keeper_goes_on_with_what_a_caller_leaves_behind(loop: LoopThread) -> None:
    first, second = threading.Event(), threading.Event()

    async def short() -> None:
        first.set()
        while not second.is_set():
            await asyncio.sleep(0.01)

    async def long() -> str:
        second.set()
        await asyncio.sleep(0.2)
        return await thread()

    leaves = in_a_thread(loop, short())
    assert first.wait(20)
    assert loop(long()) == "test"
    leaves.result(20)


def test_the_loop_does_what_is_due_while_nobody_calls(loop: LoopThread) -> None:
    done = threading.Event()

    async def later() -> None:
        asyncio.get_running_loop().call_later(0.01, done.set)

    loop(later())
    assert done.wait(20)


def test_an_interrupt_ends_the_call_and_not_the_loop(loop: LoopThread) -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop(interrupted())
    assert loop(asyncio.sleep(0, "on")) == "on"


def test_what_still_runs_is_cancelled_at_the_end(loop: LoopThread) -> None:
    begun = threading.Event()

    async def endless() -> None:
        begun.set()
        await asyncio.sleep(1_000)

    runs = in_a_thread(loop, endless())
    assert begun.wait(20)
    loop.end()
    with pytest.raises(concurrent.futures.CancelledError):
        runs.result(20)
    loop.end()
