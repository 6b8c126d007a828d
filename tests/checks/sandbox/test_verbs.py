"""What is said of a name that an object of the kit doesn't have: the one that is meant."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.checks.sandbox import verbs
from pubsub_kit.checks.sandbox.blame import told
from pubsub_kit.engines.connect import connect
from pubsub_kit.log.event import Event
from pubsub_kit.world.stores import Store
from pubsub_kit.world.world import World
from tests.checks.forms.test_mistakes import QUESTIONS
from tests.mistakes.real_engines import (
    GivesAnIdByPosition,
    MisspellsTheAmount,
    NamesTheAckOnly,
    OnDb,
)

MEANT = {
    "acknowledge": "ack()", "commit": "ack()", "complete": "ack()", "basic_ack": "ack()",
    "Ack": "ack()", "aknowledge": "ack()", "reject": "nack()", "release": "nack()",
    "value": "data", "body": "data", "message_id": "id", "attempts": "attempt",
    "delivery_count": "attempt", "visibility_timeout": "deadline",
}  # fmt: skip


def said_of(owner: Any, name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(owner, name)
    return verbs.meant(caught.value)


def verdict_on(name: str) -> str:
    """Return what a check says of a consumer that asks a delivery for this."""

    class Asks(OnDb):
        async def handle(self, delivery: Any) -> None:
            getattr(delivery, name)

    verdict = QUESTIONS["12", "port"].verdict(Asks, "12")
    assert verdict.belief == "raises"
    assert verdict.violation is not None
    return verdict.violation.message


@pytest.mark.parametrize(("name", "verb"), MEANT.items())
def test_a_delivery_is_asked_for_by_another_librarys_name(name: str, verb: str) -> None:
    assert f"a delivery has no {name!r}: did you mean {verb}? (line " in verdict_on(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("receive", "the engine has handed it out already, and data is what is in it"),
        ("fetch", "the engine has handed it out already, and data is what is in it"),
        ("publish", "publish(topic, data, id=…) is a function of its own"),
        ("amount", "write data['amount']"),
        ("headers", "it has id, data, key, attempt, deadline, ack(), nack(), extend()"),
    ],
)
def test_where_no_name_is_meant_a_sentence_says_what_there_is(name: str, words: str) -> None:
    assert f"a delivery has no {name!r}: {words} (line " in verdict_on(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("read", "a store has no 'read': did you mean get()?"),
        ("set", "a store has no 'set': did you mean put()?"),
        ("incr", "a store has no 'incr': did you mean add()?"),
        ("trasaction", "a store has no 'trasaction': did you mean transaction()?"),
    ],
)
def test_a_store_is_asked_by_another_librarys_name(name: str, words: str) -> None:
    assert said_of(World().store("db"), name) == words


def test_a_transaction_commits_by_itself() -> None:
    assert "commits where its `async with` ends" in said_of(
        World().store("db").transaction(), "commit"
    )


def test_a_worker_and_an_engine_are_asked_by_another_librarys_name() -> None:
    engine = connect("memory://")
    engine.topic("orders")
    worker = engine.subscribe("orders", "billing")
    for name in ("receive", "fetch", "poll"):
        assert said_of(worker, name) == f"a worker has no {name!r}: did you mean pull()?"
    assert said_of(engine, "send") == "an engine has no 'send': did you mean publish()?"
    assert "ack() of the delivery" in said_of(engine, "acknowledge")
    assert "ack() or nack() of the delivery" in said_of(worker, "commit")


def test_every_name_that_is_meant_is_there() -> None:
    """And none of those that stand for another is a name of its own."""
    engine = connect("memory://")
    engine.topic("orders")
    engine.publish("orders", "tea")
    worker = engine.subscribe("orders", "billing", start="earliest")
    (delivery,) = worker.pull()
    store = World().store("db")
    for owner in (engine, worker, delivery, delivery.event, store, store.transaction()):
        known = verbs._known(type(owner))
        assert known is not None
        assert [name for name in known.has if not hasattr(owner, name.rstrip("()"))] == []
        assert [name for name in known.others if hasattr(owner, name)] == []


def test_a_line_of_a_log_is_a_dict() -> None:
    def oracle(rows: Any, trace: Any) -> str | None:
        return "lost" if rows.log else None

    verdict = QUESTIONS["12", "audit"].verdict(oracle, "12")
    assert "AttributeError: a dict has no 'log': write ['log'] (line " in verdict.text


def test_what_is_not_the_kits_is_left_to_python() -> None:
    others: list[Any] = [3, "tea", [], Store, Event, {"a": 1}]
    for owner in others:
        assert said_of(owner, "acknowledge") == ""
    assert verbs.meant(KeyError("a")) == ""
    with pytest.raises(AttributeError) as caught:
        (3).bit_lenght  # type: ignore[attr-defined]  # noqa: B018
    assert "did you mean 'bit_length'?" in told(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (MisspellsTheAmount, "KeyError: 'amuont' (line "),
        (NamesTheAckOnly, "TypeError: object method can't be used in 'await' expression (line "),
        (GivesAnIdByPosition, "TypeError: publish() takes from 1 to 2 positional arguments"),
    ],
)
def test_an_error_of_ones_own_is_told_before_what_follows_from_it(answer: Any, words: str) -> None:
    """Only the order without an amount, and an attempt that is None, say more in other words."""
    verdict = QUESTIONS["12", "port"].verdict(answer, "12")
    assert verdict.belief == "raises"
    assert f"Your code raised {words}" in verdict.text
