"""A design in a world, while it runs: what it keeps, what was recorded, and where its steps run.

A fact that is recorded is outside of all memory: no crash takes it away. Oracles and measures read
facts and rows; what a design is made of, they do not ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from pubsub_kit.designs.components import Component, DesignError
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.routes import entry, routes
from pubsub_kit.designs.rows import Kept, Rows
from pubsub_kit.designs.steps import Route, Steps, key_of
from pubsub_kit.errors import said
from pubsub_kit.world.chance import Latency, latency_of
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

CLIENT = "client"


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much of the real traffic a run stands for, and how long things take in it.

    It is 1 of `one_of`, for so many virtual `seconds`; then `drain` seconds pass without any.
    `per_second` is the whole traffic on average. `latencies` are the seconds that a step takes at
    the one who performs it, and `takes` those that depend on its message. Workers, queues and
    quotas are divided by `one_of`, like the traffic. `burst` says from when to when (seconds) the
    traffic is at its peak.
    """

    one_of: int
    per_second: float
    latencies: Mapping[str, Latency | float] = field(default_factory=dict)
    takes: Mapping[str, Callable[[Mapping[str, Any]], float]] = field(default_factory=dict)
    seconds: float = 60.0
    drain: float = 120.0
    burst: tuple[float, float] | None = None
    seed: int = 7


class Record(NamedTuple):
    """One fact outside of all memory: when (virtual seconds), what, about which id."""

    time: float
    kind: str
    id: str
    facts: Mapping[str, Any]
    step: int  # of the trace, where a small run notes it
    who: str = ""  # the node where it came about


class Built:
    """A design in a world: what is kept, what was recorded, and how traffic gets in."""

    def __init__(
        self,
        world: World,
        design: Design,
        decisions: dict[str, Any],
        kind: type[Steps],
        load: Load | None,
    ) -> None:
        self.world, self.design, self.load = world, design, load
        self.decisions, self.kind = decisions, kind
        self.one_of = load.one_of if load else 1
        latencies = load.latencies if load else {}
        self.latencies: dict[str, Latency] = {s: latency_of(t) for s, t in latencies.items()}
        self.luck = Random(load.seed if load else 0)  # of the traffic; the world has its own
        self.records: list[Record] = []
        self.kept: dict[str, Kept] = {}
        self.performed: list[tuple[float, str, str]] = []  # when, which step, of which id
        self.outside: dict[str, Any] = {}  # what providers and people remember, whatever crashes

    def record(self, kind: str, id: str, who: str = CLIENT, **facts: Any) -> None:
        """Note a fact by which the run is judged; a small run shows it in its trace."""
        at = len(self.world.trace)
        if not self.load and kind not in ("asked", "accepted", "done"):
            said = ", ".join(map(str, facts.values()))
            self.world.note("note", who, text=f"{kind} {id}" + (f": {said}" if said else ""))
        self.records.append(Record(self.world.now, kind, id, facts, at, who))

    def of(self, kind: str, id: str | None = None) -> list[Record]:
        """Return the facts of a kind, in their order; those about one id, if you name it."""
        return [r for r in self.records if r.kind == kind and id in (None, r.id)]

    def rows(self, role: str) -> Mapping[str, Any]:
        """Return what is stored of a role now, by key: for oracles, which see through caches."""
        kept = self.kept_for(role)
        start = f"{role}/"
        return {k.removeprefix(start): v for k, v in kept.store.rows.items() if k.startswith(start)}

    def kept_for(self, role: str) -> Kept:
        """Return where a role is kept."""
        holder = self.design.holder(role)
        if holder is None:
            raise DesignError(f"nothing in {self.design.name!r} holds {role!r}")
        return self.kept[holder.name]

    def share(self, many: int) -> int:
        """Return how many of a fleet belong to this slice, one at least; of a small run, two."""
        return max(1, round(many / self.one_of)) if self.load else min(many, 2)

    # -- traffic -----------------------------------------------------------------------------------

    def client(self, coroutine: Coroutine[Any, Any, Any], node: str = CLIENT) -> None:
        """Let somebody outside do something: `built.client(ask(built))`."""
        self.world.spawn(coroutine, node)

    async def ask(
        self, step: str, data: Mapping[str, Any], *, timeout: float = 5.0, tries: int = 1
    ) -> Any:
        """Send a message to whoever performs a step first, as a client does; return the reply.

        A call that fails is repeated up to `tries` times, a second apart. Raises CallError for the
        last one, and DesignError if the step is not to be reached from outside.
        """
        way = entry(self.design, step)
        for attempt in range(tries):
            try:
                if way.how == "publish":
                    message = {**data, "step": step}
                    return await publish(way.target, message, key=key_of(way, data))
                return await call(way.target, {**data, "step": step}, timeout=timeout)
            except CallError:
                if attempt + 1 == tries:
                    raise
                await sleep(1.0)
        return None


class Site:
    """Where steps run: one component of a design in one world; its memory ends with a crash."""

    def __init__(self, built: Built, part: Component, kind: type[Steps]) -> None:
        self.built, self.name = built, part.name
        # Decisions are taken before the run, so steps may read them alone.
        self.decisions: Mapping[str, Any] = MappingProxyType(built.decisions)
        self.routes: Mapping[str, Route] = routes(built.design, part)
        self.outside: dict[str, Any] = built.outside
        self.steps = _begun(kind, self)
        self.own = getattr(part, "steps", ())

    @property
    def now(self) -> float:
        """Virtual seconds since the run began."""
        return self.built.world.now

    def rows(self, role: str) -> Rows:
        """Return the rows of a role."""
        kept = self.built.kept_for(role)
        return Rows(kept, role, kept.store)

    def record(self, kind: str, id: str, **facts: Any) -> None:
        """Note a fact by which the run is judged, on the node where it comes about."""
        self.built.record(kind, id, self.built.world.current().node.name, **facts)

    async def perform(self, step: str, data: Any) -> Any:
        """Do a step here, after the seconds that it takes."""
        latency, load = self.built.latencies.get(step), self.built.load
        if load is None and isinstance(data, Mapping):
            self.built.performed.append((self.now, step, str(data.get("id", ""))))
        if latency is not None:
            await sleep(latency(self.built.world.chance) * self._slowness())
        if load is not None and step in load.takes:
            await sleep(load.takes[step](data))
        doing: Callable[[Any], Awaitable[Any]] = getattr(self.steps, step)
        return await doing(data)

    def _slowness(self) -> float:
        service = self.built.world.services.get(self.name)
        return service.slowness if service else 1.0

    async def answer(self, message: Mapping[str, Any]) -> Any:
        """Do what a call asks for."""
        return await self.perform(message["step"], _plain(message))

    async def handle(self, event: Any) -> Any:
        """Do what a message asks for, if it is for this group."""
        if event.data["step"] in self.own:
            return await self.perform(event.data["step"], _plain(event.data))
        return None


def _begun(kind: type[Steps], site: Site) -> Steps:
    """Return the steps of a site; a class of somebody's own may fail to begin."""
    try:
        return kind(site)
    except WorldError:
        raise
    except Exception as error:
        raise DesignError(
            f"{kind.__name__} can't begin at {site.name!r} ({type(error).__name__}: {said(error)}):"
            " let its __init__(self, place) call super().__init__(place), and no more"
        ) from None


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "step"}
