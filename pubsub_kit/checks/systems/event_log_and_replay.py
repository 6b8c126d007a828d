"""The cut-overs of exercise 07 that an oracle is judged by: five right ones, and the wrong ones.

The plainest right one comes first. Of the wrong ones, some leave an order without an invoice, some
send two for one, and some never hand over.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.world.verbs import sleep

# --- right ----------------------------------------------------------------------------------------


async def drains_then_switches(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(at)
    await new.start(at)


async def goes_by_a_barrier(old: Any, new: Any, log: Any) -> None:
    at = await old.stop_at(await log.end())
    await new.replay(at)
    await new.start(at)


async def lets_them_overlap_and_dedups(old: Any, new: Any, log: Any) -> None:
    at = await old.where()
    await new.replay(at)
    await new.replay(await old.stop())
    await new.start(at, dedup=True)


async def dedups_all_of_history(old: Any, new: Any, log: Any) -> None:
    await old.stop()
    await new.start(0, dedup=True)


async def waits_for_the_next_order(old: Any, new: Any, log: Any) -> None:
    at = await old.stop_at(await log.end() + 1)
    await new.replay(at)
    await new.start(at)


# --- wrong ----------------------------------------------------------------------------------------

_LONG = 10.0  # seconds after which every order has come


def _invoices(version: Any) -> Any:
    """Return the invoices, for a system that spoils them by itself."""
    return version.world.stores["invoices"]


async def leaves_out_one(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(at + 1)
    await new.start(at + 1)


async def begins_at_the_end(old: Any, new: Any, log: Any) -> None:
    await old.stop()
    at = await log.end()
    await new.replay(at)
    await new.start(at)


async def begins_one_too_early(old: Any, new: Any, log: Any) -> None:
    at = await old.stop()
    await new.replay(at)
    await new.start(at - 1)


async def asks_then_stops(old: Any, new: Any, log: Any) -> None:
    at = await old.where()
    await new.replay(at)
    await old.stop()
    await new.start(at)


async def replays_with_effects(old: Any, new: Any, log: Any) -> None:
    await old.stop()
    await new.start(0)


async def doubles_one_and_loses_one(old: Any, new: Any, log: Any) -> None:
    await begins_one_too_early(old, new, log)
    await sleep(6.0)
    await _invoices(new).delete("order-6 by v2")


async def sends_one_twice(old: Any, new: Any, log: Any) -> None:
    await drains_then_switches(old, new, log)
    await sleep(6.0)
    await _invoices(new).put("order-6 by v2 again", 3)


async def repeats_an_old_one(old: Any, new: Any, log: Any) -> None:
    await _invoices(old).put("order-1 by v1 again", 1)
    await drains_then_switches(old, new, log)


async def loses_the_first(old: Any, new: Any, log: Any) -> None:
    await _invoices(old).delete("order-0 by v1")
    await drains_then_switches(old, new, log)


async def doubles_the_last(old: Any, new: Any, log: Any) -> None:
    await drains_then_switches(old, new, log)
    await sleep(_LONG)
    await _invoices(new).put("order-9 by v1", 6)


async def hands_back(old: Any, new: Any, log: Any) -> None:
    await drains_then_switches(old, new, log)
    await sleep(_LONG)
    await _invoices(new).delete("order-9 by v2")
    await _invoices(new).put("order-9 by v1", 6)


async def only_stops(old: Any, new: Any, log: Any) -> None:
    await old.stop()


async def runs_both(old: Any, new: Any, log: Any) -> None:
    at = await log.end()
    await new.replay(at)
    await new.start(at)


async def never_hands_over(old: Any, new: Any, log: Any) -> None:
    await new.replay(await log.end())


async def trusts_its_barrier(old: Any, new: Any, log: Any) -> None:
    at = await log.end()
    await old.stop_at(at)
    await new.replay(at)
    await new.start(at)


async def dedups_on_one_side(old: Any, new: Any, log: Any) -> None:
    at = await old.where()
    await new.replay(at)
    await new.start(at, dedup=True)
    await old.stop()


_ONE_WAY = "one way to be right"
_WHO = "who sends is no matter"
_GAP, _DOUBLE, _COUNT = "a gap is no harm", "a double is no harm", "the count is enough"

SUSPECTS = (
    Suspect("stops v1, and starts v2 where v1 has stopped", drains_then_switches, _ONE_WAY),
    Suspect("lets v1 go on to a barrier, and starts v2 there", goes_by_a_barrier, _ONE_WAY),
    Suspect("starts v2 a little early, with dedup", lets_them_overlap_and_dedups, _ONE_WAY),
    Suspect("runs v2 through all of history, with dedup", dedups_all_of_history, _ONE_WAY),
    Suspect("hands over after the next order", waits_for_the_next_order, _ONE_WAY),
    Suspect("starts v2 one order too late", leaves_out_one, _GAP, 0),
    Suspect("starts v2 at the end of the log", begins_at_the_end, _GAP, 0),
    Suspect("stops v1 and never starts v2", only_stops, _GAP, 0),
    Suspect("starts v2 one order too early", begins_one_too_early, _DOUBLE, 0),
    Suspect("asks v1 where it is, and stops it later", asks_then_stops, _DOUBLE, 0),
    Suspect("replays history with v2's invoices on", replays_with_effects, _DOUBLE, 0),
    Suspect("starts v2 and never stops v1", runs_both, _DOUBLE, 0),
    Suspect("doubles one order and loses another", doubles_one_and_loses_one, _COUNT, 0),
    Suspect("sends an order's invoice twice, from v2", sends_one_twice, _DOUBLE, 0),
    Suspect("repeats an old invoice, from v1", repeats_an_old_one, _DOUBLE, 0),
    Suspect("loses the first order's invoice", loses_the_first, _GAP, 0),
    Suspect("doubles the last order", doubles_the_last, _DOUBLE, 0),
    Suspect("hands the last order back to v1", hands_back, _WHO, 0),
    Suspect("never starts v2", never_hands_over, _WHO, 0),
    Suspect("trusts that v1 is still before its barrier", trusts_its_barrier, _DOUBLE, 1),
    Suspect("dedups in v2 while v1 goes on", dedups_on_one_side, _DOUBLE, 1),
)
