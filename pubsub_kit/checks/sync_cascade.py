"""Checks of exercise 01: a caller that survives what it calls.

The stock service takes `{"id": …, "item": …}` and takes one item off the shelf for each id that it
has not seen: it is idempotent, if only its callers let it be. The learner writes the shop, which
calls it over a network that loses requests and replies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pubsub_kit.checks.judges import Explored, Sampled
from pubsub_kit.checks.questions import Choose, Code, Estimate, Question
from pubsub_kit.retry import RetryPolicy
from pubsub_kit.world.chance import constant, exponential
from pubsub_kit.world.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

BUDGET = 2.0  # seconds: what the client of questions `place` and `budget` waits
_NETWORK = ("loss", "reply lost", "delay")


def add_stock(world: World) -> None:
    """Add the stock service: one item off the shelf for each request id that is new."""
    shelf = world.store("shelf")

    async def stock(request: Any) -> str:
        if not isinstance(request, Mapping) or "item" not in request or "id" not in request:
            raise ValueError(f"stock wants {{'id': …, 'item': …}}, not {str(request)[:60]}")
        async with shelf.transaction() as tx:
            if await tx.insert(f"seen {request['id']}"):
                await tx.add(f"taken for {request['item']}", 1)
        return "taken"

    world.service("stock", stock)


def _shop(world: World, answer: Any, orders: int = 1) -> None:
    """A shop that runs the learner's code, and a client that sends it orders.

    What the shop answers is kept in the store `said`.
    """
    add_stock(world)
    said = world.store("said")
    world.service("shop", answer)

    async def client() -> None:
        for i in range(1, orders + 1):
            begun = world.now
            try:
                reply = await call("shop", {"id": f"order-{i}", "item": f"tea-{i}"})
            except CallError as error:
                reply = f"error: {error}"
            said.rows[f"order-{i}"] = (reply, world.now - begun)

    world.link("client", "shop", reliable=True)
    world.spawn(client(), "client")


def _taken(world: World, i: int = 1) -> int:
    return int(world.stores["shelf"].rows.get(f"taken for tea-{i}", 0))


def _last_effect(trace: Trace) -> int:
    return max((i for i, step in enumerate(trace) if step.kind == "effect"), default=len(trace) - 1)


def _place_oracle(world: World) -> Violation | None:
    taken = _taken(world)
    reply, _ = world.stores["said"].rows.get("order-1", (None, 0.0))
    if taken > 1:
        return Violation(
            f"One order took {taken} teas off the shelf.",
            _last_effect(world.trace),
            {"teas taken": 1},
            {"teas taken": taken},
            "a new id for each try",
        )
    if reply == "placed" and taken == 0:
        return Violation(
            "The shop says 'placed', but no tea was taken off the shelf.",
            len(world.trace) - 1,
            {"reply": "placed", "teas taken": 1},
            {"reply": reply, "teas taken": 0},
            "says placed unseen",
        )
    if reply != "placed":
        belief = "a timeout means it failed" if reply == "failed" else "gives up at once"
        words = "though the tea is off the shelf" if taken else "though another try would do it"
        return Violation(
            f"The shop does not say 'placed', {words}.",
            len(world.trace) - 1,
            {"reply": "placed", "teas taken": 1},
            {"reply": reply, "teas taken": taken},
            belief,
        )
    return None


def _budget_oracle(world: World) -> Violation | None:
    reply, seconds = world.stores["said"].rows.get("order-1", (None, world.now))
    if seconds > BUDGET + 1e-6:
        return Violation(
            f"The client waits {BUDGET:g} s, and the shop answers after {seconds:.1f} s.",
            len(world.trace) - 1,
            {"seconds": f"at most {BUDGET:g}"},
            {"seconds": round(seconds, 2)},
            "each try has its own patience",
        )
    lost = sum(step.kind == "lose" for step in world.trace)
    if lost <= 1:
        return _place_oracle(world)
    if reply == "placed" and _taken(world) == 0:
        return _place_oracle(world)
    return None


def _stage_budget(world: World, answer: Any) -> None:
    _shop(world, answer)


# -- layers: where to retry, and how to wait ------------------------------------------------------

_LAYERS = ("client", "shop", "stock")


def _stage_layers(world: World, choice: Mapping[str, str]) -> None:
    """Three layers over a database that is down for two seconds, while 40 orders come at once."""
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


def _layers_oracle(world: World) -> Violation | None:
    trace = world.trace
    calls = [s for s in trace if s.kind == "send" and s.peer == "database"]
    per_order = Counter(s.text for s in calls)
    worst = max(per_order.values(), default=0)
    if worst > 4:
        return Violation(
            f"One order knocks at the database {worst} times while it is down: retries at "
            "several layers multiply.",
            trace.steps.index(calls[-1]),
            {"calls for one order": "at most 4"},
            {"calls for one order": worst},
            "retry at every layer",
        )
    ended = [s for s in trace if s.kind == "end" and s.node == "client"]
    failed = [s for s in ended if not s.data["ok"]]
    if len(failed) > 8:
        return Violation(
            f"{len(failed)} of {len(ended)} orders fail, though the database is back after 1 s.",
            trace.steps.index(failed[0]),
            {"failed orders": "at most 8 of 40"},
            {"failed orders": len(failed)},
            "never retry",
        )
    waves = Counter(round(s.time / 0.05) for s in calls if s.time > 0.1)
    peak = max(waves.values(), default=0)
    if peak > 20:
        return Violation(
            f"{peak} calls reach the database within 50 ms: all who failed together come back "
            "together.",
            trace.steps.index(next(s for s in calls if waves[round(s.time / 0.05)] == peak)),
            {"calls in 50 ms": "at most 20"},
            {"calls in 50 ms": peak},
            "backoff without jitter",
        )
    return None


# -- recover: a shop that lets an overloaded stock come back ---------------------------------------

_TROUBLE, _CALM, _END = (4.0, 9.0), 20.0, 25.0  # seconds


def _stage_recover(world: World, answer: Any) -> None:
    """60 orders a second; stock can do 100, but takes ten times as long for five seconds."""
    add_stock(world)
    stock = world.services["stock"]
    stock.workers, stock.latency = 5, exponential(0.05)
    world.service("shop", answer)
    world.at(_TROUBLE[0], world.slow, "stock", 10.0)
    world.at(_TROUBLE[1], world.slow, "stock", 1.0)
    world.client(
        "client",
        "shop",
        rate=60,
        count=int(60 * _END),
        timeout=2.0,
        payload=lambda i: {"id": f"order-{i}", "item": f"tea-{i}"},
    )


def _recover_oracle(world: World) -> Violation | None:
    trace = world.trace
    most = max(
        ((n, key) for key, n in world.stores["shelf"].rows.items() if key.startswith("taken")),
        default=(0, ""),
    )
    if most[0] > 1:
        return Violation(
            f"{most[1]} was taken {most[0]} times: each try needs the id of its order.",
            _last_effect(trace),
            belief="a new id for each try",
        )
    before, after = _placed(world, 0.0, _TROUBLE[0]), _placed(world, _CALM, _END)
    if before < 0.95:
        return Violation(
            f"Before any trouble only {before:.0%} of the orders take their tea.",
            len(trace) - 1,
            {"placed": "at least 95%"},
            {"placed": f"{before:.0%}"},
            "does not place",
        )
    if after < 0.95:
        return Violation(
            f"Stock is healthy again after {_TROUBLE[1]:.0f} s, yet from {_CALM:.0f} s on only "
            f"{after:.0%} of the orders succeed: the retries keep it down.",
            len(trace) - 1,
            {"placed after the trouble": "at least 95%"},
            {"placed after the trouble": f"{after:.0%}"},
            "load falls once the trigger ends",
        )
    return None


def _placed(world: World, start: float, end: float) -> float:
    """Share of the orders sent in a span that were answered in time and took their tea."""
    taken = world.stores["shelf"].rows
    sent = [
        step
        for step in world.trace
        if step.kind == "end" and step.node == "client" and start <= step.time < end
    ]
    good = [
        step
        for step in sent
        if step.data["ok"] and taken.get(f"taken for tea-{step.text.split()[0][6:]}")
    ]
    return len(good) / max(1, len(sent))


QUESTIONS: list[Question] = [
    Code(
        "place",
        "Write the shop's handler: it has stock take one tea for an order, and returns 'placed', "
        "whatever one or two messages the network loses.",
        judged_by=Explored(_shop, _place_oracle, _NETWORK, max_faults=2, until=200.0),
        lessons={
            "a new id for each try": "The first try did its work; only the reply was lost. To "
            "stock, a new id is a new order. Mint the id once, outside of the loop.",
            "a timeout means it failed": "After a timeout nobody on your side can know whether "
            "the work was done. Ask again, with the same id: if it was done, that is harmless.",
            "gives up at once": "A lost message is cured by sending it again.",
            "waits for ever": "A call without a timeout waits for a reply that was lost.",
            "never ends": "A loop of tries needs an end.",
        },
        hints={
            "waits for ever": ["Give call() a timeout."],
            "a new id for each try": [
                "How would stock know that your second request is the first one again?",
                "Send order['id'] as the id, each time.",
            ],
            "": [
                "A call can time out: catch CallTimeout, and try again.",
                "RetryPolicy(attempts=4) and a timeout, both given to call(), make the loop.",
            ],
        },
    ),
    Code(
        "budget",
        f"Repair the shop: the client waits {BUDGET:g} s in all, so it must answer by then even if "
        "stock never does ('failed' is an answer), and still place the order if one message is "
        "lost.",
        judged_by=Explored(
            _stage_budget, _budget_oracle, ("loss", "reply lost"), max_faults=4, until=200.0
        ),
        lessons={
            "each try has its own patience": "Patience is spent once, not once a try. What is "
            "left of the budget is the timeout of the next try.",
            "waits for ever": "A call without a timeout has no budget at all.",
        },
        hints={
            "each try has its own patience": [
                "Note clock() at the start. How much of the budget is left before each try?",
                "timeout=min(0.5, left), and stop once nothing is left. Waits between tries count.",
            ],
            "": ["A try may take a part of the budget only, so that a second one fits in."],
        },
    ),
    Choose(
        "layers",
        "The database is down for a second while 40 orders are under way. Who retries (4 attempts "
        "each), and do they wait a fixed or a random time between? No order may knock more than "
        "4 times, nor more than 20 calls arrive within 50 ms, nor more than 8 orders fail.",
        options={
            "client": ["no", "yes"],
            "shop": ["no", "yes"],
            "stock": ["no", "yes"],
            "waiting": ["fixed", "random"],
        },
        judged_by=Sampled(_stage_layers, _layers_oracle, seeds=(1, 2, 3), until=120.0),
        lessons={
            "retry at every layer": "With 4 attempts at each of 3 layers, one order is 64 calls "
            "at the lowest (Google's SRE book, chapter 22).",
            "backoff without jitter": "A fixed wait keeps the crowd together. A random one "
            "spreads it.",
            "never retry": "A short outage is what retries are for.",
        },
        hints={"": ["One layer that retries is enough. Which is up to you.", "Spread the waits."]},
    ),
    Code(
        "recover",
        "Write the shop so that it survives five seconds in which stock is ten times slower: once "
        "they are over, at least 95% of the orders must succeed again. A class with "
        "handle(order) may keep a Breaker.",
        judged_by=Sampled(_stage_recover, _recover_oracle, seeds=(1, 2), until=60.0),
        lessons={
            "load falls once the trigger ends": "Every order that times out comes back as up to "
            "four, so that the load stays above what stock can do, long after the trigger is "
            "gone: a metastable failure (Bronson et al., OSDI 2022). Something must shed load.",
            "a new id for each try": "An order that is tried again is still the same order.",
        },
        hints={
            "load falls once the trigger ends": [
                "What tells you that stock is overloaded, and what should you do less of then?",
                "Breaker(failures=…, reset=…): allows(clock()), failed(clock()), "
                "succeeded(clock()); or give it to call().",
            ],
            "": ["Begin with one call with a timeout and no retries."],
        },
    ),
    Estimate(
        "tail",
        "A page asks 100 servers and waits for the slowest. 1% of a server's replies are slow. "
        "What share of the pages is slow, in percent?",
        value=lambda: 100 * (1 - 0.99**100),
        unit="percent",
        tolerance=0.03,
        wrong={"the average is the page": lambda: 1.0, "shares add up": lambda: 100.0},
        lessons={
            "the average is the page": "1% is one server's share. The page is slow if any of "
            "the 100 is.",
            "shares add up": "Added up, 200 servers would make 200%. A page is quick only if "
            "all 100 are.",
        },
        hints={"": ["What is the chance that none of the 100 is slow?", "1 − 0.99 ** 100"]},
        shows="A page is quick with probability 0.99^100 (Dean & Barroso, The Tail at Scale).",
    ),
    Estimate(
        "chain",
        "An order needs the shop, stock and a database, each of them up 99.9% of the time, and "
        "independently. For how many minutes of a month of 30 days can't it be placed?",
        value=lambda: (1 - 0.999**3) * 30 * 24 * 60,
        unit="minute",
        tolerance=0.05,
        wrong={"a chain is its weakest link": lambda: 0.001 * 30 * 24 * 60},
        lessons={
            "a chain is its weakest link": "That is one service's share. All three must be up "
            "at once, so their availabilities multiply."
        },
        hints={"": ["0.999 ** 3 of the time all three are up."]},
        shows="0.999³ of the time all three are up.",
    ),
]
