"""A consumer as a process of its own: SIGTERM lets it finish the message that it holds, and leave.

    SIGTERM ──► pull no more ──► finish the message at hand ──► ack ──► leave the group ──► exit 0

Kubernetes sends SIGTERM, waits for the grace period, and then sends SIGKILL, which nobody can
handle. So whatever a message may take has to fit in the grace period. What does not is redelivered
to another worker, as after any crash.

The first process of a container has the id 1, and for that one Linux ignores a SIGTERM that it does
not handle itself. A shell in front of Python (`sh -c "python3 …"`) does not pass it on.
"""

from __future__ import annotations

import inspect
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.broker.consumer import Consumer, Handler
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.driver import ConsumerError
from pubsub_kit.engines.connect import connect
from pubsub_kit.errors import PubSubKitError, brief, said

#: Set once the process was told to end. A handler whose work is long may look, and raise in time.
STOPPING = threading.Event()
_LOOK = 0.02  # seconds between two looks for a signal


class DeployError(PubSubKitError):
    """A worker, a manifest or a rehearsal can't do what you asked; the message says why."""


class Job(NamedTuple):
    """What a worker reads, and how: a topic's group, the lease (seconds), where a new group starts.

    `partitions` makes the topic if it is not there; one that has another number is refused. The
    file `alive` is touched before each pull, so its age tells a liveness probe of a stuck handler.
    """

    url: str
    topic: str
    group: str
    handler: str
    lease: float = 30.0
    partitions: int | None = None
    max_deliveries: int | None = None
    start: Any = "earliest"
    alive: str = ""


class Stop:
    """Notices SIGTERM, and Ctrl-C, and does nothing else about them."""

    def __init__(self) -> None:
        self.signal: int | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._notice)

    def _notice(self, number: int, _: object) -> None:
        self.signal = number  # no lock: this may interrupt the main thread anywhere


class Watched:
    """What the consumer pulls from; before each pull, acks are on disk and the probe's file new."""

    def __init__(self, engine: Any, worker: Any, alive: str) -> None:
        self.worker, self.clock = worker, worker.clock
        self.wait = getattr(worker, "wait", None)
        # An embedded broker writes acks down by the hundred. A document costs more than a write.
        self._flush: Callable[[], None] = getattr(engine, "flush", lambda: None)
        self._alive = Path(alive) if alive else None

    def pull(self, n: int = 1) -> list[Any]:
        """Take up to `n` messages."""
        self._flush()
        if self._alive is not None:
            self._alive.touch()
        taken: list[Any] = self.worker.pull(n)
        return taken

    def next_wakeup(self) -> float | None:
        """Return when something may be due."""
        due: float | None = self.worker.next_wakeup()
        return due


def handler_of(spec: str) -> Handler:
    """Return the function of a delivery that "module:function" names; raises DeployError."""
    module, _, name = spec.partition(":")
    if not module or not name:
        raise DeployError(f"A handler is written as module:function, not {brief(spec)}.")
    try:
        found = getattr(import_module(module), name, None)
    except Exception as error:  # whatever the module does when it is imported
        raise DeployError(f"{module} can't be imported ({said(error)}).") from None
    if not callable(found):
        raise DeployError(f"{module} has no function {name!r}: write the handler as it is there.")
    if inspect.iscoroutinefunction(found):
        raise DeployError(f"{spec} is async: write a plain function, with asyncio.run in it.")
    handler: Handler = found
    return handler


def _telling(handler: Handler) -> Handler:
    """Return a handler that writes each failure to the container's log."""

    def handle(delivery: Delivery) -> None:
        try:
            handler(delivery)
        except Exception as error:
            tell(
                f"{delivery.id} failed ({type(error).__name__}: {said(error)}), and is given back."
            )
            raise

    return handle


def work(job: Job) -> int:
    """Handle messages until SIGTERM; return how many were handled.

    Call it from the main thread, which alone may handle signals. Raises DeployError for a handler
    that is none, and what `connect` and `subscribe` raise.
    """
    stop, handler = Stop(), handler_of(job.handler)
    with connect(job.url) as engine:
        engine.topic(job.topic, job.partitions)
        worker = engine.subscribe(
            job.topic, job.group, start=job.start, ack_deadline=job.lease,
            max_deliveries=job.max_deliveries,
        )  # fmt: skip
        consumer = Consumer(Watched(engine, worker, job.alive), _telling(handler)).run_in_thread()
        while consumer.running and stop.signal is None:
            time.sleep(_LOOK)
        if stop.signal is not None:
            name = signal.Signals(stop.signal).name
            tell(f"{name}: finishing the message at hand, then leaving the group {job.group!r}.")
        STOPPING.set()
        _finish(consumer)
    tell(f"Left the group {job.group!r} after {consumer.handled} messages.")
    return consumer.handled


def _finish(consumer: Consumer) -> None:
    """Wait for the message at hand, however long it takes: the grace period is not ours to end."""
    while True:
        try:
            return consumer.stop()
        except ConsumerError:
            if not consumer.running:
                raise


def tell(line: str) -> None:
    """Write a line for the container's log."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
