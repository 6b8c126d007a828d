"""Rows for engines that keep a log: to read again what was read, and to come late."""

from __future__ import annotations

import time

from pubsub_kit.broker.starts import At, Offset, Start
from pubsub_kit.checks.contract.case import Worker
from pubsub_kit.checks.contract.trial import Row, kept_in, listed
from pubsub_kit.engines.trials.stage import EngineCase

#: What a log is good for.
LOG: list[Row] = []


def replayed(case: EngineCase, worker: Worker, start: Start, due: list[int]) -> None:
    """Replay from a start, and expect exactly these events."""
    case.asked("you", f"replay({start!r})", lambda: worker.end.replay(start))
    seen = worker.drain()
    case.expect(seen == due, f"After a replay from {start!r}, w1 got {listed(seen)}.")


@kept_in(LOG)
def replay(case: EngineCase) -> None:
    """A group that replays gets all again, and other groups do not."""
    worker, other = case.worker("w1"), case.worker("other", group="mail")
    case.publish("orders", *range(5))
    case.expect(worker.drain() == [*range(5)], "The first reading differs.")
    other.drain()
    replayed(case, worker, "earliest", [*range(5)])
    other.gets_nothing("its own group did not replay")


@kept_in(LOG)
def replay_by_position(case: EngineCase) -> None:
    """A group can go to a position, and on from there."""
    worker = case.worker("w1")
    case.publish("orders", *range(5))
    case.expect(worker.drain() == [*range(5)], "The first reading differs.")
    replayed(case, worker, Offset(3), [3, 4])


@kept_in(LOG)
def replay_by_time(case: EngineCase) -> None:
    """A group can go to a time, and gets what was published since."""
    worker = case.worker("w1")
    case.publish("orders", 0, 1)
    case.wait(1.5)
    since = time.time()
    case.wait(1.5)  # some engines count in whole seconds
    case.publish("orders", 2, 3)
    case.expect(worker.drain() == [*range(4)], "The first reading differs.")
    case.asked("you", "replay(At(…))", lambda: worker.end.replay(At(since)))
    seen = worker.drain()
    case.expect(seen == [2, 3], f"2 and 3 were published since then, and w1 got {listed(seen)}.")


@kept_in(LOG)
def late_subscriber(case: EngineCase) -> None:
    """A new group can start at the earliest event, though that was published before it came."""
    case.publish("orders", *range(3))
    seen = case.worker("w1", start="earliest").drain()
    case.expect(seen == [0, 1, 2], f"0, 1 and 2 had been published, and w1 got {listed(seen)}.")


@kept_in(LOG)
def group_goes_on(case: EngineCase) -> None:
    """A group whose only worker leaves goes on where it was, with what came meanwhile."""
    worker = case.worker("w1")
    case.publish("orders", "tea")
    worker.needs("tea").acks()
    case.asked("w1", "close()", worker.end.close)
    case.publish("orders", "jam")
    seen = case.worker("w2").drain()
    case.expect(seen == ["jam"], f"tea was acked and jam was not, and w2 got {listed(seen)}.")
