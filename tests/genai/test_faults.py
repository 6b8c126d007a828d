"""Each mistake of the lesson is found, by its reason; the pipeline's own decisions hold."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.genai import faults
from pubsub_kit.genai.faults import MISTAKES, broken, drawn, right

BELIEFS = {
    "an old version lands last": "last writer wins",
    "a deleted document returns": "deleted returns",
    "half a document": "a gap",
    "two versions at once": "two versions",
    "a document indexed twice": "indexed twice",
    "a text paid for twice": "embedded again",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_shows_in_one_fault_at_most(name: str) -> None:
    found = broken(name)
    assert found.violation is not None
    assert found.violation.belief == BELIEFS[name]
    assert sum(step.fault for step in found.trace if step.kind != "end") <= 1


@pytest.mark.parametrize("traffic", [faults.edited, faults.deleted])
def test_the_pipelines_own_decisions_hold(traffic: Any) -> None:
    found = right(traffic)
    assert (found.outcome, found.complete) == ("holds", 1)
    assert all(found.fired.values())


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_drawn_up_to_what_is_wrong_with_few_steps(name: str) -> None:
    picture = drawn(broken(name), name)
    assert name in picture.text
    assert "✗" in picture.text
    assert "{" not in picture.text  # no row as it is stored
    assert "changes-" not in picture.text


@pytest.mark.parametrize("name", ["", "half", None, [], 3])
def test_an_unknown_mistake_is_one_sentence(name: Any) -> None:
    with pytest.raises(PubSubKitError, match=r"there is no mistake .*: there are 'an old version"):
        broken(name)
