"""Whether a shop makes its Breaker inside handle: that one is new for every order, so it is alone.

A run doesn't show it: a breaker that hears of one order only never opens, and so leaves no step.
"""

from __future__ import annotations

import dis
import inspect
from types import FunctionType
from typing import Any

from pubsub_kit.world.breaker import Breaker


def made_for_each_order(answer: Any) -> bool:
    """Say whether the handler of an answer makes a Breaker and keeps it nowhere but in itself."""
    handler = inspect.unwrap(getattr(answer, "handle", answer))
    function = getattr(handler, "__func__", handler)
    if not isinstance(function, FunctionType) or not inspect.iscoroutinefunction(function):
        return False
    steps, known = list(dis.get_instructions(function)), function.__globals__
    for i, step in enumerate(steps):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and known.get(step.argval) is Breaker:
            made = (n for n in range(i, len(steps)) if steps[n].opname.startswith("CALL"))
            last = next(made, None)
            if last is not None and last + 1 < len(steps):
                return steps[last + 1].opname == "STORE_FAST"
    return False
