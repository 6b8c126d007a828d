"""What lesson 12 shows of the trials, and what it says of rows and engines that there are not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.engines.shown import shelf
from pubsub_kit.engines.shown.lesson import (
    NotRecorded,
    answers,
    contract,
    lost_leader,
    tour,
    two_hashes,
    versions,
    words,
)

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


NO_NAMES: list[Any] = [None, [], {}, {1}, 3.5, "", "nope", b"ack", ("ack",), ...]
ASKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "words of an engine": (lambda name: words(name, "ack"), "Nothing is recorded of"),
    "words of a row": (lambda name: words("redis", name), "The contract has no row"),
    "contract": (lambda name: contract("ack", name), "The contract has no row"),
    "contract of an engine": (lambda name: contract("ack", only=(name,)), "Nothing is recorded of"),
    "answers": (lambda name: answers(name), "There is no case"),
    "versions": (lambda name: versions("redis", name), "Nothing is recorded of"),
}


@pytest.mark.parametrize("name", NO_NAMES, ids=repr)
@pytest.mark.parametrize(("ask", "says"), ASKS.values(), ids=ASKS)
def test_what_is_no_name_gets_a_sentence(ask: Callable[[Any], Any], says: str, name: Any) -> None:
    with pytest.raises(NotRecorded, match=re.escape(f"{says} {name!r}: ")) as caught:
        ask(name)
    assert str(caught.value).count("\n") == 0
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("only", [None, {}, 3.5, "", "redis", {"redis"}], ids=repr)
def test_only_takes_several_names(only: Any) -> None:
    with pytest.raises(NotRecorded, match=r"only takes names of engines, as \('kafka', 'redis'\)"):
        contract("ack", only=only)


@pytest.mark.parametrize("real", [None, [], "", 1, "yes"], ids=repr)
def test_real_is_true_or_false(real: Any) -> None:
    with pytest.raises(NotRecorded, match="real is True or False, not "):
        contract("ack", real=real)


@pytest.mark.parametrize(
    ("ask", "meant"),
    [
        (lambda: words("Redis", "ack"), "redis"),
        (lambda: words("rabitmq", "ack"), "rabbitmq"),
        (lambda: contract("late acks"), "late ack"),
        (lambda: answers("adds each time, dies before ack"), "adds each time, dies before the ack"),
    ],
    ids=["an engine", "another engine", "a row", "a case"],
)
def test_a_misspelt_name_hears_which_one_was_meant(ask: Callable[[], Any], meant: str) -> None:
    with pytest.raises(NotRecorded, match=f"did you mean '{meant}'?"):
        ask()


@pytest.mark.parametrize("ask", [lost_leader, two_hashes])
def test_what_nobody_has_recorded_gets_a_sentence(
    ask: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SHELF", tmp_path / "lesson.json")
    with pytest.raises(NotRecorded, match=r"pubsub_kit\.engines\.shown lesson"):
        ask()


@pytest.mark.parametrize("text", ["", "{", "[]", "3.5", "null"])
@pytest.mark.parametrize("ask", [lost_leader, two_hashes, tour])
def test_a_shelf_that_makes_no_sense_gets_a_sentence(
    ask: Callable[[], Any], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SHELF", tmp_path / "lesson.json")
    shelf.SHELF.write_text(text)
    with pytest.raises(shelf.Unreadable, match=r"makes no sense .*: get it back with git checkout"):
        ask()


def test_no_ack_is_late_where_nothing_is_lent() -> None:
    assert contract("late ack")["a late ack is refused"]["Rabbit MQ"] == "–"
    assert contract("slow worker")["a slow worker loses its lease"]["Rabbit MQ"] == "✗"


def test_emulators_are_named_as_such() -> None:
    assert "emulators: ministack (SNS, SQS, EventBridge)" in versions()
    assert "emulators" not in versions("kafka")
