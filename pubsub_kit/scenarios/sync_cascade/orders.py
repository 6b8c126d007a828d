"""Clients and oracles of exercise 01's `place` and `budget`: order after order, some side by side.

A shop may be right about one order and wrong about the next: what it keeps outlives an order. So
clients go on ordering, later and at the same moment, and for the same tea. They stop at the first
order that went wrong, since what follows is only longer to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pubsub_kit.scenarios.sync_cascade.placed import all_placed, is_placed, is_placed_beside
from pubsub_kit.scenarios.sync_cascade.shop import add_shop, began, order, said
from pubsub_kit.scenarios.sync_cascade.tries import tries
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import gather, sleep
from pubsub_kit.world.world import World

BUDGET = 2.0  # seconds that the client of `budget` waits
CUT, BACK = 2, 3  # the order for which stock is unreachable, and the first one after that
PLACED_BESIDE = {3: "green tea", 4: "black tea"}
BUDGET_BESIDE = {4: "green tea", 5: "black tea"}
_LATER = 6  # orders over a network that loses nothing more
_QUIET = 60.0  # seconds before them, in which nobody orders
_A_HAIR = 1e-6


async def _right(
    world: World, numbers: Iterable[int], oracle: Callable[[World], Violation | None]
) -> bool:
    """Order one tea after another; return whether nothing has gone wrong."""
    for number in numbers:
        await order(world, number)
        if oracle(world):
            return False
    return True


async def _right_beside(
    world: World, items: Mapping[int, str], oracle: Callable[[World], Violation | None]
) -> bool:
    """Make orders at the same moment; return whether nothing has gone wrong."""
    await gather(*(order(world, number, item) for number, item in items.items()))
    return oracle(world) is None


# -- place: once, whatever is lost -----------------------------------------------------------------


def many_orders(world: World, answer: Any) -> None:
    """The learner's shop, and a client that orders twice, then twice at once, and later again."""
    add_shop(world, answer)

    async def client() -> None:
        if not await _right(world, (1, 2), placed_once):
            return
        if await _right_beside(world, PLACED_BESIDE, placed_once):
            world.link("shop", "stock", reliable=True)
            await sleep(_QUIET)
            await _right(world, range(5, 5 + _LATER), placed_once)

    world.spawn(client(), "client")


def placed_once(world: World) -> Violation | None:
    """Each order took one tea off the shelf, and the shop answered 'placed'."""
    if all_placed(world):
        return None
    for number in filter(lambda n: began(world, n), range(1, 5 + _LATER)):
        if number in PLACED_BESIDE:
            wrong = is_placed_beside(world, number, PLACED_BESIDE)
        else:
            wrong = is_placed(world, number)
        if wrong is not None:
            return wrong
    return None


# -- budget: the client's patience is spent once ---------------------------------------------------


def orders_and_a_cut(world: World, answer: Any) -> None:
    """One order over a network that may lose a message, one while stock is cut off, and more."""
    add_shop(world, answer)

    async def client() -> None:
        if not await _right(world, (1,), within_budget):
            return
        world.partition("shop", "stock")
        if not await _right(world, (CUT,), within_budget):
            return
        world.repair("shop", "stock")
        await sleep(_QUIET)
        if await _right(world, (BACK,), within_budget) and await _right_beside(
            world, BUDGET_BESIDE, within_budget
        ):
            world.link("shop", "stock", reliable=True)
            await _right(world, range(6, 6 + _LATER), within_budget)

    world.spawn(client(), "client")


def within_budget(world: World) -> Violation | None:
    """Each order is answered in time, and placed if no more than one message of it is lost."""
    made = [number for number in range(1, 6 + _LATER) if began(world, number)]
    if all_placed(world, unless=CUT) and not any(
        _in_budget(world, number) if number == CUT else _late(world, number) for number in made
    ):
        return None
    return next(filter(None, (_in_budget(world, number) for number in made)), None)


def _in_budget(world: World, number: int) -> Violation | None:
    if (late := _late(world, number)) is not None:
        return late
    if number == CUT:
        return _not_failed(world, number, "Stock was unreachable")
    beside = number in BUDGET_BESIDE
    spans = [said(world, each) for each in (BUDGET_BESIDE if beside else (number,))]
    begun, end = min(span.begun for span in spans), max(span.step for span in spans)
    lost = sum(step.kind == "lose" for step in world.trace.steps[begun:end])
    if lost > 1 and said(world, number).reply != "placed":
        return _not_failed(world, number, "Two messages were lost")
    return is_placed_beside(world, number, BUDGET_BESIDE) if beside else is_placed(world, number)


def _not_failed(world: World, number: int, why: str) -> Violation | None:
    heard = said(world, number)
    if heard.reply == "failed":
        return None
    how = heard.words[0].lower() + heard.words[1:]
    belief = "another answer"
    if heard.error:
        belief = "gives up with an error"
    elif heard.reply == "placed":
        belief = "says placed unseen"
    words = f"{why}, and {how}, where 'failed' is true."
    return Violation(words, heard.step, {"reply": "failed"}, {"reply": heard.reply}, belief)


def _late(world: World, number: int) -> Violation | None:
    heard, trace = said(world, number), world.trace
    if heard.seconds <= BUDGET + _A_HAIR:
        return None
    words = (
        f"The client waits {BUDGET:g} s for order-{number}; the answer took {heard.seconds:.2f} s"
    )
    tried, belief = tries(trace, "shop", "stock", f"order-{number}"), ""
    if tried is not None:
        inside = trace[tried.end].time - trace[tried.begin].time
        given_up = sum(each.gave_up is not None for each in tried.calls)
        if inside <= BUDGET + _A_HAIR:
            words += f", {heard.seconds - inside:.2f} s of it on the way"
            belief = "the way takes no time"
        elif given_up:
            words += f", in which the shop gave up on {given_up} call{'s' * (given_up != 1)}"
            belief = "each try has its own patience" if given_up > 1 else "one try takes it all"
    wanted, found = {"seconds": f"at most {BUDGET:g}"}, {"seconds": round(heard.seconds, 2)}
    return Violation(f"{words}.", heard.step, wanted, found, belief)
