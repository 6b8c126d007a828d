"""What each test_contract_*.py is made of: the rows of an engine, all at once, and its kills.

The tables come from runs with 10,000 events; here fewer are enough.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pubsub_kit.engines import connect
from pubsub_kit.engines.servers import available
from pubsub_kit.engines.trials.contract import Outcome, played
from pubsub_kit.engines.trials.expected import difference, expectations
from pubsub_kit.engines.trials.kill import kill_consumer, kill_forgetful, kill_server
from pubsub_kit.engines.trials.rows import BY_NAME
from pubsub_kit.engines.trials.running import Running, running
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.ids import fresh_id

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


def check_batch(place: Running) -> None:
    """Ack many at once: each counts once, and none comes again."""
    topic, sent, got = f"batch-{fresh_id()[-12:]}", [f"o-{n}" for n in range(25)], list[str]()
    with connect(place.url, wait=0.5) as engine:
        engine.topic(topic)
        worker = engine.subscribe(topic, "billing", ack_deadline=30.0)
        engine.publish_batch(topic, sent)
        end = time.monotonic() + 30
        while len(got) < len(sent) and time.monotonic() < end:
            if batch := worker.pull(len(sent) - len(got)):
                assert batch[0].ack()
                with pytest.raises(PubSubKitError, match="ack_batch takes deliveries"):
                    worker.ack_batch([*batch, "o-1"])
                assert worker.ack_batch([*batch, *batch]) == len(batch) - 1
                assert worker.ack_batch(batch) == 0
                assert not any(each.ack() for each in batch)
                got += [each.data for each in batch]
        assert sorted(got) == sorted(sent)
        assert worker.ack_batch([]) == 0
        assert worker.pull(5) == []
