"""Equal states need not be explored twice: what a world at rest depends on, as one value.

A run is at rest when no handler is running, no message is in flight, and only deadlines or restarts
are left to happen. What follows then depends on the durable rows, the broker, the nodes, the
handlers' memory and the time, and on nothing else. Two runs that rest in equal states have the same
future. So the second can stop there, if its last fault has happened, and if the first had no fault
to come either and no fewer left to try: whatever could follow has been tried or will be.

This is true only if all of that memory can be seen (memory.py). If it can't, it is `Opaque`, and
nothing is merged.
"""

from __future__ import annotations

import marshal
from collections.abc import Hashable, Iterator
from types import MethodType
from typing import Any

from pubsub_kit.broker.snapshot import NotPlain, of_broker
from pubsub_kit.world.consumers import Group, Worker
from pubsub_kit.world.kernel import Restart
from pubsub_kit.world.search.memory import Memory
from pubsub_kit.world.search.surroundings import Opaque
from pubsub_kit.world.system import System

_ATOMS = frozenset((str, int, float, bool, bytes, type(None)))
_EXACT = 2  # the version of marshal that writes equal values alike, wherever they come from


class Rests:
    """The states in which earlier runs of one exploration rested, and held."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}  # of all states, in the order of their discovery
        #: For each state, how many moments and effects its run still needed to come to its end.
        self.known: dict[int, tuple[int, int]] = {}
        self.met: list[tuple[int, int, int]] = []  # in the run at hand
        self.merged = False  # the run at hand ended in a known state
        self.opaque = False
        self.memory = Memory()
        self._world: System | None = None
        self._past: list[bytes] = []  # the effects of the run at hand
        self._read = 0  # steps of its trace

    def begin(self) -> None:
        """Begin the next run."""
        self.met, self.merged, self._world = [], False, None
        self._past, self._read = [], 0
        self.memory.begin()

    def has(self, world: System) -> bool:
        """Return whether this run rests in the state of an earlier one."""
        if self.opaque or (workers := resting(world)) is None:
            return False
        self._world = world
        try:
            state = self.numbers.setdefault(self._state(world, workers), len(self.numbers))
        except (Opaque, NotPlain, ValueError):  # the last is marshal's
            self.opaque = True
            return False
        moments, effects = taken(world)
        self.met.append((state, moments, effects))
        left = self.known.get(state)
        self.merged = (
            left is not None
            and moments + left[0] <= world.steps
            and effects + left[1] <= world.steps
        )
        return self.merged

    def keep(self) -> None:
        """Remember where this run rested, since it held."""
        if self._world is None or self.opaque:
            return
        moments, effects = taken(self._world)
        more, further = self.known.get(self.met[-1][0], (0, 0)) if self.merged else (0, 0)
        for state, before, did in self.met:
            self.known.setdefault(state, (moments - before + more, effects - did + further))

    def _state(self, world: System, workers: list[Worker]) -> Hashable:
        steps, self._read = world.trace.steps[self._read :], len(world.trace.steps)
        self._past += [marshal.dumps(s[2:], _EXACT) for s in steps if s[1] == "effect"]
        return (
            b"".join(self._past),
            marshal.dumps(at_rest(world, workers), _EXACT),
            self.memory.read(world, _roots(world, workers)),
        )


def resting(world: System) -> list[Worker] | None:
    """Return the workers of a world at rest, all of them idle; None if it is not at rest.

    None, too, if hardly anything is left to happen: to compare it would take longer.
    """
    under_way = (*world.late.values(), *world.network.late.values())
    if world.outage.down or any(under_way) or world.replicated is not None:
        return None
    left = False
    for _, _, _, event in world.env._queue:
        for then in event.callbacks:
            if type(then) is Restart:
                left = True
            elif not isinstance(getattr(then, "__self__", None), Group):
                return None
    groups = [group for groups in world.groups.values() for group in groups]
    if not (left or any(group.subscription.pending for group in groups)):
        return None
    workers = [worker for group in groups for worker in group.idle]
    if world.busy or sum([len(node.tasks) for node in world.nodes.values()]) > len(workers):
        return None
    return workers


def at_rest(world: System, workers: list[Worker]) -> tuple[Any, ...]:
    """Return all that a world at rest depends on, but for what its handlers remember."""
    groups = [group for groups in world.groups.values() for group in groups]
    return (
        world.env._now,
        tuple(_agenda(world)),
        of_broker(world.broker, exact=True),
        tuple((*g.state(), g.letters and tuple(g.letters.read)) for g in groups),
        tuple((n.name, n.alive, n.active, n.asked, n.skew) for n in world.nodes.values()),
        tuple((w.node.name, w.used) for w in workers),
        world.outage.saved(),
        tuple((service.name, service.slowness) for service in world.services.values()),
        tuple((ends, link[1:]) for ends, link in world.network.links.items()),
        tuple(item for item in world.numbers.items() if item[0] != "message"),
    )


def _agenda(world: System) -> Iterator[Hashable]:
    """Yield what is going to happen, and when; what was called off can still make others wait."""
    for moment, priority, _, event in sorted(world.env._queue, key=lambda entry: entry[:3]):
        callbacks: list[Any] = event.callbacks
        who = [getattr(then, "node", None) or then.__self__ for then in callbacks]
        yield moment, priority, tuple(each.name for each in who)


def _roots(world: System, workers: list[Worker]) -> Iterator[Any]:
    """Yield whatever makes the handlers of a world, what it has made, and what they wrote."""
    for groups in world.groups.values():
        for group in groups:
            yield from (group.factory, group.subscription.reader.filter, group.latency)
    for worker in workers:
        yield worker.made
        if not _from_class(worker.handle, worker.made):
            yield worker.handle
    for service in world.services.values():
        yield from (service.source, service.handle, service.made, service.latency)
    if world.services:
        yield world.network.usual.latency
        yield from (link.latency for link in world.network.links.values())
    yield world.effect_latency
    for store in world.stores.values():
        yield store.name
        if _ATOMS.issuperset(map(type, store.rows.values())):
            yield marshal.dumps(store.rows, _EXACT)
        else:
            yield store.rows


def _from_class(handle: Any, made: Any) -> bool:
    """Whether a handler is the method that its object's class has."""
    return (
        type(handle) is MethodType
        and handle.__self__ is made
        and vars(type(made)).get(handle.__name__) is handle.__func__
    )


def taken(world: System) -> tuple[int, int]:
    """Return how many moments of a run have passed, and how many effects have been awaited."""
    put = int(repr(world.env._eid)[6:-1])  # count(7): the next one's number
    return put - len(world.env._queue), world.steps - world.steps_left
