"""World, oracle and chart of exercise 01's `recover`: a shop whose stock is slow for a while.

Every tea is ordered twice, some seconds apart, and many orders are under way at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.scenarios.sync_cascade.breakers import made_for_each_order
from pubsub_kit.scenarios.sync_cascade.shop import add_stock, asked_of_stock, asks_stock
from pubsub_kit.world.chance import exponential
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

TROUBLE, CALM, END = (4.0, 9.0), 20.0, 25.0  # seconds
RATE, PATIENCE = 60, 2.0  # orders a second, and the seconds that each waits for an answer
MOST_STEPS = 150_000  # moments of a run: a shop that calls stock once for an order needs 25,000
TEAS = int(RATE * END) // 2  # kinds of tea: each is ordered twice
_ENOUGH, _SLACK = 0.95, 0.05


def slow_for_a_while(world: World, answer: Any) -> None:
    """60 orders a second; stock can handle 100, but takes ten times as long for five seconds."""
    add_stock(world)
    stock = world.services["stock"]
    stock.workers, stock.latency = 5, exponential(0.05)
    world.stores["asked"].rows["alone"] = made_for_each_order(answer)
    world.service("shop", answer)
    world.at(TROUBLE[0], world.slow, "stock", 10.0)
    world.at(TROUBLE[1], world.slow, "stock", 1.0)

    async def client() -> None:
        gap = exponential(1 / RATE)
        for number in range(int(RATE * END)):
            await sleep(gap(world.chance))
            world.spawn(_order(world, number), "client")

    world.spawn(client(), "client")


async def _order(world: World, number: int) -> None:
    """Order a tea, and note in the trace what came of it, and whether that is a 'placed'."""
    begun, reply, words = world.now, None, ""
    try:
        order = {"id": f"order-{number}", "item": f"tea-{number % TEAS}"}
        reply = shown(await call("shop", order, timeout=PATIENCE), 40)
    except CallError:
        words = "an error"
    heard = words or reply
    data = {"latency": world.now - begun, "ok": heard == "'placed'", "reply": heard}
    text = f"order-{number} heard {heard} after {1000 * (world.now - begun):.0f} ms"
    world.note("end", "client", text=text, data=data)


def recovers(world: World) -> Violation | None:
    """Orders are placed before the trouble and, again, some seconds after it; each one once."""
    untold, wrong = _account(world)
    alone = world.stores["asked"].rows["alone"]
    return (
        wrong
        or _too_few(world.trace, untold, 0.0, TROUBLE[0], _why_before)
        or _too_few(world.trace, untold, CALM, END, partial(_why_after, alone))
    )


def _account(world: World) -> tuple[set[int], Violation | None]:
    """Hold what stock took against what was ordered and answered, step by step.

    Returns where orders ended that were not called placed although their tea was taken, and the
    first thing that does not add up: a tea too many, or a 'placed' without one.
    """
    ordered, taken, placed = Counter[str](), Counter[str](), Counter[str]()
    untold, asked = set[int](), dict[str, list[float]]()
    for each in asked_of_stock(world):
        asked.setdefault(each.item, []).append(world.trace[each.step - 1].time)
    for i, step in enumerate(world.trace):
        if (step.kind, step.node) == ("begin", "shop"):
            ordered[_item(step)] += 1
        elif (step.kind, step.node) == ("effect", "stock"):
            for item in _taken_in(step):
                taken[item] += 1
                if taken[item] > ordered[item]:
                    return untold, _too_many(world.trace, i, item, ordered[item], taken[item])
        elif (step.kind, step.node) == ("end", "client"):
            item = _item(step)
            seen = taken[item] > placed[item]
            if step.data["ok"] and not seen:
                return untold, _untrue(world, i)
            placed[item] += seen
            if seen and not step.data["ok"] and _while(step, asked.get(item, ())):
                untold.add(i)
    return untold, None


def _while(end: Step, times: Iterable[float]) -> bool:
    """Say whether one of these moments lies in the time of the order that ended here."""
    return any(end.time - end.data["latency"] <= time <= end.time for time in times)


def _item(step: Step) -> str:
    return f"tea-{int(_name(step).removeprefix('order-')) % TEAS}"


def _taken_in(step: Step) -> list[str]:
    _, _, after = step.data
    return [key.removeprefix("taken for ") for key in after if key.startswith("taken for ")]


def _too_many(trace: Trace, i: int, item: str, ordered: int, taken: int) -> Violation:
    wanted, found = {f"{item} taken": ordered}, {f"{item} taken": taken}
    if not ordered:
        first = next(step for step in trace if (step.kind, step.node) == ("begin", "shop"))
        words = f"{item} left the shelf at {moment(trace[i])}, and nobody had ordered that: "
        words += f"{_name(first)} is for {_item(first)}."
        return Violation(words, i, wanted, found, "takes something else")
    times = "once" if ordered == 1 else f"{ordered} times"
    words = f"{item} was ordered {times}, and had left the shelf {taken} times by "
    words += f"{moment(trace[i])}."
    return Violation(words, i, wanted, found, "a new id for each try")


def _untrue(world: World, i: int) -> Violation:
    """Say of an order that was called placed, at a step, that its tea had not left the shelf."""
    trace = world.trace
    name, item = _name(trace[i]), _item(trace[i])
    begun = next(n for n, s in enumerate(trace) if (s.kind, s.node) == ("begin", "shop")
                 and s.text == name)  # fmt: skip
    words = f"{name} was answered 'placed' at {moment(trace[i])}, and no tea had left the shelf "
    words += "for it"
    asked = [each for each in asked_of_stock(world) if each.step <= i]
    ids = [each.id for each in asked if each.item == item and each.step > begun]
    sent = Counter(s.text for s in trace.steps[begun:i] if asks_stock(s))
    [(other, often)] = sent.most_common(1) or [("", 0)]
    belief = "says placed unseen"
    if any(each.id in ids and (each.step <= begun or each.item != item) for each in asked):
        words += f": stock had already seen the id {ids[0]} that you sent"
        belief = "one id for two orders"
    elif other_item := next((each.item for each in asked if each.id == name), ""):
        words += f": you asked stock for {other_item}, and it is for {item}"
        belief = "takes something else"
    elif not sent[name] and not ids and any(each.item == item for each in asked):
        words += f": stock was called for an earlier order of {item}, and never for {name}"
        belief = "one order stands for another"
    elif not sent[name] and not ids and often > 1 and other.startswith("order-"):
        words += f": meanwhile, the shop called stock {often} times for {other}, and never for "
        words += name
        belief = "overwrites an order"
    return Violation(f"{words}.", i, {"teas taken": 1}, {"teas taken": 0}, belief)


def _ends(trace: Trace, start: float, end: float) -> list[tuple[int, Step]]:
    """Return the steps at which orders of a span ended, answered or not."""
    mine = ((i, s) for i, s in enumerate(trace) if s.kind == "end" and s.node == "client")
    return [(i, step) for i, step in mine if start <= step.time < end]


def _name(step: Step) -> str:
    return step.text.split()[0]


#: Says why too few orders of a span were placed: words, and the belief.
_Why = Callable[[Trace, set[int], list[tuple[int, Step]], int], tuple[str, str]]


def _too_few(
    trace: Trace, untold: set[int], start: float, end: float, why: _Why
) -> Violation | None:
    """Return what is wrong if fewer than 95% of the orders that ended in a span were placed."""
    ends = _ends(trace, start, end)
    share = sum(step.data["ok"] for _, step in ends) / max(1, len(ends))
    if share >= _ENOUGH:
        return None
    calls = sum(asks_stock(s) and start <= s.time < end for s in trace)
    words, belief = why(trace, untold, ends, calls)
    step = ends[-1][0] if ends else len(trace) - 1
    wanted, found = {"orders placed": "at least 95%"}, {"orders placed": f"{share:.0%}"}
    return Violation(f"{words.format(share=f'{share:.0%}')}.", step, wanted, found, belief)


def _why_before(
    trace: Trace, untold: set[int], ends: list[tuple[int, Step]], calls: int
) -> tuple[str, str]:
    words = "Even before the trouble, only {share} of the orders were placed"
    if calls < (1 - _SLACK) * len(ends):
        words += f": the shop called stock {calls} times for {len(ends)} orders"
        if calls > 1 and (most := _most_in_hand(trace)) < 3:
            return f"{words}, and stock never had more than {most} in hand at once", "few at a time"
        return words, "asks nobody"
    if calls > (1 + _SLACK) * len(ends):
        return f"{words}: the shop called stock {calls} times for {len(ends)} orders", "many calls"
    told, belief = _untold(words, untold, ends)
    given_up = sum(s.kind == "timeout" and s.node == "shop" and s.time < TROUBLE[0] for s in trace)
    if belief or given_up < 0.5 * sum(not step.data["ok"] for _, step in ends):
        return told, belief
    return f"{told}, and the shop gave up on {given_up} calls", "too little patience"


def _most_in_hand(trace: Trace) -> int:
    """Return how many calls stock had in hand at once before the trouble, at most."""
    busy = most = 0
    for step in trace:
        if step.time >= TROUBLE[0]:
            break
        if step.node == "stock" and step.kind in ("begin", "end"):
            busy += 1 if step.kind == "begin" else -1
            most = max(most, busy)
    return most


def _untold(words: str, untold: set[int], ends: list[tuple[int, Step]]) -> tuple[str, str]:
    """Say what most of the orders heard that were not placed, and whether stock had the tea."""
    bad = [(i, step) for i, step in ends if not step.data["ok"]]
    heard = Counter(step.data["reply"] for _, step in bad).most_common(1)
    [(reply, often)] = heard or [("nothing", 0)]
    words += f": {often} of {len(ends)} heard {reply}"
    these = sum(step.data["reply"] == reply and i in untold for i, step in bad)
    if reply == "an error" or these <= often / 2:
        return words, ""
    words += f", though stock had taken the tea for {these} of these"
    return words, "calls it failed" if reply == "'failed'" else "another answer"


def _denied(trace: Trace, ends: list[tuple[int, Step]]) -> bool:
    """Say whether most of the orders that heard 'failed' had had a call answered in time."""
    sent, answered, given_up, ended = dict[str, str](), set[str](), set[str](), ""
    for step in trace:
        if asks_stock(step):
            sent[step.message] = step.text
        elif (step.kind, step.node) == ("timeout", "shop"):
            given_up.add(step.message)
        elif (step.kind, step.node) == ("end", "stock"):
            ended = step.message
        elif (step.kind, step.node, step.peer) == ("send", "stock", "shop"):
            if ended in sent and ended not in given_up:
                sent[step.message] = sent[ended]
        elif (step.kind, step.node) == ("receive", "shop") and step.message in sent:
            answered.add(sent[step.message])
    failed = [_name(step) for _, step in ends if step.data["reply"] == "'failed'"]
    return sum(name in answered for name in failed) > len(failed) / 2


def _why_after(
    alone: bool, trace: Trace, untold: set[int], ends: list[tuple[int, Step]], calls: int
) -> tuple[str, str]:
    words = f"Stock was back at full speed at {TROUBLE[1]:g} s, yet from {CALM:g} s on only "
    words += "{share} of the orders were placed"
    told, belief = _untold(words, untold, ends)
    storm = calls > (1 + _SLACK) * len(ends)
    if belief and not (storm and belief == "calls it failed" and not _denied(trace, ends)):
        return told, belief
    words += f": the shop called stock {calls:,} times for {len(ends)} orders"
    if storm:
        words += ". A Breaker that is made inside handle is new for every order" if alone else ""
        return words, "load falls once the trigger ends"
    if calls < (1 - _SLACK) * len(ends):
        return words, "what opened stays open"
    return words, ""


def placed_chart(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the share of orders that are placed, second by second, and where the trouble was."""
    from pubsub_kit import show

    ended, placed = Counter[int](), Counter[int]()
    for _, step in _ends(world.trace, 0.0, END):
        ended[int(step.time)] += 1
        placed[int(step.time)] += step.data["ok"]
    shares = [(n + 0.5, 100 * placed[n] / max(1, ended[n])) for n in range(int(END))]
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
