"""A design is data: it is checked when it is made, and it survives being written down."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.designs.components import (
    KINDS,
    Cache,
    DesignError,
    Group,
    Scheduler,
    Service,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design, from_json
from pubsub_kit.designs.drawn import drawn
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.payment_ledger.problem import PROBLEM, propose

ODD: list[Any] = [
    None,
    -1,
    0,
    1.5,
    math.nan,
    math.inf,
    True,
    "",
    " ",
    "x" * 99,
    [],
    {},
    b"x",
    10**9,
]
NAMES = [f"odd-{number}" for number in range(len(ODD))]


@pytest.mark.parametrize("odd", ODD, ids=NAMES)
def test_a_part_with_an_impossible_number_is_refused(odd: Any) -> None:
    for make in (
        lambda: Service("api", ("accept",), workers=odd) if odd is not None else Service("", ()),
        lambda: Topic("t", partitions=odd),
        lambda: Group("g", "t", ("pay",), workers=odd),
        lambda: Store("db", ("keys",), nodes=odd),
        lambda: Wire("a", "b", retries=odd) if odd != 0 or odd is False else Wire("", ""),
    ):
        with pytest.raises(DesignError):
            make()


@pytest.mark.parametrize("odd", [None, -1, 0, math.nan, math.inf, True, "5", []], ids=str)
def test_seconds_are_a_number_above_0(odd: Any) -> None:
    for make in (
        lambda: Group("g", "t", ("pay",), lease=odd),
        lambda: Cache("c", ("keys",), keeps=odd),
        lambda: Scheduler("s", ("reconcile",), every=odd),
    ):
        with pytest.raises(DesignError, match="seconds above 0"):
            make()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("odd", [None, 3, "", "\n", "x" * 41, b"api", ["api"]], ids=str)
def test_a_name_is_a_short_text(kind: Any, odd: Any) -> None:
    rest: tuple[Any, ...] = () if kind is Topic else (("keys",),)
    rest = ("t", ("pay",)) if kind is Group else rest
    with pytest.raises(DesignError):
        kind(odd, *rest)


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(DesignError, match="two components are called 'api'"):
        Design("d", (Service("api", ("a",)), Topic("api")))


def test_a_wire_to_nowhere_names_the_nearest_part() -> None:
    parts = (Service("api", ("accept",)), Topic("payments"))
    with pytest.raises(DesignError, match="did you mean 'payments'"):
        Design("d", parts, (Wire("api", "payment"),))


def test_a_group_without_its_topic_is_refused() -> None:
    with pytest.raises(DesignError, match="reads the topic 'orders'"):
        Design("d", (Group("g", "orders", ("pay",)),))


@pytest.mark.parametrize("odd", [None, 3, "api", [None], ["api"], {"api": 1}], ids=str)
def test_components_are_a_tuple_of_parts(odd: Any) -> None:
    with pytest.raises(DesignError):
        Design("d", odd)


def test_a_part_is_changed_by_name() -> None:
    design = propose({}).but("db", nodes=3)
    store = design.holder("keys")
    assert isinstance(store, Store)
    assert store.nodes == 3
    with pytest.raises(DesignError, match="did you mean 'nodes'"):
        design.but("db", node=3)
    with pytest.raises(DesignError, match="no component 'dbb': did you mean 'db'"):
        design.but("dbb", nodes=3)


@pytest.mark.parametrize("path", ["sync", "queued"])
@pytest.mark.parametrize("kept", ["same-transaction", "cache", "replica", "store of its own"])
def test_a_design_survives_being_written_down(path: str, kept: str) -> None:
    design = propose({"path": path, "key-place": kept, "unknown": "failed"})
    assert from_json(design.to_json()) == design


@given(st.one_of(st.text(), st.just("{}"), st.just("[1]"), st.just('{"name": "d"}'), st.none()))
def test_what_is_no_design_is_said(text: Any) -> None:
    with pytest.raises(PubSubKitError):
        from_json(text)


def test_a_design_of_deep_json_is_refused() -> None:
    with pytest.raises(DesignError):
        from_json("[" * 100_000)


def test_a_box_diagram_names_every_part_and_every_wire() -> None:
    said = drawn(propose({})).text
    for part in ("api", "payments", "payer", "processor", "reconciler", "db"):
        assert part in said
    assert "payments → payer" in said
    assert "payer → processor" in said


class Sour:
    """A value that can neither be shown, nor compared, nor asked whether it is true."""

    def __repr__(self) -> str:
        raise ValueError("no")

    def __eq__(self, other: object) -> bool:
        raise ValueError("no")

    def __hash__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        raise ValueError("no")


LOOP: list[Any] = []
LOOP.append(LOOP)
HOSTILE: list[Any] = [Sour(), np.array([1, 2]), 10**400, -(10**400), LOOP, {1}, "x" * 3_000_000]
HOSTILE_NAMES = ["sour", "array", "huge", "hugely negative", "loop", "set", "long"]


@pytest.mark.parametrize("odd", HOSTILE, ids=HOSTILE_NAMES)
@pytest.mark.parametrize(
    "make",
    [
        lambda odd: Topic("t", key=odd),
        lambda odd: Group("g", "t", ("pay",), semantics=odd),
        lambda odd: Group("g", "t", ("pay",), lease=odd),
        lambda odd: Store("db", ("keys",), lag=odd),
        lambda odd: propose({}).part(odd),
        lambda odd: propose({}).but(odd, workers=1),
        lambda odd: PROBLEM.check(propose({}).deciding(unknown=odd)),
        lambda odd: propose(odd),
        lambda odd: propose({"unknown": odd, "path": odd}),
    ],
    ids="key semantics lease lag part but decision decisions option".split(),  # noqa: SIM905
)
def test_whatever_is_handed_in_gets_one_short_sentence(make: Any, odd: Any) -> None:
    with pytest.raises(DesignError) as refused:
        make(odd)
    assert len(str(refused.value)) < 600


def test_a_decision_that_json_cannot_hold_is_said() -> None:
    with pytest.raises(DesignError, match="can't be written as JSON"):
        propose({}).deciding(unknown=LOOP).to_json()
    assert "Sour" in propose({}).deciding(unknown=Sour()).to_json()


def test_a_misspelt_box_is_refused_and_not_taken_for_the_other_one() -> None:
    with pytest.raises(DesignError, match="'path' is one of 'queued', 'sync', not 'synk'"):
        propose({"path": "synk"})
