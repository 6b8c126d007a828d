"""The lessons' answers on RabbitMQ: the right one holds, and the wrong ones fail for real."""

from __future__ import annotations

import pytest

from tests.engines.answers.trials import Endings, check_case, each_case, endings_of


@pytest.fixture(scope="module")
def endings() -> Endings:
    return endings_of("rabbitmq")


@each_case("rabbitmq")
def test_it_ends_as_expected(name: str, endings: Endings) -> None:
    check_case("rabbitmq", name, endings[name])
