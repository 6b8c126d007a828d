"""Each pattern holds under every schedule of two faults, and each of its key lines is needed."""

from __future__ import annotations

import importlib
import inspect
import sys
from types import ModuleType
from typing import NamedTuple

import pytest

from pubsub_kit.world.search.explore import Exploration, explore
from pubsub_kit.world.world import World
from tests.patterns import logs, worlds

MESSAGES = ("loss", "reply lost", "delay", "crash")
DELIVERY = ("duplicate", "crash", "preempt", "ack lost")


class Case(NamedTuple):
    pattern: str
    build: worlds.Build
    oracle: worlds.Oracle
    faults: tuple[str, ...]


CASES = [
    Case(
        "aggregate",
        worlds.aggregate,
        worlds.one_withdrawal_is_decided,
        (*MESSAGES, "preempt"),
    ),
    Case("inbox", worlds.inbox, worlds.total_is_20, DELIVERY),
    Case("inbox", worlds.inbox_at_read_committed, worlds.total_is_20, DELIVERY),
    Case("outbox", worlds.outbox, worlds.every_order_is_heard_of, MESSAGES),
    Case(
        "outbox",
        worlds.outbox_of_deposits,
        worlds.published_as_booked,
        ("crash", "preempt"),
    ),
    Case("sequencer", worlds.sequencer, worlds.applied_in_order, (*DELIVERY, "reorder")),
    Case("projection", logs.projection, logs.stock_is_of_the_whole_log, ("crash", "preempt")),
    Case("snapshot", logs.snapshot, logs.state_is_of_the_whole_log, ("crash", "preempt")),
    Case("saga", worlds.saga, worlds.moved_whole_or_not_at_all, MESSAGES),
    Case(
        "saga",
        lambda module: worlds.saga(module, limit=20),
        worlds.moved_whole_or_not_at_all,
        MESSAGES,
    ),
    Case(
        "two_phase_commit",
        worlds.two_phase_commit,
        worlds.both_or_neither_and_unlocked,
        MESSAGES,
    ),
]

#: A line (or lines) of a pattern, and what stands in its place when it is taken out.
MUTATIONS = [
    ("aggregate", ", expected=len(events))", ")"),
    ("aggregate", 'if event.get("cause") == command["id"]]', "if False]"),
    ("aggregate", '**event, "cause": command["id"]}', "**event}"),
    (
        "aggregate",  # appended again, at whatever is the end by now, and not decided again
        "continue  #",
        "await self.streams.append(self.stream, *new)  #",
    ),
    ("aggregate", "continue  #", "pass  #"),
    ("inbox", 'if not await tx.insert(f"seen {event.source} {event.id}"):', "if False:"),
    ("inbox", "async with self.db.transaction() as tx:", "if tx := self.db:"),
    (
        "inbox",  # a look and a write: enough in serializable transactions alone
        '            if not await tx.insert(f"seen {event.source} {event.id}"):\n'
        "                return\n",
        '            if await tx.get(f"seen {event.source} {event.id}"):\n'
        "                return\n"
        '            await tx.put(f"seen {event.source} {event.id}", True)\n',
    ),
    ("outbox", 'await tx.put(f"{_PREFIX}{number:012}",', '(f"{_PREFIX}{number:012}",'),
    ("outbox", "{number:012}", "{number}"),
    ("outbox", "{_PREFIX}{number:012}", "{_PREFIX}{id}"),
    ("outbox", 'await tx.add(f"turn {key}", 1)', "pass"),
    (
        "outbox",
        "        if key is not None:\n"
        '            await tx.add(f"turn {key}", 1)\n'
        '        number = int(await self.db.add("last number", 1))\n',
        '        number = int(await self.db.add("last number", 1))\n'
        "        if key is not None:\n"
        '            await tx.add(f"turn {key}", 1)\n',
    ),
    ("outbox", 'event["data"], event["key"])', 'event["data"], None)'),
    ("outbox", 'await self.publish(event["id"], event["data"], event["key"])', "pass"),
    (
        "outbox",
        '            await self.publish(event["id"], event["data"], event["key"])\n'
        "            await self.db.delete(row)\n",
        "            await self.db.delete(row)\n"
        '            await self.publish(event["id"], event["data"], event["key"])\n',
    ),
    ("sequencer", "if number < following:", "if False:"),
    ("sequencer", 'await tx.put(f"held {key} {number}", event.data)', "pass"),
    ("sequencer", 'await tx.put(f"next {key}", following)', "pass"),
    ("sequencer", "async with self.db.transaction() as tx:", "if tx := self.db:"),
    ("projection", "at = offset + 1", "at = offset + 2"),
    ("projection", "at = offset + 1", "at += 1"),
    ("projection", "await tx.put(self.row, at)", "pass"),
    ("projection", "async with self.db.transaction() as tx:", "if tx := self.db:"),
    ("projection", "await tx.get(self.row, 0)", "await self.db.get(self.row, 0)"),
    ("projection", "position {name}", "position"),
    ("projection", "while True:", "if True:"),
    ("snapshot", "offset + 1", "offset + 2"),
    ("snapshot", "offset + 1", "at + 1"),
    ("snapshot", "await self.db.put(self.row, [at, state])", "pass"),
    ("snapshot", "[at, state])", "[0, state])"),
    ("snapshot", "snapshot {version}", "snapshot"),
    ("saga", "await self.pause()  #", "return False  #"),
    ("saga", 'await self._advance(key.removeprefix("saga "))', "pass"),
    ("saga", 'return {**state, "at": at - 1, "undoing": True}', 'return {**state, "at": 99}'),
    ("two_phase_commit", 'await self.db.insert(f"decision {id}", all(votes))', "pass"),
    ("two_phase_commit", 'await self.db.insert(f"work {id}", work)', "pass"),
    ("two_phase_commit", "while not await self._told(", "if not await self._told("),
    ("two_phase_commit", "            await self._tell(id)\n", "            pass\n"),
    (
        "two_phase_commit",
        "return False  # without an answer there is no promise, so",
        "return True  #",
    ),
    ("two_phase_commit", 'if not await tx.insert(f"decided {id}", commit):', "if False:"),
]


def load(pattern: str, line: str = "", instead: str = "") -> ModuleType:
    """Load a pattern's module, with a line replaced if one is given."""
    real = importlib.import_module(f"pubsub_kit.patterns.{pattern}")
    source = inspect.getsource(real)
    assert line in source, f"{pattern} no longer has the line {line!r}"
    made = ModuleType(f"{pattern}_without")
    sys.modules[made.__name__] = made  # where dataclasses look for it
    exec(compile(source.replace(line, instead, 1), f"<{pattern}>", "exec"), made.__dict__)
    return made


def run(case: Case, module: ModuleType, max_faults: int = 2) -> Exploration:
    return explore(
        case.build(module),
        case.oracle,
        faults=case.faults,
        max_faults=max_faults,
        until=400.0,
        max_steps=5_000,
        seconds=60.0,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.pattern)
def test_a_pattern_holds_under_every_schedule_of_two_faults(case: Case) -> None:
    found = run(case, load(case.pattern))
    assert found.outcome == "holds", f"{found}\n{found.trace.text()}"
    assert found.schedules > 100


@pytest.mark.parametrize(("pattern", "line", "instead"), MUTATIONS)
def test_without_a_line_of_it_a_pattern_fails(pattern: str, line: str, instead: str) -> None:
    module = load(pattern, line, instead)
    outcomes = [run(case, module).outcome for case in CASES if case.pattern == pattern]
    assert "fails" in outcomes, f"{pattern} holds without the line {line!r}"


def test_two_phase_commit_is_atomic_but_not_isolated() -> None:
    """Between the two commits a reader sees 30 less than there is."""
    world = World()
    worlds.two_phase_commit(importlib.import_module("pubsub_kit.patterns.two_phase_commit"))(world)
    has, sums = {"ann": 100, "bob": 0}, []
    for step in world.run(until=100.0).of("effect"):
        if "balance" in step.data[2]:
            has[step.node] = step.data[2]["balance"]
            sums.append(sum(has.values()))
    assert sums == [70, 100]


def test_two_phase_commit_blocks_while_its_coordinator_is_down() -> None:
    """With the coordinator gone for good after the votes, both accounts stay locked for ever."""
    pattern = importlib.import_module("pubsub_kit.patterns.two_phase_commit")
    found = explore(
        worlds.two_phase_commit(pattern),
        lambda world: worlds.both_or_neither_and_unlocked(world),
        faults=("crash",),
        max_faults=1,
        until=0.5,  # the coordinator restarts after 1 s: here it is still down
    )
    assert found.outcome == "fails"
    assert found.violation is not None
    assert "still held" in found.violation.message
