"""RabbitMQ, held to the contract of every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pubsub_kit.engines.trials.running import Running
from tests.engines.contract import (
    Outcomes,
    check_batch,
    check_killed_consumer,
    check_killed_server,
    check_row,
    each_row,
    outcomes_at,
    started,
)


@pytest.fixture(scope="module")
def place() -> Iterator[Running]:
    yield from started("rabbitmq")


@pytest.fixture(scope="module")
def outcomes(place: Running) -> Outcomes:
    return outcomes_at("rabbitmq", place)


@each_row
def test_it_keeps_what_is_expected_of_it(row: str, outcomes: Outcomes) -> None:
    check_row("rabbitmq", outcomes[row])


def test_acks_of_a_batch_count_once_each(place: Running) -> None:
    check_batch(place)


def test_another_worker_handles_what_a_killed_one_had(place: Running) -> None:
    check_killed_consumer(place)


def test_a_killed_server_has_all_that_it_acknowledged(place: Running) -> None:
    check_killed_server("rabbitmq", place)
