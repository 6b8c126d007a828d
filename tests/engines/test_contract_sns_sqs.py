"""SNS with SQS, by ministack, is held to what every engine is held to."""

from __future__ import annotations

import pytest

from tests.engines.contract import Outcomes, check_row, each_row, outcomes_of
from tests.engines.ministack import emulator


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    with emulator() as server:
        return outcomes_of("sns_sqs", server.url)


@each_row
def test_it_keeps_what_is_expected_of_it(row: str, outcomes: Outcomes) -> None:
    check_row("sns_sqs", outcomes[row])
