"""The arena that designs run in: machines, prices, faults, and the load of a network.

Nobody has published the machines' speeds and prices. They are round assumptions, all in this place,
and you can change them: `replace(arena, prices=Prices(node=800))`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.people.workload import Load, Workload


class ArenaError(PubSubKitError, ValueError):
    """An arena that cannot be; the message says which part is wrong, and what it may be."""


_MOST = 10**18  # of any number here: no machine, price or span comes near, and no sum overflows
_ABOVE_0 = ("worker_rate", "node_rate", "node_bytes")


class _Checked:
    """Looks at its numbers when it is made; raises ArenaError for the first that cannot be."""

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if may_be := _wrong(one.name, str(one.type), value):
                raise ArenaError(f"{one.name} of {type(self).__name__} is {may_be}, not {value!r}")


def _wrong(name: str, kind: str, value: Any) -> str:
    """Return what a value may be; nothing where it is that."""
    if kind == "bool":
        return "" if isinstance(value, bool) else "True or False"
    whole = kind == "int"
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    some = whole or name in _ABOVE_0
    most = 1 if name == "pausing" else _MOST
    number = isinstance(value, kinds) and not isinstance(value, bool)
    if number and 0 <= value <= most and (value > 0 or not some):
        return ""
    if whole:
        return "a whole number from 1 on"
    return f"a number above 0, {most:.0e} at most" if some else f"a number from 0 to {most:g}"


@dataclass(frozen=True)
class Machines(_Checked):
    """How fast one machine of each kind is, in seconds, operations a second and bytes."""

    worker_rate: float = 4_000.0  # deliveries a second: one pipeline of 4,000 destinations
    dedup_work: float = 0.25  # of a delivery's work: to look for its id before it is added
    message_overhead: float = 0.001  # seconds that a worker spends on a message besides
    node_rate: float = 60_000.0  # lookups and writes a second of a cache node
    node_bytes: float = 64e9
    base_latency: float = 0.004  # seconds of a read apart from lookups
    parallel: int = 50  # lookups that one read has under way at once
    pausing: float = 0.015  # share of lookups that meet a machine which pauses just then
    pause: float = 0.115  # seconds that it pauses on average: from half of it to half as much again
    broker_latency: float = 0.005  # seconds from publish to a worker that is free
    by_size: bool = True  # messages without a key are dealt by size (KIP-794), or each in turn


@dataclass(frozen=True)
class Prices(_Checked):
    """What things cost in a month, in dollars: assumptions, not quotations."""

    worker: float = 100.0
    node: float = 500.0
    million_messages: float = 0.02  # of the broker


@dataclass(frozen=True)
class Crash(_Checked):
    """At a time (seconds) so many of the workers crash, and come back after so many seconds."""

    at: float
    seconds: float = 10.0
    workers: int = 1


@dataclass(frozen=True)
class Failover(_Checked):
    """At a time (seconds) the broker's leader dies: nothing is delivered for so many seconds."""

    at: float
    seconds: float = 5.0


@dataclass(frozen=True)
class Poison(_Checked):
    """From a time (seconds) on, the next message crashes its worker at every attempt.

    The worker is back after so many seconds, and gets the same message again, until the design sets
    it aside. One bad record can crash an app again and again (incident.io's report).
    """

    at: float
    seconds: float = 1.0


@dataclass(frozen=True)
class NodeLoss(_Checked):
    """At a time (seconds) so many of the stores die, with what they hold."""

    at: float
    nodes: int = 1


Fault = Crash | Failover | NodeLoss | Poison


@dataclass(frozen=True, eq=False)
class Arena:
    """A load, machines and prices, and what goes wrong meanwhile.

    Raises ArenaError where one of them is of another kind.
    """

    load: Load
    machines: Machines = field(default_factory=Machines)
    prices: Prices = field(default_factory=Prices)
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        load: object = self.load
        if not isinstance(load, Load):
            hint = ": call its over(network)" if isinstance(load, Workload) else ""
            raise ArenaError(
                "load is what people do, as returned by Workload().over(population()), "
                f"not {type(load).__name__}{hint}"
            )
        for name, kind in (("machines", Machines), ("prices", Prices)):
            if not isinstance(getattr(self, name), kind):
                raise ArenaError(f"{name} is {kind.__name__}(), not {getattr(self, name)!r}")
        faults: object = self.faults
        if not isinstance(faults, tuple | list) or not all(isinstance(f, Fault) for f in faults):
            raise ArenaError(
                "faults is a tuple of Crash, Failover, NodeLoss and Poison, such as "
                f"(Crash(20.0),), not {faults!r}"
            )
