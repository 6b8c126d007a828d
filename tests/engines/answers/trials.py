"""What each test_*.py of an engine is made of: a few cases, all tried at once."""

from __future__ import annotations

import pytest

from pubsub_kit.engines.servers import available
from pubsub_kit.engines.trials.answers.expected import difference, expected_of, tried
from pubsub_kit.engines.trials.answers.result import played
from pubsub_kit.engines.trials.answers.trial import Ending
from pubsub_kit.engines.trials.expected import expectations
from pubsub_kit.engines.trials.running import running

Endings = dict[str, Ending]


def each_case(engine: str) -> pytest.MarkDecorator:
    """Run a test for each case that is tried on an engine."""
    return pytest.mark.parametrize("name", tried(engine))


def endings_of(engine: str) -> Endings:
    """Try the cases on an engine, whose server is started for it; skip if it can't be."""
    expected = expectations(engine)
    if expected.server and (missing := available(expected.server)):
        pytest.skip(missing)
    with running(expected) as place:
        return played(engine, place.url, tried(engine))


def check_case(engine: str, name: str, ending: Ending) -> None:
    """Hold an ending to what is expected of the engine."""
    assert difference(expected_of(engine)[1][name], ending) == ""
