"""What exercise 07 asks about retention, compaction and cursors, run on the kit's own logs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog
from pubsub_kit.log.retention import Retention
from pubsub_kit.scenarios.event_log_and_replay.on_disk import daily
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

DAY = 86_400.0
_VISIT = 70  # bytes of a record, and a little less: so many days, so many records
_DAYS = {"1 day": 1, "5 days": 5, "7 days": 7, "30 days": 30}
_RULES = ["keep everything", "compact by key", "delete after 7 days"]
OPTIONS = {
    "moves": _RULES,
    "prices": _RULES,
    "price reader": ["takes the last record of each key", "expects one record for each key"],
    "tombstones": ["1 day", "5 days"],
    "visits": ["a file a day", "a file a week"],
    "cursor": ["7 days", "30 days"],
}


def keeping(world: World, choice: Mapping[str, str]) -> None:
    """A year of five topics, each under the rule that was chosen for it."""
    vars(world)["wrong"] = wrong = list[Violation]()
    for tell in (_moves, _prices, _deletes, _visits, _cursor):
        name = tell.__name__.strip("_")
        world.spawn(tell(_Topic(world, name, wrong), choice), name)


def nothing_is_missed(world: World) -> Violation | None:
    """Every topic has what its readers need, and no longer than it may."""
    return next(iter(vars(world)["wrong"]), None)


class _Topic:
    """A topic's log in virtual time, and what is found to be wrong with it."""

    def __init__(self, world: World, name: str, wrong: list[Violation]) -> None:
        self.world, self.name, self.wrong = world, name, wrong

    def log(self, rule: str, tombstones: float = 1.0) -> EventLog:
        age = 7 * DAY if rule == _RULES[2] else None
        keeps = Retention(max_age=age, tombstone_age=tombstones * DAY)
        return EventLog(retention=keeps, compact=rule == _RULES[1], clock=lambda: self.world.now)

    def event(self, key: str, data: Any) -> Event:
        now = self.world.now
        return Event(f"{self.name} {now}", "kit", self.name, now, data, key=key)

    def note(self, words: str) -> None:
        self.world.note("note", self.name, text=words)

    def found(self, words: str, expected: Any, actual: Any, belief: str) -> None:
        if expected != actual:
            states = {self.name: expected}, {self.name: actual}
            self.wrong.append(Violation(words, len(self.world.trace), *states, belief))
        self.note(words)


async def _moves(topic: _Topic, choice: Mapping[str, str]) -> None:
    log = topic.log(choice["moves"])
    for n, (key, amount) in enumerate([("ann", 5), ("bob", 4), ("ann", -2)]):
        log.append(topic.event(key, amount))
        topic.note(f"{key} {amount:+}")
        await sleep(DAY * (n + 1))
    await sleep(360 * DAY)
    log.retain()
    has = sum(event.data for _, event in log.read(0, 0) if event.key == "ann")
    words = f"A new service adds up ann's moves, +5 and -2, a year later, and finds {has}."
    beliefs = {_RULES[1]: "compact any stream", _RULES[2]: "history can go"}
    topic.found(words, 3, has, beliefs.get(choice["moves"], ""))


async def _prices(topic: _Topic, choice: Mapping[str, str]) -> None:
    log, now = topic.log(choice["prices"]), {"apple": 5, "pear": 2}
    for key, price in (("apple", 3), ("pear", 2), ("apple", 4)):
        log.append(topic.event(key, price))
        topic.note(f"{key} = {price}")
        await sleep(DAY)
    await sleep(360 * DAY)
    log.retain()
    log.append(topic.event("apple", 5))
    topic.note("apple = 5, after compaction ran")
    await sleep(DAY)
    rows = [(event.key, event.data) for _, event in log.read(0, 0)]
    has = dict(rows)
    words = f"A year later a new service finds the price of {' and '.join(map(str, has))}."
    topic.found(words, now, has, "history can go")
    if choice["price reader"] == OPTIONS["price reader"][1]:
        words = f"The reader gives up: there are {len(rows)} records, for {len(has)} keys."
        topic.found(words, len(has), len(rows), "one record a key")


async def _deletes(topic: _Topic, choice: Mapping[str, str]) -> None:
    log = topic.log(_RULES[1], _DAYS[choice["tombstones"]])
    for key in ("ann", "bob"):
        log.append(topic.event(key, "here"))
    view = {event.key: event.data for _, event in log.read(0, 0)}
    topic.note("a new reader has read ann and bob, and goes on slowly")
    await sleep(DAY / 2)
    log.append(topic.event("bob", None))
    topic.note("bob is deleted, by a tombstone")
    await sleep(1.5 * DAY)
    log.retain()
    await sleep(DAY)
    view |= {event.key: event.data for _, event in log.read(0, 2)}
    has = sorted(str(key) for key, data in view.items() if data is not None)
    words = f"The new reader reaches the end after 3 days, and its view has {' and '.join(has)}."
    topic.found(words, ["ann"], has, "a bootstrap sees every delete")


async def _visits(topic: _Topic, choice: Mapping[str, str]) -> None:
    topic.note("each day has one visit")
    await sleep(10 * DAY)
    age = oldest(1 if choice["visits"] == OPTIONS["visits"][0] else 7)
    words = f"On day 10 the oldest visit is {age} days old, with a retention of 7 days."
    topic.found(words, True, age < 10, "data goes at its age")


@cache
def oldest(days_in_a_file: int, until: int = 10) -> int:
    """Return the age in days of the oldest of daily events on a day; a real disk is asked once."""
    size = _VISIT * days_in_a_file
    with TemporaryDirectory() as folder, daily(Path(folder, "log"), until + 1, 1, size) as log:
        log.retention = Retention(max_age=7.0)
        log.retain(now=until)
        return until - log.read(0, log.start(), 1)[0][0]


async def _cursor(topic: _Topic, choice: Mapping[str, str]) -> None:
    log = topic.log(_RULES[0])
    log.append(topic.event("order", 0))
    at = log.end()
    topic.note("a reader commits its cursor, 1, and is shut down")
    await sleep(2 * DAY)
    log.append(topic.event("order", 1))
    await sleep(6 * DAY)
    if _DAYS[choice["cursor"]] < 8:
        at = log.end()
        topic.note("the cursor has expired, so the reader begins at the latest offset")
    log.append(topic.event("order", 2))
    seen = [event.data for _, event in log.read(0, at)]
    words = f"Back after 8 days, the reader gets {seen}, of the orders 1 and 2 that it has missed."
    topic.found(words, [1, 2], seen, "my cursor waits")
