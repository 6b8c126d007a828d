"""The command `engine`: it says where its server is, and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pubsub_kit import options
from pubsub_kit.engines.servers import NAMES, available, running, terminal
from pubsub_kit.engines.servers.running import SWITCH
from pubsub_kit.engines.servers.wire import free_port, is_free

ROOT = Path(__file__).resolve().parents[3]


class Command:
    """`python3 -m pubsub_kit engine …`, which runs until it is told to end."""

    def __init__(self, *arguments: str) -> None:
        if sentence := available(arguments[0]):
            pytest.skip(sentence)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pubsub_kit", "engine", *arguments], cwd=ROOT,
            env={**os.environ, "PUBSUB_KIT_ENV": "current"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.told = [self.process.stdout.readline() for _ in range(4)]
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    @property
    def url(self) -> str:
        """Return the URL in its first line."""
        (found,) = re.findall(r" runs at (\S+) \(process", self.told[0])
        return str(found)

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; return its status and what it wrote last to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def left(self) -> list[psutil.Process]:
        """Return who still runs of those that it started, after at most ten seconds."""
        _, alive = psutil.wait_procs(self.family, 10)
        return [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def redis(looking: None) -> Iterator[Command]:
    command = Command("redis")
    yield command
    command.process.kill()
    command.process.communicate()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_is_stopped_by_a_signal_with_its_server(redis: Command, name: str) -> None:
    assert len(redis.family) == 2  # the server, and who ends it if all else fails
    assert redis.end(getattr(signal, name)) == (0, "")
    assert redis.left() == []
    assert running() == {}


def test_it_says_what_runs_and_how_to_use_and_to_stop_it(redis: Command) -> None:
    first, use, data, last = redis.told
    assert re.match(r"redis \d+\.\d+\.\d+ runs at redis://127\.0\.0\.1:\d+ \(process \d+", first)
    assert f'connect("{redis.url}")' in use
    assert "temporary folder" in data
    assert "Ctrl-C stops it" in last


def test_a_killed_command_takes_its_server_and_its_folder_along(redis: Command) -> None:
    folder = Path(redis.family[0].cwd())
    assert folder.is_dir()
    redis.end(signal.SIGKILL)
    assert redis.left() == []
    assert not folder.exists()
    assert running() == {}  # though its note is still there


def test_a_server_that_ends_by_itself_ends_the_command(redis: Command) -> None:
    redis.family[0].kill()
    status, errors = redis.process.wait(60), redis.process.communicate()[1]
    assert status == 2
    assert errors.startswith("pubsub_kit: redis has ended by itself: ")


def test_a_port_and_a_folder_are_its_own(looking: None, tmp_path: Path) -> None:
    port = free_port()
    command = Command("redis", "--port", str(port), "--folder", str(tmp_path / "data"))
    assert command.url == f"redis://127.0.0.1:{port}"
    assert str(tmp_path / "data") in command.told[2]
    assert command.end(signal.SIGINT) == (0, "")
    assert (tmp_path / "data" / "appendonlydir").is_dir()
    assert is_free(port)


def test_a_program_that_stops_nothing_leaves_nothing(looking: None) -> None:
    if sentence := available("redis"):
        pytest.skip(sentence)
    program = (
        "from pubsub_kit.engines.servers import start; s = start('redis'); print(s.folder, s.port)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folder, port = done.stdout.split()
    assert not Path(folder).exists()
    assert is_free(int(port))


# --- what runs ------------------------------------------------------------------------------------


def test_another_process_finds_what_runs(redis: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running() == {"redis": redis.url}
    monkeypatch.setenv(SWITCH, "off")
    assert running() == {}


def test_of_two_servers_the_last_one_counts(redis: Command) -> None:
    later = Command("redis")
    assert running() == {"redis": later.url}
    later.end(signal.SIGINT)
    assert running() == {"redis": redis.url}


@pytest.mark.parametrize(
    "note",
    ["", "null", "[]", "{}", "[" * 9_000, '{"name": "redis", "url": 3, "pid": 1}', "\0" * 20_000,
     '{"name": "redis", "url": "redis://127.0.0.1:x", "pid": PID}',
     '{"name": "redis", "url": "redis://127.0.0.1", "pid": PID}',
     '{"name": "redis", "url": "redis://127.0.0.1:PORT", "pid": PID}',
     '{"name": "redis", "url": "redis://127.0.0.1:PORT", "pid": 1e400}',
     '{"name": "redis", "url": "redis://127.0.0.1:99999", "pid": PID}'],
)  # fmt: skip
def test_a_note_that_says_nothing_true_counts_for_nothing(looking: None, note: str) -> None:
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "pubsub-kit" / "engines" / "running"
    folder.mkdir(parents=True)
    text = note.replace("PID", str(os.getpid())).replace("PORT", str(free_port()))
    (folder / "redis-1.json").write_text(text)
    assert running() == {}


# --- what it refuses ------------------------------------------------------------------------------


def test_it_knows_every_server() -> None:
    assert options.ENGINES == NAMES


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: name"),
        (["rdis"], "there is no engine 'rdis': did you mean redis?"),
        (["cobol"], "there is no engine 'cobol': choose among kafka, rabbitmq"),
        (["redis", "--port", "x"], "'x' is no port: give a whole number from 1 to 65535"),
        (["redis", "--port", "65536"], "'65536' is no port"),
        (["redis", "--port", "9" * 5_000], "is no port"),
        (["kafka", "--brokers", "10"], "'10' is no number of brokers: count from 1 to 9"),
    ],
)
def test_wrong_arguments_are_answered_in_a_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["redis", "--brokers", "3"], "redis has no option 'brokers': it takes password."),
        (["redis", "--folder", __file__], "can't be used"),
        (["redis", "--folder", ""], "'' names no folder: give a path"),
    ],
)
def test_what_a_server_refuses_is_one_sentence_of_the_command(
    arguments: list[str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pubsub_kit", "engine", *arguments], cwd=ROOT, check=False,
        env={**os.environ, "PUBSUB_KIT_ENV": "current"}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_a_note_has_the_url_the_process_and_the_version(redis: Command) -> None:
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "pubsub-kit" / "engines" / "running"
    (note,) = folder.iterdir()
    known = json.loads(note.read_text())
    assert (known["name"], known["url"], known["pid"]) == ("redis", redis.url, redis.family[0].pid)
    assert known["version"] in redis.told[0]
    assert note.stat().st_mode & 0o077 == 0


# --- every engine ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_is_stopped_by_ctrl_c(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command(name)
    began = time.monotonic()
    assert f"{name} " in command.told[0], command.told
    assert command.end(signal.SIGINT) == (0, "")
    assert command.left() == [], began
