"""Real engines: what the kit's adapter costs, beside the vendor's own client on the same server.

Each does the same with the same server: it publishes one event at a time, and in windows of 100
under way at once, each acknowledged; and end to end a window is published, pulled and acked before
the next one begins. An event has 100 bytes of data. Both write and read it as CloudEvents JSON: the
kit with its own reader, which checks what it reads, the bare client with Python's json. The second
ratio leaves out what these checks cost in the same round; the last row has them alone.

The two take turns within each round, a slice at a time, so that a slow moment falls on both.
"""

from __future__ import annotations

import importlib
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pubsub_kit.bench.bare.client import Client, Kit, read, written
from pubsub_kit.bench.measure import Contender, Figure, Row
from pubsub_kit.engines.binding import pack
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.servers import ServerError, start
from pubsub_kit.log.event import Event
from pubsub_kit.log.ids import fresh_id

LEAST = 0.87  # of the bare client's rate: the adapter costs at most 15 % more time
WINDOW = 100
DATA = "x" * 98  # 100 bytes as JSON, with its quotes
ONE, WINDOWS, END_TO_END = "one at a time", "windows of 100", "end to end, windows of 100"


@dataclass(frozen=True)
class Place:
    """An engine to measure: its server, its bare client, and how many events each go has."""

    name: str
    server: str
    scheme: str
    client: str  # its file in bare/, and its class
    said: str
    one: int = 1_000
    windows: int = 10_000
    end_to_end: int = 10_000
    log: bool = True  # whether a topic keeps what nobody subscribed to


PLACES = (
    Place("Redis", "redis", "redis", "redis_py.RedisPy", "redis-py", one=300),
    Place(
        "NATS", "nats", "nats", "nats_py.NatsPy", "nats-py",
        one=500, windows=5_000, end_to_end=2_000,
    ),
    Place(
        "RabbitMQ", "rabbitmq", "amqp", "pika_select.PikaSelect", "pika",
        one=200, windows=3_000, end_to_end=2_000, log=False,
    ),
    Place("Kafka", "kafka", "kafka", "confluent.Confluent", "confluent-kafka", one=500),
    Place(
        "Kafka's share group", "kafka", "kafka+share", "confluent.ConfluentShare",
        "confluent-kafka", windows=0, one=0, end_to_end=5_000,
    ),
    Place(
        "SNS/SQS (ministack)", "sqs", "sqs+sns", "boto.Sns", "boto3",
        one=100, windows=500, end_to_end=300, log=False,
    ),
    Place(
        "EventBridge (ministack)", "sqs", "eventbridge", "boto.Events", "boto3",
        one=100, windows=500, end_to_end=300, log=False,
    ),
    Place(
        "Pub/Sub (pstest)", "pubsub", "pubsub", "google.Google", "google-cloud-pubsub",
        one=200, windows=2_000, end_to_end=1_000, log=False,
    ),
)  # fmt: skip


class Pair:
    """The kit and a bare client with the same work, in turn: a slice of one, a slice of the other.

    Args:
        kit, bare: the two connections.
        count: how many events each of them has in a go.
        work: one of `ONE`, `WINDOWS` and `END_TO_END`.
        log: whether its topics keep what nobody subscribed to.
    """

    slices = 10

    def __init__(self, kit: Client, bare: Client, count: int, work: str, log: bool) -> None:
        self.sides, self.count, self.work, self.log = (kit, bare), count, work, log
        self.took = [0.0, 0.0]
        self.ratios: list[float] = []  # of each go
        self.apart: list[float] = []  # the same, without the checks of CloudEvents
        self.window = 1 if work == ONE else WINDOW

    def contenders(self, bare: str) -> tuple[Contender, Contender]:
        """Return both; a go of the first one runs both, and the second then says its part."""
        return (
            Contender("pubsub_kit's adapter", self.count, self._go),
            Contender(bare, self.count, lambda: self.took[1]),
        )

    def _go(self) -> float:
        self.took = [0.0, 0.0]
        joined = self.work == END_TO_END or not self.log
        for side in self.sides:
            side.topic(f"bench-{fresh_id()}")
            if joined:
                side.join()
            self._act(side, [side.item(event) for event in events(1)])  # finds its way there
        for number in range(self.slices):
            for place in (0, 1) if number % 2 else (1, 0):
                self.took[place] += self._slice(self.sides[place])
        for side in self.sides:
            if joined:
                side.leave()
        kit, bare = self.took
        self.ratios.append(bare / kit)
        checks = self.count * checking(self.work == END_TO_END)
        self.apart.append(bare / max(kit - checks, kit / 10))  # a slow moment may be in it
        return kit

    def notes(self, figures: dict[str, Figure]) -> Iterator[str]:
        """Say whether the aim is reached, by the median of the rounds' own ratios."""
        ratios = sorted(self.ratios[1:])  # the first go does not count
        median, apart = statistics.median(ratios), statistics.median(self.apart[1:])
        sign = "reached" if median >= LEAST else "MISSED "
        yield (
            f"{sign}: at least {LEAST:g} × the bare client; within a round {median:.2f} × "
            f"[{ratios[0]:.2f}–{ratios[-1]:.2f}], and {apart:.2f} × without CloudEvents' checks"
        )

    def _slice(self, side: Client) -> float:
        items = [side.item(event) for event in events(self.count // self.slices)]
        begin = time.perf_counter()
        for first in range(0, len(items), self.window):
            self._act(side, items[first : first + self.window])
        return time.perf_counter() - begin

    def _act(self, side: Client, items: list[Any]) -> None:
        side.publish(items)
        left = len(items) if self.work == END_TO_END else 0
        while left:
            if not (batch := side.pull(left)):
                raise AssertionError(f"{left} of {len(items)} messages did not come")
            side.ack(batch)
            left -= len(batch)


def events(count: int) -> list[Event]:
    """Return new events."""
    return [Event.new("order.placed", DATA, source="bench") for _ in range(count)]


def checking(reads: bool) -> float:
    """Return the seconds for which an event's JSON takes longer than by Python's json alone."""
    made = events(500)
    fields: list[Any] = [json.loads(event.to_json()) for event in made]
    begin = time.perf_counter()
    bodies = [pack(event) for event in made]
    if reads:
        for body in bodies:
            Event.from_json(body)
    middle = time.perf_counter()
    bodies = [written(each) for each in fields]
    if reads:
        for body in bodies:
            read(body)
    return max(0.0, (middle - begin) - (time.perf_counter() - middle)) / len(made)


def measured(place: Place, url: str) -> Iterator[Row]:
    """Yield an engine's rows."""
    file, _, name = place.client.rpartition(".")
    bare = getattr(importlib.import_module(f"pubsub_kit.bench.bare.{file}"), name)(url)
    kit = Kit(f"{place.scheme}://{url.partition('://')[2]}")
    try:
        for work, count in (
            (ONE, place.one), (WINDOWS, place.windows), (END_TO_END, place.end_to_end)
        ):  # fmt: skip
            if count:
                yield row(place, Pair(kit, bare, count, work, place.log))
    finally:
        kit.close()
        bare.close()


def row(place: Place, pair: Pair) -> Row:
    """Return a row for one kind of work."""
    ours, theirs = pair.contenders(place.said)
    what = pair.work if pair.work == END_TO_END else f"publish, {pair.work}"
    said = f"{place.name}: {what}, {pair.count:,} events"
    return Row(said, "events/s", ours, [theirs], notes=pair.notes)


def served(server: str, places: list[Place]) -> Iterator[Row]:
    """Start a server for the engines that it has; yield their rows."""
    with start(server) as running:
        for place in places:
            yield from measured(place, running.url)


def writing() -> Row:
    """Return the row of what it costs to write and read an event as JSON."""
    count = 10_000
    made = events(count)
    fields: list[Any] = [json.loads(event.to_json()) for event in made]

    def ours() -> None:
        for event in made:
            Event.from_json(event.to_json().encode())

    def plain() -> None:
        for each in fields:
            read(written(each))

    return Row(
        "an event of 100 bytes as JSON, written and read", "events/s",
        Contender("CloudEvents, checked", count, ours), [Contender("Python's json", count, plain)],
    )  # fmt: skip


def rows(names: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the rows of all engines whose servers can be started here."""
    for server in dict.fromkeys(place.server for place in PLACES):
        places = [place for place in PLACES if place.server == server]
        if names and server not in names:
            continue
        try:
            yield from served(server, places)
        except (ServerError, EngineError, ImportError) as error:
            print(f"\n{', '.join(each.name for each in places)}: not measured ({error})")
    yield writing()
