"""What each setting of a log on several brokers costs, and what it loses: measured, not claimed.

Each row is computed from runs of one world: a calm one for the time that an ack takes, and every
schedule of up to two faults for what is lost, and for how many brokers may be down.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from pubsub_kit.scenarios.broker_availability.orders import ack_seconds, available, kept, one, shop
from pubsub_kit.world.search.explore import explore
from pubsub_kit.world.world import World


class Row(NamedTuple):
    """One setting: an ack's time (milliseconds), and how many faults it stands."""

    name: str
    ack: float
    lost_after: int | None  # the fewest brokers, down or cut off, that lose an acked record
    power: bool  # whether a power loss loses one
    down: int  # how many brokers may be down for good while writes still succeed


def measured(name: str, **settings: Any) -> Row:
    """Return what runs with these settings show, of `world.brokers` and of `nodes`."""
    setup: Any = partial(shop, records=1, **settings)
    world = World()
    setup(world)
    world.run()

    def fewest(most: int, rule: Any, *faults: str) -> int | None:
        found = explore(setup, rule, faults=faults, max_faults=most)
        return found.complete + 1 if found.violation else None

    lost = fewest(2, lambda world: kept(world) or one(world), "node down", "node cut")
    power = fewest(1, kept, "power loss")
    nodes = len(world.cluster.nodes)
    stops = fewest(min(nodes - 1, 3), partial(available, faults=nodes), "node down")
    down = nodes - 1 if stops is None else stops - 1
    return Row(name, 1_000 * ack_seconds(world.trace), lost, bool(power), down)


def table(rows: list[Row]) -> str:
    """Return the rows as text, a line each."""
    lines = [f"{'':<33}{'ack':>6}   {'loses acked records':<22}{'power loss':<12}may be down"]
    for row in rows:
        lost = f"after {row.lost_after} fault{'s' * (row.lost_after > 1)}" if row.lost_after else ""
        power = "loses" if row.power else "no loss"
        said = lost or "not with up to 2"
        lines.append(f"{row.name:<33}{row.ack:>3.0f} ms   {said:<22}{power:<12}{row.down}")
    return "\n".join(lines)
