"""Eight photo feeds, a mid's, a senior's, a staff's and five with a belief, rank as they should."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pubsub_kit.designs.components import DesignError, Group, Service, Store, Topic, Wire
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.report import Report, run, searched
from pubsub_kit.designs.told import moment
from pubsub_kit.scenarios.instagram_feed.problem import DECISIONS, PROBLEM, propose
from pubsub_kit.scenarios.instagram_feed.steps import Feed

#: Searches say the same on every Python.
pytestmark = pytest.mark.once

BELIEFS = {
    "a crash starts over": {"fan-out-job": "per-post"},
    "an offset skips": {"paging": "offset"},
    "purge races the fan-out": {"removal": "purge"},
    "acked before the work": {"ack": "before"},
    "removed a moment later": {"read-from": "replica"},
}
OTHERS = {"newcomers are missed": {"newcomers": "next post"}, "a feed can't vanish": {
    "feeds-in": "cache"}}  # fmt: skip

# What the rubric says of each: a mid has chunks, but no workers for them, and stores what was
# ranked; a senior has the largest account in mind, and purges beside the filter; a staff knows that
# the filter alone is right, and how small the fleet may be.
DESIGNS = {
    "staff": propose({"name": "staff"}).but("writer", workers=120).but("api", workers=650),
    "senior": propose({"name": "senior", "fan-out-job": "chunks", "removal": "both"}),
    "mid": propose({"name": "mid", "lanes": "shared", "ranking": "ranked"}),
} | {belief: propose({"name": belief, **given}) for belief, given in BELIEFS.items()}

STEPS = ("post", "fan_out", "chunk", "follow", "leave", "delete", "open_feed")
ROLES = ("posts", "follows", "feeds", "cursors")


@cache
def ran(name: str) -> Report:
    return run(PROBLEM, DESIGNS[name])


def outcome(design: Design) -> str:
    """Search a design's small run; one without a group can't lose an ack."""
    found, _ = searched(PROBLEM, design)
    return found.outcome if found.violation is None else found.violation.belief


# -- eight designs ---------------------------------------------------------------------------------


def test_designs_rank_as_the_rubric_says() -> None:
    ranked = sorted(DESIGNS, key=lambda name: ran(name).rank)
    assert ranked[:3] == ["staff", "senior", "mid"]
    assert not any(ran(name).holds for name in ranked[3:])


def test_a_mid_is_right_and_late() -> None:
    mid = ran("mid")
    assert mid.holds
    assert set(mid.missed) == {"largest", "score_age"}


def test_a_staff_and_a_senior_keep_to_each_level() -> None:
    assert not ran("staff").missed
    assert not ran("senior").missed


@pytest.mark.parametrize("belief", BELIEFS)
def test_a_belief_fails_with_its_name_and_a_question_made_from_its_run(belief: str) -> None:
    card = ran(belief)
    assert card.found.violation is not None
    assert card.found.violation.belief == belief
    assert card.question.endswith("?")
    assert "p1" in card.found.violation.message or "p0" in card.found.violation.message
    for step in card.found.trace.faults()[:2]:
        assert moment(step.time) in card.question


@pytest.mark.parametrize("belief", OTHERS)
def test_two_more_beliefs_fail_without_a_fault_of_the_search(belief: str) -> None:
    found, _ = searched(PROBLEM, propose(OTHERS[belief]))
    assert found.code == "-"
    assert found.violation is not None
    assert found.violation.belief == belief


def test_each_fault_that_is_claimed_was_tried() -> None:
    fired = ran("staff").found.fired
    assert set(fired) == set(PROBLEM.small.faults)
    assert all(fired.values())


# -- what is unusual, and right --------------------------------------------------------------------


def monolith() -> Design:
    """One service does it all while the author waits: right, if slow for the largest account."""
    return Design("monolith", (Service("app", STEPS, workers=900), Store("db", ROLES, nodes=50)))


def two_parts() -> Design:
    """One group fans out and inserts; all rows are in one store."""
    parts = (
        Service("app", ("post", "follow", "leave", "delete", "open_feed"), workers=800),
        Topic("posts", key="author"),
        Group("fans", "posts", ("fan_out", "chunk"), workers=300),
        Store("db", ROLES, nodes=50),
    )
    return Design("two parts", parts, (Wire("app", "posts"),))


class Pull(Feed):
    """Nothing is fanned out: a feed is put together when it is opened."""

    async def fan_out(self, data: dict[str, Any]) -> None:
        """Do nothing."""

    async def open_feed(self, data: dict[str, Any]) -> dict[str, float]:
        """Collect the live posts of those whom the viewer follows."""
        edges = [edge.split() for edge in await self.rows("follows").scan()]
        found = {}
        for author in (author for author, viewer in edges if viewer == data["viewer"]):
            for key, state in (await self.rows("posts").scan(f"{author} ")).items():
                if state == "live":
                    found[key.split()[1]] = self.place.now
        return found


class AllOrNothing(Feed):
    """A chunk is one transaction, where one store can do that."""

    async def insert(self, data: dict[str, Any]) -> None:
        """Write all entries of a chunk at once."""
        self.record("chunk", data["post"], of=" ".join(data["viewers"]))
        async with self.together("feeds") as write:
            for viewer in data["viewers"]:
                entry = f"{data['author']} {self.place.now:g}"
                await write["feeds"].insert(f"{viewer} {data['post']}", entry)


class Forgetful(Feed):
    """Reads filter by the post's state, and forget who follows whom."""

    async def filter(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the entries whose post lives."""
        posts, shown = self.rows("posts"), {}
        for post, entry in data["entries"].items():
            if await posts.get(f"{entry.split()[0]} {post}") == "live":
                shown[post] = entry
        return shown


class InMemory(Feed):
    """Where a fan-out stands is known to its worker, and to nobody else."""

    async def advance(self, post: str, before: Any, at: Any) -> bool:
        """Store nothing."""
        return True


@pytest.mark.parametrize("design", [monolith(), two_parts()], ids=["monolith", "two parts"])
def test_other_boxes_are_right_too(design: Design) -> None:
    assert outcome(design) == "holds"


@pytest.mark.parametrize(
    "given",
    [{"fan-out-job": "recursive"}, {"paging": "snapshot"}],
    ids=["recursive", "snapshot"],
)
def test_a_job_may_split_itself_and_a_page_come_from_a_snapshot(given: dict[str, str]) -> None:
    assert outcome(propose(given)) == "holds"


@pytest.mark.parametrize("steps", [Pull, AllOrNothing])
def test_a_step_that_is_overridden_rightly_holds(steps: type[Feed]) -> None:
    assert outcome(replace(two_parts(), steps=steps)) == "holds"


def test_a_filter_that_forgets_the_edges_shows_what_was_blocked() -> None:
    assert outcome(replace(propose({}), steps=Forgetful)) == "nothing removes it"


def test_a_cursor_in_memory_starts_over() -> None:
    assert outcome(replace(two_parts(), steps=InMemory)) == "a crash starts over"


@pytest.mark.parametrize("fault", ["pause", "reply lost", "duplicate"])
def test_the_usual_design_survives_one_of_other_faults(fault: str) -> None:
    small = replace(PROBLEM.small, faults=(fault,), at_most=1)
    found, _ = searched(replace(PROBLEM, small=small), propose({}))
    assert found.outcome == "holds"
    assert found.fired[fault]


def test_the_bank_s_options_are_those_that_are_proposed() -> None:
    assert propose({"name": "x", "unheard-of": "y"}).decisions == {}
    for name, options in DECISIONS.items():
        for option in options:
            assert propose({name: option}).decisions == {name: option}


# -- the slice -------------------------------------------------------------------------------------


def test_the_largest_post_takes_as_long_as_its_chunks_on_the_fleet() -> None:
    measured = ran("senior").measures
    assert 25 <= measured["largest"] <= 60
    assert measured["redone"] == 1  # of the worker that crashed


def test_one_job_a_post_does_not_come_to_the_end_of_the_largest() -> None:
    assert "largest" in ran("a crash starts over").missed


def test_a_stored_order_has_old_scores_and_spares_readers() -> None:
    now, stored = ran("senior").measures, ran("mid").measures
    assert now["score_age"] < 1 < PROBLEM.levels["score_age"] < stored["score_age"]
    assert stored["cost"] < now["cost"]


# -- what can't be built ---------------------------------------------------------------------------


def test_bad_parts_get_a_sentence() -> None:
    good = two_parts()
    deaf = [part for part in good.components if not isinstance(part, Group | Topic)]
    for make, words in (
        (lambda: run(PROBLEM, Design("deaf", tuple(deaf))), "performs 'fan_out'"),
        (lambda: run(PROBLEM, good.but("db", holds=("posts", "feeds"))), "holds 'follows'"),
        (lambda: run(PROBLEM, good.deciding(page_by="offset")), "no decision 'page_by'"),
        (lambda: run(PROBLEM, good.deciding(paging="by luck")), "the decision 'paging'"),
        (lambda: replace(good, wires=(Wire("app", "moon"),)), "'moon'"),
        (lambda: run(PROBLEM, replace(good, wires=())), "performs 'fan_out'"),
        (lambda: propose({"lanes": "fast"}), "lanes is one of 'own', 'shared', not 'fast'"),
        (lambda: propose({"paging": []}), "a decision is a name and the name of an option"),  # type: ignore[dict-item]
        (lambda: propose("chunks"), "a dictionary of options"),  # type: ignore[arg-type]
    ):
        with pytest.raises(DesignError) as error:
            make()
        assert words in str(error.value)
