"""What is asked of exercise 03's endpoint: keys, requests, and the answers that they wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

KEYS = {"k-1": 10, "k-2": 10, "k-3": 10}  # what each key stands for


class Ask(NamedTuple):
    """One request that a client insists on: its key, its amount, and the answer it waits for."""

    words: str
    key: str
    amount: int
    answer: str


TWICE = {
    "first": Ask("The first request under k-1", "k-1", 10, "ok"),
    "twin": Ask("The same request under k-1, sent at the same time,", "k-1", 10, "ok"),
}
OTHERS = {
    "second": Ask("The request under k-2", "k-2", 10, "ok"),
    "third": Ask("The request under k-3", "k-3", 10, "ok"),
}
NOW = TWICE | OTHERS
LATER = {
    "again": Ask("The repeat under k-1, after the restart,", "k-1", 10, "ok"),
    "more": Ask("The request for 99 under k-1", "k-1", 99, "conflict"),
    "less": Ask("The request for 5 under k-1", "k-1", 5, "conflict"),
    "once more": Ask("The first request under k-1, sent again after the others,", "k-1", 10, "ok"),
    "another": Ask("The request for 99 under k-2, after the restart,", "k-2", 99, "conflict"),
}


class Heard(NamedTuple):
    """The answer to a request, the step at which it came, and whether there was one at all."""

    answer: Any
    step: int
    answered: bool = True


def request_of(lease: Any) -> tuple[Any, Any]:
    """Return the key and the amount of a request in hand."""
    payload = getattr(lease, "payload", None)
    return (payload["key"], payload["amount"]) if isinstance(payload, Mapping) else (None, None)
