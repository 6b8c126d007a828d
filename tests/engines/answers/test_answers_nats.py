"""The lessons' answers on NATS JetStream: the right one holds, and the wrong ones fail for real."""

from __future__ import annotations

import pytest

from tests.engines.answers.trials import Endings, check_case, each_case, endings_of


@pytest.fixture(scope="module")
def endings() -> Endings:
    return endings_of("nats")


@each_case("nats")
def test_it_ends_as_expected(name: str, endings: Endings) -> None:
    check_case("nats", name, endings[name])
