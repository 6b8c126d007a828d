"""What can go wrong in any question: its explanation and hints; and values made fit to be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: Why what is named so fails, unless a question says it better.
LESSONS: Mapping[str, str] = {
    "hidden state": "A check runs your code thousands of times, and each crash or restart begins "
    "with an empty memory. What may be forgotten belongs into self, what may not into a store.",
    "never ends": "A loop of tries needs an end.",
    "waits for ever": "A call without a timeout waits for a reply that may have been lost.",
    "no await": "In Python, calling a coroutine only makes it; await runs it.",
}

#: What helps then, by degrees.
HINTS: Mapping[str, Sequence[str]] = {
    "hidden state": ["Set it in __init__, as self.… = …, and give check() the class itself."],
    "never ends": ["What ends the loop if nothing ever goes well?"],
    "waits for ever": ["Give call() a timeout."],
    "no await": ["Write await in front of it, and async in front of the def around it."],
    "raises": ["Read that line with the values it had: print() them, and check again."],
    "misuse": ["The sentence above says what to change; .reset() shows the stub once more."],
}

_LONG, _MANY, _SENTENCE = 80, 20, 280


def short(message: str) -> str:
    """Return a message on one line, cut if it is long: it may quote what an answer made."""
    line = " ".join(message[: 2 * _SENTENCE].split())
    return line if len(line) <= _SENTENCE else f"{line[:_SENTENCE]}…"


def plain(value: Any, depth: int = 3) -> Any:
    """Return a value that any picture can print: numbers, short texts, and small collections."""
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


def _words(value: Any) -> str:
    try:
        return repr(value)[:_LONG]
    except Exception:
        return f"a {type(value).__name__}"
