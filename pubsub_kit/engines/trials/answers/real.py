"""A world whose time is real: its verbs, unchanged, with nothing simulated behind them.

    sleep(5)                   5 s of a real clock, or 0.5 s if a second of the lesson lasts 0.1 s
    clock()                    that clock, which all processes of the machine share
    gather, call               as ever: tasks of this world, and services in it
    publish("orders", …)       goes to the engine, and returns once the engine has acknowledged it
    perform("mail", "o-1")     a line in the journal
    db.put(…)                  SQLite

No fault is drawn here: a process may be killed at each await instead (places.py). The trace is not
kept, since nobody could read it after that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from heapq import heappop
from types import MappingProxyType
from typing import Any

from simpy import Event as Moment

from pubsub_kit.engines.protocol import Engine
from pubsub_kit.engines.trials.answers.journal import Journal
from pubsub_kit.engines.trials.answers.places import Fate
from pubsub_kit.log.event import Event
from pubsub_kit.world.deeds import OTHER, Deed
from pubsub_kit.world.handlers import begun
from pubsub_kit.world.kernel import MANY
from pubsub_kit.world.running import TooManySteps
from pubsub_kit.world.tasks import Task
from pubsub_kit.world.world import World


class RealWorld(World):
    """Runs coroutines of the lessons on a real clock, one piece of work after the other.

    `second` is how long a second of the lesson lasts, in real seconds. `topics` says what the
    engine calls a topic of the lesson. `clock` and `pause` can be
    replaced by a test.
    """

    def __init__(
        self,
        fate: Fate,
        second: float = 1.0,
        engine: Engine | None = None,
        topics: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.fate, self.second, self.tick, self.rest = fate, second, clock, pause
        super().__init__()
        self.journal: Journal | None = None
        self.broker = _Gate(engine, topics)  # type: ignore[assignment]
        self.env._now = self.now

    @property
    def now(self) -> float:
        """Seconds of the lesson since 1970."""
        return self.tick() / self.second

    def do(self, work: Callable[[], Any]) -> Any:
        """Call a function, await what it returns, and return that; raises what it raises.

        What it has started beside itself goes on the next time that there is something to do.
        """
        done: list[Any] = []

        async def task() -> None:
            try:
                done.append(await begun(work))
            except Exception as error:
                done.append(_Raised(error))

        self.spawn(task(), "process")
        self.run(enough=lambda: bool(done))
        if isinstance(done[0], _Raised):
            raise done[0].error
        return done[0]

    async def reach(self, words: str) -> None:
        """Come to an effect of a store."""
        self.fate.reach(words)
        self.env._now = self.now

    # ── what a world does in virtual time ───────────────────────────────────────────────────────

    async def point(self, words: str, deed: Deed = OTHER) -> None:
        """Come to an await of an effect, where the process may die."""
        await self.reach(words)

    def nap(self, task: Task, seconds: float) -> Moment:
        """Return the moment when a task has slept."""
        self.fate.reach(f"sleeping {seconds:g} s")
        self.env._now = self.now
        return super().nap(task, seconds)

    def advance(self, end: float, enough: Callable[[], bool] | None) -> bool:
        """Let real time pass until `enough`, or until nothing is left to do."""
        env, agenda = self.env, self.env._queue
        for _ in range(MANY):
            if not agenda or agenda[0][0] > end or (enough is not None and enough()):
                return not (enough is not None and enough())
            while (early := agenda[0][0] - self.now) > 0:
                self.rest(early * self.second)
            event = heappop(agenda)[3]
            env._now = self.now
            callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
            for callback in callbacks:
                callback(event)
        raise TooManySteps(self.endless)

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
        """Write down what was done outside, and nothing else."""
        if self.journal is not None and kind == "effect" and data[0] == "outside":
            for what in data[2]:
                self.journal.write("performed", what)


class _Raised:
    """Marks a piece of work that raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class _Gate:
    """Stands where a world has its broker, and hands each event to the engine."""

    def __init__(self, engine: Engine | None, topics: Mapping[str, str]) -> None:
        self.engine, self.topics = engine, topics

    def publish_event(self, topic: str, event: Event) -> None:
        """Publish, and return once the engine has acknowledged it."""
        assert self.engine is not None, "this process was given no engine to publish to"
        there = self.topics.get(topic, topic)
        self.engine.publish_event(there, event._replace(time=time.time()))
