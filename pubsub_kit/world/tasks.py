"""A coroutine that runs in virtual time, the node it runs on, and what a crash does to both.

SimPy is the clock and the agenda: it knows *when* each event fires. A `Task` is a coroutine that
waits for such events, so that a service can be written as `reply = await call("stock", order)`.
A task belongs to a `Node`, and ends on the spot when the node crashes. No code can escape that:
whatever an `except` or a `finally` block still tries, each await leads nowhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator
from itertools import count
from types import coroutine
from typing import Any, Protocol, cast

from simpy import Environment
from simpy import Event as Moment

from pubsub_kit.world.running import FOREIGN, TooManySteps, WorldError


@coroutine
def wait(moment: Moment) -> Generator[Moment, Any, Any]:
    """Suspend the task until a SimPy event fires; return the event's value."""
    return (yield moment)


class Clock(Environment):
    """SimPy's clock and agenda, made in a third of the time: it binds no shortcuts in advance."""

    def __init__(self) -> None:
        self._now, self._queue, self._eid, self._active_proc = 0.0, [], count(), None


class Due(Moment):
    """A moment that is on the agenda, as SimPy's Timeout is, and is made in half the time."""

    _ok, _value = True, None
    __init__ = object.__init__  # whoever makes one gives it its callbacks


#: What a task awaits once it may not go on: its node has crashed, or its run has gone too far.
NOWHERE = cast(Moment, object())


class Node:
    """A place where code runs and can crash: its tasks, its state, how wrong its clock is."""

    __slots__ = ("active", "alive", "asked", "boot", "emptied", "heard", "name", "skew", "tasks")

    def __init__(self, name: str, alive: bool = True) -> None:
        self.name = name
        self.alive = alive
        self.boot: Callable[[], object] | None = None  # starts its work, at first and after a crash
        self.emptied: Callable[[], None] | None = None  # told when a crash empties it
        self.heard: Callable[[bool], None] | None = None  # told when a pause begins (False), ends
        self.active = True  # it has done something since its last chance to crash
        self.asked = 0.0  # when that was, in virtual seconds
        self.skew: float | None = None
        self.tasks: dict[Task, None] = {}


class Lease(Protocol):
    """What a task holds while others wait: a delivery, or a request whose caller will give up."""

    @property
    def deadline(self) -> float:
        """When it ends (virtual seconds)."""


class Agenda(Protocol):
    """What a task needs of the kernel that it runs on."""

    env: Environment
    task: Task | None  # the one that runs now
    turn: int  # how often some task has gone on

    def on(self, moment: float, then: Callable[[Moment], Any]) -> Moment:
        """Call a function at this moment (virtual seconds)."""

    @property
    def endless(self) -> str:
        """What is said of a run that took all its steps."""


class Task:
    """One coroutine in virtual time, resumed by the event that it waits for."""

    __slots__ = ("closing", "coroutine", "lease", "nap", "node", "resume", "target", "world")

    def __init__(self, world: Agenda, node: Node, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.world = world
        self.lease: Lease | None = None
        self.closing = False  # whether it passes one more point, an ack or a nack, before it rests
        self.node = node
        self.coroutine = coroutine
        self.resume = self._resume  # one bound method for all the waits of this task
        self.nap = Due()  # one moment for all its sleeps, each of which ends before the next
        self.nap.callbacks = None
        node.tasks[self] = None
        self.target = world.on(world.env._now, self.resume)

    def _resume(self, event: Moment) -> None:
        world = self.world
        world.task = self
        world.turn += 1
        try:
            while True:
                event = self.coroutine.send(event._value)
                try:
                    callbacks = event.callbacks
                except AttributeError:
                    self._stray(event)
                    break
                if callbacks is not None:
                    callbacks.append(self.resume)
                    self.target = event
                    break
        except StopIteration:
            self.node.tasks.pop(self, None)
            del self.resume  # or the two would keep each other alive
        except BaseException:
            self.end()
            raise
        finally:
            world.task = None

    def _stray(self, awaited: object) -> None:
        """End a task that awaited what is no event of this world; say so if it should not have."""
        if self.node.alive:
            if awaited is NOWHERE:
                raise TooManySteps(self.world.endless)
            raise WorldError(FOREIGN)
        self.end()

    def kill(self) -> None:
        """Take the task off its crashed node: it goes no further, and loses its memory."""
        if self.world.task is self:  # it runs now, and ends at its next await
            self.node.tasks.pop(self, None)
            self.node = Node(self.node.name, alive=False)
            return
        if self.target.callbacks:
            self.target.callbacks.remove(self.resume)
        self.end()

    def end(self) -> None:
        """Close the coroutine for good.

        Python lets code run on its way out, and even refuse to go; here all that it awaits is
        `NOWHERE`. One that refuses is let go of, which closes it a second and last time.
        """
        world = self.world
        self.node.tasks.pop(self, None)
        self.node = Node(self.node.name, alive=False)
        outer, complain = world.task, sys.unraisablehook
        world.task = self
        try:
            self.coroutine.close()
        except Exception:  # nobody is there any more to hear of it
            sys.unraisablehook = silence
        finally:
            del self.coroutine, self.nap, self.resume, self.target
            sys.unraisablehook = complain
            world.task = outer


def silence(_: object) -> None:
    """Say nothing of a coroutine that would not go."""


#: The task of code whose world is gone.
LOST = Task.__new__(Task)
LOST.node = Node("nowhere", alive=False)
