"""A process of a trial: it subscribes by URL, and lets the answer handle what it is lent.

    python3 -m pubsub_kit.engines.trials.answers.process JOB

It is started, killed and started again by `trial.py`. Every start makes the answer anew, so what it
kept in memory is gone; its rows are in SQLite, and its messages are with the engine.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import Any, cast

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import NotSupported
from pubsub_kit.engines.trials.answers import shop
from pubsub_kit.engines.trials.answers.job import (
    ENDLESS,
    LESSON_LEASE,
    MANY,
    UNABLE,
    Job,
    answer_of,
)
from pubsub_kit.engines.trials.answers.journal import Journal
from pubsub_kit.engines.trials.answers.places import Fate
from pubsub_kit.engines.trials.answers.real import RealWorld
from pubsub_kit.engines.trials.answers.rules import QUESTIONS
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.patterns.sqlite_store import SqliteStore
from pubsub_kit.world.handlers import instantiate

IDLE = 0.02  # seconds between two looks for a message


class Held:
    """A delivery in this process's hand: each verb about it is a place where it may die."""

    def __init__(self, lent: Any, fate: Fate, journal: Journal, manual: bool) -> None:
        self.lent, self.fate, self.journal, self.manual = lent, fate, journal, manual
        self.event, self.id, self.key, self.data = lent.event, lent.id, lent.key, lent.data
        self.attempt = lent.attempt

    @property
    def revoked(self) -> bool:
        """Whether the engine has taken it back."""
        return bool(self.lent.revoked)

    def ack(self) -> bool:
        """Ack it once it was handled, unless the answer acks by itself."""
        return not self.manual and self.finish()

    def finish(self) -> bool:
        """Ack it; an ack that counts goes into the journal."""
        self.fate.reach(f"acking {self.id}")
        counted = bool(self.lent.ack())
        self.journal.write("acked" if counted else "acked too late", self.id)
        return counted

    def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Give it back."""
        self.fate.reach(f"giving {self.id} back")
        self.journal.write("gave back", self.id)
        return bool(self.lent.nack(delay, reason))


class Hand:
    """The same for an answer that acks by itself, and awaits each verb, as in a world."""

    def __init__(self, held: Held, world: RealWorld) -> None:
        self._held, self._world = held, world
        self.event, self.id, self.key, self.data = held.event, held.id, held.key, held.data
        self.attempt = held.attempt

    async def ack(self) -> bool:
        """Ack it; False if that came too late, as far as the engine tells."""
        return self._held.finish()

    async def nack(self, delay: float | None = None, reason: str = "nack") -> bool:
        """Give it back, after so many seconds of the lesson."""
        return self._held.nack(None if delay is None else delay * self._world.second, reason)

    async def extend(self, seconds: float) -> bool:
        """Let the lease end so many seconds of the lesson from now."""
        await self._world.reach(f"extending {self.id}")
        try:
            return bool(self._held.lent.extend(seconds * self._world.second))
        except NotSupported as error:
            raise _unable(error) from None


class Source:
    """What the kit's Consumer pulls from: a worker of the engine, with places in its deliveries."""

    def __init__(self, worker: Any, fate: Fate, journal: Journal, manual: bool) -> None:
        self.worker, self.fate, self.journal, self.manual = worker, fate, journal, manual
        self.clock, self.last = worker.clock, time.monotonic()

    def pull(self, n: int = 1) -> list[Any]:
        """Take up to `n` messages."""
        lent = self.worker.pull(n)
        pulled = [Held(each, self.fate, self.journal, self.manual) for each in lent]
        if pulled:
            self.last = time.monotonic()
        return pulled

    def next_wakeup(self) -> float | None:
        """Return when something may be due."""
        due: float | None = self.worker.next_wakeup()
        return due


def consume(job: Job, engine: Any, world: RealWorld, db: SqliteStore, journal: Journal) -> None:
    """Handle messages until as many are acked as there are, or nothing has come for long."""
    manual, answer = QUESTIONS[job.question].manual, answer_of(job.answer)
    handle, _ = instantiate(lambda: answer(db))

    def handled(held: Held) -> None:
        world.fate.hand = held.id
        world.fate.reach(f"handling {held.id}")
        journal.write("handles", held.id)
        world.do(lambda: handle(Hand(held, world) if manual else held.event))

    worker = engine.subscribe(job.topic, job.group, **job.settings)
    source = Source(worker, world.fate, journal, manual)
    consumer = Consumer(source, cast(Any, handled), semantics=cast(Any, job.semantics))
    while not job.expected or not {*job.expected} <= {*journal.all("acked")}:
        if not consumer.step():
            time.sleep(IDLE)
        if time.monotonic() - source.last > job.quiet:
            break
        if len(journal.all("handles")) > MANY:
            raise SystemExit(ENDLESS)
    worker.close()


def _unable(error: PubSubKitError) -> SystemExit:
    print(error, file=sys.stderr)
    return SystemExit(UNABLE)


def main(argument: str) -> int:
    """Do a job; return 0, or 2 after a sentence about what can't be done."""
    try:
        job = Job.read(argument)
        with ExitStack() as stack:
            db = SqliteStore(job.path)
            stack.callback(db.close)
            engine = connect(job.url)
            stack.callback(engine.close)
            world = RealWorld(
                Fate(job.place),
                job.lease / LESSON_LEASE,
                engine,
                {QUESTIONS[job.question].topic: job.topic},
            )
            db.point, world.journal = world.reach, Journal(db)
            work = shop.serve if job.question == "relay" else consume
            work(job, engine, world, db, world.journal)
        return 0
    except NotSupported as error:
        raise _unable(error) from None
    except PubSubKitError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))
