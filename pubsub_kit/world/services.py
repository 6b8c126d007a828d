"""Services that answer calls from a pool of workers, and the call itself.

A caller that stops waiting does not stop the work: the service finishes what nobody waits for.
That is what makes retries dangerous, and it is as in life.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simpy import Event as Moment

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.chance import Latency, exponential, latency_of, probability
from pubsub_kit.world.handlers import copied, instantiate, label, settle
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.tasks import Task, wait

if TYPE_CHECKING:
    from pubsub_kit.world.world import World

Handler = Callable[..., Any]


class CallError(PubSubKitError):
    """A call that brought no answer."""


class CallTimeout(CallError):
    """No reply in time. The callee may or may not have done the work: nobody here can tell."""


class CallRefused(CallError):
    """The callee is down, or its queue is full: it has not begun the work."""


class CallFailed(CallError):
    """The callee's handler raised an exception; the message says which."""


class Request:
    """One call on its way: who asks, what, and the moment that its reply fires."""

    __slots__ = ("caller", "done", "message", "payload", "text")

    def __init__(self, caller: str, payload: Any, text: str, done: Moment) -> None:
        self.caller, self.payload, self.text, self.done = caller, payload, text, done
        self.message = ""


class Service:
    """A named handler with a pool of workers and a queue in front of it."""

    def __init__(
        self,
        world: World,
        name: str,
        handler: Handler | None,
        workers: int | None,
        queue: int | None,
        latency: Latency | float,
        fails: float,
    ) -> None:
        if workers is not None and workers < 1:
            raise WorldError(f"service {name!r} has {workers} workers: give 1 or more, or None")
        if queue is not None and queue < 0:
            raise WorldError(f"service {name!r} has a queue of {queue}: give 0 or more, or None")
        self.world, self.name, self.source = world, name, handler or _echo
        self.workers, self.room, self.latency = workers, queue, latency_of(latency)
        self.fails, self.slowness = probability(f"fails of {name!r}", fails), 1.0
        self.busy = 0
        self.queue: deque[Request] = deque()
        self.node = world.claim(name)
        self.node.boot, self.node.emptied = self._boot, self.emptied
        self._boot()

    def _boot(self) -> None:
        self.handle, self.made = instantiate(self.source)
        recover = getattr(self.made, "recover", None)
        if recover is not None:
            self.world.spawn(settle(recover()), self.name)

    def receive(self, request: Request, message: str) -> None:
        """Take a request that has arrived: to a worker, to the queue, or refuse it."""
        request.message = message
        if not self.node.alive:
            self.refuse(request, "is down")
        elif self.workers is None or self.busy < self.workers:
            self._start(request)
        elif self.room is not None and len(self.queue) >= self.room:
            self.refuse(request, "is full")
        else:
            self.queue.append(request)

    def refuse(self, request: Request, why: str) -> None:
        """Answer at once that the work will not be done."""
        self._reply(request, CallRefused(f"{self.name} {why}"), f"refused: {why}")

    def emptied(self) -> None:
        """Forget all work in hand, as a crash does."""
        self.queue.clear()
        self.busy = 0

    def _start(self, request: Request) -> None:
        self.busy += 1
        Task(self.world, self.node, self._serve(request))

    async def _serve(self, request: Request) -> None:
        world = self.world
        world.note("begin", self.name, "", request.message, request.text)
        self.node.active = True
        seconds = self.latency(world.chance) * self.slowness
        if seconds:
            await wait(world.env.timeout(seconds))
        outcome, words = await self._outcome(request)
        world.note("end", self.name, "", request.message, words, words != "done")
        self._free()
        self._reply(request, outcome, f"{request.text}: {words}" if words != "done" else "reply")

    async def _outcome(self, request: Request) -> tuple[Any, str]:
        """Let the handler answer; return its reply, or its failure, and what to say of it."""
        world = self.world
        try:
            if self.fails and world.chance.random() < self.fails:
                raise CallFailed("it has a bad moment")
            return copied(await settle(self.handle(request.payload))), "done"
        except WorldError:
            self._free()
            raise
        except Exception as error:
            if not world.current().node.alive:
                raise  # the handler would not end with its node
            why = str(error) or type(error).__name__
            world.heard(error)
            return CallFailed(f"{self.name} failed: {why}"), f"failed: {why}"

    def _free(self) -> None:
        self.busy -= 1
        if self.queue:
            self._start(self.queue.popleft())

    def _reply(self, request: Request, outcome: Any, text: str) -> None:
        def arrive(_: str) -> None:
            if not request.done.triggered:
                request.done.succeed(outcome)

        words = text if text != "reply" else f"reply {request.text}"
        self.world.network.send(self.name, request.caller, words, arrive, reply=True)


def _echo(payload: Any) -> Any:
    return payload


async def attempt(world: World, service: str, payload: Any, timeout: float | None) -> Any:
    """Make one call; return the reply. Raises CallTimeout, CallRefused or CallFailed."""
    target = world.services.get(service)
    if target is None:
        known = ", ".join(world.services) or "none"
        raise WorldError(f"there is no service {service!r} to call; there are: {known}")
    await world.point(f"calling {service}")
    node = world.current().node
    request = Request(node.name, copied(payload), label(payload), Moment(world.env))
    message = world.network.send(
        node.name, service, request.text, lambda key: target.receive(request, key)
    )
    node.active = True
    patience = None
    if timeout is not None:
        patience = world.after(
            timeout, lambda _: _give_up(world, request, node.name, service, message, timeout)
        )
    await world.exposed(f"the reply of {service}")
    outcome = await wait(request.done)
    if patience is not None and patience.callbacks:
        patience.callbacks.clear()
    if isinstance(outcome, CallError):
        raise outcome
    return outcome


def _give_up(
    world: World, request: Request, caller: str, service: str, message: str, timeout: float
) -> None:
    if not request.done.triggered and request.done.callbacks:
        world.note(
            "timeout", caller, service, message, f"no reply to {request.text} in {timeout:g} s"
        )
        request.done.succeed(CallTimeout(f"no reply from {service} within {timeout:g} s"))


async def arrivals(
    world: World,
    service: str,
    count: int,
    rate: float | None,
    every: float | None,
    start: float,
    payload: Callable[[int], Any],
    options: dict[str, Any],
) -> None:
    """Send a client's requests, each in a task of its own, at random or at a fixed pace."""
    from pubsub_kit.world.verbs import sleep

    gap = latency_of(every or 0.0) if rate is None else exponential(1.0 / rate)
    name = world.current().node.name
    await sleep(start)
    for i in range(count):
        if i or rate is not None:
            await sleep(gap(world.chance))
        world.spawn(_one(world, name, service, payload(i), options), name)


async def _one(
    world: World, name: str, service: str, payload: Any, options: dict[str, Any]
) -> None:
    from pubsub_kit.world.verbs import call

    begun, ok = world.now, True
    try:
        await call(service, payload, **options)
    except CallError:
        ok = False
    seconds = world.now - begun
    words = f"{label(payload)} {'answered' if ok else 'failed'} after {seconds * 1000:.0f} ms"
    world.note("end", name, "", "", words, False, {"latency": seconds, "ok": ok})
