"""A server that rewinds: the target, the shot, and Valve's rule for how far back to go.

The numbers are those of Valve's Source engine: 100 ms of interpolation, at most 1 s back, and the
client's own tick counts only within 0.2 s of the server's estimate. `latency` is all the time that
the network took: from the snapshot that the shooter saw to the shot's arrival (seconds).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

SPEED = 300.0  # units a second
INTERPOLATION = 0.1  # seconds that a client draws others in the past
MOST = 1.0  # seconds of history that a server keeps
TRUST = 0.2  # seconds by which a client's own tick may differ
RADIUS = 16.0  # units, half of a player's width
NOW = 10.0  # seconds: the server's time when a shot arrives
_DEPTH = 120.0  # units from the shooter to the line on which the target runs
_SHOOTER = (67.5, 0.0)
_WITHIN = ((-60.0, 0.0), (230.0, 125.0))
WALL = ((92.0, 64.0), (170.0, 64.0))


def runner(time: float) -> float:
    """Return where a target that runs at 300 units/s is at a time (units along its way)."""
    return 120.0 + SPEED * (time - NOW)


def seen(latency: float, interpolation: float = INTERPOLATION) -> float:
    """Return the server's time of what a shooter saw, whose shot arrives now."""
    return NOW - latency - interpolation


def rewound(
    latency: float,
    interpolation: float = INTERPOLATION,
    tick: float | None = None,
    now: float = NOW,
) -> float:
    """Return the time that a server goes back to, by Valve's rule (Source SDK 2013).

    `tick` is the server's time by the client's account when it fired; None: as the latency says.
    The history begins 1 s ago, so the server goes back no further, whoever says so.
    """
    estimate = now - max(latency + interpolation, 0.0)
    told = estimate if tick is None else tick - interpolation
    return max(near(told, estimate), now - MOST)


def near(told: float, estimate: float) -> float:
    """Return the time that a client tells, or the server's estimate if the two differ too much."""
    return told if abs(told - estimate) <= TRUST else estimate


def shot(
    latency: float,
    to: float | None,
    aimed: float | None = None,
    target: Callable[[float], float] = runner,
    wall: bool = False,
    **words: str,
) -> Picture:
    """Draw a shot that was aimed at what the shooter saw, and tested at the time `to`.

    `to` is None where the server doesn't rewind; `aimed` is where the shot was aimed instead.
    """
    from pubsub_kit import show

    aim = target(seen(latency)) if aimed is None else aimed
    way = [(x, _DEPTH) for x in (_WITHIN[0][0], _WITHIN[1][0])]
    return show.arena(
        _SHOOTER,
        (target(NOW), _DEPTH),
        (aim, _DEPTH),
        ghost=None if to is None else (target(to), _DEPTH),
        radius=RADIUS,
        path=way,
        wall=WALL if wall else None,
        within=_WITHIN,
        **words,
    )
