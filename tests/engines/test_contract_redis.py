"""Redis is held to what every engine is held to."""

from __future__ import annotations

import pytest

from pubsub_kit.engines.servers import available, start
from tests.engines.contract import Outcomes, check_row, each_row, outcomes_of


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    if (missing := available("redis")) is not None:
        pytest.skip(missing)
    with start("redis") as server, start("redis", password="right") as locked:
        return outcomes_of("redis", server.url, locked.url)


@each_row
def test_it_keeps_what_is_expected_of_it(row: str, outcomes: Outcomes) -> None:
    check_row("redis", outcomes[row])
