"""Feedback: clicks move the same question; the same facts in any order make the same boosts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.genai.feedback import (
    CLICK,
    PULL,
    QUERY,
    REMOVED,
    Feedback,
    FeedbackError,
    Vector,
    same,
)
from pubsub_kit.log.event import Event

ASK, SHOWN = "How hot is the water?", ["black tea", "green tea", "chai"]
_times = count(1)


def event(type: str, time: float | None = None, **data: Any) -> Event:
    return Event.new(type, data, time=next(_times) if time is None else time)


def asked(id: str, question: str = ASK, model: str = "m", time: float | None = None) -> Event:
    return event(QUERY, time, id=id, question=question, shown=SHOWN, model=model)


def clicked(query: str, doc: str = "green tea", time: float | None = None) -> Event:
    return event(CLICK, time, query=query, doc=doc)


def unit(*numbers: float) -> Vector:
    vector = np.array(numbers, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


QUESTION = unit(1, 0, 0)
INDEX = {
    "black tea": [unit(0.80, 0.60, 0)],
    "green tea": [unit(0, 0, 1), unit(0.75, 0, 0.66)],  # the second of them is the nearer one
    "chai": [unit(0.1, 1, 1)],
}


def chunks(doc: str) -> list[Vector]:
    return INDEX.get(doc, [])


def ranked(vector: Vector) -> list[str]:
    """Return the documents of the index, the nearest first."""
    return sorted(INDEX, key=lambda doc: -max(float(row @ vector) for row in INDEX[doc]))


# --- what a click does ----------------------------------------------------------------------------


def test_what_was_clicked_second_comes_first_when_the_question_is_asked_again() -> None:
    assert ranked(QUESTION) == ["black tea", "green tea", "chai"]
    feedback = Feedback.of([asked("q-1"), clicked("q-1")])
    moved = feedback.moved(ASK, QUESTION, "m", chunks)
    assert ranked(moved) == ["green tea", "black tea", "chai"]
    assert moved == pytest.approx(unit(*(QUESTION + PULL * INDEX["green tea"][1])), abs=1e-6)
    assert float(np.linalg.norm(moved)) == pytest.approx(1)


def test_without_a_click_the_vector_stays_as_it_is() -> None:
    assert Feedback.of([asked("q-1")]).moved(ASK, QUESTION, "m", chunks) is QUESTION


def test_documents_share_the_pull_by_their_clicks() -> None:
    events = [*map(asked, ("q-1", "q-2", "q-3")), clicked("q-1"), clicked("q-2")]
    feedback = Feedback.of([*events, clicked("q-3", "chai")])
    assert feedback.boosts(ASK, "m") == {"chai": 1, "green tea": 2}
    pull = (INDEX["chai"][0] + 2 * INDEX["green tea"][1]) / 3
    moved = feedback.moved(ASK, QUESTION, "m", chunks)
    assert moved == pytest.approx(unit(*(QUESTION + PULL * pull)), abs=1e-6)


@pytest.mark.parametrize("again", ["how hot is the  water", " HOW HOT IS THE WATER ?", ASK])
def test_another_spelling_is_the_same_question(again: str) -> None:
    assert same(again) == same(ASK)
    assert Feedback.of([asked("q-1"), clicked("q-1")]).boosts(again, "m") == {"green tea": 1}


def test_another_question_gains_nothing() -> None:
    feedback = Feedback.of([asked("q-1"), clicked("q-1")])
    assert feedback.boosts("How cold is the water?", "m") == {}


# --- what does not count --------------------------------------------------------------------------


def test_a_click_on_what_was_not_shown_does_not_count() -> None:
    assert Feedback.of([asked("q-1"), clicked("q-1", "coffee")]).state() == {}


def test_two_clicks_on_one_answer_count_once() -> None:
    assert Feedback.of([asked("q-1"), clicked("q-1"), clicked("q-1")]).boosts(ASK, "m") == {
        "green tea": 1
    }


def test_a_click_of_no_known_query_does_not_count_until_the_query_comes() -> None:
    feedback = Feedback.of([clicked("q-1")])
    assert feedback.state() == {}
    feedback.apply(asked("q-1"))
    assert feedback.boosts(ASK, "m") == {"green tea": 1}


def test_a_deleted_document_has_no_boost_and_none_when_it_is_back() -> None:
    feedback = Feedback.of([asked("q-1"), clicked("q-1"), event(REMOVED, doc="green tea")])
    assert feedback.boosts(ASK, "m") == {}
    feedback.apply(clicked("q-1"))  # on an answer that still stood on somebody's screen
    assert feedback.boosts(ASK, "m") == {}
    feedback.apply(asked("q-2"))
    feedback.apply(clicked("q-2"))
    assert feedback.boosts(ASK, "m") == {"green tea": 1}


def test_a_document_that_the_index_has_lost_pulls_nothing() -> None:
    feedback = Feedback.of([asked("q-1"), clicked("q-1")])
    assert feedback.moved(ASK, QUESTION, "m", lambda doc: []) is QUESTION


# --- models ---------------------------------------------------------------------------------------


def test_a_boost_belongs_to_the_model_that_had_answered() -> None:
    feedback = Feedback.of([asked("q-1", model="old"), clicked("q-1")])
    assert feedback.state() == {"old": {same(ASK): {"green tea": 1}}}
    assert feedback.moved(ASK, QUESTION, "new", chunks) is QUESTION


@pytest.mark.parametrize(
    "rows", [[unit(1, 0)], [QUESTION, unit(1, 0)], np.ones((2, 4)), [0.5], [[]]]
)
def test_vectors_of_two_models_are_never_mixed(rows: Iterable[Any]) -> None:
    feedback = Feedback.of([asked("q-1"), clicked("q-1")])
    with pytest.raises(FeedbackError, match="look chunks up in the index of the model"):
        feedback.moved(ASK, QUESTION, "m", lambda doc: rows)


def test_a_pull_that_leaves_nothing_leaves_the_question() -> None:
    feedback = Feedback.of([asked("q-1"), clicked("q-1")])
    assert feedback.moved(ASK, QUESTION, "m", lambda doc: [-QUESTION / PULL]) is QUESTION


# --- replay ---------------------------------------------------------------------------------------

FACTS = st.lists(
    st.one_of(
        st.builds(asked, st.sampled_from(["q-1", "q-2", "q-3"]), time=st.just(5.0)),
        st.builds(
            clicked, st.sampled_from(["q-1", "q-2", "q-3"]), st.sampled_from([*SHOWN, "coffee"])
        ),
        st.builds(event, st.just(REMOVED), st.sampled_from([4.0, 6.0]), doc=st.sampled_from(SHOWN)),
    ),
    max_size=12,
)


@given(FACTS, st.randoms(use_true_random=False))
def test_any_order_and_any_repeats_make_the_same_state(
    events: list[Event], rng: random.Random
) -> None:
    other = events + [each for each in events if rng.random() < 0.5]
    rng.shuffle(other)
    one, two = Feedback.of(events).state(), Feedback.of(other).state()
    assert json.dumps(one) == json.dumps(two)  # in the same order too, for sums of floats


def test_boosts_are_summed_in_one_order() -> None:
    """Sums of floats depend on it, and the order of a set differs from process to process."""
    docs = [f"doc {n}" for n in range(10)]
    asked = event(QUERY, id="q-1", question=ASK, shown=docs, model="m")
    feedback = Feedback.of([asked, *(clicked("q-1", doc) for doc in reversed(docs))])
    assert [*feedback.boosts(ASK, "m")] == docs


def published(broker: Broker) -> None:
    for topic in {"queries", "clicks"} - {*broker.topics}:
        broker.topic(topic, partitions=3)
    for n in range(30):
        shown = {"id": f"q-{n}", "question": ASK, "shown": SHOWN, "model": "m"}
        broker.publish("queries", shown, type=QUERY, key=f"q-{n}")
        if n % 3 == 0:
            broker.publish("clicks", {"query": f"q-{n}", "doc": SHOWN[n % 2]}, type=CLICK)


def test_it_is_rebuilt_from_the_log(tmp_path: Path) -> None:
    live = Feedback()
    with Broker(tmp_path) as broker:
        published(broker)
        topics = broker.topics["queries"], broker.topics["clicks"]
        live.catch_up(*topics)
        assert live.boosts(ASK, "m") == {"black tea": 5, "green tea": 5}
        broker.publish("clicks", {"query": "q-1", "doc": "chai"}, type=CLICK)
        live.catch_up(*topics)
        assert live.boosts(ASK, "m") == {"black tea": 5, "chai": 1, "green tea": 5}
    rebuilt = Feedback()
    with Broker(tmp_path) as broker:
        rebuilt.catch_up(broker.topics["clicks"], broker.topics["queries"])
    assert rebuilt.state() == live.state()


def test_an_event_that_lacks_something_does_not_stop_those_after_it() -> None:
    broker, feedback = Broker(), Feedback()
    broker.topic("clicks")
    broker.publish("clicks", {"query": "q-1"}, type=CLICK)
    published(broker)
    topics = broker.topics["queries"], broker.topics["clicks"]
    for _ in range(2):
        feedback.catch_up(*topics)
        assert feedback.boosts(ASK, "m") == {"black tea": 5, "green tea": 5}
        assert len(feedback.skipped) == 1
    assert "needs 'doc', a text" in feedback.skipped[0]


def test_consumers_can_feed_it() -> None:
    broker, feedback = Broker(), Feedback()
    published(broker)
    for topic in ("clicks", "queries"):
        Consumer(broker.subscribe(topic, "feedback", start="earliest"), feedback.handle).step(100)
    assert feedback.boosts(ASK, "m") == {"black tea": 5, "green tea": 5}


# --- bad events -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "data", "field"),
    [
        (QUERY, None, "id"),
        (QUERY, {"id": "q", "question": ASK, "model": "m"}, "shown"),
        (QUERY, {"id": "q", "question": ASK, "model": "m", "shown": "tea"}, "shown"),
        (QUERY, {"id": "q", "question": ASK, "model": "m", "shown": [1]}, "shown"),
        (QUERY, {"id": "q", "question": ASK, "model": 5, "shown": []}, "model"),
        (QUERY, {"id": "", "question": ASK, "model": "m", "shown": []}, "id"),
        (QUERY, {"id": [], "question": ASK, "model": "m", "shown": []}, "id"),
        (CLICK, {"query": "q"}, "doc"),
        (CLICK, {"doc": "tea"}, "query"),
        (CLICK, [], "query"),
        (REMOVED, {}, "doc"),
    ],
)
def test_an_event_that_lacks_something_changes_nothing(type: str, data: Any, field: str) -> None:
    feedback = Feedback.of([asked("q-1"), clicked("q-1")])
    before = feedback.state()
    with pytest.raises(FeedbackError, match=f"of type {type} needs '{field}'"):
        feedback.apply(Event.new(type, data))
    assert feedback.state() == before


def test_an_event_of_another_type_is_none_of_its_business() -> None:
    feedback = Feedback()
    feedback.apply(Event.new("user.signed_up", {"name": "Ann"}))
    assert feedback.state() == {}
