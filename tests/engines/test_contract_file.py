"""The embedded broker, in files, held to the contract of every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pubsub_kit.engines.trials.running import Running
from tests.engines.contract import Outcomes, check_batch, check_row, each_row, outcomes_at, started

EMBEDDED = True  # no server is needed


@pytest.fixture(scope="module")
def place() -> Iterator[Running]:
    yield from started("file")


@pytest.fixture(scope="module")
def outcomes(place: Running) -> Outcomes:
    return outcomes_at("file", place)


@each_row
def test_it_keeps_what_is_expected_of_it(row: str, outcomes: Outcomes) -> None:
    check_row("file", outcomes[row])


def test_acks_of_a_batch_count_once_each(place: Running) -> None:
    check_batch(place)
