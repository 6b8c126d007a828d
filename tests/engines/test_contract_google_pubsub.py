"""Google Pub/Sub, held to the contract of every engine."""

from __future__ import annotations

import pytest

from tests.engines.contract import Outcomes, check_row, each_row, outcomes_of


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    return outcomes_of("google_pubsub")


@each_row
def test_it_keeps_what_is_expected_of_it(row: str, outcomes: Outcomes) -> None:
    check_row("google_pubsub", outcomes[row])
