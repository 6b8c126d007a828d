"""What each test_contract_*.py is made of: the rows of an engine, all at once, and its kills.

The tables come from runs with 10,000 events; here fewer are enough.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pubsub_kit.engines.servers import available
from pubsub_kit.engines.trials.contract import Outcome, played
from pubsub_kit.engines.trials.expected import difference, expectations
from pubsub_kit.engines.trials.kill import kill_consumer, kill_forgetful, kill_server
from pubsub_kit.engines.trials.rows import BY_NAME
from pubsub_kit.engines.trials.running import Running, running

COUNT = 1_000
Outcomes = dict[str, Outcome]
each_row = pytest.mark.parametrize("row", [*BY_NAME])


def started(engine: str) -> Iterator[Running]:
    """Start an engine's server, and stop it afterwards; skip if it can't be started here."""
    expected = expectations(engine)
    if expected.server and (missing := available(expected.server)):
        pytest.skip(missing)
    with running(expected) as place:
        yield place


def outcomes_at(engine: str, place: Running) -> Outcomes:
    """Play all rows on an engine."""
    venue = expectations(engine).at(place.url)
    return {outcome.row: outcome for outcome in played(venue)}


def check_row(engine: str, outcome: Outcome) -> None:
    """Hold a row's outcome to what is expected of the engine."""
    assert difference(expectations(engine).of(outcome.row), outcome) == ""


def check_killed_consumer(place: Running) -> None:
    """Kill a process that handles events: another worker handles all that was acknowledged."""
    killed = kill_consumer(place.url, COUNT)
    assert (killed.acknowledged, killed.lost) == (COUNT, 0)


def check_killed_server(engine: str, place: Running) -> None:
    """Kill the server: it has all that it acknowledged, or nothing if all is in memory."""
    assert place.server is not None
    if expectations(engine).kept == "nothing":
        killed = kill_forgetful(place.server, 200)
        assert (killed.acknowledged, killed.lost) == (200, 200)
    else:
        killed = kill_server(place.server, COUNT, expectations(engine).settles)
        assert (killed.acknowledged, killed.lost) == (COUNT, 0)
