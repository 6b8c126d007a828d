"""One consumer on every engine: what lesson 12 runs where a server answers, and records.

The shop of the lesson bills five orders, and fails once. In which order they are billed, and which
attempts it sees, is the engine's doing: the consumer is the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.servers.running import running
from pubsub_kit.engines.shown.shelf import read, write
from pubsub_kit.engines.trials.expected import engine_of, expectations
from pubsub_kit.engines.trials.result import ORDER
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.log.ids import fresh_id

COUNT, FAILS_AT = 5, 2
PATIENCE = 20.0  # seconds in which an engine has to hand out five orders
JUST_NOW = "run just now"


class Shop:
    """Bills orders, which are numbers; at one of them its first try fails."""

    def __init__(self, fails_at: int = FAILS_AT) -> None:
        self.fails_at = fails_at
        self.billed: list[int] = []
        self.attempts: list[int | None] = []  # of the order at which it fails

    def bill(self, delivery: Any) -> None:
        """Handle an order."""
        order = delivery.data
        if order == self.fails_at:
            self.attempts.append(delivery.attempt)
            if len(self.attempts) == 1:
                raise RuntimeError("the card terminal is busy")
        self.billed.append(order)


class Stop(NamedTuple):
    """What the shop did on one engine, and when that was."""

    engine: str
    shown: str
    billed: tuple[int, ...]
    attempts: tuple[int | None, ...]
    when: str

    def __str__(self) -> str:
        billed = " ".join(map(str, self.billed))
        attempts = ", ".join(map(str, self.attempts))
        return f"{self.shown:<20} bills {billed}   attempts {attempts:<10}  {self.when}"


class Tour(dict[str, Stop]):
    """The stops, by engine; gone through, it gives the stops themselves."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())


def visit(url: str) -> Stop:
    """Let the shop bill five orders on the engine of a URL; raises EngineError where it can't."""
    shop = Shop()
    name = engine_of(url)
    with closing(connect(url)) as engine:
        topic = f"tour-{fresh_id()}"
        engine.topic(topic)
        worker = engine.subscribe(topic, "billing")
        engine.publish_batch(topic, range(COUNT))
        consumer = Consumer(worker, shop.bill)
        end = time.monotonic() + PATIENCE
        while len(shop.billed) < COUNT and time.monotonic() < end:
            consumer.step(COUNT)
        worker.close()
    seen = tuple(shop.billed), tuple(shop.attempts)
    return Stop(name, expectations(name).shown, *seen, JUST_NOW)


def tour() -> Tour:
    """Visit every engine that answers here; of the others, return what was recorded."""
    live = {"memory": "memory://"} | {engine_of(url): url for url in running().values()}
    if "kafka" in live:
        live["kafka_share"] = live["kafka"].replace("kafka://", "kafka+share://")
    if "sns_sqs" in live:
        live["eventbridge"] = live["sns_sqs"].replace("sqs+sns://", "eventbridge://")
    kept = {stop[0]: Stop(stop[0], stop[1], tuple(stop[2]), tuple(stop[3]), stop[4])
            for stop in read("tour", [])}  # fmt: skip
    found = Tour()
    for name in sorted({*live, *kept}, key=ORDER.index):
        try:
            found[name] = visit(live[name]) if name in live else kept[name]
        except PubSubKitError as error:
            if name not in kept:
                raise
            found[name] = kept[name]._replace(when=f"{kept[name].when}; just now: {error}")
    return found


def keep(stops: list[Stop], versions: dict[str, str]) -> None:
    """Record what the shop did, with today's date and each server's version."""
    today = datetime.now(UTC).date().isoformat()
    told = {name: f"recorded {today}, {version}".rstrip(", ") for name, version in versions.items()}
    noted = {stop.engine: stop._replace(when=told[stop.engine]) for stop in stops}
    all_ = {stop[0]: stop for stop in read("tour", [])} | noted
    write("tour", [all_[name] for name in ORDER if name in all_])
