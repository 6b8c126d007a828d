"""The parts of a design: what a candidate draws as boxes and arrows, with the numbers beside them.

    Service    answers calls                    Store   rows that last; one store, one transaction
    Topic      keeps messages, in partitions    Cache   rows that vanish, after a time or a wipe
    Group      workers that share a topic       Scheduler   does something every so many seconds
    Provider   somebody else's system, as it is

A part that works performs *steps*, which the question names: "charge", "post". A part that keeps
something *holds* roles: "keys", "entries". Whatever one store holds can be written in one
transaction; what two stores hold cannot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pubsub_kit.errors import brief
from pubsub_kit.world.running import WorldError

Semantics = Literal["at least once", "at most once"]
MOST = 1_000_000  # of anything that a design may have many of


class DesignError(WorldError, ValueError):
    """A design that can't be built; the message says which part is wrong, and what it may be."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def whole(what: str, value: Any, least: int = 1) -> None:
    """Raise DesignError unless a value is a whole number from `least` up to a million."""
    if type(value) is not int or not least <= value <= MOST:
        raise DesignError(f"{what} is a whole number from {least} to {MOST:,}, not {brief(value)}")


def seconds(what: str, value: Any) -> None:
    """Raise DesignError unless a value is a number of seconds above 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 < value <= 1e9):  # which a value that is no number at all is not
        raise DesignError(f"{what} is a number of seconds above 0, not {brief(value)}")


def words(what: str, value: Any) -> tuple[str, ...]:
    """Return names as a tuple; raise DesignError unless they are one or more short texts."""
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not listed:
        raise DesignError(f"{what} is a name or a tuple of names, not {brief(value)}")
    for each in listed:
        name(f"each of {what}", each)
    return tuple(listed)


def label(what: str, value: Any) -> None:
    """Raise DesignError unless a value is a name that a topic may have: `fan-out.1`, no spaces."""
    name(what, value)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise DesignError(
            f"{what} has letters, digits, dots, hyphens and underscores alone, not {brief(value)}"
        )


def name(what: str, value: Any) -> None:
    """Raise DesignError unless a value is a text of 1 to 40 printable characters."""
    short = isinstance(value, str) and 0 < len(value) <= 40
    if not (short and value.strip() and value.isprintable()):
        raise DesignError(f"{what} is a text of 1 to 40 characters, not {brief(value)}")


@dataclass(frozen=True)
class Service:
    """Answers calls with its steps; `workers` requests at once (None: no limit), `queue` waiting.

    A request that finds the queue full is refused at once: the service sheds load.
    """

    name: str
    steps: tuple[str, ...]
    workers: int | None = None
    queue: int | None = None

    def __post_init__(self) -> None:
        name("a service's name", self.name)
        object.__setattr__(self, "steps", words(f"steps of {self.name}", self.steps))
        if self.workers is not None:
            whole(f"workers of {self.name}", self.workers)
        if self.queue is not None:
            whole(f"queue of {self.name}", self.queue, 0)


@dataclass(frozen=True)
class Topic:
    """Keeps messages on `replicas` brokers; those with the same `key` field stay in order.

    `key` names a field of the messages ("recipient"); "" spreads them, and keeps no order.
    """

    name: str
    key: str = ""
    partitions: int = 1
    replicas: int = 3

    def __post_init__(self) -> None:
        label("a topic's name", self.name)
        if not isinstance(self.key, str):
            raise DesignError(f"key of {self.name} is a field's name, or '', not {brief(self.key)}")
        if self.key:
            name(f"key of {self.name}", self.key)
        whole(f"partitions of {self.name}", self.partitions)
        whole(f"replicas of {self.name}", self.replicas)


@dataclass(frozen=True)
class Group:
    """Workers that share a topic's messages and perform steps with them.

    "at most once" acks before the work, "at least once" after it. After `attempts` deliveries a
    message is dead-lettered (None: never). What isn't acked in `lease` seconds is redelivered; a
    nacked message waits `backoff` seconds, and twice as long each further time, at most a minute.
    """

    name: str
    topic: str
    steps: tuple[str, ...]
    workers: int = 1
    semantics: Semantics = "at least once"
    attempts: int | None = None
    lease: float = 10.0
    backoff: float = 1.0

    def __post_init__(self) -> None:
        label("a group's name", self.name)
        name(f"topic of {self.name}", self.topic)
        object.__setattr__(self, "steps", words(f"steps of {self.name}", self.steps))
        whole(f"workers of {self.name}", self.workers)
        if not (isinstance(self.semantics, str) and self.semantics in get_args(Semantics)):
            raise DesignError(
                f"semantics of {self.name} is 'at least once' or 'at most once', not "
                f"{brief(self.semantics)}"
            )
        if self.attempts is not None:
            whole(f"attempts of {self.name}", self.attempts)
        seconds(f"lease of {self.name}", self.lease)
        seconds(f"backoff of {self.name}", self.backoff)


@dataclass(frozen=True)
class Store:
    """Rows that survive a crash, on `nodes` machines; reads lag `lag` seconds behind writes.

    A lag above 0 is that of a replica which is read while a primary is written.
    """

    name: str
    holds: tuple[str, ...]
    nodes: int = 1
    lag: float = 0.0

    def __post_init__(self) -> None:
        name("a store's name", self.name)
        object.__setattr__(self, "holds", words(f"holds of {self.name}", self.holds))
        whole(f"nodes of {self.name}", self.nodes)
        if type(self.lag) not in (int, float) or self.lag != 0:
            seconds(f"lag of {self.name}", self.lag)


@dataclass(frozen=True)
class Cache:
    """Rows that vanish `keeps` seconds after they were written, and all at once in a restart."""

    name: str
    holds: tuple[str, ...]
    keeps: float = 3600.0
    nodes: int = 1

    def __post_init__(self) -> None:
        name("a cache's name", self.name)
        object.__setattr__(self, "holds", words(f"holds of {self.name}", self.holds))
        seconds(f"keeps of {self.name}", self.keeps)
        whole(f"nodes of {self.name}", self.nodes)


@dataclass(frozen=True)
class Scheduler:
    """Performs its steps every so many seconds, on one machine."""

    name: str
    steps: tuple[str, ...]
    every: float = 60.0

    def __post_init__(self) -> None:
        name("a scheduler's name", self.name)
        object.__setattr__(self, "steps", words(f"steps of {self.name}", self.steps))
        seconds(f"every of {self.name}", self.every)


@dataclass(frozen=True)
class Provider:
    """A system that isn't yours: the question says how it behaves, how fast, and how often."""

    name: str
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        name("a provider's name", self.name)
        object.__setattr__(self, "steps", words(f"steps of {self.name}", self.steps))


@dataclass(frozen=True)
class Wire:
    """From one part to another: a call to a service, messages to a topic, rows to a store.

    A call waits `timeout` seconds for its reply (None: for ever), and is repeated `retries` times.
    """

    start: str
    end: str
    timeout: float | None = 2.0
    retries: int = 0

    def __post_init__(self) -> None:
        name("the start of a wire", self.start)
        name("the end of a wire", self.end)
        if self.timeout is not None:
            seconds(f"timeout of {self.start} → {self.end}", self.timeout)
        whole(f"retries of {self.start} → {self.end}", self.retries, 0)


Worker = Service | Group | Scheduler | Provider
Component = Service | Topic | Group | Store | Cache | Scheduler | Provider
KINDS: dict[str, type[Component]] = {
    kind.__name__.lower(): kind
    for kind in (Service, Topic, Group, Store, Cache, Scheduler, Provider)
}
