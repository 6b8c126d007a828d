"""Values and messages from a learner's code, made safe to show: on one line, plain and short."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.trace import Step, Trace

_LONG, _MANY, _SENTENCE = 80, 20, 280
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def short(message: str) -> str:
    """Return a message on one line, cut if it is long, since it may quote a learner's values."""
    return cut(" ".join(message[: 2 * _SENTENCE].split()), _SENTENCE)


def cut(words: str, most: int) -> str:
    """Return a text of at most so many characters, cut after a word and with "…" if it is long."""
    if len(words) <= most:
        return words
    head = words[: most - 1]
    space = head.rfind(" ") if words[most - 1] != " " else -1
    return f"{head[:space] if space > most // 2 else head}…"


def moment(step: Step) -> str:
    """Return when a step happened, as a message says it: "1.05 s", or "6 days"."""
    days = step.time / 86_400
    return f"{days:g} days" if days >= 1 else f"{round(step.time, 3):g} s"


def crashes(trace: Trace) -> str:
    """Return who crashed, and when, as sentences to add to a message; "" if nobody did."""
    return "".join(f" {step.node} crashed at {moment(step)}." for step in trace.of("crash"))


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
    """Return a value as Python writes it, cut if it is long; "this Order" if that cannot be.

    Addresses are left out: they differ each time, and say nothing.
    """
    if type(value) is str:
        return repr(cut(_ADDRESS.sub("", value), most))
    if inspect.isfunction(value):
        return f"the function {value.__name__}"
    try:
        return cut(_ADDRESS.sub("", repr(value)), most)
    except Exception:  # of too many digits, or of a kind that refuses to be shown
        return f"this {type(value).__name__}"


def not_async(value: Any, name: str) -> Any:
    """Return what a learner's function returned; raises PubSubKitError if it is a coroutine."""
    if inspect.iscoroutine(value):
        value.close()
        raise PubSubKitError(
            f"{name} is called as an ordinary function: write def {name}, not async def"
        )
    return value


def _words(value: Any) -> str:
    try:
        return _ADDRESS.sub("", repr(value))[:_LONG]
    except Exception:
        return f"a {type(value).__name__}"
