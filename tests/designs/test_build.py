"""The builder: what is wired how decides what runs, and what nothing performs is said at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pubsub_kit.designs.build import build
from pubsub_kit.designs.components import DesignError, Group, Service, Store, Topic, Wire
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.measures import load, measured
from pubsub_kit.designs.report import RAISED, report, run, searched
from pubsub_kit.designs.routes import entry, routes
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.payment_ledger.problem import PROBLEM, propose
from pubsub_kit.scenarios.payment_ledger.steps import Ledger
from pubsub_kit.world.world import World


def test_a_step_is_a_call_or_a_message_or_here_as_the_wires_say() -> None:
    queued, sync = propose({}), propose({"path": "sync"})
    assert routes(queued, queued.part("api"))["pay"].how == "publish"
    assert routes(queued, queued.part("payer"))["charge"].how == "call"
    assert routes(sync, sync.part("api"))["pay"].how == "here"


def test_clients_reach_a_service_or_else_a_topic() -> None:
    design = propose({})
    assert entry(design, "accept")[:2] == ("call", "api")
    assert entry(design, "pay")[:2] == ("publish", "payments")
    with pytest.raises(DesignError, match="can't reach 'post'"):
        entry(design, "post")


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (Design("d", (Service("api", ("accept",)),)), "performs 'pay'"),
        (propose({}).deciding(**{"key-scop": "intent"}), "did you mean 'key-scope'"),
        (propose({}).deciding(**{"key-scope": "attemt"}), "one of 'intent', 'click', 'attempt'"),
        (propose({}).but("db", holds=("keys",)), "holds 'entries'"),
        (propose({}).but("db", holds=("keys", "entries", "x")), "holds 'x'"),
        (propose({}).but("payer", steps=("pay", "fly")), "no step 'fly'"),
        (propose({}).but("payer", steps=("pay", "charge")), "what a provider does"),
        (propose({}).but("processor", steps=("charge", "pay")), "does not offer 'pay'"),
    ],
    ids=["step", "decision", "option", "role", "foreign role", "foreign step", "theirs", "ours"],
)
def test_a_design_without_a_place_for_something_gets_a_sentence(design: Design, words: str) -> None:
    for judge in (report, searched):
        with pytest.raises(DesignError, match=words):
            judge(PROBLEM, design)


@pytest.mark.parametrize("odd", [None, 3, "d", [], {}], ids=str)
def test_what_is_no_design_is_not_run(odd: Any) -> None:
    with pytest.raises(DesignError, match="runs a Design"):
        searched(PROBLEM, odd)


def test_a_topic_that_nobody_reads_is_said() -> None:
    design = propose({})
    idle = replace(design, components=(*design.components, Topic("lonely")))
    with pytest.raises(DesignError, match="nobody reads the topic 'lonely'"):
        searched(PROBLEM, idle)


def test_a_missing_wire_is_said_and_not_swallowed_by_a_retry() -> None:
    design = propose({})
    cut = replace(design, wires=tuple(w for w in design.wires if w.end != "processor"))
    with pytest.raises(DesignError, match="add a wire"):
        searched(PROBLEM, cut)


def test_a_topic_keyed_by_what_its_messages_lack_is_said() -> None:
    with pytest.raises(DesignError, match="keyed by 'colour', and a message to it has state, id"):
        searched(PROBLEM, propose({}).but("payments", key="colour"))


@pytest.mark.parametrize("name", ["to pay", "a/b", "ä", "x" * 41, ".", "a."])
def test_a_topics_name_is_one_that_a_broker_takes(name: str) -> None:
    with pytest.raises(PubSubKitError):
        searched(PROBLEM, replace(propose({}), components=(*propose({}).components, Topic(name))))


def test_what_one_store_holds_is_one_transaction_and_what_two_hold_is_not() -> None:
    """Two writes of one transaction are one effect in the trace."""

    def effects(kept: str) -> list[int]:
        world = World()
        built = build(world, propose({"key-place": kept}), PROBLEM)
        PROBLEM.small.traffic(built)
        world.run(20.0)
        return [len(s.data[2]) for s in world.trace.of("effect") if s.node.startswith("payer")]

    assert max(effects("same-transaction")) == 3
    assert max(effects("store of its own")) == 1


def test_a_replica_shows_a_write_late_and_a_cache_forgets_it() -> None:
    for kept, at, seen in (("replica", 0.5, None), ("replica", 1.5, "x"), ("cache", 0.5, "x"),
                           ("cache", 90_000.0, None)):  # fmt: skip
        world = World()
        found: list[Any] = []
        built = build(world, propose({"key-place": kept}), PROBLEM)
        rows = PROBLEM.steps(_site(built, "api")).rows("keys")

        async def story(rows: Any = rows, at: float = at, found: list[Any] = found) -> None:
            from pubsub_kit.world.verbs import sleep

            await rows.put("k", "x")
            await sleep(at)
            found.append(await rows.get("k"))

        world.spawn(story(), "reader")
        world.run(100_000.0, max_steps=20_000)
        assert found == [seen], kept


def _site(built: Any, name: str) -> Any:
    from pubsub_kit.designs.built import Site

    return Site(built, built.design.part(name), Ledger)


def test_a_slice_runs_a_share_of_each_fleet_and_a_small_run_two_workers() -> None:
    world, part = World(seed=1), PROBLEM.slice
    built = build(world, propose({}), PROBLEM, part)
    assert sum(name.startswith("payer") for name in world.nodes) == built.share(4_000) == 4
    small = build(World(), propose({}), PROBLEM)
    assert small.share(4_000) == 2


def test_lost_doubled_and_late_are_counted_from_what_was_recorded() -> None:
    world = World()
    built = build(world, propose({}), PROBLEM, PROBLEM.slice)
    for at, kind, id in ((0.0, "accepted", "a"), (0.0, "accepted", "b"), (1.0, "accepted", "c"),
                         (2.0, "done", "a"), (3.0, "done", "a"), (4.0, "refused", "c"),
                         (5.0, "stale", "a")):  # fmt: skip
        world.at(at, built.record, kind, id)
    world.run(10.0)
    found = measured(built)
    assert (found["lost"], found["doubled"], found["stale"], found["shed"]) == (1, 1, 1, 1)
    assert found["p50"] == 2.0
    assert found["oldest"] >= 5.0


def test_the_same_seed_gives_the_same_measures() -> None:
    assert load(PROBLEM, propose({}))[0] == load(PROBLEM, propose({}))[0]


def test_more_machines_cost_more() -> None:
    small, large = propose({}), propose({}).but("payer", workers=8_000)
    assert load(PROBLEM, small)[0]["cost"] < load(PROBLEM, large)[0]["cost"]


def test_a_step_of_ones_own_replaces_the_questions() -> None:
    class Forgets(Ledger):
        async def seen_before(self, key: str, data: dict[str, Any]) -> str:
            await self.send("pay", {**data, "key": f"{key} again"})
            return "pending"

    found, built = searched(PROBLEM, replace(propose({}), steps=Forgets))
    assert found.violation is not None
    assert built is not None
    assert found.violation.belief == "charged twice"


def test_a_class_that_is_none_of_the_question_is_refused() -> None:
    from pubsub_kit.designs.steps import Steps

    class Other(Steps):
        pass

    with pytest.raises(DesignError, match="derive from Ledger"):
        searched(PROBLEM, replace(propose({}), steps=Other))


def test_parts_may_be_merged_or_split_as_a_candidate_likes() -> None:
    parts = (
        Service("everything", ("accept", "pay", "reconcile")),
        *(p for p in propose({}).components if p.name in ("processor", "db", "reconciler")),
    )
    wires = (Wire("everything", "processor"), Wire("reconciler", "processor"),
             Wire("reconciler", "everything"))  # fmt: skip
    found, _ = searched(PROBLEM, Design("merged", parts, wires))
    assert found.outcome == "holds"


def test_a_single_step_or_role_needs_no_tuple() -> None:
    one: Any = "pay"
    assert Group("g", "t", one).steps == Store("s", one).holds == ("pay",)


class Stubborn(Ledger):
    """Steps that can't begin."""

    def __init__(self, place: Any) -> None:
        raise RuntimeError("no")


def test_steps_that_cannot_begin_are_said_in_a_sentence() -> None:
    with pytest.raises(DesignError, match=r"Stubborn can't begin at '.*' \(RuntimeError: no\)"):
        searched(PROBLEM, replace(propose({}), steps=Stubborn))


class Changing(Ledger):
    """Steps that decide otherwise while the design runs."""

    async def pay(self, data: Any) -> Any:
        self.decisions["key-scope"] = "attempt"  # type: ignore[index]
        return await super().pay(data)


def test_steps_cannot_change_what_was_decided_before_the_run() -> None:
    found, _ = searched(PROBLEM, replace(propose({}), steps=Changing))
    assert found.violation is not None
    assert "charged twice" not in found.violation.message


class Misspelt(Ledger):
    async def reconcile(self, data: dict[str, Any]) -> None:
        await super().reconcile(data)
        self.recorded(data)  # type: ignore[attr-defined]


def test_an_error_that_its_caller_swallows_is_a_violation_though_the_rule_holds() -> None:
    found, _ = searched(PROBLEM, replace(propose({}), steps=Misspelt))
    assert found.violation is not None
    assert found.violation.belief == RAISED
    assert "reconciler raised AttributeError" in found.violation.message
    assert found.code == "-"


def test_the_question_after_a_swallowed_error_is_about_the_error() -> None:
    assert "called this step" in run(PROBLEM, replace(propose({}), steps=Misspelt)).question


class Broken(Ledger):
    async def settle(self, row: dict[str, Any], state: str) -> str:
        raise KeyError(state)


def test_the_question_names_an_error_of_ones_own_and_not_that_nothing_failed() -> None:
    card = run(PROBLEM, replace(propose({}), steps=Broken))
    assert "raised KeyError" in card.question
    assert "Nothing has failed" not in card.question


def test_a_search_that_was_cut_off_ranks_by_what_it_proved() -> None:
    whole = run(PROBLEM, propose({}))
    cut = replace(whole, found=replace(whole.found, outcome="cut off", complete=0))
    assert (whole.faults, cut.faults) == (3, 1)
    assert sorted([cut, whole], key=lambda card: card.rank) == [whole, cut]
