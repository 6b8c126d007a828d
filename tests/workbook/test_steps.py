"""A set-up tells its steps as it goes, in a terminal and in a file."""

from __future__ import annotations

import io

from pubsub_kit.workbook.steps import FETCH, NOW_AND_THEN, Steps

PIP = """\
Obtaining file:///a
Collecting numpy>=2.0 (from pubsub-kit)
  Downloading numpy-2.5-cp312.whl.metadata (62 kB)
Collecting simpy>=4.1.1 (from pubsub-kit)
  Using cached simpy-4.1.2-py3-none-any.whl (27 kB)
Downloading numpy-2.5-cp312.whl (16.6 MB)
Installing collected packages: simpy, numpy, pubsub-kit
Successfully installed numpy-2.5 pubsub-kit-0.1.0 simpy-4.1.2
"""
UV = """\
Using Python 3.12.1 environment at: .venv
Resolved 112 packages in 1.03s
Downloading numpy (15.9MiB)
 Downloaded numpy
Prepared 112 packages in 3.10s
Installed 112 packages in 200ms
 + numpy==2.5
Bytecode compiled 9000 files in 15.00s
"""


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(output: str, stream: io.StringIO) -> str:
    """Return what is written of a tool's output, each line of which takes a second."""
    clock = Clock()
    steps = Steps(stream, clock)
    steps.begin(FETCH)
    for line in output.splitlines():
        clock.now += 1
        steps.hear(line)
        steps.tick()
    steps.end()
    return stream.getvalue()


def test_the_steps_of_pip_are_told_with_packages_megabytes_and_seconds() -> None:
    assert told(PIP, io.StringIO()).splitlines() == [
        "  fetch packages: 2 packages, about 17 MB, 7 s",
        "  install: 3 packages, 1 s",
    ]


def test_the_steps_of_uv_are_told_with_packages_megabytes_and_seconds() -> None:
    assert told(UV, io.StringIO()).splitlines() == [
        "  fetch packages: 112 packages, about 16 MB, 5 s",
        "  install: 112 packages, 1 s",
        "  compile: 2 s",
    ]


def test_in_a_terminal_the_line_of_a_step_is_written_over_until_it_ends() -> None:
    lines = told(PIP, Terminal()).splitlines(keepends=True)
    assert [line.rpartition("\r")[2].strip() for line in "".join(lines).split("\n") if line] == [
        "fetch packages: 2 packages, about 17 MB, 7 s",
        "install: 3 packages, 1 s",
    ]
    assert "\r  fetch packages: 1 package, 2 s so far" in "".join(lines)


def test_elsewhere_a_long_step_is_told_of_now_and_then_without_control_characters() -> None:
    clock, stream = Clock(), io.StringIO()
    steps = Steps(stream, clock)
    steps.begin(FETCH)
    for _ in range(3):
        clock.now += NOW_AND_THEN
        steps.tick()
        steps.tick()
    assert stream.getvalue().splitlines() == [
        f"  fetch packages: {n * NOW_AND_THEN:.0f} s so far" for n in (1, 2, 3)
    ]
    assert stream.getvalue().replace("\n", "").isprintable()
