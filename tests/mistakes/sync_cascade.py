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


async def two_requests_to_be_sure(order: Order) -> str:
    for which in "ab":
        await call("stock", {**order, "id": order["id"] + which}, timeout=1.0, retry=PATIENT)
    return "placed"


async def item_as_id(order: Order) -> str:
    """The client's second order is for another tea of the same kind."""
    await call("stock", {**order, "id": order["item"]}, timeout=1.0, retry=PATIENT)
    return "placed"


async def gathers_what_may_raise(order: Order) -> str:
    await gather(*(call("stock", order, timeout=1.0) for _ in range(3)))
    return "placed"


async def breaks_at_the_first_loss(order: Order) -> str:
    breaker = Breaker(failures=1, reset=10.0)
    for _ in range(4):
        with suppress(CallError):
            await call("stock", order, timeout=1.0, breaker=breaker)
            return "placed"
    return "failed"


async def says_nothing_in_the_end(order: Order) -> str | None:
    for _ in range(2):
        with suppress(CallTimeout):
            await call("stock", order, timeout=1.0)
            return "placed"
    return None


async def never_calls(order: Order) -> str:
    return "placed" if "item" not in order else "failed"


class OneOrderForAll:
    """Keeps the order in the object: where a try of it is lost, the next one may be another's."""

    async def handle(self, order: Order) -> str:
        self.order = order
        for _ in range(6):
            with suppress(CallTimeout):
                await call("stock", self.order, timeout=0.3)
                return "placed"
        return "failed"


class FiveTriesForAllOrders:
    """Counts its tries in the object, and never begins anew."""

    def __init__(self) -> None:
        self.tries = 5

    async def handle(self, order: Order) -> str:
        while self.tries:
            self.tries -= 1
            with suppress(CallTimeout):
                await call("stock", order, timeout=0.3)
                return "placed"
        return "failed"


class BusyWithAnother:
    """Turns an order away while another one is under way."""

    def __init__(self) -> None:
        self.busy = False

    async def handle(self, order: Order) -> str:
        if self.busy:
            return "failed"
        self.busy = True
        try:
            await call("stock", order, timeout=1.0, retry=PATIENT)
        finally:
            self.busy = False
        return "placed"


class RemembersTheItem:
    def __init__(self) -> None:
        self.known: set[str] = set()

    async def handle(self, order: Order) -> str:
        if order["item"] not in self.known:
            await call("stock", order, timeout=1.0, retry=PATIENT)
            self.known.add(order["item"])
        return "placed"


class LockThatStaysShut:
    """Tries again, but an error that it does not catch leaves the flag as it is."""

    def __init__(self) -> None:
        self.busy = False

    async def handle(self, order: Order) -> str:
        for _ in range(4):
            while self.busy:
                await sleep(0.01)
            self.busy = True
            with suppress(CallTimeout):
                await call("stock", order, timeout=0.3)
                self.busy = False
                return "placed"
        return "failed"


async def pauses_for_a_hundred_seconds(order: Order) -> str:
    """Its pause is meant in milliseconds."""
    for _ in range(4):
        with suppress(CallTimeout):
            await call("stock", order, timeout=0.3)
            return "placed"
        await sleep(100)
    return "failed"


async def half_a_thousand_seconds(order: Order) -> str:
    """Its timeout is meant in milliseconds."""
    await call("stock", order, timeout=500, retry=PATIENT)
    return "placed"


class OneAfterTheOther:
    """Right, if slow: one order waits for the other one."""

    def __init__(self) -> None:
        self.busy = False

    async def handle(self, order: Order) -> str:
        while self.busy:
            await sleep(0.02)
        self.busy = True
        try:
            await call("stock", order, timeout=0.5, retry=PATIENT)
        finally:
            self.busy = False
        return "placed"


class RemembersWhatWasPlaced:
    """Right: what it has placed is kept by the order's own id."""

    def __init__(self) -> None:
        self.placed: dict[str, str] = {}

    async def handle(self, order: Order) -> str:
        if order["id"] not in self.placed:
            await call("stock", order, timeout=0.5, retry=PATIENT)
            self.placed[order["id"]] = "placed"
        return self.placed[order["id"]]


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


async def to_the_last_moment(order: Order) -> str:
    """Answers when the client's patience ends: the answer is on its way when it has gone."""
    end = clock() + 2.0
    while (left := end - clock()) > 0:
        with suppress(CallTimeout):
            await call("stock", order, timeout=min(0.9, left))
            return "placed"
    return "failed"


async def one_try_of_three_seconds(order: Order) -> str:
    try:
        await call("stock", order, timeout=3.0)
    except CallError:
        return "failed"
    return "placed"


async def a_hundred_hasty_tries(order: Order) -> str:
    """No reply can come within 5 ms."""
    for _ in range(100):
        with suppress(CallTimeout):
            await call("stock", order, timeout=0.005)
            return "placed"
    return "failed"


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


class OneDeadlineForAll:
    """Notes the deadline of its first order, and holds all others to it."""

    def __init__(self) -> None:
        self.end = 0.0

    async def handle(self, order: Order) -> str:
        self.end = self.end or clock() + 1.8
        while (left := self.end - clock()) > 0.1:
            with suppress(CallTimeout):
                await call("stock", order, timeout=min(0.8, left))
                return "placed"
        return "failed"


deadline: float | None = None


async def one_deadline_in_a_global(order: Order) -> str:
    global deadline
    if deadline is None:
        deadline = clock() + 1.6
    while clock() < deadline:
        with suppress(CallTimeout):
            await call("stock", order, timeout=0.4)
            return "placed"
        await sleep(0.05)
    return "failed"


class DownForEver:
    """Takes one lost message for the end of stock."""

    def __init__(self) -> None:
        self.down = False

    async def handle(self, order: Order) -> str:
        for _ in range(0 if self.down else 2):
            try:
                await call("stock", order, timeout=0.8)
                return "placed"
            except CallTimeout:
                self.down = True
        return "failed"


class OpenForTooLong:
    def __init__(self) -> None:
        self.breaker = Breaker(failures=2, reset=1_000.0)

    async def handle(self, order: Order) -> str:
        for _ in range(2):
            with suppress(CallError):
                await call("stock", order, timeout=0.8, breaker=self.breaker)
                return "placed"
        return "failed"


class OpenForAMoment(OpenForTooLong):
    """Right: it may refuse while stock is cut off, and has closed again by the next order."""

    def __init__(self) -> None:
        self.breaker = Breaker(failures=5, reset=5.0)


async def item_as_id_in_time(order: Order) -> str:
    for _ in range(3):
        with suppress(CallError):
            await call("stock", {"id": order["item"], "item": order["item"]}, timeout=0.5)
            return "placed"
    return "failed"


class OneOrderForAllInTime:
    async def handle(self, order: Order) -> str:
        self.order = order
        for _ in range(3):
            with suppress(CallTimeout):
                await call("stock", self.order, timeout=0.5)
                return "placed"
        return "failed"


class RemembersTheItemInTime:
    """Even so, it asks stock first, and falls back on what it remembers."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    async def handle(self, order: Order) -> str:
        if order["item"] in self.known and clock() > 10:
            return "placed"
        for _ in range(3):
            with suppress(CallError):
                await call("stock", order, timeout=0.5)
                self.known.add(order["item"])
                return "placed"
        return "failed"


# --- recover --------------------------------------------------------------------------------------


async def no_retries_at_all(order: Order) -> str:
    await call("stock", order, timeout=1.0)
    return "placed"


class OwnBreaker:
    def __init__(self) -> None:
        self.breaker = Breaker(failures=5, reset=1.0)

    async def handle(self, order: Order) -> str:
        since = clock()
        if not self.breaker.allows(since):
            return "failed"
        try:
            await call("stock", order, timeout=0.5)
        except CallError:
            self.breaker.failed(clock(), since)
            return "failed"
        self.breaker.succeeded(clock(), since)
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


class ABreakerForEachOrder:
    """It is new for every order, so it never opens for anybody."""

    async def handle(self, order: Order) -> str:
        breaker = Breaker(failures=8, reset=1.0)
        five = RetryPolicy(attempts=5, base=0.05)
        try:
            await call("stock", order, timeout=0.3, breaker=breaker, retry=five)
        except CallError:
            return "failed"
        return "placed"


async def five_quick_tries_or_failed(order: Order) -> str:
    with suppress(CallError):
        await call("stock", order, timeout=0.3, retry=RetryPolicy(attempts=5, base=0.05))
        return "placed"
    return "failed"


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


class SaysFailed:
    """Has stock take the tea, and says that it did not."""

    def __init__(self) -> None:
        self.breaker = Breaker(failures=5, reset=1.0)

    async def handle(self, order: Order) -> str:
        await call("stock", order, timeout=0.5, breaker=self.breaker)
        return "failed"


async def placed_in_good_and_bad_times(order: Order) -> str:
    with suppress(CallError):
        await call("stock", order, timeout=0.5)
    return "placed"


async def passes_on_what_stock_said(order: Order) -> Any:
    return await call("stock", order, timeout=0.5)


class NeverTellsOfASuccess:
    """Its breaker lets one call through, and waits forever to hear how that went."""

    def __init__(self) -> None:
        self.breaker = Breaker(failures=5, reset=1.0)

    async def handle(self, order: Order) -> str:
        if not self.breaker.allows(clock()):
            return "failed"
        try:
            await call("stock", order, timeout=0.5)
            return "placed"
        except CallError:
            self.breaker.failed(clock())
            return "failed"


class Fuse:
    def __init__(self) -> None:
        self.failures = 0

    async def handle(self, order: Order) -> str:
        if self.failures > 5:
            return "failed"
        try:
            await call("stock", order, timeout=0.5)
        except CallError:
            self.failures += 1
            return "failed"
        return "placed"


async def three_copies_of_each(order: Order) -> str:
    async def ask() -> str:
        with suppress(CallError):
            return str(await call("stock", order, timeout=0.5))
        return ""

    return "placed" if any(await gather(ask(), ask(), ask())) else "failed"


class OneOrderInSelf:
    """Keeps the order in the object, where the next one overwrites it."""

    async def handle(self, order: Order) -> str:
        self.order = order
        await sleep(0.01)
        with suppress(CallError):
            await call("stock", self.order, timeout=0.5)
            return "placed"
        return "failed"


async def shorter_than_stock_takes(order: Order) -> str:
    with suppress(CallError):
        await call("stock", order, timeout=0.02)
        return "placed"
    return "failed"


class LimitsWhatIsInFlight:
    """Right: what stock can't handle in time is refused before it is sent."""

    def __init__(self) -> None:
        self.in_flight = 0

    async def handle(self, order: Order) -> str:
        if self.in_flight >= 30:
            return "failed"
        self.in_flight += 1
        try:
            await call("stock", order, timeout=1.0)
        except CallError:
            return "failed"
        finally:
            self.in_flight -= 1
        return "placed"


async def no_timeout_and_no_retry(order: Order) -> str:
    """Right: one call for each order is no more load than there is anyway."""
    await call("stock", order)
    return "placed"


async def item_as_its_id(order: Order) -> str:
    await call("stock", {"id": order["item"], "item": order["item"]}, timeout=0.5)
    return "placed"


async def one_id_for_all(order: Order) -> str:
    await call("stock", {"id": 1, "item": order["item"]}, timeout=0.5)
    return "placed"


async def always_the_same_tea(order: Order) -> str:
    await call("stock", {"id": order["id"], "item": "tea"}, timeout=0.5)
    return "placed"


class OneAtATime:
    """A lock, held while stock works."""

    def __init__(self) -> None:
        self.busy = False

    async def handle(self, order: Order) -> str:
        while self.busy:
            await sleep(0.05)
        self.busy = True
        try:
            await call("stock", order, timeout=0.5)
        finally:
            self.busy = False
        return "placed"


class TwoAtATime:
    def __init__(self) -> None:
        self.busy = 0

    async def handle(self, order: Order) -> str:
        while self.busy >= 2:
            await sleep(0.02)
        self.busy += 1
        try:
            await call("stock", order, timeout=1.0)
        finally:
            self.busy -= 1
        return "placed"


class RemembersWhatFailed:
    """An item that failed once is never asked for again."""

    def __init__(self) -> None:
        self.bad: set[str] = set()

    async def handle(self, order: Order) -> str:
        if order["item"] not in self.bad:
            try:
                await call("stock", order, timeout=0.5)
                return "placed"
            except CallError:
                self.bad.add(order["item"])
        return "failed"


class TheItemBefore:
    def __init__(self) -> None:
        self.item = ""

    async def handle(self, order: Order) -> str:
        item, self.item = self.item or order["item"], order["item"]
        await call("stock", {"id": order["id"], "item": item}, timeout=1.0)
        return "placed"


class OpensTooLate(BreakerInTheCall):
    def __init__(self) -> None:
        self.breaker = Breaker(failures=10, reset=60.0)


def _layers(client: str, shop: str, stock: str, waiting: str) -> dict[str, str]:
    return {"client": client, "shop": shop, "stock": stock, "waiting": waiting}


MISTAKES = [
    Mistake("place", new_id_for_each_try, "a new id for each try", faults=1, m=(16,)),
    Mistake("place", failed_on_timeout, "a timeout means it failed", faults=1, m=(9,)),
    Mistake("place", one_try, "gives up at once", faults=1),
    Mistake("place", two_tries, "gives up too soon", faults=2),
    Mistake("place", says_nothing_in_the_end, "gives up too soon", faults=2),
    Mistake("place", two_requests_to_be_sure, "two requests for one order", faults=0, m=(16,)),
    Mistake("place", item_as_id, "one id for two orders", faults=0),
    Mistake("place", gathers_what_may_raise, "one reply is enough", faults=1),
    Mistake("place", breaks_at_the_first_loss, "a breaker for one order", faults=1),
    Mistake("place", never_calls, "asks nobody", faults=0),
    Mistake("place", placed_whatever_happens, "says placed unseen", faults=1),
    Mistake("place", forgets_to_answer, "another answer", faults=0),
    Mistake("place", no_timeout, "waits for ever", faults=1),
    Mistake("place", asks_for_ever, "never ends", faults=0),
    Mistake("place", OneOrderForAll, "overwrites an order", faults=1),
    Mistake("place", FiveTriesForAllOrders, "what one order uses up", faults=0),
    Mistake("place", BusyWithAnother, "what one order uses up", faults=0),
    Mistake("place", RemembersTheItem, "one order stands for another", faults=0),
    Mistake("place", LockThatStaysShut, "nobody ends its wait", faults=1),
    Mistake("place", pauses_for_a_hundred_seconds, "nobody ends its wait", faults=2),
    Mistake("place", half_a_thousand_seconds, "one call takes too long", faults=1),
    Mistake("budget", patience_for_each_try, "each try has its own patience", faults=0),
    Mistake("budget", all_of_it_on_one_try, "a timeout means it failed", faults=1, m=(9,)),
    Mistake("budget", to_the_last_moment, "the way takes no time", faults=0),
    Mistake("budget", one_try_of_three_seconds, "one try takes it all", faults=0),
    Mistake("budget", a_hundred_hasty_tries, "too little patience", faults=0),
    Mistake("budget", quick_but_an_error, "gives up with an error", faults=0),
    Mistake("budget", quick_with_new_ids, "a new id for each try", faults=1, m=(16,)),
    Mistake("budget", placed_in_any_case, "says placed unseen", faults=0),
    Mistake("budget", forgets_to_answer, "another answer", faults=0),
    Mistake("budget", no_timeout, "waits for ever", faults=0),
    Mistake("budget", asks_for_ever, "never ends", faults=0),
    Mistake("budget", OneDeadlineForAll, "what one order uses up", faults=0),
    Mistake("budget", one_deadline_in_a_global, "what one order uses up", faults=0),
    Mistake("budget", DownForEver, "what one order uses up", faults=0),
    Mistake("budget", OpenForTooLong, "what one order uses up", faults=0),
    Mistake("budget", item_as_id_in_time, "one id for two orders", faults=0),
    Mistake("budget", OneOrderForAllInTime, "overwrites an order", faults=1),
    Mistake("budget", RemembersTheItemInTime, "one order stands for another", faults=0),
    Mistake("budget", half_a_thousand_seconds, "one call takes too long", faults=0),
    Mistake("layers", _layers("yes", "yes", "yes", "random"), "retry at every layer", m=(37,)),
    Mistake("layers", _layers("no", "yes", "yes", "random"), "retry at every layer", m=(37,)),
    Mistake("layers", _layers("no", "yes", "no", "fixed"), "backoff without jitter", m=(38,)),
    Mistake("layers", _layers("yes", "no", "no", "fixed"), "backoff without jitter", m=(38,)),
    Mistake("layers", _layers("no", "no", "no", "random"), "never retry"),
    Mistake("recover", four_quick_tries, "load falls once the trigger ends", m=(39,)),
    Mistake("recover", tries_until_it_is_done, "load falls once the trigger ends", m=(39,)),
    Mistake("recover", quick_tries_with_new_ids, "a new id for each try", m=(16,)),
    Mistake("recover", sells_nothing, "asks nobody"),
    Mistake("recover", OneOrderInSelf, "overwrites an order"),
    Mistake("recover", shorter_than_stock_takes, "too little patience"),
    Mistake("recover", ABreakerForEachOrder, "load falls once the trigger ends", m=(39,)),
    Mistake("recover", five_quick_tries_or_failed, "load falls once the trigger ends", m=(39,)),
    Mistake("recover", SaysFailed, "calls it failed"),
    Mistake("recover", placed_in_good_and_bad_times, "says placed unseen"),
    Mistake("recover", passes_on_what_stock_said, "another answer"),
    Mistake("recover", NeverTellsOfASuccess, "what opened stays open"),
    Mistake("recover", Fuse, "what opened stays open"),
    Mistake("recover", three_copies_of_each, "many calls"),
    Mistake("recover", item_as_its_id, "one id for two orders"),
    Mistake("recover", one_id_for_all, "one id for two orders"),
    Mistake("recover", RemembersTheItem, "one order stands for another"),
    Mistake("recover", always_the_same_tea, "takes something else"),
    Mistake("recover", OneAtATime, "few at a time"),
    Mistake("recover", TwoAtATime, "few at a time"),
    Mistake("recover", RemembersWhatFailed, "what opened stays open"),
    Mistake("recover", TheItemBefore, "takes something else"),
    Mistake("recover", OpensTooLate, "what opened stays open"),
    Mistake("tail", 99, "one reply is fast"),
    Mistake("tail", 36.6, "the fast pages"),
    Mistake("tail", "36.97 %", "exactly one is slow"),
    Mistake("tail", "1%", "the average is the page"),
    Mistake("tail", 100, "shares add up"),
    Mistake("chain", 4.32, "a day is a month"),
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
    Right("place", OneAfterTheOther),
    Right("place", RemembersWhatWasPlaced),
    Right("budget", OpenForAMoment),
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
    Right("recover", LimitsWhatIsInFlight),
    Right("recover", no_timeout_and_no_retry),
    Right("tail", 63.4),
    Right("tail", "63 %"),
    Right("tail", "0.634 dimensionless"),
    Right("chain", 129.5),
    Right("chain", "2.16 hours"),
]

CONSTANTS = ["placed", "failed"]
