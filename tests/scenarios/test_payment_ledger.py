"""Eight ledgers, a mid's, a senior's, a staff's and five with a belief, rank as the rubric says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pubsub_kit.designs.components import Cache
from pubsub_kit.designs.report import Report, run, searched
from pubsub_kit.designs.told import moment
from pubsub_kit.interviews.bank.question import load
from pubsub_kit.scenarios.payment_ledger.problem import (
    DECISIONS,
    KEY_PLACES,
    PROBLEM,
    UNDECIDED,
    propose,
)
from pubsub_kit.scenarios.payment_ledger.steps import CUSTOMER, MERCHANT, Ledger
from pubsub_kit.world.services import CallError

pytestmark = pytest.mark.once

STAFF = {"name": "staff"}
SENIOR = {"name": "senior", "path": "queued", "books": "entries", "key-place": "same-transaction"}
BELIEFS = {
    "charged twice": {"unknown": "retry"},
    "a timeout is a no": {"unknown": "failed", "path": "sync"},
    "payload not compared": {"payload": "ignored"},
    "nobody comes back": {"reconciled": "no"},
    "charged and not posted": {"key-place": "store of its own", "books": "number"},
}


# What the rubric says of each: a mid sizes by the average and is blocking; a senior sizes by the
# peak, and names what happens to an unknown outcome; a staff knows what the rest costs.
DESIGNS = {
    "staff": propose(STAFF).but("api", workers=60),
    "senior": propose(SENIOR).but("payer", workers=5_000),
    "mid": propose({"name": "mid", "path": "sync"}).but("api", workers=1_000),
} | {belief: propose({"name": belief, **given}) for belief, given in BELIEFS.items()}


@cache
def ran(name: str) -> Report:
    return run(PROBLEM, DESIGNS[name])


def test_designs_rank_as_the_rubric_says() -> None:
    ranked = sorted(DESIGNS, key=lambda name: ran(name).rank)
    assert ranked[:3] == ["staff", "senior", "mid"]
    assert not any(ran(name).holds for name in ranked[3:])


def test_a_mid_is_right_and_late() -> None:
    mid = ran("mid")
    assert mid.holds
    assert "p99" in mid.missed


@pytest.mark.parametrize("belief", BELIEFS)
def test_a_belief_fails_with_its_name_and_a_question_made_from_its_run(belief: str) -> None:
    card = ran(belief)
    assert card.found.violation is not None
    assert card.found.violation.belief == belief
    assert card.question.endswith("?")
    assert "order-" in card.found.violation.message or "$62" in card.found.violation.message
    for step in card.found.trace.faults()[:2]:
        assert moment(step.time) in card.question


def test_the_books_need_not_be_entries_nor_the_path_a_queue() -> None:
    for given in ({"path": "sync"}, {"books": "number"}, {"path": "sync", "books": "number"}):
        assert searched(PROBLEM, propose({"name": "other", **given}))[0].outcome == "holds", given


def test_each_fault_that_is_claimed_was_tried() -> None:
    fired = ran("staff").found.fired
    assert set(fired) == set(PROBLEM.small.faults)
    assert all(fired.values())


def test_a_key_per_attempt_and_per_click_double_without_any_fault() -> None:
    for key in ("attempt", "click"):
        found, _ = searched(PROBLEM, propose({"key-scope": key}))
        assert found.code == "-"
        assert found.violation is not None
        assert found.violation.belief == "charged twice"


@pytest.mark.parametrize("kept", ["cache", "replica"])
def test_keys_that_vanish_or_lag_do_not_keep_a_promise(kept: str) -> None:
    assert searched(PROBLEM, propose({"key-place": kept}))[0].outcome == "fails"


def test_each_decision_of_the_bank_makes_a_design_or_is_said_to_be_undecided() -> None:
    known = {**DECISIONS, "key-place": KEY_PLACES}
    for decision in load(PROBLEM.id).decisions:
        if decision.id not in UNDECIDED:
            assert {option.id for option in decision.options} <= set(known[decision.id])
            for option in decision.options:
                PROBLEM.check(propose({decision.id: option.id}))


# -- steps of one's own ----------------------------------------------------------------------------


class LooksThenLeaps(Ledger):
    async def accept(self, data: dict[str, Any]) -> str:
        key = self.key(data)
        if await self.rows("keys").get(key) is not None:
            return await self.seen_before(key, data)
        row = {**data, "key": key, "state": "pending", "since": self.place.now}
        await self.rows("keys").put(key, row)
        self.record("accepted", data["order"])
        return await self.send("pay", row) or "pending"


class TakesSilenceForYes(Ledger):
    async def pay(self, row: dict[str, Any]) -> str:
        with suppress(CallError):
            await self.send("charge", {**row, "ref": row["key"]})
        return await self.settle(row, "paid")


class PostsFirst(Ledger):
    async def pay(self, row: dict[str, Any]) -> str:
        now = await self.rows("keys").get(row["key"]) or row
        if now["state"] != "paid":
            await self.settle(row, "paid")
            await self.send("charge", {**row, "ref": row["key"]})
        return "paid"


class OneRowAnAccount(Ledger):
    async def post(self, row: dict[str, Any], entries: Any) -> None:
        await entries.put(MERCHANT, row["amount"])
        await entries.put(CUSTOMER, -row["amount"])


class SaysYes(Ledger):
    async def accept(self, data: dict[str, Any]) -> str:
        return "paid"


class SaysNo(Ledger):
    async def accept(self, data: dict[str, Any]) -> str:
        return "declined"


class Misspelt(Ledger):
    async def settle(self, row: dict[str, Any], state: str) -> str:
        return str(await self.setle(row, state))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("steps", "belief", "words"),
    [
        (LooksThenLeaps, "a look and a leap", "Both requests were accepted as new"),
        (TakesSilenceForYes, "paid by nobody", "is paid, and isn't charged"),
        (PostsFirst, "paid by nobody", "is paid, and isn't charged"),
        (OneRowAnAccount, "charged and not posted", "has charged $124"),
        (SaysYes, "paid by nobody", "isn't charged"),
        (SaysNo, "no sale", "Nothing fails, and order-1 is not charged"),
        (Misspelt, "charged and not posted", "raised AttributeError: 'Misspelt' object has"),
    ],
)
def test_a_step_of_ones_own_is_judged_by_what_it_does(
    steps: type[Ledger], belief: str, words: str
) -> None:
    found, _ = searched(PROBLEM, replace(propose({}), steps=steps))
    assert found.violation is not None
    assert found.violation.belief == belief
    assert words in found.violation.message


def test_a_table_may_be_the_queue() -> None:
    """Nothing is sent but by the reconciler, which survives as many faults as are tried."""

    class OnlyWrites(Ledger):
        async def accept(self, data: dict[str, Any]) -> str:
            key = self.key(data)
            row = {**data, "key": key, "state": "pending", "since": self.place.now - 10.0}
            if not await self.rows("keys").insert(key, row):
                return await self.seen_before(key, data)
            self.record("accepted", data["order"])
            return "pending"

    assert searched(PROBLEM, replace(propose({}), steps=OnlyWrites))[0].outcome == "holds"


def test_entries_in_a_cache_are_gone_after_its_restart() -> None:
    parts = propose({"key-place": "store of its own"})
    entries = Cache("redis", ("entries",))
    components = tuple(entries if part.name == "db" else part for part in parts.components)
    wires = tuple(replace(w, end="redis") if w.end == "db" else w for w in parts.wires)
    found, _ = searched(PROBLEM, replace(parts, components=components, wires=wires))
    assert found.violation is not None
    assert found.violation.belief == "what was posted is gone"
    assert "until redis restarted" in found.violation.message
