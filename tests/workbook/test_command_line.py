"""What the command line says before, and instead of, doing something: help, and what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pubsub_kit import __main__ as command_line
from pubsub_kit import options
from pubsub_kit.bench import table
from pubsub_kit.workbook import environment
from tests.workbook.checkout import FakeUv, kit, the_complaint

pytestmark = pytest.mark.usefixtures("plain_variables")


@pytest.mark.parametrize("command", command_line.COMMANDS)
def test_help_of_every_command_installs_nothing(copy: Path, uv: FakeUv, command: str) -> None:
    done = kit(copy, command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: python3 -m pubsub_kit {command}")
    assert uv.calls() == []
    assert not (copy / ".venv").exists()


@pytest.mark.parametrize(
    "arguments", [["bench", "brokrs"], ["bench", "--rounds", "0"], ["check"], ["build", "--chekc"]]
)
def test_wrong_arguments_install_nothing(copy: Path, uv: FakeUv, arguments: list[str]) -> None:
    done = kit(copy, *arguments)
    assert done.returncode == 2
    assert f"pubsub_kit {arguments[0]}: error: " in done.stderr
    assert uv.calls() == []


def test_without_a_command_the_commands_are_listed_and_nothing_counts_as_done(copy: Path) -> None:
    done = kit(copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(f"\n  {name} " in done.stderr for name in command_line.COMMANDS)
    asked = kit(copy, "--help")
    assert (asked.returncode, asked.stdout) == (0, done.stderr)


@pytest.mark.parametrize(
    ("given", "meant"), [("chek", "check?"), ("tset", "test?"), ("xyz", "lab or check or progress")]
)
def test_an_unknown_command_is_told_the_nearest_one(copy: Path, given: str, meant: str) -> None:
    said = the_complaint(kit(copy, given))
    assert f"there is no command {given!r}: did you mean {meant}" in said


def test_every_part_of_the_bench_can_be_asked_for() -> None:
    assert tuple(table.PARTS) == options.PARTS


# --- terminals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_any_terminal_can_print_what_is_said(copy: Path, encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import runpy, sys; sys.argv[1:] = ['progress']\n"
         "import pubsub_kit.checks.desk.progress as p; p.main = lambda _: print('✓ ✗ × – ’ 日')\n"
         "runpy.run_module('pubsub_kit', run_name='__main__', alter_sys=True)"],
        cwd=copy, env={**os.environ, "PYTHONIOENCODING": encoding, "PUBSUB_KIT_ENV": "current"},
        capture_output=True, check=False,
    )  # fmt: skip
    said = done.stdout.decode(encoding).strip()
    wanted = {"utf-8": "✓ ✗ × – ’ 日", "cp1252": "v x × – ’ ?", "latin-1": "v x × - ' ?"}
    assert (done.returncode, said) == (0, wanted.get(encoding, "v x x - ' ?")), done.stderr


@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_set_up_speaks_to_any_terminal(
    copy: Path, uv: FakeUv, setting: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "été-日本"
    done = kit(copy, "test", "--version", PUBSUB_KIT_ENV=str(folder), **setting)
    assert (done.returncode, done.stderr) == (0, "")
    uv.fails("error: ✗ 日本")
    (copy / "pyproject.toml").open("a").write("\n# changed\n")
    done = kit(copy, "test", "--version", PUBSUB_KIT_ENV=str(folder), **setting)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


# --- statuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_set_up_that_is_stopped_ends_its_installer_and_says_so(
    copy: Path, uv: FakeUv, number: int
) -> None:
    uv.takes_its_time()
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job may not hear of it
    process = subprocess.Popen(
        [sys.executable, "-m", "pubsub_kit", "progress"], cwd=copy,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, usual)
    while not (at_work := uv.process()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == 128 + number
    assert not at_work.is_running()
    assert not environment.ready(copy, copy / ".venv", [])


@pytest.mark.parametrize(
    ("program", "status"),
    [("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 15)", 143)],
)
def test_a_commands_own_status_is_passed_on(program: str, status: int) -> None:
    assert environment.status_of([sys.executable, "-c", program], dict(os.environ)) == status


def test_an_output_that_nobody_reads_any_more_is_no_error(copy: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "import runpy, sys; sys.argv[1:] = ['progress']\n"
         "import pubsub_kit.checks.desk.progress as p\n"
         "p.main = lambda _: [print('x' * 99) for _ in range(9999)] and 0\n"
         "runpy.run_module('pubsub_kit', run_name='__main__', alter_sys=True)"],
        cwd=copy, env={**os.environ, "PUBSUB_KIT_ENV": "current"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait() == 141


# --- test -----------------------------------------------------------------------------------------


@pytest.fixture
def suite(copy: Path) -> Path:
    """Give the checkout a test of its own."""
    (copy / "tests").mkdir()
    (copy / "tests" / "test_own.py").write_text(
        "import random\ndef test_one(): assert random.Random(7)\n"
    )
    return copy


def test_where_no_test_is_selected_nothing_is_started(suite: Path) -> None:
    done = kit(suite, "test", "-k", "xyzzy", "tests", PUBSUB_KIT_ENV="current")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("pubsub_kit: no test is selected by -k xyzzy tests: ")


def test_a_file_that_is_not_there_is_told_at_once(suite: Path) -> None:
    done = kit(suite, "test", "tests/test_other.py", PUBSUB_KIT_ENV="current")
    assert (done.returncode, done.stdout) == (4, "")
    assert "not found: tests/test_other.py" in done.stderr
