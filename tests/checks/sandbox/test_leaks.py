"""What an answer remembers outside of its object is noticed, named, and set back."""

from __future__ import annotations

import functools
import random
import secrets
from collections import Counter, deque
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pubsub_kit import Breaker, CallError, RetryPolicy, call, sleep
from pubsub_kit.checks.desk.exercises import exercise
from pubsub_kit.checks.forms.verdict import Verdict
from pubsub_kit.checks.sandbox.memory import Memory, fingerprint
from tests.checks.questions import TITLE, PaysOnce, pay

Event = Any

seen: set[str] = set()
totals: dict[str, int] = {}
number = 0
lines: list[str] = []
breaker = Breaker(failures=1, reset=1_000.0)

CURRENCY, RATES = "EUR", {"EUR": 1, "USD": 2}


def verdict_on(answer: Any) -> Verdict:
    return pay(limit=10.0).verdict(answer, TITLE)


class InAGlobalSet(PaysOnce):
    async def handle(self, event: Event) -> None:
        if event.id not in seen:
            seen.add(event.id)
            await self.db.add("paid", event.data["amount"])


class InAGlobalNumber(PaysOnce):
    async def handle(self, event: Event) -> None:
        global number
        number += event.data["amount"]
        await self.db.put("paid", number)


class InAGlobalDict(PaysOnce):
    async def handle(self, event: Event) -> None:
        totals[event.id] = totals.get(event.id, 0) + event.data["amount"]
        await self.db.put("paid", totals[event.id])


class InAClassAttribute(PaysOnce):
    done: set[str] = set()  # noqa: RUF012

    async def handle(self, event: Event) -> None:
        if event.id not in self.done:
            self.done.add(event.id)
            await self.db.add("paid", event.data["amount"])


class InADefaultArgument(PaysOnce):
    async def handle(self, event: Event, done: set[str] = set()) -> None:  # noqa: B006
        if event.id not in done:
            done.add(event.id)
            await self.db.add("paid", event.data["amount"])


class InAKeywordDefault(PaysOnce):
    async def handle(self, event: Event, *, done: Any = {"ids": []}) -> None:  # noqa: B006
        if event.id not in done["ids"]:
            done["ids"].append(event.id)
            await self.db.add("paid", event.data["amount"])


def makes_a_class() -> Any:
    done: list[str] = []

    class InAClosure(PaysOnce):
        async def handle(self, event: Event) -> None:
            if event.id not in done:
                done.append(event.id)
                await self.db.add("paid", event.data["amount"])

    return InAClosure


def makes_a_counter() -> Any:
    count = 0

    class InARebornVariable(PaysOnce):
        async def handle(self, event: Event) -> None:
            nonlocal count
            count += event.data["amount"]
            await self.db.put("paid", count)

    return InARebornVariable


@functools.lru_cache
def is_new(ident: str) -> list[bool]:
    return [True]


class InACache(PaysOnce):
    async def handle(self, event: Event) -> None:
        if is_new(event.id).pop():
            await self.db.add("paid", event.data["amount"])


def with_an_attribute(db: Any) -> Any:
    async def handle(event: Event) -> None:
        done: set[str] = getattr(with_an_attribute, "done", set())
        if event.id not in done:
            with_an_attribute.done = done | {event.id}  # type: ignore[attr-defined]
            await db.add("paid", event.data["amount"])

    return handle


class InAnAttributeMadeLater(PaysOnce):
    async def handle(self, event: Event) -> None:
        if not hasattr(InAnAttributeMadeLater, "known"):
            InAnAttributeMadeLater.known = event.id  # type: ignore[attr-defined]
            await self.db.add("paid", event.data["amount"])


def helper_remembers(ident: str) -> bool:
    new = ident not in seen
    seen.add(ident)
    return new


class InAHelpersGlobal(PaysOnce):
    async def handle(self, event: Event) -> None:
        if helper_remembers(event.id):
            await self.db.add("paid", event.data["amount"])


LEAKS: list[tuple[Any, str]] = [
    (InAGlobalSet, "in the global variable seen."),
    (InAGlobalNumber, "in the global variable number."),
    (InAGlobalDict, "in the global variable totals."),
    (InAHelpersGlobal, "in the global variable seen."),
    (
        InAClassAttribute,
        "in InAClassAttribute.done, which belongs to the class and not to one object: set "
        "self.done in __init__.",
    ),
    (InADefaultArgument, "in the default argument done, which Python makes once,"),
    (InAKeywordDefault, "in the default argument done, which Python makes once,"),
    (makes_a_class(), "in done, a variable of makes_a_class() around your handler: give check()"),
    (makes_a_counter(), "in count, a variable of makes_a_counter() around your handler:"),
    (InACache, "in the cache of is_new()."),
    (InAnAttributeMadeLater, "in InAnAttributeMadeLater.known, which belongs to the class"),
    (with_an_attribute, "in with_an_attribute.done, an attribute of your function."),
]


@pytest.mark.parametrize(("answer", "where"), LEAKS)
def test_what_outlives_a_restart_is_named(answer: Any, where: str) -> None:
    for _ in range(2):  # the second check begins as the first one did
        verdict = verdict_on(answer)
        assert verdict.belief == "hidden state", verdict
        assert verdict.violation is not None
        begin = "Your code remembers what a restart would wipe out, "
        assert verdict.violation.message.startswith(begin + where)
        assert verdict.lesson


def test_what_it_remembered_is_set_back() -> None:
    seen.add("older")
    try:
        verdict_on(InAGlobalSet)
        assert seen == {"older"}
    finally:
        seen.clear()
    assert number == 0
    assert InAClassAttribute.done == set()


def test_what_an_earlier_cell_left_there_is_noticed() -> None:
    seen.add("pay-1")  # as after trying the handler by hand
    try:
        verdict = verdict_on(InAGlobalSet)
    finally:
        seen.clear()
    assert verdict.belief == "hidden state"
    assert "the global variable seen" in verdict.text


def test_an_object_made_before_the_check_is_no_new_one_after_a_crash() -> None:
    class Shop:
        def __init__(self) -> None:
            self.asked: Counter[str] = Counter()

        async def __call__(self, order: Any) -> str:
            self.asked[order["id"]] += 1
            await call("stock", order, timeout=float(self.asked[order["id"]]))
            return "placed"

    verdict = exercise("01").place.check(Shop())
    assert "one object of Shop, which was made before the check: give check() Shop" in verdict.text
    verdict = exercise("01").place.check(functools.partial(remembers_in, []))
    assert "an argument of partial()" in verdict.text


async def remembers_in(done: list[str], order: Any) -> str:
    if order["id"] not in done:
        done.append(order["id"])
        await call("stock", order)
    return "placed"


def test_a_breaker_that_outlives_the_run_is_noticed() -> None:
    async def shop(order: Any) -> str:
        while True:
            try:
                await call("stock", order, timeout=1.0, breaker=breaker)
                return "placed"
            except CallError:
                if not breaker.allows(0.0):
                    await call("stock", order, timeout=1.0)
                    return "placed"

    verdict = exercise("01").place.check(shop)
    assert "the global variable breaker" in verdict.text
    assert breaker.state == "closed"


# --- what is no memory ----------------------------------------------------------------------------


class WithConstants(PaysOnce):
    fee = 0

    async def handle(self, event: Event) -> None:
        amount = event.data["amount"] * RATES[CURRENCY] + self.fee
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("paid", amount)


class WithUuids(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.put(f"try {uuid4()} {secrets.token_hex(4)}", 1)
        await super().handle(event)


class WithChance(PaysOnce):
    async def handle(self, event: Event) -> None:
        for _ in range(random.randint(1, 4)):
            await self.db.get("paid")
        await super().handle(event)


class WithALog(PaysOnce):
    async def handle(self, event: Event) -> None:
        lines.append(event.id)
        await super().handle(event)


class WithACacheOfFacts(PaysOnce):
    async def handle(self, event: Event) -> None:
        assert double(3) == 6
        await super().handle(event)


@functools.cache
def double(n: int) -> int:
    return 2 * n


class WithTheDate(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.put("at", str(datetime.now()))
        await super().handle(event)


class WithMemoryOfItsOwn(PaysOnce):
    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.seen: set[str] = set()

    async def handle(self, event: Event) -> None:
        if event.id not in self.seen:
            await super().handle(event)
            self.seen.add(event.id)


INNOCENT = [
    WithConstants,
    WithUuids,
    WithChance,
    WithALog,
    WithACacheOfFacts,
    WithTheDate,
    WithMemoryOfItsOwn,
]


@pytest.mark.parametrize("answer", INNOCENT)
def test_what_changes_nothing_is_not_accused(answer: Any) -> None:
    for _ in range(2):
        verdict = verdict_on(answer)
        assert verdict.outcome == "holds", verdict


NAMES: dict[str, Any] = {"row": "paid", "other": ["x"]}


def pays(row: str, event: Event) -> tuple[str, int]:
    return row, event.data["amount"]


class ReadsAGlobal(PaysOnce):
    async def handle(self, event: Event) -> None:
        await self.db.add(*pays(NAMES["row"], event))


class ReadsAClassAttribute(PaysOnce):
    names: Any = {"rows": ["paid"]}  # noqa: RUF012

    async def handle(self, event: Event) -> None:
        await self.db.add(*pays(self.names["rows"][0], event))


class ReadsADefault(PaysOnce):
    async def handle(self, event: Event, names: Any = ["paid"]) -> None:  # noqa: B006
        await self.db.add(*pays(names[0], event))


def reads_a_variable() -> type[PaysOnce]:
    names = {"paid": 1}

    class Reads(PaysOnce):
        async def handle(self, event: Event) -> None:
            for name in names:
                await self.db.add(*pays(name, event))

    return Reads


class ReadsIfThere(PaysOnce):
    """Is right once its constant is empty."""

    async def handle(self, event: Event) -> None:
        for _ in NAMES:
            await self.db.add("paid", 7)
        if not NAMES:
            await super().handle(event)


CONSTANT = [ReadsAGlobal, ReadsAClassAttribute, ReadsADefault, reads_a_variable(), ReadsIfThere]


@pytest.mark.parametrize("answer", CONSTANT)
def test_a_constant_that_is_only_read_changes_no_verdict(answer: Any) -> None:
    for _ in range(2):
        verdict = verdict_on(answer)
        assert verdict.belief == "no dedup", verdict
    assert NAMES == {"row": "paid", "other": ["x"]}
    assert ReadsAClassAttribute.names == {"rows": ["paid"]}
    assert ReadsADefault.handle.__defaults__ == (["paid"],)


async def places_under(names: list[str], order: Any) -> str:
    await call(names[0], order)
    return names[1]


def test_an_argument_of_partial_is_put_back() -> None:
    names = ["stock", "lost"]
    verdict = exercise("01").place.check(functools.partial(places_under, names))
    assert verdict.outcome == "fails"
    assert "IndexError" not in verdict.text
    assert names == ["stock", "lost"]


def test_what_has_not_changed_is_the_very_same_afterwards() -> None:
    before = NAMES
    Memory(ReadsAGlobal).forget()
    assert NAMES is before


@pytest.mark.parametrize(
    "value",
    [{1, "two"}, frozenset([3]), {"a": [1, {2}]}, [1, [2]], 3.5, None, breaker, deque([1]), print],
    ids=lambda value: type(value).__name__,
)
def test_a_fingerprint_changes_with_the_value_alone(value: Any) -> None:
    assert fingerprint(value) == fingerprint(value)
    assert fingerprint(value) != fingerprint([value])


def test_a_fingerprint_looks_inside() -> None:
    value = {"a": [1, {"b": {2}}], "c": Breaker(failures=1)}
    before = fingerprint(value)
    value["c"].failed(1.0)  # type: ignore[attr-defined]
    assert fingerprint(value) != before


def test_a_log_of_the_learners_is_left_to_read() -> None:
    lines.clear()
    verdict_on(WithALog)
    assert set(lines) == {"pay-1"}


def test_a_mistake_is_told_as_itself_though_a_log_is_kept() -> None:
    class PaysAgain(PaysOnce):
        async def handle(self, event: Event) -> None:
            lines.append(event.id)
            await self.db.add("paid", event.data["amount"])

    assert verdict_on(PaysAgain).belief == "no dedup"


def test_chance_is_the_learners_own_again_after_a_check() -> None:
    random.seed(3)
    wanted = [random.random(), random.random()]
    random.seed(3)
    first = random.random()
    verdict_on(WithChance)
    assert [first, random.random()] == wanted
    assert uuid4() != uuid4()


def test_a_run_that_heeds_the_outside_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("0")

    class HeedsAFile(PaysOnce):
        async def handle(self, event: Event) -> None:
            count = int(file.read_text()) + 1
            file.write_text(str(count))
            await sleep(count / 100)
            await super().handle(event)

    verdict = verdict_on(HeedsAFile)
    assert verdict.belief == "hidden state"
    assert "outside this world, such as a clock, a file, randomness" in verdict.text


async def breaks_for_all(order: Any) -> str:
    retry = RetryPolicy(attempts=5, base=0.05)
    await call("stock", order, timeout=0.3, breaker=shared, retry=retry)
    return "placed"


shared = Breaker(failures=2, reset=10.0)


def test_a_global_breaker_that_would_fail_in_self_too_hears_both() -> None:
    verdict = exercise("01").place.check(breaks_for_all)
    assert verdict.belief == "a breaker for one order", verdict
    where = "in the global variable shared"
    assert f"outlives a restart, {where}. In self, it would fail too: The client" in verdict.text
    assert "then its breaker opened." in verdict.text
    assert shared.state == "closed"
