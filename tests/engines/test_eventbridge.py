"""EventBridge, by ministack: what is special to it, and what goes wrong in which words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pubsub_kit.engines import EngineError, NotSupported, Unreachable, connect
from pubsub_kit.engines.servers.aws import Aws
from tests.engines.ministack import client, connected, emulator, fresh


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with emulator() as running:
        yield running


@pytest.fixture
def engine(server: Aws) -> Iterator[Any]:
    with connected(server, "eventbridge") as connection:
        yield connection


def test_what_no_rule_matches_is_dropped_without_a_word(engine: Any) -> None:
    name = fresh("orders")
    assert engine.publish(name, "lost") is None
    worker = engine.subscribe(name, "billing")
    engine.publish(name, "tea")
    assert [lent.data for lent in worker.pull(2)] == ["tea"]


def test_each_bus_is_apart_from_the_others(server: Aws, engine: Any) -> None:
    with connected(server, "eventbridge", "?bus=shop.eu") as shop:
        shop.topic("orders")
        there, here = shop.subscribe("orders", "billing"), engine.subscribe("orders", "billing")
        shop.publish("orders", "tea")
        assert (here.pull(), [lent.data for lent in there.pull()]) == ([], ["tea"])


def test_a_bus_that_is_not_there_is_named(server: Aws) -> None:
    with connected(server, "eventbridge", "?bus=none") as engine:
        for verb, argument in (engine.publish, 1), (engine.subscribe, "billing"):
            with pytest.raises(EngineError, match=r"no bus 'none': engine.topic\('orders'\) makes"):
                verb("orders", argument)


def test_there_is_no_order_and_no_log(engine: Any) -> None:
    with pytest.raises(NotSupported, match=r"EventBridge has no order: .*SNS FIFO topic"):
        engine.subscribe("orders", "sorted", ordered=True)
    with pytest.raises(NotSupported, match="EventBridge has no late subscriber"):
        engine.subscribe("orders", "late", start="earliest")
    with pytest.raises(NotSupported, match="EventBridge has no replay: an archive of the bus"):
        engine.subscribe("orders", "billing").replay("earliest")


def test_a_rule_with_too_long_a_name_is_refused_before_anything_is_made(engine: Any) -> None:
    with pytest.raises(EngineError, match="rules of up to 64 characters"):
        engine.subscribe("a" * 60, "billing")
    assert engine.found("default_2F" + "a" * 60 + "_2Fbilling") is None


def test_dead_letters_have_a_queue_that_the_bus_feeds_too(engine: Any) -> None:
    name = fresh("orders")
    worker = engine.subscribe(name, "billing", max_deliveries=1)
    engine.publish(name, "poison", id="o-1")
    assert [lent.nack() for lent in worker.pull()] == [True]
    assert worker.pull() == []
    clerk = engine.subscribe(f"{name}.dead", "clerk", start="earliest")
    engine.publish(f"{name}.dead", "by hand")
    assert [lent.data for lent in clerk.pull(2)] == ["poison", "by hand"]


def test_the_queue_holds_the_event_alone_which_the_sdk_reads(server: Aws, engine: Any) -> None:
    name = fresh("orders")
    worker = engine.subscribe(name, "billing")
    engine.publish(name, {"total": 42.5, "item": "té\u0000"}, key="ann", id="o-1")
    with client(server, "sqs") as sqs:
        (message,) = sqs.receive_message(QueueUrl=worker.queue.url)["Messages"]
    read: Any = JSONFormat().read(CloudEvent, message["Body"])
    assert (read.get_id(), read.get_data()) == ("o-1", {"total": 42.5, "item": "té\u0000"})
    assert read.get_extension("partitionkey") == "ann"


def test_an_event_that_is_no_cloudevent_is_delivered(server: Aws, engine: Any) -> None:
    name = fresh("orders")
    worker = engine.subscribe(name, "billing")
    with client(server, "events") as events:
        entry = {"Source": "shop", "DetailType": name, "Detail": json.dumps({"total": 42})}
        events.put_events(Entries=[entry])
    (lent,) = worker.pull()
    assert (lent.data, lent.event.source) == ({"total": 42}, f"not-cloudevents:{name}")


def test_what_it_refuses_of_a_batch_is_told(engine: Any) -> None:
    """Names of sources that begin with aws. are AWS's own."""
    with pytest.raises(EngineError, match="EventBridge refused 1 of a batch, the first one with"):
        engine.publish(fresh("orders"), 1, source="aws.shop")


def test_an_event_over_256_kib_is_refused(engine: Any) -> None:
    with pytest.raises(EngineError, match="EventBridge takes messages of up to 262,144 bytes"):
        engine.publish("orders", "x" * 262_144)


def test_nobody_at_the_address_is_one_sentence() -> None:
    with pytest.raises(Unreachable, match=r"EventBridge at eventbridge://127.0.0.1:9 does not"):
        connect("eventbridge://127.0.0.1:9")
