"""Whatever a picture is given that it can't draw: one sentence, and no other error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit import World, show
from pubsub_kit.show import PictureError

TRACE = World().run()
ODD: list[Any] = [None, 3, -1, math.nan, "x", b"x", {"a": None}, object(), [None], 10**400, True]
ROOT = (None, "", 0)
#: A call for each argument, and those of the odd values that it may well take.
CALLS: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...]]] = {
    "compare_runs": (lambda odd: show.compare_runs(TRACE, odd), ()),
    "labels": (lambda odd: show.compare_runs(TRACE, TRACE, labels=odd), ()),
    "captions": (lambda odd: show.compare_runs(TRACE, TRACE, captions=odd), ()),
    "also": (lambda odd: show.compare_runs(TRACE, TRACE, also=odd), (None,)),
    "nodes": (lambda odd: show.compare_runs(TRACE, TRACE, nodes=odd), (None,)),
    "until": (lambda odd: show.compare_runs(TRACE, TRACE, until=odd), (None, 3, -1, 10**400)),
    "limit": (lambda odd: show.compare_runs(TRACE, TRACE, limit=odd), (3, 10**400)),
    "trace's limit": (lambda odd: show.trace(TRACE, limit=odd), (3, 10**400)),
    "trace's nodes": (lambda odd: show.trace(TRACE, nodes=odd), (None,)),
    "segments": (show.segments, ()),
    "replicas": (show.replicas, ()),
    "waterfall": (show.waterfall, ()),
    "branches": (show.branches, ()),
    "here": (lambda odd: show.branches([ROOT], here=odd), (None,)),
    "travel": (lambda odd: show.travel(odd, 0, ["+1"]), ()),
    "buttons": (lambda odd: show.travel(lambda state, event: state, 0, odd), ()),
    "grid": (show.grid, ()),
    "engines": (show.engines, ()),
    "arena": (lambda odd: show.arena((0, 0), odd, (0, 9)), ()),
    "radius": (lambda odd: show.arena((0, 0), (1, 9), (0, 9), radius=odd), (3, -1)),
}


@pytest.mark.parametrize(
    ("call", "odd"),
    [
        pytest.param(call, odd, id=f"{name}-{type(odd).__name__}-{n}")
        for name, (call, fine) in CALLS.items()
        for n, odd in enumerate(ODD)
        if not any(odd is each or (type(odd), odd) == (type(each), each) for each in fine)
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(
    call: Callable[[Any], Any], odd: Any
) -> None:
    with pytest.raises(PictureError) as refused:
        call(odd)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250
