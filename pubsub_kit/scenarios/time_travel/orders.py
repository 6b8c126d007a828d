"""What runs first: in Node, in asyncio, and of commits whose clocks disagree. It is run."""

from __future__ import annotations

from collections.abc import Mapping

from pubsub_kit.git.repository import Commit, replay
from pubsub_kit.patterns.event_loop import EventLoop
from pubsub_kit.scenarios.strips import note
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace

#: A program for Node, what Node prints (20.20, 26.10), and asyncio in the lesson (tested).
PROGRAM = """\
process.nextTick(() => console.log("tick"))
setTimeout(() => console.log("timer"), 0)
Promise.resolve().then(() => console.log("promise"))
console.log("main")"""
RECORDED = {
    "main.cjs": ("main", "tick", "promise", "timer"),
    "main.mjs": ("main", "promise", "tick", "timer"),
    "asyncio": ("awaited", "main", "task", "callback"),
}
_NODE = ("tick, promise, timer", "promise, tick, timer", "timer, tick, promise")
OPTIONS = {
    "main.cjs": _NODE,
    "main.mjs": _NODE,
    "asyncio": ("awaited, task, callback", "task, callback, awaited", "callback, task, awaited"),
    "replay": ("by date", "by id", "parents first", "parents first, then by date"),
}
#: Bob's clock is ten minutes slow, and his commit follows Ann's.
COMMITS = [
    Commit("c3", (), "", "ann", 600, "begin", {"notes": "ann's plan"}),
    Commit("a1", ("c3",), "", "bob", 60, "improve", {"notes": "bob's, better"}),
    Commit("b2", ("a1",), "", "ann", 720, "list", {"todo": "1"}),
]


def printed(module: bool) -> tuple[str, ...]:
    """Return what the program prints in the kit's own loop, as CommonJS or as a module."""
    loop, said = EventLoop(), []

    def main() -> None:
        loop.ticks.append(lambda: said.append("tick"))
        loop.tasks.append(lambda: said.append("timer"))
        loop.jobs.append(lambda: said.append("promise"))
        said.append("main")

    loop.run(main, module)
    return tuple(said)


def cases() -> list[str]:
    """Return the things to choose an order for."""
    return list(OPTIONS)


def run(choice: Mapping[str, str], case: str, trace: Trace) -> Violation | None:
    """Run one of the things, and compare its order with the chosen one."""
    chosen = choice[case]
    if case == "replay":
        return _replayed(chosen, trace)
    ran = RECORDED[case] if case == "asyncio" else printed(case == "main.mjs")
    note(trace, "start", case)
    pairs = zip([word for word in ran if word != "main"], chosen.split(", "), strict=True)
    for n, (word, expected) in enumerate(pairs, 1):
        note(trace, "prints" if word == expected else "you expected", expected)
        if word != expected:
            words = f"{case} doesn't print {expected} {('first', 'second', 'third')[n - 1]}."
            return Violation(words, n, belief=_belief(case, chosen))
    return None


def _belief(case: str, chosen: str) -> str:
    if case == "asyncio":
        return "await waits for the next pass"
    if chosen.startswith("timer"):
        return "a timer of 0 ms is at once"
    return "ticks always come first" if case == "main.mjs" else "promises always come first"


def _replayed(chosen: str, trace: Trace) -> Violation | None:
    order = COMMITS
    if chosen.startswith("by"):
        order = sorted(COMMITS, key=lambda c: c.at if chosen == "by date" else c.id)
    note(trace, "start", "nothing")
    for n, commit in enumerate(order, 1):
        note(trace, f"{commit.who} {commit.id}", replay(order[:n])["notes"], commit.who)
    if replay(order) == replay(COMMITS):
        return None
    words = "Replayed in this order, the notes end as ann's plan: bob's change came to nothing."
    belief = "sort by wall clock" if chosen == "by date" else "ids are in order"
    return Violation(words, len(trace) - 1, belief=belief)
