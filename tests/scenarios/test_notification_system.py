"""Eight notification systems, right and wrong ones, rank as the rubric says; what holds, holds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import inf
from typing import Any

import pytest

from pubsub_kit.designs.built import Built
from pubsub_kit.designs.components import (
    Component,
    DesignError,
    Group,
    Provider,
    Scheduler,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.measures import load
from pubsub_kit.designs.problem import Problem
from pubsub_kit.designs.report import Report, run, searched
from pubsub_kit.interviews.bank.question import load as bank
from pubsub_kit.scenarios.notification_system.problem import DECISIONS, PROBLEM, STRUCTURE, propose
from pubsub_kit.scenarios.notification_system.providers import Note
from pubsub_kit.scenarios.notification_system.steps import DAWN, Notifier, quiet_for
from pubsub_kit.scenarios.notification_system.traffic import changes, lives, note, wants
from pubsub_kit.world.search.exploration import Exploration

BELIEFS = {
    "a timeout is a no": {"provider-timeout": "switch"},
    "one key per channel": {"dedup-key": "per-channel"},
    "checked at enqueue": {"deadline": "at-enqueue"},
    "the cap raced": {"partition-key": "by-event"},
    "sent, and not marked": {"attempt": "after"},
}
MORE_BELIEFS = {
    "a retry is free": {"provider-timeout": "retry"},
    "the device hides it": {"dedup-key": "collapse-id"},
    "decided once": {"quiet-hours": "at-decision"},
    "the count was forgotten": {"kept": "counts in a cache"},
    "nobody comes back": {"escalated": "no"},
}
# A mid has one queue, and so a campaign before the codes; a senior gives codes their lane; a staff
# gives the campaign its own too, and sizes each by what it needs while a provider is silent.
DESIGNS = {
    "staff": propose({"name": "staff", "claim": "one transaction"})
    .but("decider", workers=1_000)
    .but("urgent-out", workers=4_000),
    "senior": propose({"name": "senior", "campaigns": "with the news"}),
    "mid": propose({"name": "mid", "lanes": "one-queue"}),
} | {name: propose({"name": name, **given}) for name, given in (BELIEFS | MORE_BELIEFS).items()}

ONE_FAULT = replace(PROBLEM, small=replace(PROBLEM.small, at_most=1))


@cache
def ran(name: str) -> Report:
    return run(PROBLEM, DESIGNS[name])


def search(design: Design, problem: Problem = PROBLEM) -> Exploration:
    return searched(problem, design)[0]


def belief(design: Design, problem: Problem = PROBLEM) -> str:
    """Return which belief of a design its shortest wrong run names, "" if it holds."""
    found = search(design, problem)
    return found.violation.belief if found.violation else found.outcome.replace("holds", "")


# -- the rubric ------------------------------------------------------------------------------------


def test_designs_rank_as_the_rubric_says() -> None:
    ranked = sorted(["staff", "senior", "mid", *BELIEFS], key=lambda name: ran(name).rank)
    assert ranked[:3] == ["staff", "senior", "mid"]
    assert not any(ran(name).holds for name in ranked[3:])


def test_a_senior_is_late_with_news_and_in_the_silence_and_a_mid_all_the_time() -> None:
    assert all(ran(name).holds for name in ("staff", "senior", "mid"))
    assert not ran("staff").missed
    assert list(ran("senior").missed) == ["p99 in the burst", "news p99"]
    assert {"p99", "p99 in the burst", "news p99"} <= set(ran("mid").missed)


@pytest.mark.parametrize("name", BELIEFS | MORE_BELIEFS)
def test_a_belief_fails_with_its_name_and_a_question_made_from_its_run(name: str) -> None:
    found, built = searched(PROBLEM, DESIGNS[name])
    assert found.violation is not None
    assert built is not None
    assert found.violation.belief == name
    assert found.schedules < 100
    assert found.violation.message.split()[0] in ("ann", "bob")
    question = PROBLEM.next_question(built, found.violation)
    assert question.endswith("?")
    for step in found.trace.faults()[:2]:
        assert f"{step.time:g} s" in question


def test_each_fault_that_is_claimed_was_tried() -> None:
    found = ran("staff").found
    assert found.outcome == "holds"
    assert found.schedules < 3_000
    assert set(found.fired) == set(PROBLEM.small.faults)
    assert all(found.fired.values())


# -- message by message ----------------------------------------------------------------------------


def test_a_timeout_and_a_crash_are_told_with_names_and_moments() -> None:
    assert _message("a timeout is a no") == (
        "ann is told of code-1 twice: by push at 0 s, and by email at 2 s. The reply of push "
        "hadn't come by 2 s, though it had delivered, and email was asked in its place."
    )
    assert _message("sent, and not marked").endswith(
        "urgent-out-1 crashed at 0 s, between the send and the mark, and the message came again."
    )
    assert _message("decided once") == (
        "ann gets news-1 at 90 s, when it is 04:00 where ann is, in zone -3 since 5 s."
    )


def _message(name: str) -> str:
    found = search(DESIGNS[name])
    assert found.violation is not None
    return found.violation.message


def test_partitions_by_recipient_and_channel_race_for_the_cap_too() -> None:
    assert belief(propose({"partition-key": "by-recipient-and-channel"})) == "the cap raced"


def test_notes_on_a_lagging_replica_are_forgotten() -> None:
    assert belief(propose({"kept": "notes in a replica"})) == "nobody comes back"


class Merged(Notifier):
    """One group decides and delivers, and another class than URGENT has no lane."""

    def lane(self, note: Note) -> str:
        return "deliver"


def merged() -> Design:
    parts: list[Component] = [
        Provider("push", ("push", "receipt")),
        Provider("email", ("email", "receipt")),
        Topic("work", key="user"),
        Group("worker", "work", ("decide", "deliver", "change"), workers=8_000),
        Store("db", ("notes", "counts", "prefs", "held")),
        Scheduler("clock", ("release", "escalate"), every=30.0),
    ]
    wires = [Wire("worker", "push"), Wire("worker", "email")]
    wires += [Wire("clock", "work"), Wire("clock", "push")]
    return Design("merged", tuple(parts), tuple(wires), {}, Merged)


UNUSUAL = {
    "by event, in one transaction": propose(
        {"partition-key": "by-event", "claim": "one transaction"}
    ),
    "one service that waits": propose({"path": "sync", "claim": "one transaction"}),
    "one group for everything": merged(),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_design_that_is_right_holds(name: str) -> None:
    assert belief(UNUSUAL[name], ONE_FAULT) == ""


def test_a_request_that_the_network_doubles_is_told_as_such() -> None:
    doubled = replace(PROBLEM, small=replace(PROBLEM.small, faults=("duplicate",), at_most=1))
    found = search(DESIGNS["staff"], doubled)
    assert found.violation is not None
    assert found.violation.message.endswith("At 0 s ann code-1 is duplicated (at urgent-out-1).")


def test_one_writer_is_not_one_while_a_zombie_lives_but_a_transaction_minds() -> None:
    paused = replace(PROBLEM, small=replace(PROBLEM.small, faults=("pause",), at_most=1))
    assert belief(DESIGNS["senior"], paused) != ""
    assert belief(propose({"partition-key": "by-event", "claim": "one transaction"}), paused) == ""


# -- a class of one's own --------------------------------------------------------------------------


class EmailFirst(Notifier):
    """Right: codes may go by email first, as it dedups by id."""

    def copies(self, note: Note) -> list[Note]:
        return super().copies({**note, "ways": sorted(note["ways"])})


class Forgetful(Notifier):
    """Wrong: it looks at the clock, and not at the opt-outs."""

    def unwanted(self, note: Note, prefs: dict[str, Any]) -> str:
        return "expired" if self.place.now > note["due"] else ""


class Sleepless(Notifier):
    """Wrong: it knows no night."""

    async def decide(self, note: Note) -> None:
        await self.tell(note)


class Silent(Notifier):
    """Wrong: it tells nobody, and says that somebody was told whom nobody knows."""

    async def decide(self, note: Note) -> None:
        self.record("seen", "eve", by="push")


def of(steps: type[Notifier]) -> Design:
    return replace(propose({}), steps=steps)


def out_while_held(built: Built) -> None:
    """Ann opts out of news at 10 s, and there is news for her that is held until 90 s."""
    lives(built, "ann", 0)
    held = note("ann", "news-1", "news", ["push"], 3_600.0)
    alert = note("ann", "alert-1", "alert", ["push", "sms"], 3_600.0)
    built.client(wants(built, 0.0, held), "teams")
    built.client(wants(built, 0.0, alert), "teams")
    built.client(changes(built, 10.0, "ann", "opted out", off="news"), "ann")


OPTING_OUT = replace(PROBLEM, small=replace(PROBLEM.small, traffic=out_while_held, at_most=1))


def test_who_opts_out_while_a_note_is_held_does_not_get_it() -> None:
    assert belief(propose({}), OPTING_OUT) == ""
    found = search(of(Forgetful), OPTING_OUT)
    assert found.violation is not None
    assert found.violation.belief == "the opt-out came too late"
    assert found.violation.message == (
        "ann gets news-1 at 90 s, 80 s after opting out of news at 10 s."
    )


def test_an_overridden_step_is_judged_by_what_it_does() -> None:
    assert belief(of(EmailFirst), ONE_FAULT) == ""
    assert belief(of(Sleepless)) == "no quiet hours"


def test_telling_nobody_is_no_way_out() -> None:
    assert belief(of(Silent)) == "nobody comes back"
    measures, _ = load(PROBLEM, of(Silent))
    assert measures["p99"] == inf
    assert measures["lost"] > 1_000


def test_quiet_hours_wrap_midnight() -> None:
    hours = {hour: quiet_for(DAWN + (hour - 7) * 3_600.0, 0.0) / 3_600.0 for hour in range(7, 32)}
    assert {hour: left for hour, left in hours.items() if left} == {
        hour: 31 - hour for hour in range(22, 31)
    }
    assert quiet_for(DAWN, -3.0) == 3 * 3_600.0


# -- load ------------------------------------------------------------------------------------------


def test_at_load_a_timeout_that_is_a_no_tells_many_twice() -> None:
    assert ran("a timeout is a no").measures["doubled"] > 100


def test_after_a_backlog_what_is_checked_at_enqueue_goes_out_too_late() -> None:
    measures, _ = load(PROBLEM, propose({"lanes": "one-queue", "deadline": "at-enqueue"}))
    assert measures["stale"] > 50


def test_a_campaign_without_its_share_takes_the_quota_of_the_codes() -> None:
    greedy, _ = load(PROBLEM, propose({}).but("bulk-out", workers=8_000))
    assert greedy["p99"] > PROBLEM.levels["p99"]


def test_references_keep_all_levels_at_different_prices() -> None:
    costs = set()
    for design in PROBLEM.references().values():
        measures, _ = load(PROBLEM, design)
        costs.add(measures["cost"])
        assert all(measures[name] <= most for name, most in PROBLEM.levels.items())
        assert design.decisions == {}  # as the senior's, which holds
    assert len(costs) == len(PROBLEM.references())


# -- bad parts -------------------------------------------------------------------------------------


def without(name: str) -> Design:
    good = propose({})
    parts = tuple(part for part in good.components if part.name != name)
    return replace(
        good, components=parts, wires=tuple(w for w in good.wires if name not in (w.start, w.end))
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PROBLEM.check(propose({"path": "sync"}).but("api", steps="decide")), "'deliver'"),
        (lambda: PROBLEM.check(propose({}).but("db", holds=("notes", "prefs"))), "holds 'counts'"),
        (lambda: PROBLEM.check(propose({}).deciding(dedup="x")), "did you mean 'dedup-key'"),
        (lambda: propose({"lanes": "four"}), "'one-queue', not 'four'"),
        (lambda: PROBLEM.check(propose({"deadline": "never"})), "'at-enqueue', not 'never'"),
        (lambda: replace(propose({}), wires=(Wire("clock", "nowhere"),)), "needs a component"),
        (lambda: PROBLEM.check(without("push")), "performs 'push'"),
    ],
    ids=["no deliver", "no counts", "decision", "option", "own option", "wire", "no push"],
)
def test_a_bad_part_gets_a_sentence(make: Any, words: str) -> None:
    with pytest.raises(DesignError, match=words):
        make()


def test_each_option_of_the_bank_comes_to_a_design() -> None:
    for decision in bank("notification-system").decisions:
        known = (STRUCTURE | DECISIONS)[decision.id]
        for option in decision.options:
            assert option.id in known
            PROBLEM.check(propose({decision.id: option.id}))


def test_each_decision_has_its_default_first_and_ids_that_nobody_knows_are_ignored() -> None:
    asked = {name: options[0] for name, options in DECISIONS.items()}
    assert propose({**asked, "colour": "red"}).decisions == asked
    assert propose(dict.fromkeys([*DECISIONS, *STRUCTURE, "name"])).decisions == {}
    assert PROBLEM.decided(propose({})) == asked
