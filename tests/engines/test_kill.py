"""kill -9 of a process that holds a broker, and how what a kill costs is counted.

The killed servers are in each engine's own file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pubsub_kit.engines.trials.kill import Killed, Tally, kill_holder
from pubsub_kit.errors import PubSubKitError
from tests.engines.contract import COUNT

EMBEDDED = True  # no server is needed


def test_a_process_that_holds_a_durable_broker_loses_nothing(tmp_path: Path) -> None:
    killed = kill_holder(f"file://{tmp_path}/broker", COUNT)
    assert killed.lost == 0
    assert killed.acknowledged >= COUNT * 2 // 5


def test_what_was_handled_twice_and_what_was_lost_is_counted() -> None:
    tally = Tally()
    tally.acknowledged = {"a", "b", "c"}
    for id in ("a", "b", "a", "a"):
        tally.handle(id)
    assert tally.result() == Killed(3, 1, 2)
    assert str(tally.result()) == "1 of 3 acknowledged events lost, 2 handled more than once"


def test_a_victim_that_cannot_begin_is_told_of() -> None:
    with pytest.raises(PubSubKitError, match="ended with 1 before it was killed"):
        kill_holder("fil://nowhere", COUNT)
