"""World, oracle and chart of exercise 01's `layers`: what retries do to a service in trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.world.chance import constant
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

LAYERS = {
    "client": ["no", "yes"],
    "shop": ["no", "yes"],
    "stock": ["no", "yes"],
    "waiting": ["fixed", "random"],
}
_WINDOW = 0.05  # seconds in which calls are counted


def down_for_a_second(world: World, choice: Mapping[str, str]) -> None:
    """Three layers over a database that is down for a second, while 40 orders come at once."""
    jitter = choice["waiting"] == "random"

    def policy(layer: str) -> RetryPolicy | None:
        if choice[layer] == "no":
            return None
        return RetryPolicy(base=0.5, cap=4.0, attempts=4, jitter=jitter)

    def forward(caller: str, callee: str) -> Callable[[Any], Any]:
        async def handler(order: Any) -> Any:
            return await call(callee, order, timeout=30.0, retry=policy(caller))

        return handler

    world.service("shop", forward("shop", "stock"))
    world.service("stock", forward("stock", "database"))
    world.service("database", workers=20, latency=constant(0.02))
    world.at(0.0, world.crash, "database", 1.0)
    world.client("client", "shop", count=40, every=0.0, start=0.001, retry=policy("client"))


def _calls(trace: Trace) -> list[tuple[int, Step]]:
    pairs = enumerate(trace)
    return [(i, s) for i, s in pairs if s.kind == "send" and s.peer == "database"]


def spared(world: World) -> Violation | None:
    """No order calls the database too often, few fail, and no crowd comes back at once."""
    trace, calls = world.trace, _calls(world.trace)
    [(order, often)] = Counter(step.text for _, step in calls).most_common(1)
    if often > 4:
        words = f"{order} called the database {often} times; at most 4 are allowed."
        wanted, found = {"calls for one order": "at most 4"}, {"calls for one order": often}
        return Violation(words, calls[-1][0], wanted, found, "retry at every layer")
    ended = [(i, s) for i, s in enumerate(trace) if s.kind == "end" and s.node == "client"]
    failed = [i for i, step in ended if not step.data["ok"]]
    if len(failed) > 8:
        words = f"{len(failed)} of {len(ended)} orders failed, though the database was back at 1 s."
        wanted, found = {"failed orders": "at most 8"}, {"failed orders": len(failed)}
        return Violation(words, failed[0], wanted, found, "never retry")
    waves = Counter(_window(step) for _, step in calls if step.time > 0.1)
    peak = max(waves.values(), default=0)
    if peak > 20:
        at = next(i for i, step in calls if waves[_window(step)] == peak)
        words = f"{peak} calls reached the database within 50 ms, at {world.trace[at].time:.1f} s: "
        words += "the orders that failed together came back together."
        wanted, found = {"calls in 50 ms": "at most 20"}, {"calls in 50 ms": peak}
        return Violation(words, at, wanted, found, "backoff without jitter")
    return None


def _window(step: Step) -> int:
    return round(step.time / _WINDOW)


def calls_chart(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw how many calls reach the database in each 50 ms."""
    from pubsub_kit import show

    counts = Counter(_window(step) for _, step in _calls(world.trace))
    points = [(n * _WINDOW, float(counts[n])) for n in range(max(counts, default=0) + 2)]
    return show.lines(
        {"calls to the database": points},
        x="seconds",
        y="calls in 50 ms",
        marks=[(1.0, None, "the database is back"), (None, 20.0, "limit: 20")],
        title=title,
        caption=violation.message if violation else None,
    )
