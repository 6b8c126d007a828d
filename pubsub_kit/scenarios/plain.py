"""Values and messages from a learner's code, made safe to show: on one line, plain and short."""

from __future__ import annotations

import math
from typing import Any

from pubsub_kit.world.trace import Step

_LONG, _MANY, _SENTENCE = 80, 20, 280


def short(message: str) -> str:
    """Return a message on one line, cut if it is long, since it may quote a learner's values."""
    line = " ".join(message[: 2 * _SENTENCE].split())
    return line if len(line) <= _SENTENCE else f"{line[:_SENTENCE]}…"


def moment(step: Step) -> str:
    """Return when a step happened, as a message says it: "1.05 s", or "6 days"."""
    days = step.time / 86_400
    return f"{days:g} days" if days >= 1 else f"{round(step.time, 3):g} s"


def plain(value: Any, depth: int = 3) -> Any:
    """Return a value that any picture can print: a number, a short text or a small collection."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) in (int, float):
        return value if abs(value) < 1e15 and math.isfinite(value) else _words(value)
    if type(value) is str:
        return value[:_LONG]
    if depth and type(value) is dict:
        items = list(value.items())[:_MANY]
        return {str(plain(k, 0)): plain(v, depth - 1) for k, v in items}
    if depth and type(value) in (list, tuple):
        return [plain(part, depth - 1) for part in value[:_MANY]]
    return _words(value)


def shown(value: Any, most: int = _LONG) -> str:
    """Return a value as Python writes it, cut if it is long; "this Order" if that cannot be."""
    if type(value) is str:
        return repr(value[:most])
    try:
        return repr(value)[:most]
    except Exception:  # of too many digits, or of a kind that refuses to be shown
        return f"this {type(value).__name__}"


def _words(value: Any) -> str:
    try:
        return repr(value)[:_LONG]
    except Exception:
        return f"a {type(value).__name__}"
