"""The lessons' answers on Kafka's consumer groups: a right one holds, wrong ones fail."""

from __future__ import annotations

import pytest

from tests.engines.answers.trials import Endings, check_case, each_case, endings_of


@pytest.fixture(scope="module")
def endings() -> Endings:
    return endings_of("kafka")


@each_case("kafka")
def test_it_ends_as_expected(name: str, endings: Endings) -> None:
    check_case("kafka", name, endings[name])
