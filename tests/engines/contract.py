"""What each test_contract_*.py is made of: the rows of one engine, all played at once."""

from __future__ import annotations

import pytest

from pubsub_kit.engines.servers import available
from pubsub_kit.engines.trials.contract import Outcome, played
from pubsub_kit.engines.trials.expected import difference, expectations
from pubsub_kit.engines.trials.rows import BY_NAME
from pubsub_kit.engines.trials.running import running

Outcomes = dict[str, Outcome]
each_row = pytest.mark.parametrize("row", [*BY_NAME])


def outcomes_of(engine: str) -> Outcomes:
    """Play all rows on an engine, whose server is started for it; skip if it can't be."""
    expected = expectations(engine)
    if expected.server and (missing := available(expected.server)):
        pytest.skip(missing)
    with running(expected) as place:
        return {outcome.row: outcome for outcome in played(expected.at(place.url))}


def check_row(engine: str, outcome: Outcome) -> None:
    """Hold a row's outcome to what is expected of the engine."""
    assert difference(expectations(engine).of(outcome.row), outcome) == ""
