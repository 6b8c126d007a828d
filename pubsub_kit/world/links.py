"""Links between nodes: how long a message takes, and whether it arrives once, twice or never."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pubsub_kit.world.chance import Latency, latency_of, probability
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.odds import Odds
from pubsub_kit.world.running import WorldError


class Link(NamedTuple):
    """One direction of a link: latency (seconds), probabilities of loss and duplication."""

    latency: Latency
    loss: float = 0.0
    duplicate: float = 0.0
    cut: bool = False
    reliable: bool = False  # whatever faults the world may suffer, this link suffers none


AT_ONCE = Link(latency_of(0.0))


class Network:
    """Carries messages; one rule decides whether each is passed on, delayed, duplicated or lost."""

    def __init__(self, world: Kernel, usual: Link) -> None:
        self.world = world
        self.usual = usual
        self.links: dict[tuple[str, str], Link] = {}
        self.late: dict[tuple[str, str], list[Callable[[Any], None]]] = {}  # copies under way
        self._odds: dict[tuple[str, str, bool], Odds] = {}

    def change(self, a: str, b: str, **changes: Any) -> None:
        """Change latency, loss or duplicate of the link between two nodes, both ways."""
        for name, value in changes.items():
            if name == "latency":
                changes[name] = latency_of(value)
            elif name == "reliable":
                changes[name] = bool(value)
            elif name not in ("loss", "duplicate"):
                raise WorldError(
                    f"a link has no {name!r}: set latency, loss, duplicate or reliable"
                )
            else:
                changes[name] = probability(name, value)
        self._set(a, b, **changes)

    def cut(self, a: str, b: str) -> None:
        """Lose every message sent between two nodes from now on; those in flight still arrive."""
        self._set(a, b, cut=True)
        self.world.note("partition", a, b, text="the link is cut", fault=True)

    def mend(self, a: str, b: str) -> None:
        """Undo `cut`."""
        self._set(a, b, cut=False)
        self.world.note("repair", a, b, text="the link works again")

    def _set(self, a: str, b: str, **changes: Any) -> None:
        self._odds.clear()
        for ends in ((a, b), (b, a)):
            self.links[ends] = self.links.get(ends, self.usual)._replace(**changes)

    def send(
        self,
        source: str,
        target: str,
        text: str,
        then: Callable[[str], None],
        *,
        reply: bool = False,
    ) -> str:
        """Send a message and call `then(message)` each time it arrives; return its key."""
        world = self.world
        message = f"m{world.number('message')}"
        world.note("send", source, target, message, text)
        link = self.links.get((source, target), self.usual)
        kinds, rates = self._odds.get((source, target, reply)) or self._luck(source, target, reply)
        kind = "loss" if link.cut else world.chance.fault(kinds, rates) if kinds else ""
        seconds = link.latency(world.chance)
        if kind in ("loss", "reply lost"):
            world.note("lose", source, target, message, f"{text} is lost", True, seconds)
            return message

        def arrive(_: Any) -> None:
            world.note("receive", target, source, message, text)
            then(message)
            for late in self.late.pop((source, target), ()):
                late(None)

        if kind == "delay":
            world.note("note", source, target, message, f"{text} is delayed", True)
            seconds += world.pause_for
        elif kind == "late duplicate":
            world.note("note", source, target, message, f"{text} is on its way once more", True)
            self._arrive(seconds, lambda _: self._once_more((source, target), arrive))
            return message
        self._arrive(seconds, arrive)
        if kind == "duplicate":
            world.note("note", source, target, message, f"{text} is duplicated", True)
            self._arrive(link.latency(world.chance), arrive)
        return message

    def _once_more(self, ends: tuple[str, str], arrive: Callable[[Any], None]) -> None:
        """Let a message arrive now, and again after the next one, or when none comes for long."""
        arrive(None)
        self.late.setdefault(ends, []).append(arrive)

        def at_last(_: Any) -> None:
            if arrive in (under_way := self.late.get(ends, [])):
                under_way.remove(arrive)
                arrive(None)

        self.world.after(self.world.pause_for, at_last)

    def _arrive(self, seconds: float, arrive: Callable[[Any], None]) -> None:
        if seconds == 0.0:
            arrive(None)
        else:
            self.world.after(seconds, arrive)

    def _luck(self, source: str, target: str, reply: bool) -> Odds:
        """Return what may happen to a message on this link: the link's odds plus the world's."""
        link = self.links.get((source, target), self.usual)
        rates = {} if link.reliable else dict(self.world.rates)
        own = {"reply lost" if reply else "loss": link.loss, "duplicate": link.duplicate}
        may = ("reply lost", "delay") if reply else ("loss", "duplicate", "late duplicate", "delay")
        kinds = tuple(kind for kind in may if kind in rates or own.get(kind))
        odds = kinds, tuple(rates.get(kind, 0.0) + own.get(kind, 0.0) for kind in kinds)
        self._odds[source, target, reply] = odds
        return odds
