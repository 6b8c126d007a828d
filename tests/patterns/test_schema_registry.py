"""A registry refuses a schema exactly if some reader could not read some writer's data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from pubsub_kit.patterns.schema_registry import (
    MODES,
    Incompatible,
    Registry,
    Schema,
    obstacles,
    read,
)

VALUES: dict[str, list[Any]] = {"int": [7], "int?": [7, None], "text": [""], "text?": ["", None]}
FIELDS: list[dict[str, Any] | None] = [
    None,
    *({"type": kind} for kind in VALUES),
    {"type": "int", "default": 0},
    {"type": "text?", "default": None},
]


def schemas() -> list[Schema]:
    """Every schema of one field or none beside the id, open and closed."""
    known = {"id": {"type": "text"}}
    return [
        {"fields": known | ({"x": field} if field else {}), "open": is_open}
        for field, is_open in product(FIELDS, (False, True))
    ]


def allowed(schema: Schema) -> Iterator[dict[str, Any]]:
    """Yield all that may be written under a schema, as far as the name x goes."""
    known = schema["fields"].get("x")
    yield from ({"id": "o-1", "x": x} for x in VALUES[known["type"]]) if known else [{"id": "o-1"}]
    if schema["open"] and "x" not in schema["fields"]:
        yield from ({"id": "o-1", "x": x} for x in (7, "", None))


def can_read(reader: Schema, data: dict[str, Any]) -> bool:
    try:
        read(reader, data)
    except Incompatible:
        return False
    return True


@pytest.mark.parametrize("reader", schemas(), ids=str)
def test_there_is_an_obstacle_if_and_only_if_some_data_cannot_be_read(reader: Schema) -> None:
    for writer in schemas():
        readable = all(can_read(reader, data) for data in allowed(writer))
        assert (not [*obstacles(reader, writer)]) == readable, writer


GIFT = {"type": "text", "default": ""}
V1, V2, V3 = (
    {"fields": {"id": {"type": "text"}, **more}}
    for more in ({}, {"gift": GIFT}, {"gift": {"type": "text"}})
)


def accepted(mode: str, *versions: Schema) -> int:
    registry = Registry(mode)
    for version in versions:
        try:
            registry.register(version)
        except Incompatible:
            break
    return len(registry.versions)


@pytest.mark.parametrize(
    ("mode", "count"),
    [("NONE", 3), ("BACKWARD", 3), ("BACKWARD_TRANSITIVE", 2), ("FORWARD", 3),
     ("FORWARD_TRANSITIVE", 3), ("FULL", 3), ("FULL_TRANSITIVE", 2)],
)  # fmt: skip
def test_a_default_that_is_dropped_is_seen_by_those_that_look_at_all_versions(
    mode: str, count: int
) -> None:
    assert accepted(mode, V1, V2, V3) == count


def test_a_required_field_is_deleted_only_backward_and_added_only_forward() -> None:
    assert {mode for mode in MODES if accepted(mode, V3, V1) == 2} == {
        "NONE", "BACKWARD", "BACKWARD_TRANSITIVE",
    }  # fmt: skip
    assert {mode for mode in MODES if accepted(mode, V1, V3) == 2} == {
        "NONE", "FORWARD", "FORWARD_TRANSITIVE",
    }  # fmt: skip


def test_a_refusal_says_who_cannot_read_whom_and_why() -> None:
    registry = Registry("FULL")
    registry.register(V1)
    words = "^FULL: new reads old, version 1: the reader needs 'gift', which the writer lacks$"
    with pytest.raises(Incompatible, match=words):
        registry.register(V3)
    assert registry.versions == [V1]


def test_a_sample_sees_only_what_is_typical() -> None:
    nullable, strict = ({"fields": {"n": {"type": kind}}} for kind in ("int?", "int"))
    registry = Registry("BACKWARD", sample=True)
    assert [registry.register(nullable), registry.register(strict)] == [1, 2]
    assert [*obstacles(strict, nullable)] == ["'n' may be int?, and the reader takes int"]
