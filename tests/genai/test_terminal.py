"""`genai` as a process: it serves the pipeline, works in the background, and ends on Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

COMMAND = [sys.executable, "-m", "pubsub_kit", "genai"]
ENV = {**os.environ, "PUBSUB_KIT_ENV": "current"}


def begun(folder: Path) -> tuple[subprocess.Popen[str], str, list[str]]:
    """Start it; return its process, its address, and the lines that it said first."""
    process = subprocess.Popen(
        [*COMMAND, "--folder", str(folder)], stdout=subprocess.PIPE, text=True, env=ENV
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    (url,) = re.findall(r"answers at (http://127\.0\.0\.1:\d+)", lines[0])
    return process, url, lines


def first_of(http: httpx.Client, question: str) -> str:
    reply = http.get("/search", params={"q": question})
    assert reply.status_code == 200
    return str((reply.json()["hits"] or [{"doc": ""}])[0]["doc"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_it_serves_what_is_changed_and_finds_it_after_a_restart(tmp_path: Path) -> None:
    process, url, lines = begun(tmp_path)
    assert lines[0].startswith("30 chunks in the index of wordllama")
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as http:
            assert first_of(http, "Can I use the leaves a second time?") == "green tea"
            text = {"doc": "cups", "text": "Cups are made of glass."}
            assert http.post("/documents", json=text).status_code == 202
            end = time.monotonic() + 30
            while first_of(http, "What are cups made of?") != "cups":
                assert time.monotonic() < end
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    again, url, lines = begun(tmp_path)
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    assert lines[0].startswith("31 chunks")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--folder", "{file}"], r"can't keep its data in .*: name another folder"),
        (["--engine", "redos://x"], r"did you mean redis://"),
        (["--engine", "redis://127.0.0.1:1"], r"127\.0\.0\.1:1"),
    ],
)
def test_a_bad_option_is_one_sentence(tmp_path: Path, given: list[str], said: str) -> None:
    (tmp_path / "file").write_text("")
    words = [word.format(file=tmp_path / "file") for word in given]
    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, env=ENV, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert re.search(said, done.stderr)
