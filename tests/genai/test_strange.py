"""Whatever the functions of lesson 13 are given, they take it or refuse it in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.genai import corpus, faults, models, shown
from pubsub_kit.genai.agent import RuleBasedAgent
from pubsub_kit.genai.deploy.files import manifest
from pubsub_kit.genai.deploy.validation import validate
from pubsub_kit.genai.feedback import Feedback
from pubsub_kit.genai.service import (
    Served,
    Services,
    band,
    client,
    documents_app,
    latencies,
    signup_app,
    wait_until_drained,
)

STRANGE = [None, 3, -1, "", [], [3], {}, {3: 3}, "x", 3.5, float("nan"), object(), b"x", "http://"]
CALLS: dict[str, Callable[[Any], Any]] = {
    "latencies": latencies,
    "latencies n": lambda given: latencies("http://127.0.0.1:1", given),
    "wait_until_drained": wait_until_drained,
    "band": band,
    "signup_app": signup_app,
    "documents_app": documents_app,
    "client": client,
    "Served": lambda given: Served(given).stop(),
    "Services": Services,
    "take_down": lambda given: Services().take_down(given),
    "manifest": manifest,
    "its kind": lambda given: manifest("indexer", given),
    "validate": validate,
    "bar": lambda given: shown.bar(given, given),
    "chain": lambda given: shown.chain(given, "x"),
    "its word": lambda given: shown.chain([], given),
    "drawn": lambda given: faults.drawn(given, "title"),
    "broken": faults.broken,
    "right": faults.right,
    "paragraphs": corpus.paragraphs,
    "hits": corpus.hits,
    "model": models.model,
    "Feedback.of": Feedback.of,
    "RuleBasedAgent": lambda given: RuleBasedAgent(given, given),
}


def refusal(call: Callable[[Any], Any], given: Any) -> str | None:
    """Return what a call is refused with, None if it is taken."""
    try:
        call(given)
    except PubSubKitError as error:
        return str(error)
    return None


@pytest.mark.parametrize("given", STRANGE, ids=lambda it: type(it).__name__)
@pytest.mark.parametrize("name", CALLS)
def test_what_is_strange_is_taken_or_refused_in_one_sentence(name: str, given: Any) -> None:
    said = refusal(CALLS[name], given)
    assert said is None or (len(said.splitlines()) == 1 and len(said) > 20)


@pytest.mark.parametrize("ask", [latencies, wait_until_drained])
def test_a_server_that_is_not_there_is_one_sentence(ask: Callable[[str], Any]) -> None:
    with pytest.raises(PubSubKitError, match=r"127\.0\.0\.1:1.* does not answer .*being served"):
        ask("http://127.0.0.1:1")
