"""A process is killed before each of its awaits in turn, and a wrong answer fails at one."""

from __future__ import annotations

from pathlib import Path

from pubsub_kit.engines.trials.answers.sweep import swept
from pubsub_kit.engines.trials.answers.trial import FAILS, HOLDS, Case, Terms

MONEY = "pubsub_kit.checks.systems.idempotency:"
TERMS = Terms(lease=0.3, quiet=1.0, one_process=True)
FIRST = ("pay-1",)  # alone, so that there are few awaits


def verdicts(tmp_path: Path, answer: str) -> list[str]:
    case = Case("consumer", f"{MONEY}{answer}", published=FIRST)
    return [_only_first(ending.rows) for ending in swept(f"file://{tmp_path}", case, TERMS)]


def _only_first(rows: object) -> str:
    """Return the verdict of a trial with one payment of 10 by ann."""
    return HOLDS if isinstance(rows, dict) and rows.get("ann") == 10 else FAILS


def test_a_wrong_answer_fails_at_one_await(tmp_path: Path) -> None:
    # handling, the look, the balance, the mark, the ack
    assert verdicts(tmp_path, "BooksThenMarks") == [HOLDS, HOLDS, HOLDS, FAILS, HOLDS]
