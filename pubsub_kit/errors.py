"""The root of every error that the kit raises on purpose.

Catch `PubSubKitError` and you catch them all. Each module derives its own kinds from it, next to
the code that raises them.
"""

from __future__ import annotations

from reprlib import Repr
from typing import Any


class PubSubKitError(Exception):
    """You gave the kit something it can't use; the message says what, and what to do."""


def said(error: BaseException) -> str:
    """Return what an error says of itself; its class's name if it says nothing, or cannot."""
    try:
        return str(error).strip() or type(error).__name__
    except BaseException:  # a learner's own __str__ may raise anything
        return type(error).__name__


class _Brief(Repr):
    """A repr for sentences: one line, short, and there even if a value's own repr raises."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 100

    def repr1(self, value: Any, level: int) -> str:
        try:
            return " ".join(super().repr1(value, level).split("\n"))
        except Exception:  # a number of too many digits, or a class that lies about itself
            return f"<{type(value).__name__} object>"


#: Return a value as a sentence shows it.
brief = _Brief().repr
