"""Eight ingestions, a mid's, a senior's, a staff's and five with a belief, rank as rubrics say."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pubsub_kit.designs.components import (
    Cache,
    DesignError,
    Group,
    Provider,
    Scheduler,
    Service,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.measures import load
from pubsub_kit.designs.report import Report, run, searched
from pubsub_kit.designs.told import moment
from pubsub_kit.interviews.bank.question import load as load_question
from pubsub_kit.patterns.ports import Conflict
from pubsub_kit.scenarios.rag_ingestion.problem import (
    BOXES,
    DECISIONS,
    PROBLEM,
    UNDECIDED,
    propose,
)
from pubsub_kit.scenarios.rag_ingestion.steps import NO_HEAD, Head, Ingestion
from pubsub_kit.scenarios.rag_ingestion.vectors import Change, Embedder

#: Searches say the same on every Python.
pytestmark = pytest.mark.once

ONE_STORE = {"index": "one store", "replace": "delete-insert", "sweeper": "no"}
BELIEFS = {
    "deleted returns": {"delete": "vectors"},
    "documents share a chunk": {"chunk-id": "content-hash"},
    "vectors of two models": {"new-model": "in-place"},
    "last writer wins": {"guard": "arrival"},
    "two versions": {"replace": "insert-delete"},
}
MORE_BELIEFS = {
    "a gap": {"replace": "delete-insert"},
    "indexed twice": {"chunk-id": "random"},
    "hidden is not deleted": {"delete": "rights-check"},
    "embedded again": {"cache-key": "chunk"},
}

# What the rubric says of each: a mid puts all into one transaction, one lane, and embeds all anew;
# a senior names the late worker and keeps the backfill apart; a staff asks how a backlog drains,
# and sees the deletions that wait behind an import.
DESIGNS = {
    "staff": propose({"name": "staff", "cache": "expiring"}),
    "senior": propose({"name": "senior", "removal": "with changes"}),
    "mid": propose(
        {**ONE_STORE, "name": "mid", "lanes": "one-lane", "cache": "none"}
        | {"removal": "with changes"}
    ),
} | {belief: propose({"name": belief, **given}) for belief, given in BELIEFS.items()}


@cache
def ran(name: str) -> Report:
    return run(PROBLEM, DESIGNS[name])


def test_designs_rank_as_the_rubric_says() -> None:
    ranked = sorted(DESIGNS, key=lambda name: ran(name).rank)
    assert ranked[:3] == ["staff", "senior", "mid"]
    assert not any(ran(name).holds for name in ranked[3:])


def test_a_mid_is_right_and_late_and_a_senior_lets_deletions_wait() -> None:
    assert ran("mid").holds
    assert {"p99", "again", "deletion"} <= set(ran("mid").missed)
    assert set(ran("senior").missed) == {"deletion"}
    assert not ran("staff").missed


@pytest.mark.parametrize("belief", BELIEFS)
def test_a_belief_fails_with_its_name_and_a_question_made_from_its_run(belief: str) -> None:
    card = ran(belief)
    assert card.found.violation is not None
    assert card.found.violation.belief == belief
    assert "tea" in card.found.violation.message or "chai" in card.found.violation.message
    assert card.question.endswith("?")
    for step in card.found.trace.faults()[:2]:
        assert moment(step.time) in card.question


@pytest.mark.parametrize("belief", MORE_BELIEFS)
def test_more_beliefs_fail_by_their_names(belief: str) -> None:
    found, _ = searched(PROBLEM, propose(MORE_BELIEFS[belief]))
    assert found.violation is not None
    assert found.violation.belief == belief


@pytest.mark.parametrize(
    ("given", "belief"),
    [
        ({"cache-key": "hash"}, "vectors of two models"),
        ({"tombstones": "expiring"}, "deleted returns"),
        ({"sweeper": "no"}, "hidden is not deleted"),
    ],
    ids=["a cache key without the model", "a tombstone that expires", "nobody sweeps"],
)
def test_what_is_kept_and_where_decides_too(given: Mapping[str, str], belief: str) -> None:
    found, _ = searched(PROBLEM, propose(given))
    assert found.violation is not None
    assert found.violation.belief == belief


def test_a_change_that_a_crash_takes_away_is_never_seen() -> None:
    found, _ = searched(PROBLEM, propose({}).but("indexer", semantics="at most once"))
    assert found.violation is not None
    assert found.violation.belief == "never seen"


# -- unusual, and right ----------------------------------------------------------------------------

STAGES = Design(
    "a topic for each stage",
    (
        Provider("embedder", ("embed",)),
        Service("api", ("ingest", "query", "switch", "remove")),
        Topic("changes", key="doc"),
        Group("chunker", "changes", ("chunk", "backfill"), lease=20.0),
        Topic("cut", key="doc"),
        Group("writer", "cut", ("upsert",), lease=20.0),
        Topic("ready"),
        Group("flipper", "ready", ("flip",), workers=2, lease=20.0),
        Scheduler("sweeper", ("sweep",)),
        Store("db", ("versions", "tombstones")),
        Store("index", ("chunks",)),
        Cache("vectors", ("embeddings",)),
    ),
    (
        Wire("api", "changes"),
        Wire("chunker", "cut"),
        Wire("writer", "embedder", timeout=15.0),
        Wire("writer", "ready"),
    ),
)


class Scoped(Ingestion):
    """A content hash below its document and version shares no row."""

    def key(self, data: Change, n: int, model: str) -> str:
        return f"{self.index(model)} {data['doc']} {data['version']} #{data['texts'][n]}"


class Pairs(Ingestion):
    """Another chunker."""

    split = staticmethod(lambda text: text.replace(" milk", "+milk").split())


@pytest.mark.parametrize(
    "design",
    [
        STAGES,
        propose({"name": "no queue", "path": "sync"}),
        propose({"name": "one transaction", **ONE_STORE}),
        propose({"name": "random ids, one transaction", **ONE_STORE, "chunk-id": "random"}),
        replace(propose({"name": "scoped", "chunk-id": "content-hash"}), steps=Scoped),
        replace(propose({"name": "pairs"}), steps=Pairs),
    ],
    ids=lambda design: design.name,
)
def test_other_designs_are_right_as_well(design: Design) -> None:
    assert searched(PROBLEM, design)[0].outcome == "holds"


class Numbers(Embedder):
    """Another model: real numbers instead of names."""

    def vector(self, text: str, model: str) -> list[float]:
        return [float(len(text)), float(ord(text[0])), float(len(model))]


class Nearest(Ingestion):
    """Another index: the nearest first."""

    async def search(self, data: Change, model: str) -> list[Change]:
        rows = await super().search(data, model)
        return sorted(rows, key=lambda row: sum(row["vec"]))


def test_a_real_chunker_model_and_index_can_take_their_places() -> None:
    problem = replace(PROBLEM, steps=Nearest, outside=Numbers)
    assert searched(problem, propose({}))[0].outcome == "holds"


# -- wrong, and bad --------------------------------------------------------------------------------


class Blind(Ingestion):
    """Makes current whatever comes last."""

    async def standing(self, data: Change, table: Mapping[str, Any]) -> Head | None:
        return await table["versions"].get(data["doc"]) or NO_HEAD


def test_a_step_of_ones_own_may_be_wrong() -> None:
    found, _ = searched(PROBLEM, replace(propose({}), steps=Blind))
    assert found.violation is not None
    assert found.violation.belief == "deleted returns"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: propose({"replace": "pray"}), "'flip', 'delete-insert', 'insert-delete'"),
        (lambda: propose({"lanes": "fast"}), "own-lane, one-lane"),
        (lambda: propose({}).deciding(lanes="one"), "has no decision 'lanes'"),
        (lambda: propose({}).but("heads", holds=("versions",)), "holds 'tombstones'"),
        (lambda: propose({}).but("index", holds=("chunks", "text")), "keeps chunks, versions"),
        (lambda: propose({}).but("embedder", steps=("query",)), "performs 'embed'"),
        (lambda: replace(propose({}), wires=(Wire("api", "nowhere"),)), "'nowhere'"),
    ],
    ids=["option", "box", "decision", "no role", "foreign role", "no step", "wire to nowhere"],
)
def test_a_bad_design_gets_a_sentence(make: Any, says: str) -> None:
    with pytest.raises(DesignError, match=says):
        searched(PROBLEM, make())


def test_a_query_without_an_answer_gets_a_sentence() -> None:
    asked = propose({}).but("api", steps=("ingest", "switch", "remove"))
    asked = asked.but("indexer", steps=("chunk", "upsert", "flip", "query"))
    with pytest.raises(DesignError, match="let a Service perform 'query'"):
        searched(PROBLEM, asked)


def test_every_decision_of_the_bank_is_decided_or_said_to_be_undecided() -> None:
    for decision in load_question(PROBLEM.id).decisions:
        mine = {**DECISIONS, **BOXES}
        assert decision.id in mine or decision.id in UNDECIDED
        if decision.id in mine:
            assert {option.id for option in decision.options} <= set(mine[decision.id])


def test_what_no_run_knows_is_left_out() -> None:
    assert propose({"rights": "in the index"}).decisions == {}


def test_each_fault_that_is_claimed_was_tried() -> None:
    fired = ran("staff").found.fired
    assert set(fired) == set(PROBLEM.small.faults)
    assert all(fired.values())


# -- load ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "measures"),
    [({"lanes": "one-lane"}, ("p99", "oldest")), ({"cache": "none"}, ("again", "backfill"))],
    ids=["one lane starves live changes", "embedding anew slows the backfill down"],
)
def test_a_design_may_be_right_and_too_slow(
    given: Mapping[str, str], measures: tuple[str, ...]
) -> None:
    measured, _ = load(PROBLEM, propose(given))
    for name in measures:
        assert measured[name] > PROBLEM.levels[name]


# -- steps of one's own ----------------------------------------------------------------------------


class LiveToTheActive(Ingestion):
    """Live changes go to the model that answers; the backfill is to bring the rest."""

    async def models(self) -> Mapping[str, str]:
        found = await super().models()
        return {**found, "next": ""} if self.place.name == "indexer" else found


class SwitchesAtOnce(Ingestion):
    async def switch(self, data: Change) -> str:
        await self.become(data["model"], at_once=True)
        return "yes"


class SweepsAllButCurrent(Ingestion):
    async def sweep(self, data: Change) -> None:
        heads = await self.rows("versions").scan()
        for key, row in (await self.rows("chunks").scan()).items():
            if row["version"] != heads.get(row["doc"], NO_HEAD)["version"]:
                await self.rows("chunks").delete(key)


class ClaimsTheCache(Ingestion):
    async def vectors(self, texts: Mapping[str, str], model: str) -> dict[str, Change]:
        kept = self.rows("embeddings")
        new = {key: text for key, text in texts.items() if not await kept.get(key)}
        for key in new:
            await kept.put(key, {"model": model, "vec": None})
        if new:
            asked = {"id": "new", "texts": list(new.values()), "model": model}
            for key, vector in zip(new, await self.send("embed", asked), strict=True):
                await kept.put(key, {"model": model, "vec": vector})
        return {key: await kept.get(key) for key in texts}


class Shifts(Ingestion):
    async def vectors(self, texts: Mapping[str, str], model: str) -> dict[str, Change]:
        found = await super().vectors(texts, model)
        moved = [*found][1:] + [*found][:1]
        return {key: found[other] for key, other in zip(found, moved, strict=True)}


class TakesAConflictAsDone(Ingestion):
    async def flip(self, data: Change) -> None:
        head = None
        with suppress(Conflict):
            async with self.together("versions", "tombstones") as write:
                if (head := await self.standing(data, write)) is not None:
                    after = {"version": data["version"], "models": sorted(data["models"])}
                    await write["versions"].put(data["doc"], after)
        self.told(data, head)


class LooksThenFlips(Ingestion):
    async def flip(self, data: Change) -> None:
        table = {role: self.rows(role) for role in ("versions", "tombstones")}
        if (head := await self.standing(data, table)) is not None:
            old = head["models"] if head["version"] == data["version"] else []
            after = {"version": data["version"], "models": sorted({*old, *data["models"]})}
            await self.rows("versions").put(data["doc"], after)
        self.told(data, head)


class MarksFirst(Ingestion):
    def __init__(self, place: Any) -> None:
        super().__init__(place)
        self.handled: set[Any] = set()

    async def upsert(self, data: Change) -> None:
        mark = (data["doc"], data["version"], (await self.models())["next"])
        if mark not in self.handled:
            self.handled.add(mark)
            await super().upsert(data)


class HeadFirst(Ingestion):
    async def upsert(self, data: Change) -> None:
        table = {role: self.rows(role) for role in ("versions", "tombstones")}
        if (head := await self.standing(data, table)) is None:
            return
        there = head["models"] if head["version"] == data["version"] else []
        models = [m for m in (await self.models()).values() if m and m not in there]
        rows: dict[str, Change] = {}
        for model in models:
            rows |= await self.embedded(data, model)
        await self.send("flip", {**data, "models": models})
        for key, row in rows.items():
            await self.rows("chunks").put(key, row)


class CachesHeads(Ingestion):
    heads: Any = None
    since = 0.0

    async def query(self, data: Change) -> Change:
        now = self.place.now
        if self.heads is None or now > self.since + 10:
            self.heads, self.since = await self.rows("versions").scan(), now
        model = (await self.models())["active"]
        rows = await self.search(data, model)
        hits = [r for r in rows if self.heads.get(r["doc"], NO_HEAD)["version"] == r["version"]]
        return {"model": model, "hits": hits}


@pytest.mark.parametrize(
    ("steps", "belief", "words"),
    [
        (LiveToTheActive, "no dual writes", "Version 3 of tea was accepted at 425 s. No chunk"),
        (SwitchesAtOnce, "switched too early", "is embedded by m2, and finds nothing of it"),
        (SweepsAllButCurrent, "current and deleted", "sweeper deleted its chunk 'honey' at 454"),
        (ClaimsTheCache, "a chunk without a vector", "its vector is missing"),
        (Shifts, "another text's vector", "its vector is that of 'milk' by m1"),
        (TakesAConflictAsDone, "never seen", "Version 3 of tea was accepted at 425 s. A query"),
        (LooksThenFlips, "last writer wins", "tea"),
        (MarksFirst, "marked before the effect", "came again at 18.3 s, and indexer"),
        (HeadFirst, "current and empty", "finds nothing of tea, nor does any until"),
        (CachesHeads, "a gap", "A query at 428.05 s finds nothing of tea"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_step_of_ones_own_is_judged_by_what_it_does(
    steps: type[Ingestion], belief: str, words: str
) -> None:
    found, _ = searched(PROBLEM, replace(propose({}), steps=steps))
    assert found.violation is not None
    assert (found.violation.belief, words) == (belief, words)
    assert words in found.violation.message


def test_the_right_design_is_proven_in_few_schedules() -> None:
    found = ran("staff").found
    assert found.outcome == "holds"
    assert found.schedules < 3_000
