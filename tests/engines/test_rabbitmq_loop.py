"""RabbitMQ's loop: it is run by whoever waits, and by its keeper for all others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from pubsub_kit.engines.rabbitmq_loop import LOOK, Loop

EMBEDDED = True  # no server is needed
LONG = 20.0


class Watched(Loop):
    """A loop that keeps what broke it."""

    def __init__(self) -> None:
        self.broke: list[BaseException] = []
        super().__init__(self.broke.append)
        self.begin("keeper")


@pytest.fixture
def loop() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.stop()
    made.join(LONG)
    assert "keeper" not in {each.name for each in threading.enumerate()}


def name() -> str:
    return threading.current_thread().name


def asked(loop: Loop, call: Callable[[], Any], seconds: float = LONG) -> Any:
    answer: Future[Any] = Future()
    loop.add_callback(lambda: answer.set_result(call()))
    assert loop.comes(answer, seconds)
    return answer.result()


def until_mine(loop: Loop) -> None:
    """Call until the keeper, which is in the loop after a pause, has left it."""
    ends = threading.Event()
    timer = threading.Timer(LONG, ends.set)
    timer.start()
    while asked(loop, name) != name():
        assert not ends.is_set(), "The keeper never left."
    timer.cancel()


def test_a_lone_caller_runs_it_itself(loop: Watched) -> None:
    until_mine(loop)
    assert asked(loop, name) == name()


def test_the_keeper_does_what_is_due_while_nobody_calls(loop: Watched) -> None:
    until_mine(loop)
    done: Future[str] = Future()
    asked(loop, lambda: loop.call_later(0.01, lambda: done.set_result(name())))
    assert done.result(LONG) == "keeper"
    again: Future[str] = Future()
    loop.add_callback(lambda: again.set_result(name()))
    assert again.result(LONG) == "keeper"


def test_a_timer_that_was_removed_does_not_go_off(loop: Watched) -> None:
    rang: list[str] = []

    def both() -> None:
        loop.remove_timeout(loop.call_later(0.01, lambda: rang.append("removed")))
        loop.call_later(0.02, lambda: rang.append("kept"))

    asked(loop, both)
    answer: Future[Any] = Future()
    asked(loop, lambda: loop.call_later(0.05, lambda: answer.set_result(None)))
    assert (loop.comes(answer, LONG), rang) == (True, ["kept"])


def test_two_callers_are_served_whoever_runs_it(loop: Watched) -> None:
    """The second waits for longer than the first one is there: the keeper takes over."""
    first: Future[Any] = Future()
    second: Future[str] = Future()
    told: list[bool] = []
    waits = threading.Thread(target=lambda: told.append(loop.comes(first, LONG)))
    waits.start()
    also = threading.Thread(target=lambda: told.append(loop.comes(second, LONG)))
    also.start()
    loop.add_callback(lambda: first.set_result(None))
    waits.join(LONG)
    loop.add_callback(lambda: second.set_result(name()))
    also.join(LONG)
    assert told == [True, True]


def test_what_does_not_come_in_time_is_told(loop: Watched) -> None:
    assert not loop.comes(Future(), LOOK / 2)
    assert asked(loop, lambda: "on") == "on"


def test_an_interrupt_while_it_sleeps_does_no_harm(
    loop: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_mine(loop)

    def interrupted(_: float) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._selector, "select", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loop.comes(Future(), LONG)
    assert (asked(loop, lambda: "on"), loop.broke) == ("on", [])


def test_an_interrupt_in_the_middle_of_the_work_is_told_to_the_connection(loop: Watched) -> None:
    until_mine(loop)

    def interrupted() -> None:
        raise KeyboardInterrupt

    loop.add_callback(interrupted)
    with pytest.raises(KeyboardInterrupt):
        loop.comes(Future(), LONG)
    assert [str(error) for error in loop.broke] == ["it was interrupted"]
