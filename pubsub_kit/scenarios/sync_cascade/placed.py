"""Whether an order was placed, once, and why it was not: said only if the run shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pubsub_kit.scenarios.plain import moment
from pubsub_kit.scenarios.sync_cascade.shop import Said, asked_of_stock, asks_stock, began, said
from pubsub_kit.scenarios.sync_cascade.tries import Tries, made_by, tries, why_unanswered
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

#: A shop that asked stock, or asked it more often, for an order before this one.
SPENT = "what one order uses up"
_TOO_FEW = ("asks nobody", "gives up at once", "gives up too soon", "a timeout means it failed")


def all_placed(world: World, unless: int = 0) -> bool:
    """Say, at a glance, whether each order so far was placed, and took one tea of its kind.

    `unless` is an order that was not to be placed.
    """
    rows = dict(world.stores["said"].rows)
    rows.pop(f"order-{unless}", None)
    if not all(isinstance(heard, Said) and heard.reply == "placed" for heard in rows.values()):
        return False
    wanted = Counter(f"taken for {heard.item}" for heard in rows.values())
    shelf = world.stores["shelf"].rows
    return wanted == {key: n for key, n in shelf.items() if key.startswith("taken for ")}


def is_placed(world: World, number: int) -> Violation | None:
    """Return what is wrong if this order, made while no other was, was not placed exactly once."""
    trace, heard, name = world.trace, said(world, number), f"order-{number}"
    tried = tries(trace, "shop", "stock", name)
    if tried is None:
        return Violation(f"The shop never began to handle {name}.", heard.step)
    teas = made_by(trace, tried, "stock")
    wanted, found = {"reply": "placed", "teas taken": 1}, {"reply": heard.reply}
    found["teas taken"] = len(teas)
    if len(teas) > 1:
        words, belief = _two_teas(trace, tried, name, teas)
        return Violation(words, teas[1], wanted, found, belief)
    if heard.reply == "placed" and teas:
        return None
    if heard.reply == "placed":
        words, belief = _unseen(world, tried, number, heard)
        return Violation(words, heard.step, wanted, found, belief)
    words, belief = _not_placed(world, tried, number, heard, bool(teas), number)
    why = stopped_by(trace, name, until=tried.end + 1) if not tried.answered else None
    return Violation(words, heard.step, wanted, found, belief, why and why.step)


def _two_teas(trace: Trace, tried: Tries, name: str, teas: list[int]) -> tuple[str, str]:
    ids = list(dict.fromkeys(each.id for each in tried.calls))
    under = f" Your requests went out under {len(ids)} ids: {', '.join(ids[:2])}"
    under += "." if len(ids) < 3 else ", …"
    words = f"{name} took {len(teas)} teas off the shelf instead of 1, the second one at "
    words += f"{moment(trace[teas[1]])}.{under if len(ids) > 1 else ''}"
    return words, "a new id for each try" if tried.renamed else "two requests for one order"


def _unseen(world: World, tried: Tries, number: int, heard: Said) -> tuple[str, str]:
    name, at = f"order-{number}", moment(world.trace[heard.step])
    words = f"The shop answered 'placed' to {name} at {at}, but no tea left the shelf for it"
    if tried.answered:
        id = tried.answered[0].id
        words += f": stock had already seen the id {id} that you sent."
        return words, "one id for two orders"
    if not tried.calls and (other := _asked_more(world, number, 0)):
        words += f": stock was called for {other[0]}, and never for {name}."
        return words, "one order stands for another"
    return f"{words}.", "says placed unseen"


def _not_placed(
    world: World, tried: Tries, number: int, heard: Said, taken: bool, before: int
) -> tuple[str, str]:
    """Say how an order failed, and the belief that its calls show, and those `before` it."""
    trace, calls, replies = world.trace, tried.calls, tried.answered
    belief = why_unanswered(tried, bool(heard.error), heard.reply == "failed")
    at, to = moment(trace[heard.step]), "" if heard.error else f" to order-{number}"
    words = f"{heard.words}{to} at {at}"
    more = _asked_more(world, before, len(calls)) if belief in _TOO_FEW else None
    if more:
        belief = SPENT
    if not calls:
        so = f", though it had called stock {_times(more[1])} for {more[0]}" if more else ""
        return f"{words}, and never called stock for it{so}.", belief
    if belief == "another answer" and taken and not heard.error:
        words += ", where 'placed' is true: the tea is off the shelf. It"
    else:
        so = "though the tea is off the shelf" if taken else "and no tea is off the shelf"
        words += f", {so}: the shop"
    words += f" called stock {_times(len(calls))}"
    if more:
        return f"{words}. For {more[0]} it had called stock {_times(more[1])}.", belief
    if replies and (reply := replies[0].replied) is not None:
        return f"{words}, and a reply came at {moment(trace[reply])}.", belief
    if belief == "a breaker for one order":
        return f"{words}; then its breaker opened.", belief
    if belief == "too little patience" and (gave_up := tried.hasty[0].gave_up) is not None:
        quick = f"It gave up on a call at {moment(trace[gave_up])}, though nothing was lost of it."
        return f"{words}. {quick}", belief
    return f"{words}{' and got no' if len(calls) == 1 else ', each time without a'} reply.", belief


def _asked_more(world: World, number: int, calls: int) -> tuple[str, int] | None:
    """Return the earlier order for which stock was called most, if more often than `calls`."""
    before = (f"order-{n}" for n in range(1, number) if began(world, n))
    found = ((name, tries(world.trace, "shop", "stock", name)) for name in before)
    often = [(name, _of(tried, name)) for name, tried in found if tried is not None]
    name, most = max(often, key=lambda each: each[1], default=("", 0))
    return (name, most) if most > calls else None


def _of(tried: Tries, name: str) -> int:
    """Return how many of these calls may be for an order: none that names another one."""
    return sum(call.id == name or not call.id.startswith("order-") for call in tried.calls)


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


# -- two orders at the same moment -----------------------------------------------------------------


def is_placed_beside(world: World, number: int, items: Mapping[int, str]) -> Violation | None:
    """Return what is wrong if one of two orders made at the same moment was not placed once.

    `items` are what each of the two is for, by number: items that no other order is for.
    """
    trace, heard, name = world.trace, said(world, number), f"order-{number}"
    teas = world.stores["shelf"].rows.get(f"taken for {items[number]}", 0)
    if heard.reply == "placed" and teas == 1:
        return None
    first, second = sorted(items)
    [other] = items.keys() - {number}
    head = f"order-{first} and order-{second} came at the same moment."
    asked = asked_of_stock(world)
    own = [each.id for each in asked if each.item == items[number]]
    theirs = {each.id for each in asked if each.item == items[other]}
    sent = Counter(s.text for s in trace.steps[heard.begun : heard.step] if asks_stock(s))
    if teas > 1:
        words, belief = f"{name} took {teas} teas off the shelf instead of 1.", ""
        belief = "a new id for each try" if len(set(own)) > 1 else ""
    elif heard.reply == "placed":
        words = f"The shop answered 'placed' to {name} at {moment(trace[heard.step])}, but no tea "
        words += "left the shelf for it"
        belief = "says placed unseen"
        if own:
            words += f": stock had already seen the id {own[0]} that you sent"
            belief = "one id for two orders"
        elif sent[f"order-{other}"] > sent[name]:
            words += f": stock was called {_times(sent[f'order-{other}'])} for order-{other}, and "
            words += f"{_times(sent[name]) if sent[name] else 'never'} for {name}"
            belief = "overwrites an order"
        words += "."
    else:
        tried = tries(trace, "shop", "stock", name)
        assert tried is not None
        mine = [c for c in tried.calls
                if c.id in (name, *own) or c.id not in (f"order-{other}", *theirs)]  # fmt: skip
        tried = tried._replace(calls=mine)
        words, belief = _not_placed(world, tried, number, heard, bool(teas), first)
    wanted, found = {"reply": "placed", "teas taken": 1}, {"reply": heard.reply}
    return Violation(f"{head} {words}", heard.step, wanted, {**found, "teas taken": teas}, belief)
