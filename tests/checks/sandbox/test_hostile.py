"""An answer may do anything: it gets a verdict with a clear sentence, and leaves no trace."""

from __future__ import annotations

import asyncio
import builtins
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from asyncio import events as asyncio_events
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep as real_sleep
from types import CodeType
from typing import Any

import pytest

from pubsub_kit import call, sleep
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox.alarm import Alarm
from pubsub_kit.world.system import enter
from tests.checks.questions import TITLE, PaysOnce, pay

Event = Any


def surroundings() -> dict[str, Any]:
    """Return what a check must leave as it was."""
    world = enter(None)
    enter(world)
    return {
        "streams": (sys.stdout, sys.stderr, sys.stdin),
        "hooks": (sys.excepthook, sys.unraisablehook, sys.displayhook, sys.breakpointhook),
        "sleep": (time.sleep, time.time, time.monotonic, time.perf_counter),
        "input": (builtins.input, builtins.print),
        "chance": (os.urandom, random.getstate()),
        "threads": (threading.Thread.start, threading.active_count()),
        "alarms": (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)),
        "interrupts": signal.getsignal(signal.SIGINT),
        "garbage": (gc.get_threshold(), gc.isenabled()),
        "tracing": sys.gettrace(),
        "recursion": sys.getrecursionlimit(),
        "world": world,
        "loop": asyncio_events._get_running_loop(),
        "folder": os.getcwd(),
        "names here": (real_sleep,),
    }


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = surroundings()
    yield
    assert surroundings() == before
    assert pay(limit=20.0).verdict(PaysOnce, TITLE).outcome == "holds"


def verdict_on(answer: Any, limit: float = 0.3) -> Verdict:
    verdict = pay(limit).verdict(answer, TITLE)
    assert "Traceback" not in verdict.text
    assert len(verdict.text) < 1_500
    return verdict


def sentence(verdict: Verdict) -> str:
    assert verdict.outcome == "fails", verdict
    assert verdict.violation is not None
    assert "\n" not in verdict.violation.message
    return verdict.violation.message


# --- loops ----------------------------------------------------------------------------------------


async def loops(event: Event) -> None:
    while True:
        pass


async def loops_and_catches_exceptions(event: Event) -> None:
    while True:
        try:
            len([event])
        except Exception:
            continue


async def loops_and_catches_everything(event: Event) -> None:
    while True:
        try:
            len([event])
        except:  # noqa: E722
            continue


async def loops_within_loops(event: Event) -> None:
    while True:
        try:
            while True:
                try:
                    for _ in range(1000):
                        len([event])
                except:  # noqa: E722
                    continue
        except:  # noqa: E722
            continue


async def blocks_and_catches_everything(event: Event) -> None:
    gate = threading.Event()
    while True:
        try:
            gate.wait(10)
        except:  # noqa: E722
            continue


async def loops_on_its_way_out(event: Event) -> None:
    try:
        while True:
            pass
    finally:
        while True:
            pass


class LoopsAtItsMaking:
    def __init__(self, db: Any) -> None:
        while True:
            pass

    def handle(self, event: Event) -> Any:
        return event


def loops_plainly(event: Event) -> None:
    while event:
        pass


LOOPS = [
    loops,
    loops_and_catches_exceptions,
    loops_and_catches_everything,
    loops_within_loops,
    blocks_and_catches_everything,
    loops_on_its_way_out,
    LoopsAtItsMaking,
    loops_plainly,
]


@pytest.mark.parametrize("answer", LOOPS)
def test_a_loop_is_stopped_and_its_line_is_told(answer: Any) -> None:
    said = sentence(verdict_on(answer))
    assert said.startswith("your code was still running after 0.3 s (line ")


def test_a_loop_is_stopped_in_a_thread_too() -> None:
    verdicts: list[Verdict] = []
    thread = threading.Thread(target=lambda: verdicts.append(verdict_on(loops)))
    thread.start()
    thread.join(30)
    assert "was still running" in sentence(verdicts[0])


ROOT = Path(__file__).resolve().parents[3]
PROFILED_AFTERWARDS = """
import sys, threading
from tests.checks.sandbox.test_hostile import loops, verdict_on

for limit in (0.01, 0.05, 0.3):
    thread = threading.Thread(target=verdict_on, args=(loops, limit))
    thread.start()
    thread.join()
sys.setprofile(lambda frame, event, arg: None)
print((lambda: "it goes on")())
"""


def test_a_loop_that_was_stopped_in_a_thread_leaves_nothing_pending() -> None:
    """CPython 3.11 would never enter a function again, where a profile function is set."""
    command = [sys.executable, "-c", PROFILED_AFTERWARDS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"it goes on\n"


async def awaits_nothing_for_ever(event: Event) -> None:
    while True:
        await sleep(0)


async def waits_again_and_again(event: Event) -> None:
    while True:
        await sleep(1)


@pytest.mark.parametrize("answer", [awaits_nothing_for_ever, waits_again_and_again])
def test_a_loop_that_awaits_never_ends_in_virtual_time_either(answer: Any) -> None:
    assert verdict_on(answer, limit=20.0).belief == "nobody ends its wait"


def calls_itself(event: Event) -> Any:
    return calls_itself(event)


async def awaits_itself(event: Event) -> None:
    await awaits_itself(event)


@pytest.mark.parametrize("answer", [calls_itself, awaits_itself])
def test_a_recursion_without_end_is_told(answer: Any) -> None:
    said = sentence(verdict_on(answer, limit=20.0))
    assert said.startswith("Your code raised RecursionError: maximum recursion depth exceeded")
    assert answer.__name__ in said


# --- real time ------------------------------------------------------------------------------------


async def sleeps(event: Event) -> None:
    time.sleep(30)


async def sleeps_by_a_name_of_its_own(event: Event) -> None:
    real_sleep(30)


async def sleeps_and_catches_everything(event: Event) -> None:
    while True:
        try:
            time.sleep(30)
        except:  # noqa: E722
            continue


async def sleeps_and_goes_on(event: Event) -> None:
    try:
        time.sleep(30)
    except BaseException:
        return


SLEEPERS = [
    sleeps,
    sleeps_by_a_name_of_its_own,
    sleeps_and_catches_everything,
    sleeps_and_goes_on,
]


@pytest.mark.parametrize("answer", SLEEPERS)
def test_sleeping_in_real_time_is_told_of_the_worlds_sleep(answer: Any) -> None:
    assert sentence(verdict_on(answer)) == (
        "time.sleep(30) blocks everything: write `await sleep(30)`, with sleep from pubsub_kit"
    )


async def reads_the_wall_clock(event: Event) -> None:
    await sleep(1)
    event.data["at"] = time.monotonic()


def test_a_clock_on_the_wall_is_told_of_the_worlds_clock() -> None:
    said = sentence(verdict_on(reads_the_wall_clock))
    assert said.startswith("time.monotonic() reads the wall clock")
    assert "clock()" in said


async def asks(event: Event) -> None:
    input("How much? ")


async def stops_to_debug(event: Event) -> None:
    breakpoint()


@pytest.mark.parametrize("answer", [asks, stops_to_debug])
def test_waiting_for_a_person_is_told(answer: Any) -> None:
    assert "waits for a person" in sentence(verdict_on(answer))


async def starts_threads(event: Event) -> None:
    threading.Thread(target=print, daemon=True).start()


def test_a_thread_is_not_started() -> None:
    assert sentence(verdict_on(starts_threads)).startswith("a thread runs in real time")


async def sleeps_with_asyncio(event: Event) -> None:
    await asyncio.sleep(1)


def test_asyncio_is_told_of_the_worlds_verbs() -> None:
    assert "sleep(seconds)" in sentence(verdict_on(sleeps_with_asyncio))


def test_other_threads_sleep_as_they_please() -> None:
    slept = []

    def other() -> None:
        for _ in range(20):
            time.sleep(0.005)
            slept.append(time.monotonic())

    thread = threading.Thread(target=other)
    thread.start()
    verdict_on(loops)
    thread.join()
    assert len(slept) == 20


# --- raising --------------------------------------------------------------------------------------


async def exits(event: Event) -> None:
    sys.exit(3)


async def interrupts_itself(event: Event) -> None:
    raise KeyboardInterrupt


async def raises_a_base_exception(event: Event) -> None:
    raise BaseException("all of it")


async def raises_generator_exit(event: Event) -> None:
    raise GeneratorExit


def exits_plainly(event: Event) -> None:
    exit()


class ExitsAtItsMaking:
    def __init__(self, db: Any) -> None:
        raise SystemExit

    def handle(self, event: Event) -> Any:
        return event


@pytest.mark.parametrize("answer", [exits, exits_plainly, ExitsAtItsMaking])
def test_an_exit_ends_the_run_alone(answer: Any) -> None:
    assert sentence(verdict_on(answer)).startswith("your code called exit() (line ")


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (interrupts_itself, "KeyboardInterrupt"),
        (raises_a_base_exception, "BaseException"),
        (raises_generator_exit, "GeneratorExit"),
    ],
)
def test_what_is_no_exception_is_told_by_its_name(answer: Any, name: str) -> None:
    assert sentence(verdict_on(answer)).startswith(f"your code raised {name} (line ")


async def raises_stop_iteration(event: Event) -> None:
    raise StopIteration


def raises_stop_iteration_plainly(event: Event) -> None:
    raise StopIteration


@pytest.mark.parametrize("answer", [raises_stop_iteration, raises_stop_iteration_plainly])
def test_stop_iteration_is_an_exception_like_others(answer: Any) -> None:
    assert sentence(verdict_on(answer, limit=10.0))


# --- the person at the keyboard -------------------------------------------------------------------


async def presses_ctrl_c(event: Event) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        pass


async def presses_ctrl_c_and_catches_it(event: Event) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        try:
            len([event])
        except:  # noqa: E722
            continue


@pytest.mark.parametrize("answer", [presses_ctrl_c, presses_ctrl_c_and_catches_it])
def test_ctrl_c_ends_the_check_and_the_cell(answer: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        pay(30.0).verdict(answer, TITLE)


# --- answers of the wrong kind --------------------------------------------------------------------


async def generates(event: Event) -> Any:
    yield event


def generates_plainly(event: Event) -> Any:
    yield event


class HandlesNothing:
    def __init__(self, db: Any) -> None:
        self.db = db

    def process(self, event: Event) -> None:
        self.db.put("paid", 10)


class RefusesToBeLookedAt:
    def __init__(self, *args: Any) -> None:
        self.args = args

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("go away")

    def __repr__(self) -> str:
        raise RuntimeError("go away")

    def __call__(self, event: Event) -> None: ...


class LiesAboutItself:
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("who knows")

    def __call__(self, event: Event) -> int:
        return 3


KINDS: dict[str, Callable[[], Any]] = {
    "int": lambda: 3,
    "float": lambda: 2.5,
    "text": lambda: "pay",
    "bytes": lambda: b"pay",
    "list": lambda: [1, 2],
    "object": object,
    "instance": lambda: PaysOnce(None),
    "takes nothing": lambda: lambda: 3,
    "takes two": lambda: lambda event, more: (event, more),
    "async generator": lambda: generates,
    "generator": lambda: generates_plainly,
    "class without handle": lambda: HandlesNothing,
    "refuses to be looked at": RefusesToBeLookedAt,
    "lies about itself": LiesAboutItself,
    "class of Python's": lambda: int,
    "function of Python's": lambda: print,
    "module": lambda: time,
    "class of asyncio's": lambda: asyncio.Future,
    "method": lambda: PaysOnce.handle,
    "coroutine": lambda: loops(None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_answer_of_another_kind_gets_a_sentence(kind: str) -> None:
    said = sentence(verdict_on(KINDS[kind]()))
    assert 10 < len(said) < 300


def test_an_answer_that_is_no_code_is_shown_how() -> None:
    said = sentence(verdict_on(3))
    assert said.startswith("check() takes your function or class itself, not an int: write q.pay.")
    assert "not a PaysOnce" in sentence(verdict_on(PaysOnce(None)))


# --- what an answer returns, changes, prints ------------------------------------------------------


class Garbage:
    def __repr__(self) -> str:
        raise RuntimeError("go away")

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("go away")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "garbage",
    [Garbage(), object(), [[]], {1: {2: {3: {4: 5}}}}, float("nan"), 10**400, "x" * 10**6, print],
    ids=lambda value: type(value).__name__,
)
def test_garbage_in_the_store_is_shown_or_told(garbage: Any) -> None:
    class StoresGarbage:
        def __init__(self, db: Any) -> None:
            self.db = db

        async def handle(self, event: Event) -> None:
            await self.db.put("paid", garbage)

    verdict = verdict_on(StoresGarbage, limit=20.0)
    assert len(sentence(verdict)) < 300
    if verdict.picture is not None:
        assert len(verdict.picture.text) < 3_000


class Mutates(PaysOnce):
    async def handle(self, event: Event) -> None:
        await super().handle(event)
        event.data["amount"] = 1_000
        event.data.clear()


def test_a_handler_may_change_its_own_copy_of_an_event() -> None:
    assert verdict_on(Mutates, limit=20.0).outcome == "holds"


class Breaks(PaysOnce):
    """Puts everything around itself out of order."""

    async def handle(self, event: Event) -> None:
        sys.stdout = sys.stderr = None
        sys.setrecursionlimit(sys.getrecursionlimit() + 100)
        gc.disable()
        gc.set_threshold(1, 1, 1)
        random.seed(event.id)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.excepthook = lambda *args: None
        sys.unraisablehook = lambda unraisable: None
        os.chdir(os.sep)
        await super().handle(event)


def test_what_an_answer_put_out_of_order_is_set_back() -> None:
    verdict_on(Breaks, limit=20.0)


class Prints(PaysOnce):
    async def handle(self, event: Event) -> None:
        print("handling", event.id)
        for i in range(2_000):
            print(i)
        await super().handle(event)


def test_what_an_answer_prints_is_kept_short(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = verdict_on(Prints, limit=20.0)
    assert verdict.outcome == "holds"
    assert verdict.printed.splitlines() == [
        "handling pay-1", "0", "1", "2", "3", "4", "… and 1,995 more lines",
    ]  # fmt: skip
    assert capsys.readouterr() == ("", "")


class Checks(PaysOnce):
    async def handle(self, event: Event) -> None:
        await super().handle(event)
        self.verdict = pay().verdict(PaysOnce, TITLE)


def test_a_check_inside_of_a_check_harms_nobody() -> None:
    assert verdict_on(Checks, limit=20.0).outcome == "holds"


async def forgets_to_await(event: Event) -> None:
    call("stock", event.data)  # type: ignore[unused-coroutine]


@pytest.mark.filterwarnings("error")
def test_a_coroutine_that_nobody_awaits_is_told_first() -> None:
    verdict = verdict_on(forgets_to_await, limit=20.0)
    line = code_of(forgets_to_await).co_firstlineno + 1
    assert sentence(verdict).startswith(f'call(…) (line {line}: call("stock", event.data)')
    assert sentence(verdict).endswith(" was called but never awaited, so it never ran.")
    assert verdict.belief == "no await"
    assert "await" in verdict.lesson


class WaitsInItsFinally(PaysOnce):
    """Loops when Python takes its coroutine away."""

    async def handle(self, event: Event) -> None:
        try:
            await call("nobody", timeout=None)
        finally:
            while True:
                pass


def test_code_that_refuses_to_end_does_not_run_after_the_check() -> None:
    assert sentence(verdict_on(WaitsInItsFinally))
    gc.collect()


def code_of(answer: Any) -> CodeType:
    code: CodeType = answer.__code__
    return code


def test_the_line_that_loops_is_the_learners() -> None:
    first = code_of(loops).co_firstlineno
    assert f"(line {first + 1}: while True:)" in sentence(verdict_on(loops)) or (
        f"(line {first + 2}: pass)" in sentence(verdict_on(loops))
    )


# --- a slow run is no endless one -----------------------------------------------------------------


def spin() -> int:
    """Compute for some milliseconds."""
    return sum(range(400_000))


@pytest.mark.parametrize(
    ("steps", "slices"),
    [([0] * 9, 2), ([1, 1, 1, 1, 2], 3), ([1, 1, 2, 2, 3, 3, 3, 3], 7), (range(1, 30), 11),
     ([None] * 9, 3)],
)  # fmt: skip
def test_an_alarm_waits_as_long_as_a_run_gets_further_and_not_for_ever(
    steps: Any, slices: int
) -> None:
    """It looks four times in the time that a run may stand still."""
    heard = iter([steps[0] and 0, *steps])
    alarm = Alarm(1.0, lambda: next(heard))
    alarm._seen = alarm.progress()
    goes_on = [alarm._may_go_on() for _ in range(slices + 1)]
    assert goes_on == [True] * slices + [False]


class SlowForEver(PaysOnce):
    async def handle(self, event: Event) -> None:
        while True:
            spin()
            await sleep(1e-6)


def test_a_run_that_gets_further_for_ever_is_stopped_all_the_same() -> None:
    said = sentence(verdict_on(SlowForEver, limit=0.2))
    assert said.startswith("your code was still running after 0.2 s")
