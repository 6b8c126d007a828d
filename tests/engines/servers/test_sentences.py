"""What can't be started is told in one sentence, and nothing of it is left."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.engines.servers import NAMES, ServerError, available, cache, fetch, rabbitmq, start
from pubsub_kit.engines.servers.nats import Nats
from pubsub_kit.engines.servers.start import make
from pubsub_kit.engines.servers.trouble import telling

Install = Callable[[str, str], None]


@pytest.fixture
def bare(looking: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a machine on which no program is installed; return the folder of its programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "python3"))
    monkeypatch.setattr(rabbitmq, "SCRIPT", tmp_path / "rabbitmq-server")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    return folder


@pytest.fixture
def install(bare: Path) -> Install:
    """Put a program there that is a script of the shell."""

    def put(name: str, script: str) -> None:
        (bare / name).write_text(f"#!/bin/sh\n{script}\n")
        (bare / name).chmod(0o755)

    return put


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("kafka", "java (17 or newer)"),
        ("rabbitmq", "rabbitmq-server"),
        ("redis", "redis-server"),
        ("nats", "nats-server"),
        ("sqs", "ensurepip"),
        ("pubsub", "go (1.26"),
    ],
)
def test_what_is_missing_is_said_with_three_ways_to_get_it(
    bare: Path, name: str, lacks: str
) -> None:
    sentence = available(name) or ""
    assert re.search(re.escape(lacks) + r".* is not on this machine: on Debian, ", sentence)
    assert "; with Homebrew, brew install " in sentence
    assert "docker run --rm -p 127.0.0.1:" in sentence
    assert "\n" not in sentence
    with pytest.raises(ServerError) as refused:
        start(name)
    assert str(refused.value) == sentence
    with pytest.raises(ServerError, match="is not on this machine"):
        fetch(name)


def test_kafka_needs_maven_only_until_its_files_are_here(install: Install) -> None:
    install("java", "exit 1")
    assert "mvn (Maven)" in (available("kafka") or "")
    (cache.home() / "kafka-4.4.0" / "whole").mkdir(parents=True)
    assert available("kafka") is None


def test_rabbitmq_needs_erlangs_epmd(install: Install) -> None:
    install("rabbitmq-server", "exit 1")
    assert "epmd (of Erlang)" in (available("rabbitmq") or "")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo all is well; echo '[ERR] Fatal: bad store'; exit 1", "[ERR] Fatal: bad store"),
        ("exit 1", "it said nothing"),
    ],
)
def test_a_server_that_ends_as_it_starts_is_quoted(
    install: Install, script: str, said: str
) -> None:
    install("nats-server", script)
    with pytest.raises(ServerError) as refused:
        start("nats")
    assert str(refused.value) == f"nats ended as it started: {said}."


def test_a_server_that_stays_silent_is_ended(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install("nats-server", f"echo $$ > {tmp_path}/pid; exec /bin/sleep 60")
    monkeypatch.setattr(Nats, "patience", 1.0)
    server = make("nats")
    with pytest.raises(ServerError, match=r"nats did not answer on port \d+ in 1 s: it said "):
        server.start()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    with pytest.raises(ServerError, match="no folder before start"):
        _ = server.folder


def test_a_program_that_is_none_is_told(bare: Path) -> None:
    (bare / "redis-server").write_text("no program")
    (bare / "redis-server").chmod(0o755)
    with pytest.raises(ServerError, match="redis-server can't be started"):
        start("redis")


# --- what is given --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, 3, float("nan"), "", "REDIS", "x" * 10_000, ["redis"]])
def test_a_wrong_name_is_told_which_there_are(name: Any) -> None:
    for do in (start, available, fetch):
        with pytest.raises(ServerError, match=r"There is no server .*(choose among|did you mean)"):
            do(name)


@pytest.mark.parametrize("port", [None, True, -1, 65_536, 1.5, float("nan"), "6379", [1]])
def test_a_wrong_port_is_refused(port: Any) -> None:
    with pytest.raises(ServerError, match="is no port: give a whole number"):
        start("redis", port=port)


@pytest.mark.parametrize("folder", ["", "  ", "a\0b", "a\nb", 3, b"data", "~nobody-of-this-name/x"])
def test_a_folder_that_is_none_is_refused(folder: Any) -> None:
    with pytest.raises(ServerError, match="names no folder"):
        start("redis", folder=folder)


def test_a_folder_with_an_endless_path_is_refused() -> None:
    with pytest.raises(ServerError, match=r"has 10,0\d\d,\d+ bytes: use one of 1,000"):
        start("redis", folder="/" + "x" * 10_000_000)


@pytest.mark.parametrize("password", ["", "a b", 'a"b', "a\nb", "x" * 101, "日本", 3, b"tea"])
@pytest.mark.parametrize("name", ["kafka", "rabbitmq", "redis", "nats"])
def test_a_password_that_breaks_a_settings_file_is_refused(name: str, password: Any) -> None:
    with pytest.raises(ServerError, match="can't be a password here: use 1 to 100 letters"):
        make(name, password=password)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_option_is_told_which_there_are(name: str) -> None:
    with pytest.raises(ServerError, match=f"{name} has no option 'colour': it takes "):
        make(name, colour="red")


@pytest.mark.parametrize(
    "properties", [3, "a=b", {"a b": 1}, {3: 1}, {"a": None}, {"a": "1\nb=2"}, {"": "1"}]
)
def test_properties_that_break_their_file_are_refused(properties: Any) -> None:
    with pytest.raises(ServerError, match=r"propert|can't be"):
        make("kafka", properties=properties)


@pytest.mark.parametrize("brokers", [0, 10, True, 2.5, None, "3"])
def test_a_cluster_has_one_to_nine_brokers(brokers: Any) -> None:
    with pytest.raises(ServerError, match="A cluster here has 1 to 9 brokers"):
        make("kafka", brokers=brokers)


# --- logs -----------------------------------------------------------------------------------------


def test_the_lines_that_tell_are_chosen_from_a_log() -> None:
    log = "all is well\nERROR no room\n\tat java.io.File\n\x1b[31mfatal: gone\x1b[0m\nbye\n"
    assert telling(log) == "ERROR no room / fatal: gone"
    assert telling("one\ntwo\ntwo\n") == "one / two"
    assert len(telling("error " * 100_000)) < 300
