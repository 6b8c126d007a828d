"""What each test_contract_*.py is made of: the rows of one engine, all played at once."""

from __future__ import annotations

import pytest

from pubsub_kit.engines.trials.contract import Outcome, played
from pubsub_kit.engines.trials.expected import difference, expectations
from pubsub_kit.engines.trials.rows import BY_NAME

Outcomes = dict[str, Outcome]
each_row = pytest.mark.parametrize("row", [*BY_NAME])


def outcomes_of(engine: str, url: str, locked: str = "") -> Outcomes:
    """Play all rows on an engine."""
    venue = expectations(engine).venue(url, locked)
    return {outcome.row: outcome for outcome in played(venue)}


def check_row(engine: str, outcome: Outcome) -> None:
    """Hold a row's outcome to what is expected of the engine."""
    assert difference(expectations(engine).of(outcome.row), outcome) == ""
