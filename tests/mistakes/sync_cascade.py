"""Answers to exercise 01."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any
from uuid import uuid4

from pubsub_kit import (
    Breaker,
    CallError,
    CallRefused,
    CallTimeout,
    RetryPolicy,
    call,
    clock,
    gather,
    sleep,
)
from tests.mistakes import Mistake, Right

Order = dict[str, Any]
PATIENT = RetryPolicy(attempts=4)

# --- place: right ---------------------------------------------------------------------------------


async def tries_by_policy(order: Order) -> str:
    await call("stock", order, timeout=1.0, retry=PATIENT)
    return "placed"


async def tries_by_recursion(order: Order) -> str:
    try:
        await call("stock", order, timeout=1.0)
    except CallTimeout:
        return await tries_by_recursion(order)
    return "placed"


async def asks_thrice_at_once(order: Order) -> str:
    """Three copies of one request: stock takes the first, and two may be lost."""

    async def ask() -> bool:
        try:
            return bool(await call("stock", order, timeout=1.0) == "taken")
        except CallTimeout:
            return False

    return "placed" if any(await gather(ask(), ask(), ask())) else "failed"


async def mints_one_id_for_all_tries(order: Order) -> str:
    request = {"id": str(uuid4()), "item": order["item"]}
    for _ in range(5):
        try:
            await call("stock", request, timeout=0.5)
            return "placed"
        except CallError:
            await sleep(random.uniform(0.1, 0.2))
    return "failed"


async def empties_what_it_was_given(order: Order) -> str:
    request = dict(order)
    order.clear()
    await call("stock", request, timeout=1.0, retry=PATIENT)
    request.clear()
    return "placed"


class RemembersItsTries:
    """State in the object: each instance counts its own tries."""

    def __init__(self) -> None:
        self.tries: dict[str, int] = {}

    async def handle(self, order: Order) -> str:
        while True:
            self.tries[order["id"]] = self.tries.get(order["id"], 0) + 1
            try:
                await call("stock", {"id": order["id"], "item": order["item"]}, timeout=2.0)
                return "placed"
            except CallTimeout:
                if self.tries[order["id"]] > 9:
                    raise


def makes_a_handler() -> Any:
    """A factory, and a breaker that never has a reason to open."""
    breaker = Breaker(failures=50, reset=1.0)

    async def handle(order: Order) -> str:
        await call("stock", order, timeout=0.7, retry=PATIENT, breaker=breaker)
        return "placed"

    return handle


# --- place: wrong ---------------------------------------------------------------------------------


async def new_id_for_each_try(order: Order) -> str:
    for _ in range(4):
        try:
            await call("stock", {"id": str(uuid4()), "item": order["item"]}, timeout=1.0)
            return "placed"
        except CallTimeout:
            continue
    return "failed"


async def failed_on_timeout(order: Order) -> str:
    try:
        await call("stock", order, timeout=1.0)
    except CallTimeout:
        return "failed"
    return "placed"


async def one_try(order: Order) -> str:
    await call("stock", order, timeout=1.0)
    return "placed"


async def two_tries(order: Order) -> str:
    await call("stock", order, timeout=1.0, retry=RetryPolicy(attempts=2))
    return "placed"


async def placed_whatever_happens(order: Order) -> str:
    with suppress(CallError):
        await call("stock", order, timeout=1.0)
    return "placed"


async def forgets_to_answer(order: Order) -> None:
    await call("stock", order, timeout=1.0, retry=PATIENT)


async def no_timeout(order: Order) -> str:
    await call("stock", order)
    return "placed"


async def asks_for_ever(order: Order) -> str:
    """Never takes stock's yes for an answer."""
    while True:
        try:
            await call("stock", order, timeout=1.0)
        except CallTimeout:
            continue


# --- budget ---------------------------------------------------------------------------------------


async def what_is_left(order: Order) -> str:
    end = clock() + 1.9
    while (left := end - clock()) > 0:
        try:
            await call("stock", order, timeout=min(0.6, left))
            return "placed"
        except CallError:
            continue
    return "failed"


async def three_short_tries(order: Order) -> str:
    try:
        await call("stock", order, timeout=0.5, retry=RetryPolicy(base=0.1, attempts=3))
    except CallError:
        return "failed"
    return "placed"


async def hedges(order: Order) -> str:
    """Two requests side by side cost the time of one."""

    async def ask() -> str:
        try:
            return str(await call("stock", order, timeout=1.5))
        except CallError:
            return ""

    return "placed" if "taken" in await gather(ask(), ask()) else "failed"


async def patience_for_each_try(order: Order) -> str:
    try:
        await call("stock", order, timeout=1.5, retry=RetryPolicy(attempts=3))
    except CallError:
        return "failed"
    return "placed"


async def all_of_it_on_one_try(order: Order) -> str:
    try:
        await call("stock", order, timeout=1.9)
    except CallError:
        return "failed"
    return "placed"


async def quick_but_an_error(order: Order) -> str:
    await call("stock", order, timeout=0.5, retry=RetryPolicy(base=0.1, attempts=3))
    return "placed"


async def quick_with_new_ids(order: Order) -> str:
    for _ in range(3):
        try:
            await call("stock", {**order, "id": str(uuid4())}, timeout=0.5)
            return "placed"
        except CallError:
            continue
    return "failed"


async def placed_in_any_case(order: Order) -> str:
    with suppress(CallError):
        await call("stock", order, timeout=0.5, retry=RetryPolicy(base=0.1, attempts=3))
    return "placed"


# --- recover --------------------------------------------------------------------------------------


async def no_retries_at_all(order: Order) -> str:
    await call("stock", order, timeout=1.0)
    return "placed"


class OwnBreaker:
    def __init__(self) -> None:
        self.breaker = Breaker(failures=5, reset=1.0)

    async def handle(self, order: Order) -> str:
        if not self.breaker.allows(clock()):
            return "failed"
        try:
            await call("stock", order, timeout=0.5)
        except CallError:
            self.breaker.failed(clock())
            return "failed"
        self.breaker.succeeded(clock())
        return "placed"


class BreakerInTheCall:
    def __init__(self) -> None:
        self.breaker = Breaker(failures=10, reset=0.5)

    async def handle(self, order: Order) -> str:
        twice = RetryPolicy(base=0.1, attempts=2)
        try:
            await call("stock", order, timeout=0.5, retry=twice, breaker=self.breaker)
        except CallError:
            return "failed"
        return "placed"


class RetryBudget:
    """A token bucket: each success earns a tenth of a retry."""

    def __init__(self) -> None:
        self.tokens = 5.0

    async def handle(self, order: Order) -> str:
        while True:
            try:
                await call("stock", order, timeout=0.8)
            except CallTimeout:
                if self.tokens < 1:
                    return "failed"
                self.tokens -= 1
            else:
                self.tokens = min(5.0, self.tokens + 0.1)
                return "placed"


async def four_quick_tries(order: Order) -> str:
    await call("stock", order, timeout=0.4, retry=RetryPolicy(attempts=4))
    return "placed"


async def tries_until_it_is_done(order: Order) -> str:
    while True:
        try:
            await call("stock", order, timeout=0.3)
            return "placed"
        except (CallTimeout, CallRefused):
            await sleep(0.05)


async def quick_tries_with_new_ids(order: Order) -> str:
    for _ in range(3):
        try:
            await call("stock", {"id": str(uuid4()), "item": order["item"]}, timeout=0.2)
            return "placed"
        except CallError:
            continue
    return "failed"


async def sells_nothing(order: Order) -> str:
    return "failed"


def _layers(client: str, shop: str, stock: str, waiting: str) -> dict[str, str]:
    return {"client": client, "shop": shop, "stock": stock, "waiting": waiting}


MISTAKES = [
    Mistake("place", new_id_for_each_try, "a new id for each try", faults=1, m=(16,)),
    Mistake("place", failed_on_timeout, "a timeout means it failed", faults=1, m=(9,)),
    Mistake("place", one_try, "gives up at once", faults=1),
    Mistake("place", two_tries, "gives up at once", faults=2),
    Mistake("place", placed_whatever_happens, "says placed unseen", faults=1),
    Mistake("place", forgets_to_answer, "another answer", faults=0),
    Mistake("place", no_timeout, "waits for ever", faults=1),
    Mistake("place", asks_for_ever, "never ends", faults=0),
    Mistake("budget", patience_for_each_try, "each try has its own patience", faults=0),
    Mistake("budget", all_of_it_on_one_try, "a timeout means it failed", faults=1, m=(9,)),
    Mistake("budget", quick_but_an_error, "gives up with an error", faults=0),
    Mistake("budget", quick_with_new_ids, "a new id for each try", faults=1, m=(16,)),
    Mistake("budget", placed_in_any_case, "says placed unseen", faults=0),
    Mistake("budget", forgets_to_answer, "another answer", faults=0),
    Mistake("budget", no_timeout, "waits for ever", faults=0),
    Mistake("budget", asks_for_ever, "never ends", faults=0),
    Mistake("layers", _layers("yes", "yes", "yes", "random"), "retry at every layer", m=(37,)),
    Mistake("layers", _layers("no", "yes", "yes", "random"), "retry at every layer", m=(37,)),
    Mistake("layers", _layers("no", "yes", "no", "fixed"), "backoff without jitter", m=(38,)),
    Mistake("layers", _layers("yes", "no", "no", "fixed"), "backoff without jitter", m=(38,)),
    Mistake("layers", _layers("no", "no", "no", "random"), "never retry"),
    Mistake("recover", four_quick_tries, "load falls once the trigger ends", m=(39,)),
    Mistake("recover", tries_until_it_is_done, "load falls once the trigger ends", m=(39,)),
    Mistake("recover", quick_tries_with_new_ids, "a new id for each try", m=(16,)),
    Mistake("recover", sells_nothing, "does not place"),
    Mistake("tail", "1%", "the average is the page"),
    Mistake("tail", 100, "shares add up"),
    Mistake("chain", "43 minutes", "a chain is its weakest link"),
]

RIGHT = [
    Right("place", tries_by_policy),
    Right("place", tries_by_recursion),
    Right("place", asks_thrice_at_once),
    Right("place", mints_one_id_for_all_tries),
    Right("place", empties_what_it_was_given),
    Right("place", RemembersItsTries),
    Right("place", makes_a_handler),
    Right("budget", what_is_left),
    Right("budget", three_short_tries),
    Right("budget", hedges),
    Right("layers", _layers("yes", "no", "no", "random")),
    Right("layers", _layers("no", "yes", "no", "random")),
    Right("layers", _layers("no", "no", "yes", "random")),
    Right("recover", no_retries_at_all),
    Right("recover", OwnBreaker),
    Right("recover", BreakerInTheCall),
    Right("recover", RetryBudget),
    Right("tail", 63.4),
    Right("tail", "63 %"),
    Right("tail", "0.634 dimensionless"),
    Right("chain", 129.5),
    Right("chain", "2.16 hours"),
]

CONSTANTS = ["placed", "failed"]
