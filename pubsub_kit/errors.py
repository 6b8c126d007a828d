"""The root of every error that the kit raises on purpose.

Catch `PubSubKitError` and you catch them all. Each module derives its own kinds from it, next to
the code that raises them.
"""

from __future__ import annotations


class PubSubKitError(Exception):
    """You gave the kit something it can't use; the message says what, and what to do."""


def said(error: BaseException) -> str:
    """Return what an error says of itself; its class's name if it says nothing, or cannot."""
    try:
        return str(error).strip() or type(error).__name__
    except BaseException:  # a learner's own __str__ may raise anything
        return type(error).__name__
