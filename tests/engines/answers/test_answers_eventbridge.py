"""The lessons' answers on EventBridge: the right one holds, and the wrong ones fail for real."""

from __future__ import annotations

import pytest

from tests.engines.answers.trials import Endings, check_case, each_case, endings_of


@pytest.fixture(scope="module")
def endings() -> Endings:
    return endings_of("eventbridge")


@each_case("eventbridge")
def test_it_ends_as_expected(name: str, endings: Endings) -> None:
    check_case("eventbridge", name, endings[name])
