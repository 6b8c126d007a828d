"""Eight notification systems, right and wrong ones, rank as the rubric says; what holds, holds."""

from __future__ import annotations

from contextlib import suppress
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
from pubsub_kit.scenarios.notification_system.steps import (
    CAP,
    DAWN,
    DAY,
    PREFS,
    URGENT,
    Notifier,
    local,
    quiet_for,
)
from pubsub_kit.scenarios.notification_system.traffic import changes, note, wants
from pubsub_kit.world.search.exploration import Exploration
from pubsub_kit.world.services import CallError, CallTimeout

#: Searches say the same on every Python.
pytestmark = pytest.mark.once

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
    assert found.schedules < 150
    assert found.violation.message.split()[0] in ("ann", "bob")
    question = PROBLEM.next_question(built, found.violation)
    assert question.endswith("?")
    luck = [step for step in found.trace.faults() if step.kind != "end"]  # and no error of a step
    for step in luck[:2]:
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


def test_notes_on_a_lagging_replica_are_read_too_early() -> None:
    found = search(propose({"kept": "notes in a replica"}))
    assert found.violation is not None
    assert found.violation.belief == "the row was read too early"
    assert "at 10890 s a reader was shown notes/ann news-1 as it had" in found.violation.message


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
    both = {"partition-key": "by-event", "claim": "one transaction"}
    broken, _ = searched(paused, DESIGNS["senior"], _about_the_cap)
    sound, _ = searched(paused, propose(both), _about_the_cap)
    assert (broken.outcome, sound.outcome) == ("fails", "holds")


def _about_the_cap(words: str) -> bool:
    return "is the cap" in words


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


class NoRelease(Notifier):
    async def release(self, data: Note) -> None:
        """Do nothing."""


class DropsAtNight(Notifier):
    async def decide(self, note: Note) -> None:
        if note["kind"] not in URGENT and quiet_for(self.place.now, 0):
            return await self.drop(note, "quiet")
        await super().decide(note)


class DeletesFirst(Notifier):
    async def release(self, data: Note) -> None:
        for held in (await self.rows("held").scan()).values():
            if held["until"] <= self.place.now:
                await self.rows("held").delete(held["id"])
                again = {name: each for name, each in held.items() if name != "held"}
                await self.send("decide", again, id=held["id"])


class ServersNight(Notifier):
    async def decide(self, note: Note) -> None:
        if note["kind"] not in URGENT and (wait := quiet_for(self.place.now, 0)):
            held = {**note, "held": True, "until": self.place.now + wait}
            return await self.rows("held").put(note["id"], held)
        await self.tell(note)


class ServersDay(Notifier):
    async def count(self, note: Note, counts: Any) -> bool:
        day = f"{note['user']} day {self.place.now // DAY:g}"
        today = await counts.get(day, [])
        if note["key"] not in today and len(today) < CAP:
            await counts.put(day, [*today, note["key"]])
        return note["key"] in today or len(today) < CAP


class CapForEachChannel(Notifier):
    async def count(self, note: Note, counts: Any) -> bool:
        return await super().count({**note, "user": f"{note['user']} {note['way']}"}, counts)


class CountsCodesToo(Notifier):
    async def claim_in(self, note: Note, write: Any) -> bool:
        if note["kind"] not in URGENT:
            return await super().claim_in(note, write)
        return await super().claim_in({**note, "kind": "news"}, write)


class ReplacesSettings(Notifier):
    async def change(self, data: Note) -> str:
        off = [data["off"]] if "off" in data else []
        await self.rows("prefs").put(data["user"], {"zone": data.get("zone", 0), "off": off})
        return "done"


class OneChannelForAlerts(Notifier):
    def copies(self, note: Note) -> list[Note]:
        return [{**super().copies(note)[0], "key": note["id"]}]


class Swallows(Notifier):
    async def deliver(self, note: Note) -> None:
        with suppress(CallError):
            await super().deliver(note)


class AnyReplyIsSent(Notifier):
    async def attempt(self, note: Note) -> None:
        try:
            await self.send(note["way"], note)
        except CallTimeout:
            return await self.unsure(note)
        await self.mark(note, "sent")


class MarksAndForgets(Notifier):
    """It marks each attempt, and looks only into a set that a crash takes away."""

    async def begin(self, note: Note) -> bool:
        begun: set[str] = self.__dict__.setdefault("begun", set())
        if f"{note['key']} {note.get('after')}" in begun:
            return False
        begun.add(f"{note['key']} {note.get('after')}")
        await self.mark(note, "trying")
        return True


class Slots(Notifier):
    """Right: each place under the cap is a row of its own, which only one can insert."""

    async def claim(self, note: Note) -> bool:
        row = await self.rows("notes").get(note["key"])
        if row is not None:
            return bool(row["is"] == "decided")
        if note["kind"] not in URGENT and not await self._slot(note):
            self.record("refused", note["id"], why="cap")
            return False
        await self.rows("notes").insert(note["key"], self.row(note, "decided"))
        return True

    async def _slot(self, note: Note) -> bool:
        zone = (await self.rows("prefs").get(note["user"], PREFS))["zone"]
        counts, day = self.rows("counts"), local(self.place.now, zone) // DAY
        for number in range(CAP):
            place = f"{note['user']} {day:g} {number}"
            if await counts.insert(place, note["key"]) or await counts.get(place) == note["key"]:
                return True
        return False


def of(steps: type[Notifier]) -> Design:
    return replace(propose({}), steps=steps)


def out_while_held(built: Built) -> None:
    """Ann opts out of news at 10 s, and there is news for her that is held until 90 s."""
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


WRONG = {
    NoRelease: ("held, and not released", "ann is never told of news-1"),
    DropsAtNight: ("dropped, though owed", "it was dropped at 0 s (quiet)."),
    DeletesFirst: ("nobody comes back", "ann is never told of news-1"),
    ServersNight: ("another zone's clock", "It was decided again at 90 s."),
    Forgetful: ("the opt-out is ignored", "dan gets news-3 at 57110 s, 100 s after opting out"),
    ReplacesSettings: ("the opt-out was erased", "dan moved at 57120 s."),
    OneChannelForAlerts: ("one channel for an alert", "bob is never told of alert-1 by email"),
    AnyReplyIsSent: ("no device, and no other way", "push knew of no device at 57100 s"),
    CapForEachChannel: ("a cap for each channel", "These are 5 by push and 1 by email."),
    CountsCodesToo: ("dropped, though owed", "it was dropped at 57330 s (cap)."),
    ServersDay: ("another day's count", "news-9 had taken the last place at 57400 s, on the same"),
    Swallows: ("a refusal is the end", "push refused it at 143900 s"),
}


@pytest.mark.parametrize("steps", WRONG, ids=lambda steps: steps.__name__)
def test_each_kind_of_wrong_steps_breaks_and_is_told_what_its_run_shows(
    steps: type[Notifier],
) -> None:
    found, built = searched(PROBLEM, of(steps))
    assert found.violation is not None
    assert built is not None
    assert found.violation.belief == WRONG[steps][0]
    assert WRONG[steps][1] in found.violation.message
    question = PROBLEM.next_question(built, found.violation)
    assert "refuses" not in question  # that comes later, or is what the message says
    assert question.startswith("Nothing has failed here") == (steps is not DeletesFirst)


def test_a_mark_that_nobody_reads_is_told_as_such() -> None:
    found, _ = searched(PROBLEM, of(MarksAndForgets), lambda words: "twice" in words)
    assert found.violation is not None
    assert found.violation.belief == "marked, and not read"
    assert found.violation.message.endswith(
        "urgent-out-1 crashed at 0 s. It had marked the note before the send, and nobody read that "
        "mark when the message came again."
    )


def test_who_counts_in_rows_of_their_own_holds() -> None:
    by_event = replace(propose({"partition-key": "by-event"}), steps=Slots)
    assert belief(by_event, ONE_FAULT) == ""


def test_a_run_without_a_fault_has_a_second_part() -> None:
    assert "one fault was tried from 57,325 s to 57,405 s." in ran("staff").found.claim


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
