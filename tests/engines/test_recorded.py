"""What was recorded of real engines is read without any engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from pubsub_kit.engines.recorded import BROKEN, HOLDS, LACKING, outcomes
from pubsub_kit.errors import PubSubKitError


def test_each_outcome_is_one_of_three() -> None:
    rows = [told for engine in outcomes().values() for told in engine.values()]
    assert {outcome for outcome, _ in rows} == {HOLDS, BROKEN, LACKING}


def test_what_does_not_hold_says_why() -> None:
    rows = [told for engine in outcomes().values() for told in engine.values()]
    assert all(words for outcome, words in rows if outcome != HOLDS)


def test_who_changes_what_was_read_changes_it_for_nobody_else() -> None:
    outcomes()["kafka"].clear()
    assert outcomes()["kafka"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}x", '{"kafka": 1}', '{"kafka": {"rows": []}}'])
def test_a_file_that_makes_no_sense_gets_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recorded.json"
    file.write_text(text)
    with pytest.raises(PubSubKitError, match="can't be read"):
        outcomes(file)
    with pytest.raises(PubSubKitError, match="can't be read"):
        outcomes(tmp_path / "nowhere.json")
