"""The feed's text, questions, arena and memory are about the same people."""

from __future__ import annotations

import re

import pytest

from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.questions.twitter_feed import QUESTIONS
from pubsub_kit.feed.five.people import USERS
from pubsub_kit.feed.grading import calibration
from pubsub_kit.feed.machines.measures import measure
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.scenarios.twitter_feed import arena as stage
from pubsub_kit.workbook.build import KIT
from tests.mistakes.twitter_feed import HYBRID

SOURCES = (
    "authoring/lessons/06_twitter_feed.py",
    "authoring/exercises/06_twitter_feed.py",
    "pubsub_kit/checks/questions/twitter_feed.py",
    "pubsub_kit/scenarios/twitter_feed/arena.py",
)


def test_the_arena_has_as_many_active_people_as_were_published() -> None:
    network = stage.arena().load.network
    people = float((network.stands_for * network.active).sum())
    assert people == pytest.approx(stage.ACTIVE, rel=1e-3)
    assert network.users == stage.ACCOUNTS
    assert stage.ACTIVE == calibration.ACTIVE == USERS == 150e6


def test_the_arena_reads_and_writes_as_much_as_was_published() -> None:
    load = stage.arena().load
    calm = load.tweet_at < stage.EVENT_AT
    assert calm.sum() / stage.EVENT_AT == pytest.approx(400e6 / 86_400, rel=0.02)
    reads = len(load.read_at) * load.read_stands_for / load.seconds
    assert reads == pytest.approx(300e3, rel=0.02)


def test_the_memory_that_a_design_takes_is_what_the_question_asks_for() -> None:
    (memory,) = [question for question in QUESTIONS if question.name == "memory"]
    assert isinstance(memory, Estimate)
    taken = measure(simulate(HYBRID, stage.arena()))["memory"]
    assert taken / 1e12 == pytest.approx(memory.value(), rel=0.01)


@pytest.mark.parametrize("source", SOURCES)
def test_texts_name_active_people_and_accounts_by_their_numbers(source: str) -> None:
    text = re.sub(r"[\s\"#]+", " ", (KIT / source).read_text(encoding="utf-8"))
    said = re.findall(r"(\d+) ?(?:M|million) (active|people|accounts|timelines)", text)
    wanted = {"active": "150", "timelines": "150", "accounts": "300"}
    assert said
    assert [pair for pair in said if wanted.get(pair[1]) != pair[0]] == []
