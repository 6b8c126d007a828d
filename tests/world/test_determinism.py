"""The same luck gives the same run: in any process, with any hash seed, on any Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pubsub_kit.world.chance import Schedule, Seeded
from tests.world import rich_world

ROOT = Path(__file__).resolve().parents[2]


def elsewhere(*what: str, hash_seed: str) -> str:
    """What the rich world prints in a process of its own, whose text hashes are others."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.world.rich_world", *what],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.removesuffix("\n")


def test_a_seed_gives_one_run_in_every_process() -> None:
    here = rich_world.run(Seeded(7))
    assert rich_world.run(Seeded(7)) == here
    assert elsewhere("seeded", "7", hash_seed="1") == here
    assert elsewhere("seeded", "7", hash_seed="4242") == here


def test_a_schedule_gives_one_run_in_every_process() -> None:
    here = rich_world.run(Schedule("2d10r"))
    assert elsewhere("schedule", "2d10r", hash_seed="1") == here
    assert elsewhere("schedule", "2d10r", hash_seed="4242") == here


def test_a_groups_members_come_and_go_alike_in_every_process() -> None:
    here = rich_world.grouped(Seeded(7))
    assert elsewhere("grouped", "7", hash_seed="1") == here
    assert elsewhere("grouped", "7", hash_seed="4242") == here
    some = "\n".join(rich_world.grouped(Seeded(seed)) for seed in range(12))
    words = ("without w-", "with w-", "stale, of generation", "the broker is back", "leaves w")
    assert [each for each in words if each not in some] == []


def test_explore_finds_the_same_in_every_process() -> None:
    here = rich_world.explored()
    assert elsewhere("explore", hash_seed="1") == here
    assert elsewhere("explore", hash_seed="4242") == here


def test_another_seed_gives_another_run() -> None:
    runs = {rich_world.run(Seeded(seed)) for seed in range(5)}
    assert len(runs) == 5


def test_the_rich_world_is_rich() -> None:
    """Over a few seeds every kind of step and of fault is there: nothing repeats by default."""
    steps = "\n".join(rich_world.run(Seeded(seed)) for seed in range(12))
    kinds = (
        "send receive lose effect begin end timeout retry pause crash restart partition repair note"
    )
    assert [kind for kind in kinds.split() if f"s  {kind} " not in steps] == []
    faults = {
        "loss": " is lost ✗",
        "duplicate": "published again",
        "reorder": "arrives after the next",
        "delay": "arrives after its deadline",
        "crash": "crashes before",
        "preempt": "others run before",
        "pause": "pauses before",
        "ack lost": "ack of",
        "reply lost": "reply",
        "skew": "its clock is 60 s slow",
    }
    assert [fault for fault, words in faults.items() if words not in steps] == []


@pytest.mark.parametrize("name", sorted(rich_world.GOLDEN))
def test_a_run_that_was_kept_is_still_the_same(name: str) -> None:
    """On every version of Python; `python -m tests.world.rich_world renew` writes them anew."""
    kept = (Path(__file__).parent / name).read_text(encoding="utf-8")
    assert rich_world.GOLDEN[name]() == kept
