"""A place to review in, with a clock that only moves when it is told to."""

from __future__ import annotations

from pathlib import Path

from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import Card
from pubsub_kit.interviews.cards.families.forms import Choice, Said
from pubsub_kit.interviews.cards.session import Told, Turn

NOON = 1_790_000_000.0  # in September 2026


class Watch:
    """A clock that stands still until somebody moves it."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += seconds


def book(root: Path, watch: Watch | None = None) -> Book:
    """Return a book that is kept below `root`."""
    return Book(root, watch or Watch(), make=True)


def right(turn: Turn) -> Told:
    """Answer a turn right."""
    form = turn.problem.form
    if isinstance(form, Said):
        return turn.answer("y")
    return turn.answer("abcd"[form.index] if isinstance(form, Choice) else form.right)


def wrong(turn: Turn) -> Told:
    """Answer a turn wrong."""
    form = turn.problem.form
    if isinstance(form, Said):
        return turn.answer("n")
    if isinstance(form, Choice):
        return turn.answer("abcd"[(form.index + 1) % len(form.options)])
    return turn.answer("987654321")


def only(cards: tuple[Card, ...], *ids: str) -> list[Card]:
    """Return the cards with these ids."""
    found = [card for card in cards if card.id in ids]
    assert len(found) == len(ids)
    return found
