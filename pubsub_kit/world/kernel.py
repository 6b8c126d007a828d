"""The kernel of a world: virtual time, nodes and their tasks, chance, and the trace.

Time is SimPy's: a second passes when nothing is left to do before it. Every effect is an await, and
every await of an effect is a `point` where a worker may be pre-empted, paused or crashed. The
`Chance` alone decides which of these happens.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Mapping
from heapq import heappop, heappush
from typing import Any, cast

from simpy import Environment
from simpy import Event as Moment
from simpy.events import NORMAL

from pubsub_kit.errors import said
from pubsub_kit.world.chance import Chance, Latency, duration, latency_of
from pubsub_kit.world.deeds import ANY, OTHER, Deed
from pubsub_kit.world.odds import CRASHES, Jitter, among, at_an_await, rated
from pubsub_kit.world.preemption import Preemption
from pubsub_kit.world.races import Races
from pubsub_kit.world.running import CODE, TooManySteps, WorldError, named
from pubsub_kit.world.tasks import LOST, NOWHERE, Clock, Due, Node, Task, wait
from pubsub_kit.world.trace import Step, Trace

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
        self.env: Environment = Clock()
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
        self.crowd = 0  # how many services and groups there are
        self.careful = False  # see preemption
        self.stirs = False  # a handler sleeps, calls or wakes somebody
        self.prune = self.redundant = False  # ends a run in which a pre-emption changed nothing
        self.preemption = Preemption(self)
        self.races = Races()
        self.turn = 0  # how often some task has gone on
        self.second_act = ""  # which runs have a part that no fault may befall: "Each run"
        self.longest_lease = 0.0  # of the messages that a group hands out (seconds)
        self.preempts = "preempt" in faults

    @property
    def now(self) -> float:
        """Virtual seconds since the run began."""
        return float(self.env.now)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], node: str = "main") -> Task:
        """Start a coroutine on a node, now."""
        self.stir()
        task = Task(self, self.node(node), coroutine)
        if self.task is not None and self.task.node is task.node:
            task.lease = self.task.lease
        return task

    def stir(self) -> None:
        """Hear that what runs now sleeps, calls, publishes, or starts or wakes somebody."""
        self.stirs = self.stirs or (self.task is not None and self.task.closing)

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
        env, agenda, left = self.env, self.env._queue, self.steps
        while agenda and (moment := agenda[0][0]) <= end:
            if enough is not None and moment > env._now and enough():
                return False
            left -= 1
            if left < 0:
                raise TooManySteps(self.endless)
            event = heappop(agenda)[3]  # what SimPy's own step does, without a call for each
            env._now = moment
            callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
            for callback in callbacks:
                callback(event)
            if not event._ok and not event.defused:
                raise event._value
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
        env = self.env
        event: Moment = Due()
        event.callbacks = [then]
        heappush(env._queue, (moment, NORMAL, next(env._eid), event))
        return event

    def nap(self, task: Task, seconds: float) -> Moment:
        """Return the moment when a task has slept so many seconds, for it to wait for."""
        env = self.env
        event: Moment = task.nap
        if event.callbacks is not None:  # it has not come yet
            event = Due()
        event.callbacks = []
        heappush(env._queue, (env._now + seconds, NORMAL, next(env._eid), event))
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
        if node.boot not in (None, stay_away):
            raise WorldError(f"this world already has a {name!r}: give this one another name")
        return node

    async def point(self, words: str, deed: Deed = OTHER) -> None:
        """Pass one effect's await: here time passes, others may run, and a crash may fall.

        Two questions are skipped, because their answers would change nothing: a crash if the node
        has done nothing, and no time has passed, since its last chance to crash; and a pre-emption
        if nobody else could run. A task that was only spawned is asked none: nothing would restart
        it.
        """
        task = self.task or self.current()
        node, preemption = task.node, self.preemption
        self.steps_left -= 1
        if not node.alive or self.steps_left < 0:
            await wait(NOWHERE)
        if preemption.held:
            await preemption.passing()
        if self.rates and node.boot is not None:
            others = self.preempts and preemption.could_run(task)
            if others and self.chance.listens:
                preemption.comes_to(task, deed if task.closing else ANY)
            if kind := self._ask(node, others, True):
                await self.suffer(kind, node, words, deed)
        elif self.preempts and node.boot is None:
            self.races.saw(task, deed)
        if self.effect_latency is not None:
            await wait(self.env.timeout(self.effect_latency(self.chance)))
        if preemption.held or preemption.released:
            preemption.saw(task, deed)

    def exposed(self, node: Node) -> str:
        """Return what befalls a node at a wait that is not an effect: a crash, or nothing ("")."""
        self.stir()
        if not (self.rates and node.alive and node.boot is not None):
            return ""
        return self._ask(node, False, False)

    def _ask(self, node: Node, others: bool, effect: bool) -> str:
        now = self.env._now
        exposed = node.active or node.asked != now
        kinds, rates = self.effect_odds[exposed, others, effect]
        if not kinds:
            return ""
        node.active, node.asked = False, now
        return self.chance.fault(kinds, rates)

    async def suffer(self, kind: str, node: Node, words: str, deed: Deed = OTHER) -> None:
        """Let a fault befall the node of the task that runs, before something that it awaits."""
        node.active = True
        if kind in CRASHES:
            self._crash(kind, node, words)
            await wait(NOWHERE)
        if kind == "preempt":
            self.note("pause", node.name, text=f"others run before {words}", fault=True)
            task = self.current()
            await wait(self.preemption.hold(task, deed if task.closing else ANY))
            return
        seconds = self.pause_for
        text = f"pauses before {words}, for {seconds:g} s"
        self.note("pause", node.name, text=text, fault=True, data=seconds)
        if node.heard is not None:
            node.heard(False)
        await wait(self.env.timeout(seconds))
        if node.heard is not None:
            node.heard(True)

    def _crash(self, kind: str, node: Node, words: str) -> None:
        """Crash a node at an await, and see to it that it comes back, if it does."""
        down = (
            self.restart_after if kind == "crash" else max(self.pause_for, self.longest_lease * 1.5)
        )
        how = {"crash": "", "stays down": ", and stays down"}.get(kind, f", for {down:g} s")
        self.note("crash", node.name, text=f"crashes before {words}{how}", fault=True)
        if kind != "stays down":
            self.after(down, Restart(self, node))
        self.kill(node)

    def kill(self, node: Node) -> None:
        """Take away a node's tasks and its memory."""
        node.alive = False
        for task in list(node.tasks):
            task.kill()
        if node.emptied is not None:
            node.emptied()

    def current(self) -> Task:
        """Return the task that runs now; raises WorldError if none does."""
        if CODE.lost:
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


def stay_away() -> None:
    """Start nothing: the worker of this node has left."""


class Restart:
    """Starts a crashed node again when its time has come."""

    def __init__(self, world: Kernel, node: Node) -> None:
        self.world, self.node = world, node

    def __call__(self, _: Moment) -> None:
        """Do it."""
        self.world.restart(self.node.name)
