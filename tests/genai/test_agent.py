"""The agent: a notice for each watch, document and version, once, and none for a replay."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.genai.agent import AgentError, Notice, RuleBasedAgent
from pubsub_kit.log.event import Event


class Index:
    """Texts by document; the best hits share most words with a question."""

    def __init__(self, **texts: str) -> None:
        self.texts, self.asked = texts, 0

    def top(self, question: str, k: int) -> list[str]:
        self.asked += 1
        words = {*question.split()}
        shared = {doc: len(words & {*text.split()}) for doc, text in self.texts.items()}
        return sorted((doc for doc in shared if shared[doc]), key=lambda doc: -shared[doc])[:k]


def indexed(doc: str = "chai", version: int = 1, **extensions: str) -> Event:
    event = Event.new("document.indexed", {"doc": doc, "version": version})
    return event._replace(extensions=extensions)


@pytest.fixture
def sent() -> list[Notice]:
    return []


@pytest.fixture
def index() -> Index:
    return Index(chai="boil milk and tea", black="tea", compost="leaves")


@pytest.fixture
def agent(index: Index, sent: list[Notice]) -> RuleBasedAgent:
    made = RuleBasedAgent(index.top, sent.append)
    made.watch("ann", "boil milk")
    made.watch("bob", "leaves")
    return made


def test_who_watches_a_question_that_a_document_answers_is_told(
    agent: RuleBasedAgent, sent: list[Notice]
) -> None:
    agent.apply(indexed())
    assert sent == [Notice("ann", "boil milk", "chai", 1, 1)]
    assert sent[0].id == "ann/chai/1"


def test_a_rank_is_the_documents_place_among_the_hits(
    agent: RuleBasedAgent, sent: list[Notice]
) -> None:
    agent.watch("eve", "boil tea")
    agent.apply(indexed("black"))
    assert sent == [Notice("eve", "boil tea", "black", 1, 2)]


def test_nobody_is_told_of_a_document_below_the_top(index: Index, sent: list[Notice]) -> None:
    agent = RuleBasedAgent(index.top, sent.append, k=1)
    agent.watch("eve", "boil tea")
    agent.apply(indexed("black"))
    assert sent == []
    agent.apply(indexed("chai"))
    assert [notice.rank for notice in sent] == [1]


def test_a_redelivered_event_tells_nobody_again(agent: RuleBasedAgent, sent: list[Notice]) -> None:
    for _ in range(3):
        agent.apply(indexed())
    assert len(sent) == 1


def test_a_new_version_is_news(agent: RuleBasedAgent, sent: list[Notice]) -> None:
    agent.apply(indexed(version=1))
    agent.apply(indexed(version=2))
    assert [notice.version for notice in sent] == [1, 2]


def test_an_older_version_that_comes_late_is_not(agent: RuleBasedAgent, sent: list[Notice]) -> None:
    agent.apply(indexed(version=2))
    agent.apply(indexed(version=1))
    assert [notice.version for notice in sent] == [2]


@pytest.mark.parametrize("lane", ["backfill", "replay"])
def test_another_lane_tells_nobody_and_asks_nothing(
    agent: RuleBasedAgent, index: Index, sent: list[Notice], lane: str
) -> None:
    assert agent.apply(indexed(lane=lane)) == []
    assert agent.apply(indexed(), lane=lane) == []
    assert (sent, index.asked) == ([], 0)
    assert [notice.id for notice in agent.apply(indexed())] == ["ann/chai/1"]


def test_what_was_told_before_a_restart_is_not_told_again(
    agent: RuleBasedAgent, index: Index, sent: list[Notice]
) -> None:
    agent.apply(indexed())
    restarted = RuleBasedAgent(index.top, sent.append, told=[notice.id for notice in sent])
    restarted.watch("ann", "boil milk")
    restarted.apply(indexed())
    assert len(sent) == 1


def test_a_notice_that_could_not_be_sent_is_sent_again_and_the_others_are_not(
    index: Index,
) -> None:
    sent: list[str] = []
    down = {"bob"}

    def notify(notice: Notice) -> None:
        if notice.watch in down:
            raise ConnectionError("no answer")
        sent.append(notice.id)

    agent = RuleBasedAgent(index.top, notify)
    for name in ("ann", "bob", "eve"):
        agent.watch(name, "boil milk")
    with pytest.raises(ConnectionError):
        agent.apply(indexed())
    down.clear()
    agent.apply(indexed())
    assert sent == ["ann/chai/1", "bob/chai/1", "eve/chai/1"]


def test_a_watch_that_ended_is_told_no_more(agent: RuleBasedAgent, sent: list[Notice]) -> None:
    agent.unwatch("ann")
    agent.unwatch("nobody")
    agent.apply(indexed())
    assert sent == []


def test_no_two_notices_share_an_id() -> None:
    parts = [("a", "b/c"), ("a/b", "c"), ("a", "b c"), ("a b", "c"), ("a", "b%2Fc")]
    assert len({Notice(watch, "?", doc, 1, 1).id for watch, doc in parts}) == len(parts)


def test_it_consumes_from_a_broker_and_its_notices_are_events(index: Index) -> None:
    broker = Broker()
    broker.topic("indexed")
    broker.topic("notices")

    def notify(notice: Notice) -> None:
        broker.publish("notices", notice._asdict(), id=notice.id)

    agent = RuleBasedAgent(index.top, notify)
    agent.watch("ann", "boil milk")
    group = broker.subscribe("indexed", "agent")
    consumer = Consumer(group, agent.handle)
    for version in (1, 2):
        broker.publish("indexed", {"doc": "chai", "version": version}, type="document.indexed")
    assert consumer.step(10) == 2
    group.seek(offset=0)
    assert consumer.step(10) == 2
    told = [event.id for _, event in broker.topics["notices"].log.read(0, 0)]
    assert told == ["ann/chai/1", "ann/chai/2"]
    assert consumer.failed == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "names no document"),
        ([], "names no document"),
        ({"version": 1}, "names no document"),
        ({"doc": 5, "version": 1}, "names no document"),
        ({"doc": "chai"}, "has no version from 1 up"),
        ({"doc": "chai", "version": 0}, "has no version from 1 up"),
        ({"doc": "chai", "version": True}, "has no version from 1 up"),
        ({"doc": "chai", "version": "1"}, "has no version from 1 up"),
    ],
)
def test_an_event_that_is_none_is_refused(agent: RuleBasedAgent, data: Any, words: str) -> None:
    with pytest.raises(AgentError, match=words):
        agent.apply(Event.new("document.indexed", data))


def test_a_watch_that_can_not_be_is_refused(agent: RuleBasedAgent) -> None:
    for name, question in (("", "tea"), (None, "tea"), ("eve", " "), ("eve", 5)):
        with pytest.raises(AgentError, match="is a text"):
            agent.watch(name, question)  # type: ignore[arg-type]
    with pytest.raises(AgentError, match="'ann' watches another question: 'boil milk'"):
        agent.watch("ann", "tea")
    agent.watch("ann", "boil milk")


@pytest.mark.parametrize("k", [0, -1, True, 1.5, None])
def test_a_number_of_hits_that_can_not_be_is_refused(k: Any) -> None:
    with pytest.raises(AgentError, match="k is a number of hits"):
        RuleBasedAgent(Index().top, print, k=k)


def test_an_agent_needs_two_functions() -> None:
    with pytest.raises(AgentError, match="needs two functions"):
        RuleBasedAgent(None, print)  # type: ignore[arg-type]
    with pytest.raises(AgentError, match="needs two functions"):
        RuleBasedAgent(Index().top, None)  # type: ignore[arg-type]
