"""Links between nodes: how long a message takes, and whether it arrives, once, twice or never."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.world.chance import Latency, latency_of
from pubsub_kit.world.tasks import WorldError

if TYPE_CHECKING:
    from pubsub_kit.world.world import World


class Link(NamedTuple):
    """One direction of a link: latency (seconds), probabilities of loss and doubling."""

    latency: Latency
    loss: float = 0.0
    duplicate: float = 0.0
    cut: bool = False


class Network:
    """Carries messages; one rule decides whether each is passed, delayed, doubled or dropped."""

    def __init__(self, world: World, usual: Link) -> None:
        self.world = world
        self.usual = usual
        self.links: dict[tuple[str, str], Link] = {}
        self._odds: dict[tuple[Link, bool], tuple[tuple[str, ...], tuple[float, ...]]] = {}

    def change(self, a: str, b: str, **changes: Any) -> None:
        """Change latency, loss or duplicate of the link between two nodes, both ways."""
        for name, value in changes.items():
            if name == "latency":
                changes[name] = latency_of(value)
            elif name not in ("loss", "duplicate"):
                raise WorldError(f"a link has latency, loss and duplicate, but no {name!r}")
            elif not 0 <= value <= 1:
                raise WorldError(f"{name} is {value!r}: give a probability from 0 to 1")
        for ends in ((a, b), (b, a)):
            self.links[ends] = self.links.get(ends, self.usual)._replace(**changes)

    def cut(self, a: str, b: str) -> None:
        """Lose every message between two nodes from now on."""
        self._set_cut(a, b, True)
        self.world.note("partition", a, b, text="the link is cut", fault=True)

    def mend(self, a: str, b: str) -> None:
        """Undo `cut`."""
        self._set_cut(a, b, False)
        self.world.note("repair", a, b, text="the link works again")

    def _set_cut(self, a: str, b: str, cut: bool) -> None:
        for ends in ((a, b), (b, a)):
            self.links[ends] = self.links.get(ends, self.usual)._replace(cut=cut)

    def send(
        self,
        source: str,
        target: str,
        text: str,
        then: Callable[[str], None],
        *,
        reply: bool = False,
    ) -> str:
        """Send a message and call `then(message)` each time that it arrives; returns its key."""
        world = self.world
        message = f"m{world.number('message')}"
        world.note("send", source, target, message, text)
        link = self.links.get((source, target), self.usual)
        kinds, rates = self._odds_of(link, reply)
        kind = world.chance.fault(kinds, rates) if kinds else ""
        if link.cut or kind in ("loss", "reply lost"):
            self._lose(source, target, message, text, link.latency(world.chance))
            return message

        def arrive(_: Any) -> None:
            world.note("receive", target, source, message, text)
            then(message)

        seconds = link.latency(world.chance)
        if kind == "delay":
            world.note("note", source, target, message, f"{text} is delayed", True)
            seconds += world.pause_for
        self._arrive(seconds, arrive)
        if kind == "duplicate":
            world.note("note", source, target, message, f"{text} is sent twice", True)
            self._arrive(link.latency(world.chance), arrive)
        return message

    def _arrive(self, seconds: float, arrive: Callable[[Any], None]) -> None:
        if seconds == 0.0:
            arrive(None)
        else:
            self.world.after(seconds, arrive)

    def _lose(self, source: str, target: str, message: str, text: str, seconds: float) -> None:
        self.world.note("lose", source, target, message, f"{text} is lost", True, seconds)

    def _odds_of(self, link: Link, reply: bool) -> tuple[tuple[str, ...], tuple[float, ...]]:
        odds = self._odds.get((link, reply))
        if odds is None:
            rates = dict(self.world.rates)
            own = {"reply lost" if reply else "loss": link.loss, "duplicate": link.duplicate}
            may = ("reply lost", "delay") if reply else ("loss", "duplicate", "delay")
            kinds = tuple(k for k in may if k in rates or own.get(k))
            odds = kinds, tuple(rates.get(k, 0.0) + own.get(k, 0.0) for k in kinds)
            self._odds[link, reply] = odds
        return odds
