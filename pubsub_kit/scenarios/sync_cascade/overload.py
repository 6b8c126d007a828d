"""Worlds, oracles and charts of exercise 01: what retries do to a service in trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.scenarios.sync_cascade.shop import add_stock, last
from pubsub_kit.world.chance import constant, exponential
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

# -- layers: where to retry, and how to wait -------------------------------------------------------

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


# -- recover: a shop that lets an overloaded stock come back ---------------------------------------

TROUBLE, CALM, END = (4.0, 9.0), 20.0, 25.0  # seconds
_ENOUGH = 0.95


def slow_for_a_while(world: World, answer: Any) -> None:
    """60 orders a second; stock can handle 100, but takes ten times as long for five seconds."""
    add_stock(world)
    stock = world.services["stock"]
    stock.workers, stock.latency = 5, exponential(0.05)
    world.service("shop", answer)
    world.at(TROUBLE[0], world.slow, "stock", 10.0)
    world.at(TROUBLE[1], world.slow, "stock", 1.0)
    world.client(
        "client",
        "shop",
        rate=60,
        count=int(60 * END),
        timeout=2.0,
        payload=lambda i: {"id": f"order-{i}", "item": f"tea-{i}"},
    )


def recovers(world: World) -> Violation | None:
    """Orders are placed before the trouble and, again, some seconds after it; each one once."""
    rows, end = world.stores["shelf"].rows, len(world.trace) - 1
    teas = [(n, key) for key, n in rows.items() if key.startswith("taken for")]
    most, tea = max(teas, default=(0, ""))
    if most > 1:
        words = f"{tea.removeprefix('taken for ')} left the shelf {most} times for a single order."
        once, found = {"teas": 1}, {"teas": most}
        step = last(world.trace, "effect", "stock")
        return Violation(words, step, once, found, "a new id for each try")
    before, after = _share(world, 0.0, TROUBLE[0]), _share(world, CALM, END)
    wanted = {"orders placed": "at least 95%"}
    if before < _ENOUGH:
        words = f"Even before the trouble, only {before:.0%} of the orders were placed."
        return Violation(words, end, wanted, {"orders placed": f"{before:.0%}"}, "does not place")
    if after < _ENOUGH:
        words = f"Stock was back at full speed at {TROUBLE[1]:g} s, yet from {CALM:g} s on only "
        words += f"{after:.0%} of the orders were placed: the retries kept stock overloaded."
        found = {"orders placed": f"{after:.0%}"}
        return Violation(words, end, wanted, found, "load falls once the trigger ends")
    return None


def _share(world: World, start: float, end: float) -> float:
    """Return the share of the orders that ended in a span and were placed: answered, tea taken."""
    taken = world.stores["shelf"].rows
    ends = [s for s in world.trace.of("end", node="client") if start <= s.time < end]
    good = [s for s in ends if s.data["ok"] and f"taken for tea-{_number(s)}" in taken]
    return len(good) / max(1, len(ends))


def _number(step: Step) -> str:
    return step.text.split()[0].removeprefix("order-")


def placed_chart(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the share of orders that are placed, second by second, and where the trouble was."""
    from pubsub_kit import show

    shares = [(n + 0.5, 100 * _share(world, n, n + 1)) for n in range(int(END))]
    return show.lines(
        {"orders placed": shares},
        x="seconds",
        y="percent",
        marks=[
            (TROUBLE[0], None, "stock slows down"),
            (TROUBLE[1], None, "stock is back at full speed"),
            (None, 100 * _ENOUGH, "target: 95%"),
        ],
        title=title,
        caption=violation.message if violation else None,
    )
