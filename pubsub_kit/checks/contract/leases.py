"""Rows about leases, for a broker in which each message in flight has its own.

They are not for one that reads on from a position, as the kit's partitioned groups do: there a lost
message brings back all that came after it.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.contract.case import Case
from pubsub_kit.checks.contract.trial import Row, kept_in, listed

#: What a broker has to keep that lends each message for itself.
LEASES: list[Row] = []

REWINDS = "a lapsed lease sets the group back"
ONE_LEASE = "one lease for all that is in flight"


@kept_in(LEASES, "single leases")
def a_lease_each(case: Case) -> None:
    """Each message in flight has a lease of its own."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "jam")
    worker.needs("tea")
    case.wait(case.lease * 0.6)
    if worker.pull() is None:
        return  # it gets one at a time
    case.wait(case.lease * 0.6)
    heir = case.worker("w2")
    heir.needs("tea", ONE_LEASE)
    heir.gets_nothing("w1 still holds it", REWINDS)


def after_jam_alone_is_acked(case: Case) -> list[Any] | None:
    """Return what w2 gets once w1 has acked jam and lost tea; None if w1 gets one at a time."""
    worker = case.worker("w1")
    case.publish("orders", "tea", "jam")
    worker.needs("tea")
    if (later := worker.pull()) is None:
        return None
    later.acks()
    case.lapse()
    return case.worker("w2").drain()


@kept_in(LEASES, "single leases")
def only_the_lost_one(case: Case) -> None:
    """A message whose lease has ended brings back no other."""
    if (seen := after_jam_alone_is_acked(case)) is not None:
        words = f"w1 had acked jam and not tea, and then w2 got {listed(seen)}: jam was done."
        case.expect("jam" not in seen, words, belief=REWINDS)
