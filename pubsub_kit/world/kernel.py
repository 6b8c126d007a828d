"""The kernel of a world: virtual time, nodes and their tasks, chance, and the trace.

Time is SimPy's: a second passes when nothing is left to do before it. Every effect is an await, and
every await of an effect is a `point` where a worker may be pre-empted, paused or crashed. The
`Chance` alone decides which of these happens.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Mapping
from heapq import heappush
from typing import Any, cast

from simpy import Environment
from simpy import Event as Moment
from simpy.events import NORMAL

from pubsub_kit.errors import said
from pubsub_kit.world.chance import Chance, Latency, duration, latency_of
from pubsub_kit.world.odds import Jitter, among, at_an_await, rated
from pubsub_kit.world.running import TooManySteps, WorldError, lost, named
from pubsub_kit.world.tasks import LOST, NOWHERE, Node, Task, wait
from pubsub_kit.world.trace import Step, Trace

#: How long a pre-empted worker waits (seconds): long enough for all others to have their turn.
PREEMPTION = 0.001
#: How many steps a run may take unless you say otherwise: minutes of real time.
MANY = 50_000_000


_tuple: Callable[..., Step] = tuple.__new__  # what Step(…) does, without its detour for keywords


class Kernel:
    """Virtual time and the luck of a run; `System` puts services, stores and consumers on it."""

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
        self.restart_after = duration("restart_after", restart_after)
        self.pause_for = duration("pause_for", pause_for)
        self.rates = rated(tuple(faults.items()))
        self.effect_latency = None if effect_latency == 0.0 else latency_of(effect_latency)
        self.effect_odds = at_an_await(self.rates)
        #: Returns those of some faults that this world may suffer, and their rates.
        self.enabled = among(self.rates)
        self.numbers: dict[str, int] = {}
        self.jitter = cast(random.Random, Jitter(chance))
        self.steps = self.steps_left = MANY
        self.raised: list[tuple[int, Exception]] = []

    @property
    def now(self) -> float:
        """Virtual seconds since the run began."""
        return float(self.env.now)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], node: str = "main") -> Task:
        """Start a coroutine on a node, now."""
        return Task(self, self.node(node), coroutine)

    def restart(self, name: str) -> None:
        """Start a crashed node again, with an empty memory."""
        node = self.known(name)
        if not node.alive:
            node.alive = True
            self.note("restart", name)
            if node.boot is not None:
                node.boot()

    def advance(self, end: float, enough: Callable[[], bool] | None) -> bool:
        """Let time pass up to a moment (virtual seconds); return False if `enough` ended it before.

        Raises TooManySteps.
        """
        env, agenda, step, left = self.env, self.env._queue, self.env.step, self.steps
        while agenda and agenda[0][0] <= end:
            if enough is not None and agenda[0][0] > env._now and enough():
                return False
            left -= 1
            if left < 0:
                raise TooManySteps(self.endless)
            step()
        return True

    @property
    def endless(self) -> str:
        """The words for a run that took all its steps."""
        return f"the run was still going after {self.steps:,} steps: something repeats without end"

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
        step = (self.env._now, kind, node, peer, message, text, fault, data)
        self.trace.steps.append(_tuple(Step, step))

    def after(self, seconds: float, then: Callable[[Moment], Any]) -> Moment:
        """Call a function after so many seconds; return that moment."""
        if not seconds >= 0:
            raise WorldError(f"a wait is a number of seconds from 0 up, not {seconds!r}")
        return self.on(self.env._now + seconds, then)

    def on(self, moment: float, then: Callable[[Moment], Any]) -> Moment:
        """Call a function at exactly this moment (virtual seconds), without a rounding error."""
        env, event = self.env, Moment(self.env)
        event._ok, event._value = True, None
        event.callbacks.append(then)
        heappush(env._queue, (moment, NORMAL, next(env._eid), event))
        return event

    def heard(self, error: Exception) -> str:
        """Keep an error that a handler raised, if it is among the first 20; return its words."""
        if len(self.raised) < 20:
            self.raised.append((len(self.trace), error))
        return said(error)

    def number(self, what: str) -> int:
        """Return 1, 2, 3 … for each name: ids that are the same in every run."""
        self.numbers[what] = n = self.numbers.get(what, 0) + 1
        return n

    def node(self, name: str) -> Node:
        """Return the node of this name, made if it is new."""
        if name not in self.nodes:
            self.nodes[name] = Node(named(name))
        return self.nodes[name]

    def claim(self, name: str) -> Node:
        """Return a node for what restarts after a crash; raises WorldError if the name is taken."""
        node = self.node(name)
        if node.boot is not None:
            raise WorldError(f"this world already has a {name!r}: give this one another name")
        return node

    async def point(self, words: str) -> None:
        """Pass one effect's await: here time passes, others may run, and a crash may fall.

        Two questions are skipped, because their answers would change nothing: a crash if the node
        has done nothing, and no time has passed, since its last chance to crash; and a pre-emption
        if nobody else could run. A task that was only spawned is asked none: nothing would restart
        it.
        """
        node = (self.task or self.current()).node
        self.steps_left -= 1
        if not node.alive or self.steps_left < 0:
            await wait(NOWHERE)
        if self.rates and node.boot is not None:
            agenda = self.env._queue
            others = bool(agenda) and agenda[0][0] <= self.env._now + PREEMPTION
            if kind := self._ask(node, others, True):
                await self._suffer(kind, node, words)
        if self.effect_latency is not None:
            await wait(self.env.timeout(self.effect_latency(self.chance)))

    async def exposed(self, words: str) -> None:
        """Pass a wait that is not an effect: a crash may fall here, and no other fault."""
        node = self.current().node
        if not node.alive:
            await wait(NOWHERE)
        if self.rates and node.boot is not None and (kind := self._ask(node, False, False)):
            await self._suffer(kind, node, words)

    def _ask(self, node: Node, others: bool, effect: bool) -> str:
        now = self.env._now
        exposed = node.active or node.asked != now
        kinds, rates = self.effect_odds[exposed, others, effect]
        if not kinds:
            return ""
        node.active, node.asked = False, now
        return self.chance.fault(kinds, rates)

    async def _suffer(self, kind: str, node: Node, words: str) -> None:
        node.active = True
        if kind == "crash":
            self.note("crash", node.name, text=f"crashes before {words}", fault=True)
            self.after(self.restart_after, Restart(self, node))
            self.kill(node)
            await wait(NOWHERE)
        seconds = PREEMPTION if kind == "preempt" else self.pause_for
        pause = f"pauses before {words}, for {seconds:g} s"
        text = f"others run before {words}" if kind == "preempt" else pause
        self.note("pause", node.name, text=text, fault=True, data=seconds)
        await wait(self.env.timeout(seconds))

    def kill(self, node: Node) -> None:
        """Take away a node's tasks and its memory."""
        node.alive = False
        for task in list(node.tasks):
            task.kill()
        if node.emptied is not None:
            node.emptied()

    def current(self) -> Task:
        """Return the task that runs now; raises WorldError if none does."""
        if lost():
            return LOST
        if self.task is None:
            raise WorldError("this works only inside a handler or task of a world")
        return self.task

    def known(self, name: str) -> Node:
        """Return a node that exists; raises WorldError if none of this name does."""
        if name not in self.nodes:
            known = ", ".join(self.nodes) or "none yet"
            raise WorldError(f"there is no node {name!r}; this world has {known}")
        return self.nodes[name]


class Restart:
    """Starts a crashed node again when its time has come."""

    def __init__(self, world: Kernel, node: Node) -> None:
        self.world, self.node = world, node

    def __call__(self, _: Moment) -> None:
        """Do it."""
        self.world.restart(self.node.name)
