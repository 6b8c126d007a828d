"""Where the words of a mark or an arrow may stand, the best place first."""

from __future__ import annotations

from pubsub_kit.show.labels import Spot
from pubsub_kit.show.marks import Point


def along(p: Point, q: Point, way: int, edge: float) -> tuple[Spot, ...]:
    """Return the places for the words of an arrow from `p` to `q`, up to the paper's edge."""
    side = "start" if way > 0 else "end"
    other = "end" if way > 0 else "start"
    room = abs(q[0] - p[0]) - 12
    middle = ((p[0] + q[0]) / 2, (p[1] + q[1]) / 2)
    return (
        Spot(p[0] + way * 6, p[1] - 8, side, room),
        Spot(middle[0], middle[1] - 9, "middle", room),
        Spot(q[0] - way * 9, q[1] + 9, other, room),
        Spot(p[0] + way * 6, p[1] - 8, side, edge),
    )
