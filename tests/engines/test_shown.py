"""What lesson 12 shows of the trials, and what it says of rows and engines that there are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.engines.shown.lesson import NotRecorded, answers, contract, versions, words

EMBEDDED = True  # no server is needed


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: contract("nope"), "has no row 'nope'"),
        (lambda: words("redis", "nope"), "has no row 'nope'"),
        (lambda: words("nope", "ack"), "Nothing is recorded of 'nope'"),
        (lambda: versions("nope"), "Nothing is recorded of 'nope'"),
        (lambda: answers("nope"), "There is no case 'nope'"),
    ],
    ids=["a row", "words of a row", "words of an engine", "versions", "answers"],
)
def test_what_was_not_recorded_gets_a_sentence(ask: Callable[[], Any], says: str) -> None:
    with pytest.raises(NotRecorded, match=says):
        ask()


def test_no_ack_is_late_where_nothing_is_lent() -> None:
    assert contract("late ack")["a late ack is refused"]["Rabbit MQ"] == "–"
    assert contract("slow worker")["a slow worker loses its lease"]["Rabbit MQ"] == "✗"


def test_emulators_are_named_as_such() -> None:
    assert "emulators: ministack (SNS, SQS, EventBridge)" in versions()
    assert "emulators" not in versions("kafka")
