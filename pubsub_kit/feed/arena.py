"""The arena that designs meet in: machines, prices, faults, and the load of a network.

None of the machines' speeds and prices is published; they are round assumptions, in one place, to
be changed: `replace(arena, prices=Prices(node=800))`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pubsub_kit.feed.workload import Load


@dataclass(frozen=True)
class Machines:
    """How fast one machine of each kind is, in seconds, operations a second and bytes."""

    worker_rate: float = 4_000.0  # deliveries a second: one pipeline of 4,000 destinations
    message_overhead: float = 0.001  # seconds that a worker spends on a message besides
    node_rate: float = 60_000.0  # lookups and writes a second of a cache node
    node_bytes: float = 64e9
    base_latency: float = 0.004  # seconds of a read apart from lookups
    parallel: int = 50  # lookups that one read has under way at once
    pausing: float = 0.015  # share of lookups that meet a machine which pauses just then
    pause: float = 0.1  # seconds that it pauses: with the share, what makes a read's tail
    broker_latency: float = 0.005  # seconds from publish to a worker that is free


@dataclass(frozen=True)
class Prices:
    """What things cost in a month, in dollars: assumptions, not quotations."""

    worker: float = 100.0
    node: float = 500.0
    million_messages: float = 0.02  # of the broker


@dataclass(frozen=True)
class Crash:
    """At a time (seconds) so many of the workers crash, and come back after so many seconds."""

    at: float
    seconds: float = 10.0
    workers: int = 1


@dataclass(frozen=True)
class Failover:
    """At a time (seconds) the broker's leader dies: nothing is delivered for so many seconds."""

    at: float
    seconds: float = 5.0


@dataclass(frozen=True)
class NodeLoss:
    """At a time (seconds) so many of the stores die, with what they hold."""

    at: float
    nodes: int = 1


Fault = Crash | Failover | NodeLoss


@dataclass(frozen=True, eq=False)
class Arena:
    """A load, machines and prices, and what goes wrong meanwhile."""

    load: Load
    machines: Machines = field(default_factory=Machines)
    prices: Prices = field(default_factory=Prices)
    faults: tuple[Fault, ...] = ()
