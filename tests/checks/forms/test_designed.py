"""Questions whose answer is a design of a feed: their form, their guards, and what they print."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from pubsub_kit.checks.forms.designed import Design
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.designs import EVERYBODY, FeedDesign
from pubsub_kit.feed.machines.measures import MEASURES, amount
from pubsub_kit.feed.people.network import Bools, Network
from pubsub_kit.scenarios.twitter_feed import arena as stage
from tests.mistakes import lesson
from tests.mistakes.twitter_feed import HYBRID, hybrid, of

QUESTIONS: dict[str, Design] = {
    question.name: question
    for question in importlib.import_module("pubsub_kit.checks.questions.twitter_feed").QUESTIONS
    if isinstance(question, Design)
}
asked = pytest.mark.parametrize("name", QUESTIONS)


class NotYet(FeedDesign):
    def pushed(self, network: Network) -> Bools: ...  # type: ignore[empty-body]


class NoRule(FeedDesign):
    """A class that changes nothing."""


class Raises(FeedDesign):
    def pushed(self, network: Network) -> Bools:
        raise KeyError("ann")


class Loops(FeedDesign):
    def pushed(self, network: Network) -> Bools:
        while True:
            pass


class LoopsAmongMillions(FeedDesign):
    def kept(self, network: Network) -> Bools:
        while len(network.followers) > 5:
            pass
        return network.active


class SaysYes(FeedDesign):
    def pushed(self, network: Network) -> Any:
        return True


class Dice(FeedDesign):
    def pushed(self, network: Network) -> Bools:
        return np.random.default_rng().random(len(network.followers)) < 0.5


class Toggles(FeedDesign):
    asked = 0

    def kept(self, network: Network) -> Bools:
        Toggles.asked += 1
        return np.full(len(network.followers), Toggles.asked % 2 == 0)


class DiceAmongMillions(FeedDesign):
    def kept(self, network: Network) -> Bools:
        if len(network.followers) == 5:
            return network.active
        return network.active & (np.random.default_rng().random(len(network.active)) < 0.5)


class NoNumbers(FeedDesign):
    def least_reading(self, network: Network) -> Any:
        return np.full(len(network.followers), np.nan)


class CountsInstead(FeedDesign):
    def pushed(self, network: Network) -> Any:
        return network.followers


class AnswersForFive(FeedDesign):
    def pushed(self, network: Network) -> Bools:
        return np.array([False, True, True, True, True])


class Exits(FeedDesign):
    def kept(self, network: Network) -> Bools:
        raise SystemExit(1)


# --- rules that cannot be ----------------------------------------------------------------------


@asked
@pytest.mark.parametrize(("kind", "rule"), [(Dice, "pushed"), (Toggles, "kept")])
def test_a_rule_that_answers_differently_is_named(
    name: str, kind: type[FeedDesign], rule: str
) -> None:
    verdict = QUESTIONS[name].verdict(of(kind), "06")
    assert verdict.violation is not None
    words = verdict.violation.message
    assert words.startswith(f"{rule}(network) gave two different answers about the same 5 accounts")


def test_a_rule_that_answers_differently_about_millions_is_named() -> None:
    verdict = QUESTIONS["feed"].verdict(of(DiceAmongMillions), "06")
    assert verdict.violation is not None
    assert verdict.violation.message.startswith("kept(network) gave two different answers")


def test_what_is_no_number_is_named() -> None:
    verdict = QUESTIONS["five"].verdict(of(NoNumbers), "06")
    assert verdict.violation is not None
    assert "not nan (not a number) for 5 of them" in verdict.violation.message


# --- what is no design ----------------------------------------------------------------------------


@asked
@pytest.mark.parametrize(
    "design", [FeedDesign(), FeedDesign("a name alone"), NotYet(), NoRule()], ids=repr
)
def test_a_design_as_it_is_by_default_is_not_attempted(name: str, design: FeedDesign) -> None:
    assert QUESTIONS[name].verdict(design, "06").outcome == "not attempted"


@asked
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FeedDesign, "FeedDesign is a class: pass an instance of it, FeedDesign(…)"),
        (Raises, "Raises is a class: pass an instance of it, Raises(…)"),
        (int, "int is not a design: derive it from FeedDesign, and pass an instance"),
        ({"threshold": 7}, "a dict is not a design: pass FeedDesign(**your_dict)"),
        (lambda network: network.active, "derive a class from FeedDesign and override pushed"),
        (1_000_000, "give a FeedDesign(…), not 1000000"),
        ("hybrid", "give a FeedDesign(…), not 'hybrid'"),
    ],
)
def test_what_is_no_design_gets_a_sentence(name: str, answer: Any, words: str) -> None:
    verdict = QUESTIONS[name].verdict(answer, "06")
    assert verdict.outcome == "fails"
    assert verdict.violation is not None
    assert words in verdict.violation.message


# --- rules of one's own ---------------------------------------------------------------------------


@asked
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Raises, "KeyError: 'ann' (line"),
        (SaysYes, "True or False, one for each"),
        (CountsInstead, "True or False, one for each"),
        (Exits, "your code called exit()"),
    ],
)
def test_a_rule_that_answers_nothing_gets_a_sentence(
    name: str, kind: type[FeedDesign], words: str
) -> None:
    verdict = QUESTIONS[name].verdict(of(kind), "06")
    assert verdict.outcome == "fails"
    assert words in verdict.text


def test_a_rule_for_five_people_alone_gets_a_sentence() -> None:
    verdict = QUESTIONS["feed"].verdict(of(AnswersForFive), "06")
    assert verdict.outcome == "fails"
    assert "one for each of the 20000 accounts" in verdict.text.replace(",", "")


@pytest.mark.parametrize(("name", "kind"), [("five", Loops), ("feed", LoopsAmongMillions)])
def test_a_rule_without_an_end_is_stopped(
    name: str, kind: type[FeedDesign], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QUESTIONS[name], "limit", 3.0)
    verdict = QUESTIONS[name].verdict(of(kind), "06")
    assert verdict.outcome == "fails"
    assert "was still running" in verdict.text


# --- sizes that no check could run ----------------------------------------------------------------


def test_a_message_for_each_follower_is_more_than_a_check_can_run() -> None:
    verdict = QUESTIONS["feed"].verdict(hybrid("one by one", threshold=EVERYBODY, chunk=1), "06")
    assert verdict.outcome == "fails"
    assert "million messages in 90 s, more than this check can run" in verdict.text


@pytest.mark.parametrize(
    "changes",
    [
        {"workers": 10**7},
        {"stores": 10**7, "replicas": 5 * 10**6},
        {"workers": 10**7, "express": 7},
    ],
)
def test_too_many_machines_are_told_without_a_run(changes: dict[str, int]) -> None:
    verdict = QUESTIONS["feed"].verdict(hybrid("giant", **changes), "06")
    assert (verdict.outcome, verdict.belief) == ("fails", stage.DEAR)
    assert verdict.picture is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"workers": 1},
        {"stores": 11},
        {"timeline": 10**15},
        {"chunk": 10**15},
        {"attempts": 10**9},
        {"stores": 500, "replicas": 250},
    ],
)
def test_odd_sizes_get_a_verdict(changes: dict[str, int]) -> None:
    assert QUESTIONS["feed"].verdict(hybrid("odd", **changes), "06").outcome in ("fails", "holds")


def test_fewer_stores_than_are_lost_get_a_sentence() -> None:
    verdict = QUESTIONS["feed"].verdict(hybrid("few", stores=8), "06")
    assert "none of the 8 stores is left" in verdict.text


# --- what is printed ------------------------------------------------------------------------------


def test_the_levels_that_are_shown_are_those_that_are_asked() -> None:
    shown = QUESTIONS["feed"].shown()
    for name, bound in stage.LEVELS.bounds.items():
        if bound:
            assert amount(bound, MEASURES[name].unit).replace("K", ",000") in shown, name


def test_the_faults_that_are_shown_are_those_that_happen() -> None:
    shown, arena = QUESTIONS["feed"].shown(), stage.arena()
    assert [f"at {fault.at:.0f} s" in shown for fault in arena.faults] == [True] * 4
    assert f"{arena.load.network.users / 1e6:.0f} million accounts" in shown
    assert "31 million followers" in shown
    assert arena.load.network.followers[arena.load.network.celebrity] == 31_000_000
    machines, prices = arena.machines, arena.prices
    assert f"{machines.worker_rate:,.0f} deliveries a second" in shown
    assert f"{machines.node_rate:,.0f} lookups or writes" in shown
    assert f"holds {machines.node_bytes / 1e9:.0f} GB" in shown
    assert f"a worker ${prices.worker:.0f}, a store ${prices.node:.0f}" in shown
    reads = len(arena.load.read_at) * arena.load.read_stands_for / arena.load.seconds
    assert reads == pytest.approx(300_000, rel=0.05)
    assert np.average(arena.load.network.following) == pytest.approx(150, rel=0.05)


def test_the_tweets_at_the_event_leave_who_answers_whom_as_it_was() -> None:
    load = stage.arena().load
    assert (np.diff(load.tweet_at) >= 0).all()
    answers = np.flatnonzero(load.reply_to >= 0)
    assert (load.tweet_at[load.reply_to[answers]] <= load.tweet_at[answers]).all()
    largest = np.sort(load.network.followers)[-2]
    assert load.network.followers[load.author[load.tweet_at == stage.EVENT_AT]] == [largest]


def test_what_passes_is_told_by_how_much() -> None:
    verdict = QUESTIONS["feed"].verdict(HYBRID, "06")
    assert verdict.outcome == "holds"
    assert "of $120,000; all 10 levels, closest: read p99: " in verdict.summary


def test_dollars_are_money_and_no_formula_in_a_notebook() -> None:
    """JupyterLab sets in italics what stands between two dollars, unless it is told not to."""
    shown = QUESTIONS["feed"].verdict(HYBRID, "06")._html()
    assert shown.count("$") == shown.count('<span class="tex2jax_ignore">$</span>') == 2


# --- replay ---------------------------------------------------------------------------------------


@asked
def test_a_code_replays_its_scene(name: str) -> None:
    picture = QUESTIONS[name].replay(hybrid("as they come", replies="as they come"), "4/0o", "4/0o")
    assert "cat saw reply but not hello" in picture.text


@pytest.mark.parametrize("name", ["five", "feed"])
@pytest.mark.parametrize(
    "answer", [m.answer for m in lesson("06").mistakes if m.question == "five"]
)
def test_a_replay_draws_what_the_verdict_drew(name: str, answer: FeedDesign) -> None:
    verdict = QUESTIONS[name].verdict(answer, "06")
    assert verdict.picture is not None
    title = f"06.{name}{verdict.heading}"
    assert QUESTIONS[name].replay(answer, verdict.code, title).text == verdict.picture.text


@asked
@pytest.mark.parametrize("code", ["", "0o", "9/0o", "x/0o", "4/nonsense"])
def test_a_code_that_is_none_is_told(name: str, code: str) -> None:
    with pytest.raises(PubSubKitError, match=r"names no scene|schedule"):
        QUESTIONS[name].replay(HYBRID, code, "title")
