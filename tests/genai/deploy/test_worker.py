"""A consumer as a process: its options, its end, and what it says of what it can't do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pubsub_kit.engines.connect import connect
from pubsub_kit.genai.deploy.__main__ import job_of, main
from pubsub_kit.genai.deploy.termination import WINDOWS
from pubsub_kit.genai.deploy.worker import DeployError, Job, handler_of

ROOT = Path(__file__).resolve().parents[3]
unix = pytest.mark.skipif(sys.platform == "win32", reason=WINDOWS)
NEEDED = {
    "PUBSUB_URL": "nats://n",
    "PUBSUB_TOPIC": "t",
    "PUBSUB_GROUP": "g",
    "PUBSUB_HANDLER": "a:b",
}


# ── options ─────────────────────────────────────────────────────────────────────────────────────


def test_options_win_over_the_environment() -> None:
    environment = {**NEEDED, "PUBSUB_LEASE": "60", "PUBSUB_PARTITIONS": "6", "PUBSUB_ALIVE": ""}
    assert job_of(["--topic", "indexed", "--max-deliveries", "5"], environment) == Job(
        "nats://n", "indexed", "g", "a:b", 60.0, 6, 5, "earliest", ""
    )


@pytest.mark.parametrize(
    ("words", "environment", "says"),
    [
        ([], {}, r"The worker needs --url, or PUBSUB_URL in the environment\."),
        (["--topik", "t"], NEEDED, r"There is no option '--topik': there are --url, --topic, "),
        (["--topic"], NEEDED, r"--topic needs a value\."),
        (["--lease", "soon"], NEEDED, r"lease is a number, not 'soon'\."),
        (["--partitions", "1.5"], NEEDED, r"partitions is a number, not '1\.5'\."),
    ],
)
def test_a_job_that_can_t_be_gets_a_sentence(
    words: list[str], environment: dict[str, str], says: str
) -> None:
    with pytest.raises(DeployError, match=says):
        job_of(words, environment)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("json", r"module:function, not 'json'"),
        ("no_such_module:f", r"can't be imported \(No module named 'no_such_module'\)"),
        ("json:nope", r"json has no function 'nope'"),
        ("json:__doc__", r"json has no function '__doc__'"),
    ],
)
def test_a_handler_that_is_none_gets_a_sentence(spec: str, says: str) -> None:
    with pytest.raises(DeployError, match=says):
        handler_of(spec)


def test_a_handler_is_a_function_of_a_module() -> None:
    assert handler_of("builtins:print") is print


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "--handler MODULE:NAME" in capsys.readouterr().out


# ── processes ───────────────────────────────────────────────────────────────────────────────────

HANDLERS = """
def quick(delivery): print("+" + delivery.id, flush=True)
def failing(delivery): print("!" + delivery.id, flush=True); raise ValueError("no text")
async def unable(delivery): pass
"""


@contextmanager
def worker(folder: Path, handler: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run a worker of the topic documents, and end it."""
    (folder / "handlers_of_a_test.py").write_text(HANDLERS)
    command = [
        sys.executable, "-m", "pubsub_kit.genai.deploy", "worker", "--url", url(folder), "--topic",
        "documents", "--group", "indexer", "--handler", f"handlers_of_a_test:{handler}", "--alive",
        str(folder / "alive"), *more,
    ]  # fmt: skip
    found = os.pathsep.join([str(ROOT), str(folder)])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={**os.environ, "PYTHONPATH": found},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def url(folder: Path) -> str:
    return f"file://{folder}/broker"


def published(folder: Path, *ids: str) -> None:
    with connect(url(folder)) as broker:
        broker.topic("documents")
        for id in ids:
            broker.publish("documents", "tea", id=id)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def until_it_pulls(folder: Path, process: subprocess.Popen[str]) -> None:
    while not (folder / "alive").exists():
        assert process.poll() is None
        time.sleep(0.01)


@unix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    with worker(tmp_path, "quick") as process:
        until_it_pulls(tmp_path, process)
        process.send_signal(number)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said == (
        f"{number.name}: finishing the message at hand, then leaving the group 'indexer'.\n"
        "Left the group 'indexer' after 0 messages.\n"
    )


@unix
def test_what_was_acked_before_a_kill_is_not_redelivered(tmp_path: Path) -> None:
    published(tmp_path, "a", "b", "c")
    with worker(tmp_path, "quick") as process:
        assert [line(process) for _ in "abc"] == ["+a\n", "+b\n", "+c\n"]
        age = (tmp_path / "alive").stat().st_mtime_ns
        while (tmp_path / "alive").stat().st_mtime_ns == age:  # the pull after them
            time.sleep(0.01)
        process.kill()
    with connect(url(tmp_path)) as broker:
        assert broker.subscribe("documents", "indexer").pull(9) == []


@unix
def test_what_fails_too_often_is_a_dead_letter(tmp_path: Path) -> None:
    published(tmp_path, "a")
    with worker(tmp_path, "failing", "--max-deliveries", "1") as process:
        assert line(process) == "!a\n"
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert said.startswith("a failed (ValueError: no text), and is given back.\n")
    with connect(url(tmp_path)) as broker:
        (letter,) = broker.subscribe("documents.dead", "clerk", start="earliest").pull(9)
    assert letter.event.extensions["deadreason"] == "ValueError: no text"


@unix
@pytest.mark.parametrize(
    ("handler", "more", "says"),
    [
        ("unable", (), "handlers_of_a_test:unable is async: write a plain function"),
        ("nope", (), "handlers_of_a_test has no function 'nope'"),
        ("quick", ("--partitions", "4"), "Topic 'documents' has 1 partitions, not 4"),
        ("quick", ("--start", "soon"), "start"),
        ("quick", ("--lease", "0"), "ack_deadline is a number of seconds above 0, not 0.0."),
    ],
)
def test_a_worker_that_can_t_work_ends_with_a_sentence(
    tmp_path: Path, handler: str, more: tuple[str, ...], says: str
) -> None:
    published(tmp_path, "a")
    with worker(tmp_path, handler, *more) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert says in said.splitlines()[-1]
    assert "Traceback" not in said
