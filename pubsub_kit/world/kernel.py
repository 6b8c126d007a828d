"""The kernel of a world: virtual time, nodes and their tasks, chance, and the trace.

Time is SimPy's: a second passes when nothing is left to do before it. Every effect is an await, and
every await of an effect is a `point` where a worker may be pre-empted, paused or crashed. Which of
that happens is asked of the `Chance`, and nowhere else.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from simpy import Environment
from simpy import Event as Moment

from pubsub_kit.world.chance import FAULTS, Chance, Latency, latency_of
from pubsub_kit.world.tasks import Crash, Node, Task, Wait, WorldError, enter
from pubsub_kit.world.trace import Step, Trace

#: How long a pre-empted worker waits (seconds): long enough for all others to have their turn.
PREEMPTION = 0.001


#: Faults that may happen at one point, and the probability of each.
Odds = tuple[tuple[str, ...], tuple[float, ...]]


class TooManySteps(WorldError):
    """A run that went on past its bound: something in it repeats without end."""


class Kernel:
    """Virtual time and the luck of a run; `World` puts services, stores and consumers on it."""

    def __init__(
        self,
        chance: Chance,
        effect_latency: Latency | float,
        faults: Mapping[str, float],
        restart_after: float,
        pause_for: float,
    ) -> None:
        self.env = Environment()
        self.chance = chance
        self.trace = Trace()
        self.task: Task | None = None
        self.nodes: dict[str, Node] = {}
        self.restart_after, self.pause_for = restart_after, pause_for
        self.rates = dict(faults)
        for name in self.rates:
            if name not in FAULTS:
                raise WorldError(f"{name!r} is no fault: choose among {', '.join(FAULTS)}")
        self.effect_latency = None if effect_latency == 0.0 else latency_of(effect_latency)
        self.effect_faults: dict[tuple[bool, bool], Odds] = {}
        self.numbers: dict[str, int] = {}
        self.jitter = cast(random.Random, Jitter(chance))

    @property
    def now(self) -> float:
        """Virtual seconds since the run began."""
        return float(self.env.now)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], node: str = "main") -> Task:
        """Start a coroutine on a node, now."""
        return Task(self, self.node(node), coroutine)

    def crash(self, name: str, restart_after: float | None = None) -> None:
        """Crash a node: its memory and its work in hand are gone. It restarts only if you say when.

        Raises WorldError for a node that does not exist.
        """
        node = self._known(name)
        if node.alive:
            self.note("crash", name, text="memory is gone", fault=True)
            self._kill(node)
        if restart_after is not None:
            self.after(restart_after, lambda _: self.restart(name))

    def restart(self, name: str) -> None:
        """Start a crashed node again, with an empty memory."""
        node = self._known(name)
        if not node.alive:
            node.alive = True
            self.note("restart", name)
            if node.boot is not None:
                node.boot()

    def run(self, until: float | None = None, *, max_steps: int | None = None) -> Trace:
        """Run until nothing is left to do, or until a moment (virtual seconds); return the trace.

        Raises TooManySteps if more than `max_steps` moments pass.
        """
        outer = enter(self)
        env, left = self.env, max_steps if max_steps is not None else 50_000_000
        end = sys.float_info.max if until is None else until
        try:
            with rare_collections():
                while env.peek() <= end:
                    env.step()
                    left -= 1
                    if left < 0:
                        raise TooManySteps(f"after {max_steps} steps the run still goes on")
        finally:
            enter(outer)
        if until is not None and env.now < until:
            env.run(until=until)
        return self.trace

    def note(
        self,
        kind: str,
        node: str,
        peer: str = "",
        message: str = "",
        text: str = "",
        fault: bool = False,
        data: Any = None,
    ) -> None:
        """Write one step to the trace, stamped with the time."""
        self.trace.steps.append(
            tuple.__new__(Step, (self.env._now, kind, node, peer, message, text, fault, data))
        )

    def after(self, seconds: float, then: Callable[[Moment], Any]) -> None:
        """Call a function once so many seconds have passed."""
        self.env.timeout(seconds).callbacks.append(then)

    def number(self, what: str) -> int:
        """Return 1, 2, 3 … for each name: ids that are the same in every run."""
        self.numbers[what] = n = self.numbers.get(what, 0) + 1
        return n

    def enabled(self, *kinds: str) -> Odds:
        """Return those of the faults that this world may suffer, and their rates."""
        on = tuple(kind for kind in kinds if kind in self.rates)
        return on, tuple(self.rates[kind] for kind in on)

    def node(self, name: str) -> Node:
        """Return the node of this name, made if it is new."""
        if name not in self.nodes:
            self.nodes[name] = Node(name)
        return self.nodes[name]

    async def point(self, words: str) -> None:
        """Pass one effect's await: here time passes, others may run, and a crash may fall.

        Two questions are not asked, since their answers would change nothing: a crash where the
        node has done nothing since the last chance to crash, and a pre-emption where nobody else
        could run. Nor is any asked of a task that was only spawned: nothing would restart it.
        Raises Crash if the node crashes, or has crashed.
        """
        node = self.current().node
        if not node.alive:
            raise Crash
        situation = node.active, self.env.peek() <= self.env._now + PREEMPTION
        kinds, rates = self.effect_faults.get(situation) or self._odds(*situation)
        if kinds and node.boot is not None:
            kind = self.chance.fault(kinds, rates)
            node.active = False
            if kind:
                await self._suffer(kind, node, words)
        if self.effect_latency is not None:
            await Wait(self.env.timeout(self.effect_latency(self.chance)))
            if not node.alive:
                raise Crash

    def _odds(self, active: bool, others: bool) -> Odds:
        odds = self.enabled(*("crash",) * active, *("preempt",) * others, "pause")
        self.effect_faults[active, others] = odds
        return odds

    async def _suffer(self, kind: str, node: Node, words: str) -> None:
        if kind == "crash":
            self.note("crash", node.name, text=f"crash before {words}", fault=True)
            self.fail(node)
        seconds = PREEMPTION if kind == "preempt" else self.pause_for
        text = f"others run before {words}" if kind == "preempt" else f"stands still before {words}"
        self.note("pause", node.name, text=text, fault=True, data=seconds)
        node.active = True
        await Wait(self.env.timeout(seconds))
        if not node.alive:
            raise Crash

    def fail(self, node: Node) -> None:
        """Crash the node that runs now, and have it restart. Raises Crash."""
        self._kill(node)
        self.after(self.restart_after, lambda _: self.restart(node.name))
        raise Crash

    def _kill(self, node: Node) -> None:
        node.alive = False
        for task in list(node.tasks):
            task.kill()
        if node.emptied is not None:
            node.emptied()

    def current(self) -> Task:
        """Return the task that runs now."""
        if self.task is None:
            raise WorldError("this verb works only inside a handler or task of the world")
        return self.task

    def _known(self, name: str) -> Node:
        if name not in self.nodes:
            raise WorldError(f"there is no node {name!r}; there are {', '.join(self.nodes)}")
        return self.nodes[name]


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage less often: a run makes many records that stay, and little garbage."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


class Jitter:
    """A generator for jitter that draws on the world's chance, where `random.Random` is wanted."""

    def __init__(self, chance: Chance) -> None:
        self.random = chance.random

    def uniform(self, low: float, high: float) -> float:
        """Return a number between two bounds."""
        return low + (high - low) * self.random()
