"""Services that answer calls from a pool of workers, and the call itself.

A caller that stops waiting does not stop the work: the service finishes what nobody waits for.
That is what makes retries dangerous, and it is as in life.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

from simpy import Event as Moment

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.chance import Latency, latency_of, probability
from pubsub_kit.world.handlers import begun, copied, instantiate, label, settle
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.links import Network
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.tasks import NOWHERE, Task, wait

Handler = Callable[..., Any]


class CallError(PubSubKitError):
    """A call that got no usable reply."""


class CallTimeout(CallError):
    """No reply in time. The service may or may not have done the work: the caller can't tell."""


class CallRefused(CallError):
    """The service is down or its queue is full: it has not begun the work."""


class CallFailed(CallError):
    """The service's handler raised an exception; the message says which."""


class Request:
    """One call on its way: who asks, what, and the moment that its reply fires."""

    __slots__ = ("caller", "deadline", "done", "message", "payload", "text")

    def __init__(self, caller: str, payload: Any, text: str, done: Moment, deadline: float) -> None:
        self.caller, self.payload, self.text, self.done = caller, payload, text, done
        self.deadline = deadline
        self.message = ""


class Service:
    """A named handler with a pool of workers and a queue in front of it."""

    def __init__(
        self,
        world: Kernel,
        network: Network,
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
        self.world, self.network, self.name = world, network, name
        self.source = handler or _echo
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
            self.world.spawn(begun(recover), self.name)

    async def call(self, payload: Any, timeout: float | None) -> Any:
        """Make one call, from where the task that runs now is; return the reply.

        Raises CallTimeout, CallRefused or CallFailed.
        """
        world = self.world
        await world.point(f"calling {self.name}")
        node = world.current().node
        until = inf if timeout is None else world.env._now + timeout
        request = Request(node.name, copied(payload), label(payload), Moment(world.env), until)
        message = self.network.send(
            node.name, self.name, request.text, lambda key: self.receive(request, key)
        )
        node.active = True
        patience = None
        if timeout is not None:
            patience = world.after(timeout, lambda _: self._give_up(request, message, timeout))
        if not node.alive:
            await wait(NOWHERE)
        if kind := world.exposed(node):
            await world.suffer(kind, node, f"the reply from {self.name}")
        outcome = await wait(request.done)
        if patience is not None and patience.callbacks:
            patience.callbacks.clear()
        if isinstance(outcome, CallError):
            raise outcome
        return outcome

    def _give_up(self, request: Request, message: str, timeout: float) -> None:
        if not request.done.triggered and request.done.callbacks:
            text = f"no reply to {request.text} within {timeout:g} s"
            self.world.note("timeout", request.caller, self.name, message, text)
            request.done.succeed(CallTimeout(f"no reply from {self.name} within {timeout:g} s"))

    def receive(self, request: Request, message: str) -> None:
        """Take a request that has arrived: to a worker, to the queue, or refuse it."""
        request.message = message
        if not self.node.alive:
            self.refuse(request, f"{self.name} is down")
        elif self.workers is None or self.busy < self.workers:
            self._start(request)
        elif self.room is not None and len(self.queue) >= self.room:
            self.refuse(request, f"the queue of {self.name} is full")
        else:
            self.queue.append(request)

    def refuse(self, request: Request, why: str) -> None:
        """Reply at once that the work will not be done."""
        self._reply(request, CallRefused(why), f"refusal ({why})")

    def emptied(self) -> None:
        """Forget all work in hand, as a crash does."""
        self.queue.clear()
        self.busy = 0

    def _start(self, request: Request) -> None:
        self.busy += 1
        Task(self.world, self.node, self._serve(request)).lease = request

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
        reply = f"reply {request.text}" if words == "done" else f"reply {request.text} ({words})"
        self._reply(request, outcome, reply)

    async def _outcome(self, request: Request) -> tuple[Any, str]:
        """Run the handler; return its reply or its failure, and the words for it."""
        world = self.world
        try:
            if self.fails and world.chance.random() < self.fails:
                raise CallFailed("a random failure")
            return copied(await settle(self.handle(request.payload))), "done"
        except WorldError:
            self._free()
            raise
        except Exception as error:
            if not world.current().node.alive:
                raise  # the handler would not end with its node
            why = world.heard(error)
            return CallFailed(f"{self.name} failed: {why}"), f"failed: {why}"

    def _free(self) -> None:
        self.busy -= 1
        if self.queue:
            self._start(self.queue.popleft())

    def _reply(self, request: Request, outcome: Any, text: str) -> None:
        def arrive(_: str) -> None:
            if not request.done.triggered:
                request.done.succeed(outcome)

        self.network.send(self.name, request.caller, text, arrive, reply=True)


def _echo(payload: Any) -> Any:
    return payload
