"""A coroutine that runs in virtual time, the node it runs on, and what a crash does to both.

SimPy is the clock and the agenda: it knows *when* each event fires. A `Task` is a coroutine that
waits for such events, so that a service can be written as `reply = await call("stock", order)`.
A task belongs to a `Node`; when the node crashes, `Crash` is thrown into each of its tasks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, cast

from simpy import Event as Moment

from pubsub_kit.errors import PubSubKitError

if TYPE_CHECKING:
    from pubsub_kit.world.kernel import Kernel
    from pubsub_kit.world.world import World


class WorldError(PubSubKitError):
    """A world that was put together, or used, in a way that cannot work."""


class Crash(BaseException):
    """The process is gone. It is no `Exception`, so that `except Exception` cannot swallow it."""


class Wait:
    """Awaits one SimPy event: `value = await Wait(event)`."""

    __slots__ = ("moment",)

    def __init__(self, moment: Moment) -> None:
        self.moment = moment

    def __await__(self) -> Generator[Moment, Any, Any]:
        return (yield self.moment)


class Node:
    """A place where code runs and can crash: its tasks, its state, how wrong its clock is."""

    __slots__ = ("active", "alive", "boot", "emptied", "name", "skew", "tasks")

    def __init__(self, name: str, boot: Callable[[], None] | None = None) -> None:
        self.name = name
        self.boot = boot  # starts its work, at first and after each crash
        self.emptied: Callable[[], None] | None = None  # told when a crash empties it
        self.alive = True
        self.active = True  # it has done something since its last chance to crash
        self.skew: float | None = None
        self.tasks: dict[Task, None] = {}


class Task:
    """One coroutine in virtual time, resumed by the event that it waits for."""

    __slots__ = ("coroutine", "node", "resume", "target", "world")

    def __init__(self, world: Kernel, node: Node, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.world = world
        self.node = node
        self.coroutine = coroutine
        self.resume = self._resume  # one bound method for all the waits of this task
        node.tasks[self] = None
        first = Moment(world.env)
        first._ok, first._value = True, None
        first.callbacks = [self.resume]
        self.target: Moment | None = first
        world.env.schedule(first)

    def _resume(self, event: Moment) -> None:
        world, coroutine = self.world, self.coroutine
        world.task = self
        try:
            while True:
                if event._ok:
                    event = coroutine.send(event._value)
                else:
                    event._defused = True
                    event = coroutine.throw(event._value)
                if not isinstance(event, Moment):
                    raise WorldError(_foreign(event))
                if event.callbacks is not None:
                    event.callbacks.append(self.resume)
                    self.target = event
                    return
        except StopIteration:
            self._finish()
        except Crash:
            self._finish()
        finally:
            world.task = None

    def _finish(self) -> None:
        self.target = None
        self.node.tasks.pop(self, None)

    def kill(self) -> None:
        """End the coroutine where it stands: it goes no further, and its memory is gone."""
        target, self.target = self.target, None
        self.node.tasks.pop(self, None)
        if target is None or inspect.getcoroutinestate(self.coroutine) == inspect.CORO_RUNNING:
            return  # it is over, or it runs now and meets its Crash at its next await
        if target.callbacks is not None and self.resume in target.callbacks:
            target.callbacks.remove(self.resume)
        outer, self.world.task = self.world.task, self
        try:
            self.coroutine.close()
        except (RuntimeError, Crash):
            pass  # it tried to await on its way out; a dead process does not
        finally:
            self.world.task = outer


def _foreign(thing: object) -> str:
    return (
        f"a handler awaited {type(thing).__name__}, which belongs to another event loop; time here "
        "is virtual, so await the world's own verbs: sleep(seconds), call(service, …), "
        "publish(topic, …), and a store's get and put"
    )


_running: Kernel | None = None


def enter(world: Kernel | None) -> Kernel | None:
    """Make this the world that runs now; returns the one that ran before."""
    global _running
    before, _running = _running, world
    return before


def running() -> World:
    """Return the world that runs now. Raises WorldError outside of a run."""
    if _running is None:
        raise WorldError(
            "call, publish and sleep work in virtual time: use them inside a handler, and start "
            "it with world.run()"
        )
    return cast("World", _running)


def instantiate(source: Callable[..., Any]) -> tuple[Callable[[Any], Any], Any]:
    """Return the handler that a function, class or factory stands for, and the object behind.

    A class, or a function without arguments, is a factory and is called; what comes back is a
    function of one thing, or has a method `handle` that is. Raises WorldError if neither fits.
    """
    made = source() if _is_factory(source) else source
    handle = getattr(made, "handle", made)
    if not callable(handle):
        raise WorldError(
            f"{made!r} can't handle anything: give a function of one event, or a class with "
            "a method handle(event)"
        )
    return handle, made


def _is_factory(source: Callable[..., Any]) -> bool:
    if inspect.isclass(source):
        return True
    if inspect.isfunction(source):  # what inspect.signature would say, at a tenth of its cost
        code, defaults = source.__code__, source.__defaults__ or ()
        return code.co_argcount == len(defaults) and not inspect.iscoroutinefunction(source)
    return False


async def settle(result: Any) -> Any:
    """Return what a handler returned, awaited if it was a coroutine."""
    return await result if hasattr(result, "__await__") else result


def label(payload: Any) -> str:
    """Return the few characters that name a payload in pictures: its id, else itself, cut short."""
    if isinstance(payload, dict) and "id" in payload:
        payload = payload["id"]
    text = str(getattr(payload, "id", payload))
    return text if len(text) <= 24 else text[:23] + "…"
