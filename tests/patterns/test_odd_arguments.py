"""Whatever a pattern is given that it can't take: one sentence, and nothing is half done."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pubsub_kit import World
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.patterns import History
from pubsub_kit.patterns.crypto_shredding import key_of, seal, unseal
from pubsub_kit.patterns.schema_registry import Registry, read
from pubsub_kit.world.event_store import EventStore

ODD: list[Any] = [3, math.nan, "x", b"x", [None], {"fields": 3}, {"fields": {"a": None}}, object()]
FIELDS = {"fields": {"a": {"type": "int"}}}


@pytest.mark.parametrize("odd", [None, *ODD], ids=lambda odd: type(odd).__name__)
def test_a_registry_refuses_what_is_no_schema_and_keeps_its_versions(odd: Any) -> None:
    registry = Registry()
    registry.register(FIELDS)
    for call in (
        registry.register,
        Registry,
        lambda odd: read(odd, {}),
        lambda odd: read(FIELDS, odd),
    ):
        with pytest.raises(PubSubKitError):
            call(odd)
    assert registry.versions == [FIELDS]


@pytest.mark.parametrize("odd", [None, *ODD], ids=lambda odd: type(odd).__name__)
def test_what_is_no_key_no_id_and_no_seal_is_told(odd: Any) -> None:
    key = key_of("c-1")
    with pytest.raises(PubSubKitError):
        seal(odd, "o-1", {})
    with pytest.raises(PubSubKitError):
        unseal(key, "o-1", odd)
    if not isinstance(odd, str):
        with pytest.raises(PubSubKitError):
            seal(key, odd, {})


@pytest.mark.parametrize(
    "data", [None, 3, {"a": math.nan}, {"a": object()}], ids=lambda odd: type(odd).__name__
)
def test_data_that_is_no_json_is_not_sealed(data: Any) -> None:
    with pytest.raises(PubSubKitError):
        seal(key_of("c-1"), "o-1", data)


@pytest.mark.parametrize("odd", [None, *ODD], ids=lambda odd: type(odd).__name__)
def test_a_history_stays_where_it_is(odd: Any) -> None:
    history = History(0)
    for call in (history.do, history.go):
        with pytest.raises(PubSubKitError):
            call(odd)
    assert (history.here, len(history.nodes)) == (0, 1)


@pytest.mark.parametrize(
    "odd", [3, math.nan, b"x", [None], {"a": 1}, object()], ids=lambda odd: type(odd).__name__
)
def test_a_topic_that_names_no_publishers_is_not_made(odd: Any) -> None:
    world = World()
    with pytest.raises(PubSubKitError, match="take names"):
        world.topic("orders", subscribers=odd)
    world.topic("orders", subscribers=["billing"])


@pytest.mark.parametrize("odd", [None, 3, "x", [1], {"ann": 3}, {"ann": "x"}], ids=repr)
def test_an_event_store_takes_lists_of_events_by_stream(odd: Any) -> None:
    with pytest.raises(PubSubKitError, match="lists of events by stream"):
        EventStore(World(), odd)
