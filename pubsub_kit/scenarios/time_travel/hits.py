"""Shots to judge: at different latencies, late packets, and clients whose clocks lie.

The rule is fairness, not a formula: an honest shooter hits what was on their screen, if the server
can still know it; a client that claims another time than the network allows hits only what the
server's own estimate says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.plain import not_async, shown
from pubsub_kit.scenarios.time_travel import shooter as game
from pubsub_kit.scenarios.time_travel.shooter import NOW, runner
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


def turns(time: float) -> float:
    """Return where a target is that ran the other way until 0.13 s ago (units)."""
    return 120.0 + game.SPEED * abs(time - NOW + 0.13)


class Scene(NamedTuple):
    """A shot: the target's way, latencies (s), what the client claims, and how far it is aimed off.

    The server measured `latency`; this packet took `late` longer. `claim` is what the client's tick
    is away from the truth (s). `off` is how far the shot goes beside what was seen (units), or, if
    `oldest`, beside where the target was 1 s ago.
    """

    way: Callable[[float], float]
    latency: float
    interpolation: float = 0.1
    late: float = 0.0
    claim: float = 0.0
    off: float = 0.0
    oldest: bool = False

    @property
    def shot(self) -> dict[str, float]:
        """What the server knows of the shot; a cheat aims at what it claims to have seen."""
        fired = NOW - self.latency - self.late
        seen = NOW - game.MOST if self.oldest else fired + min(self.claim, 0) - self.interpolation
        aim = self.way(seen) + self.off
        known = {"latency": self.latency, "interpolation": self.interpolation}
        return {"aim": aim, "tick": fired + self.claim, **known}

    @property
    def hits(self) -> bool:
        """Whether the shot is fair: not beside what was seen, no cheat, and not too old."""
        back = self.latency + self.late + self.interpolation
        known = self.oldest or back <= game.MOST
        return abs(self.off) <= game.RADIUS and self.claim >= 0 and known

    @property
    def story(self) -> str:
        """What happened, in words."""
        words = f"The network took {1000 * (self.latency + self.late):.0f} ms"
        if self.claim:
            early = "an earlier shot" if self.claim < 0 else "a shot that is still to come"
            return f"{words}, and the client claims {early}, by {abs(self.claim):g} s"
        usual = f" instead of the usual {1000 * self.latency:.0f}" if self.late else ""
        if self.oldest:
            return f"{words}{usual}, and the shot went where the target was 1 s ago"
        if self.latency + self.late > game.MOST:
            return f"{words}{usual}, so what the shooter saw is older than the 1 s of history"
        off = f"{abs(self.off):g} units beside" if self.off else "exactly at"
        past = f", drawn {1000 * self.interpolation:.0f} ms late" if self.interpolation else ""
        return f"{words}{usual}, and the client aimed {off} what it saw{past}"


@cache
def cases() -> list[Scene]:
    """Return the shots, the plainest first."""
    offs = (0.0, 60.0, -60.0, 15.0, -15.0, 17.0, -17.0)
    plain = product((0.0, 0.075, 0.15, 0.4), (0.0, 0.1), (runner, turns), offs)
    late = product((0.075, 0.15), (0.1, -0.05), (runner, turns), (0.0, 40.0))
    return [
        *(Scene(way, latency, drawn, off=off) for latency, drawn, way, off in plain),
        *(Scene(way, latency, late=late, off=off) for latency, late, way, off in late),
        *(Scene(runner, latency, claim=-0.9) for latency in (0.05, 0.075, 0.15)),
        *(Scene(runner, latency, claim=0.5) for latency in (0.05, 0.15)),
        *(Scene(runner, latency) for latency in (1.3, 2.0)),
        *(Scene(runner, 0.25, 0.125, off=off) for off in (game.RADIUS, -game.RADIUS)),  # exact
        *(Scene(runner, 0.9, late=0.15, oldest=oldest) for oldest in (True, False)),
        Scene(runner, 1.3, oldest=True),
    ]


def run(answer: Any, case: Scene, trace: Trace) -> Violation | None:
    """Ask whether one shot hits."""
    trace.add(NOW, "note", "shooter", "", "", f"a shot at {case.shot['aim']:.1f}", data=case)
    said = not_async(answer(NOW, case.way, case.shot), "hit")
    if type(said).__name__ not in ("bool", "bool_"):
        raise PubSubKitError(f"hit() returns True or False, not {shown(said, 40)}")
    if bool(said) == case.hits:
        return None
    fair, yours = ("hit", "miss") if case.hits else ("miss", "hit")
    belief = "the tick spoils the shot" if case.claim > 0 else ""
    belief = "trusts the client's time" if case.claim < 0 else belief
    return Violation(f"{case.story}. That is a {fair}, and yours says {yours}.", 0, belief=belief)


def arena(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the shot of a run: what it was aimed at, and where a fair server rewinds the target."""
    case: Scene = world.trace[0].data
    fair = game.rewound(case.latency, case.interpolation, case.shot["tick"])
    words = violation.message if violation else ""
    return game.shot(case.latency, fair, case.shot["aim"], case.way, title=title, caption=words)
