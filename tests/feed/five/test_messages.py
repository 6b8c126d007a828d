"""The message level of the feed: which designs break where, and with how few faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.five.messages import (
    SCENES,
    FeedExploration,
    SceneError,
    explore_design,
    explore_scene,
    replay_scene,
)
from pubsub_kit.feed.five.oracles import DELETED, DOUBLED, EARLY, LOST
from pubsub_kit.feed.five.people import FOLLOWERS, PEOPLE, TinyNetwork
from pubsub_kit.feed.five.pictures import counterexample
from pubsub_kit.feed.five.timelines import Plan
from pubsub_kit.feed.people.network import Bools, Network
from pubsub_kit.show import PictureError
from pubsub_kit.world.chance import Schedule

CELEBRITY, AUTHOR, REPLY, REPLIES, DELETE = SCENES

#: Right in all that a design can say; each test takes one thing of it away.
PUSH = FeedDesign(dedup=True, removal="checked on read", replies="held on read")
HYBRID = replace(PUSH, threshold=1_000_000)
PULL = FeedDesign(threshold=0)


def faults(code: str) -> int:
    return Schedule(code.rpartition("/")[2]).cost


def failures(found: FeedExploration) -> dict[str, tuple[str, int]]:
    """Return for each scene that fails the belief, and the fewest faults."""
    return {
        name: (each.violation.belief, faults(each.code))
        for name, each in found.scenes.items()
        if each.violation is not None
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"threshold": 1_000_000},
        {"threshold": 1_000_000, "skip_inactive": True},
        {"skip_inactive": True},
        {"partition_by": "author"},
        {"partition_by": "reader", "replies": "as they come"},
        {"workers": 1, "replies": "as they come"},
        {"partition_by": "author", "removal": "fanned out"},
        {"partition_by": "reader", "removal": "fanned out"},
        {"attempts": 3},
        {"chunk": 31_000_000},
        {"timeline": 1},
    ],
    ids=str,
)
def test_what_holds_does_so_in_every_scene_under_every_two_faults(changes: Any) -> None:
    found = explore_design(replace(PUSH, **changes))
    assert found.outcome == "holds", str(found)
    assert found.complete == 2
    assert all(each.outcome == "holds" for each in found.scenes.values())


@pytest.mark.parametrize("semantics", ["at most once", "at least once"])
def test_pull_everything_holds_with_nothing_else_done(semantics: Any) -> None:
    assert explore_design(replace(PULL, semantics=semantics)).outcome == "holds"


ALL_LOST = {CELEBRITY: (LOST, 1), AUTHOR: (LOST, 1), REPLY: (LOST, 1), REPLIES: (LOST, 1)}
ALL_TWICE = dict.fromkeys(ALL_LOST, (DOUBLED, 1))


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({"semantics": "at most once"}, ALL_LOST),
        ({"attempts": 1}, ALL_LOST),
        ({"attempts": 2}, dict.fromkeys(ALL_LOST, (LOST, 2))),
        ({"dedup": False}, ALL_TWICE),
        ({"removal": "ignored"}, {DELETE: (DELETED, 0)}),
        ({"removal": "fanned out"}, {DELETE: (DELETED, 1)}),
        (
            {"removal": "fanned out", "partition_by": "author", "semantics": "at most once"},
            {**ALL_LOST, DELETE: (DELETED, 1)},
        ),
        ({"replies": "as they come"}, {REPLIES: (EARLY, 1)}),
        (
            {"replies": "as they come", "partition_by": "author"},
            {REPLY: (EARLY, 1), REPLIES: (EARLY, 1)},
        ),
        (
            {"replies": "as they come", "partition_by": "reader", "express": 10},
            {REPLY: (EARLY, 1), REPLIES: (EARLY, 1)},
        ),
    ],
    ids=str,
)
def test_what_fails_does_so_where_it_must_with_the_fewest_faults(
    changes: Any, fails: Mapping[str, tuple[str, int]]
) -> None:
    assert failures(explore_design(replace(PUSH, **changes))) == fails


def test_a_hybrid_fails_and_holds_as_its_pushed_half_does() -> None:
    assert failures(explore_design(replace(HYBRID, dedup=False))) == {
        AUTHOR: (DOUBLED, 1),
        REPLY: (DOUBLED, 1),
        REPLIES: (DOUBLED, 1),
    }


def test_no_partition_key_orders_a_pulled_reply_behind_a_pushed_original() -> None:
    mixed = replace(HYBRID, partition_by="reader", replies="as they come")
    assert failures(explore_design(mixed)) == {REPLIES: (EARLY, 1)}


@pytest.mark.parametrize(
    ("changes", "message", "marked"),
    [
        (
            {"semantics": "at most once"},
            "bob, cat, dan and eve never saw hello: fan-out acked it before the work, and crashed "
            "at 0 s.",
            "crash",
        ),
        (
            {"attempts": 1},
            "bob, cat, dan and eve never saw hello: its message was set aside at 10 s, after the "
            "last attempt.",
            "goes to tweets.dead",
        ),
        (
            {"dedup": False},
            "cat saw hello twice: its message was redelivered, and at 10 s worker-1 added it "
            "again.",
            "cat: hello, hello",
        ),
        (
            {"removal": "ignored"},
            "cat and dan still see hello, which bob deleted: nothing removed it from the "
            "timelines.",
            "deletes hello",
        ),
        (
            {"removal": "fanned out"},
            "cat and dan still see hello, which bob deleted: it was added at 5 s, after its delete "
            "had been applied.",
            "cat: hello",
        ),
        (
            {"replies": "as they come"},
            "At 3 s cat saw reply but not hello, which it answers: hello was still on its way to "
            "the timelines.",
            "sees reply",
        ),
        (
            {"replies": "as they come", "threshold": 1_000_000},
            "At 3 s cat saw reply but not hello, which it answers: reply was pulled at once, while "
            "hello was still on its way to the timelines.",
            "sees reply",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_violation_says_what_is_seen_and_points_at_why(
    changes: Any, message: str, marked: str
) -> None:
    found = explore_design(replace(PUSH, **changes))
    assert found.violation is not None
    assert found.violation.message == message
    assert found.violation.step is not None
    step = found.trace[found.violation.step]
    assert marked in f"{step.kind} {step.text}"
    assert found.violation.expected != found.violation.actual
    picture = counterexample(found).text
    assert picture.startswith(found.scene.capitalize())
    assert "\n✗ here, step " in picture
    assert picture.splitlines()[-1] == message


def test_a_delete_that_is_lost_is_told_from_one_that_is_overtaken() -> None:
    design = replace(
        PUSH, removal="fanned out", partition_by="author", semantics="at most once", attempts=3
    )
    wrong = explore_scene(design, DELETE).violation
    assert wrong is not None
    assert wrong.message == (
        "cat and dan still see hello, which bob deleted: the delete got lost, since fan-out acked "
        "it before the work, and crashed at 3 s."
    )


def test_a_picture_is_refused_where_nothing_fails() -> None:
    with pytest.raises(PictureError, match="There is no run to draw: holds"):
        counterexample(explore_design(PULL))


def test_the_five_people_are_a_network_that_adds_up() -> None:
    network: Network = TinyNetwork()
    assert network.stands_for.sum() == pytest.approx(network.users)
    assert PEOPLE[network.celebrity] == "ann"
    assert network.followers[network.celebrity] == network.followers.max() == 31_000_000
    assert network.active_followers.tolist() == [23_250_000, 37, 0, 0, 0]
    follows = [sum(name in readers for readers in FOLLOWERS.values()) for name in PEOPLE]
    assert network.following.tolist() == follows
    ann = np.array([name == "ann" for name in PEOPLE])
    assert network.followed_among(ann).tolist() == [name in FOLLOWERS["ann"] for name in PEOPLE]


@pytest.mark.parametrize(
    ("changes", "chunks"),
    [
        ({}, [("chunks-1", "bob cat"), ("chunks-2", "dan eve")]),
        ({"partition_by": "author"}, [("chunks-1", "bob cat"), ("chunks-1", "dan eve")]),
        ({"partition_by": "reader"}, [("chunks-1", "cat eve"), ("chunks-2", "bob dan")]),
        ({"workers": 1}, [("chunks-1", "bob cat"), ("chunks-1", "dan eve")]),
        ({"skip_inactive": True}, [("chunks-1", "bob cat"), ("chunks-2", "eve")]),
        ({"chunk": 31_000_000}, [("chunks-1", "bob cat dan eve")]),
        ({"chunk": 31_000_000, "express": 1}, [("express", "bob cat dan eve")]),
        ({"chunk": 1, "workers": 2, "express": 1}, [("chunks-1", n) for n in FOLLOWERS["ann"]]),
    ],
    ids=str,
)
def test_a_tweet_is_cut_as_the_design_says(changes: Any, chunks: list[tuple[str, str]]) -> None:
    plan = Plan.of(FeedDesign(**changes))
    assert [(topic, " ".join(to)) for topic, to in plan.cut("ann", 0)] == chunks


def test_a_design_as_code_runs_as_it_is() -> None:
    class OnlyForTheActive(FeedDesign):
        def pushed(self, network: Network) -> Bools:
            return network.active_followers < 100_000

        def kept(self, network: Network) -> Bools:
            return network.active & (network.following > 0)

    mine = OnlyForTheActive("mine", dedup=True, removal="checked on read", replies="held on read")
    assert explore_design(mine).outcome == "holds"
    assert failures(explore_design(replace(mine, dedup=False))).keys() == {AUTHOR, REPLY, REPLIES}


def test_code_that_answers_with_something_else_is_told_so() -> None:
    class Pushes(FeedDesign):
        def pushed(self, network: Network) -> Bools:
            return np.asarray(network.followers)

    with pytest.raises(DesignError, match="one for each of the 5 accounts"):
        explore_design(Pushes())


def test_the_same_schedules_are_counted_each_time() -> None:
    first, second = explore_design(HYBRID), explore_design(HYBRID)
    assert first.schedules == second.schedules == 247
    assert first.fired == second.fired
    assert first.fired.keys() == {fault for scene in SCENES.values() for fault in scene.faults}


@pytest.mark.parametrize("name", SCENES)
def test_a_failure_is_replayed_from_its_code(name: str) -> None:
    design = FeedDesign(partition_by="author")
    found = explore_scene(design, name)
    world = replay_scene(design, name, found.code)
    assert world.trace.text() == found.trace.text()
    assert SCENES[name].oracle(design)(world) == found.violation


def test_an_unknown_scene_is_refused() -> None:
    with pytest.raises(SceneError, match="no scene 'a retweet': choose among a celebrity tweets"):
        explore_scene(PUSH, "a retweet")


def test_what_is_no_design_is_told_so() -> None:
    with pytest.raises(DesignError, match=r"a design is a FeedDesign, .* not None"):
        explore_design(None)  # type: ignore[arg-type]
    with pytest.raises(PictureError, match=r"draws what explore_design\(design\) found, not None"):
        counterexample(None)  # type: ignore[arg-type]
    with pytest.raises(SceneError, match="max_faults is a whole number, not 'two'"):
        explore_design(FeedDesign(), "two")  # type: ignore[arg-type]
    with pytest.raises(SceneError, match=r"a schedule's code is a text, .* not None"):
        replay_scene(FeedDesign(), "a delete", None)  # type: ignore[arg-type]
