"""Small notebooks to run: a learner's copy of exercise 01, right and wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

COPY = "exercise_01_sync_cascade.ipynb"
OPEN = "from pubsub_kit import *\n\nq = exercise('01')"
PLACE = """async def place(order):
    await call("stock", order, timeout=1.0, retry=RetryPolicy(attempts=4))
    return "placed"


q.place.check(place)"""
WRONG = PLACE.replace("attempts=4", "attempts=2")
REST = [
    "q.tail.check(63.4)",
    "q.chain.check('129 minutes')",
    "q.layers.check({'client': 'no', 'shop': 'yes', 'stock': 'no', 'waiting': 'random'})",
    """async def answer_in_time(order):
    end = clock() + 1.9
    while (left := end - clock()) > 0:
        try:
            await call("stock", order, timeout=min(0.6, left))
            return "placed"
        except CallError:
            continue
    return "failed"


q.budget.check(answer_in_time)""",
    """async def simple(order):
    await call("stock", order, timeout=1.0)
    return "placed"


q.recover.check(simple)""",
]


def write(root: Path, *cells: str, name: str = COPY) -> Path:
    """Write a learner's copy of an exercise, and return its path."""
    made: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": "# Title"}]
    made += [{"cell_type": "code", "metadata": {}, "source": c.splitlines(True)} for c in cells]
    path = root / "my_work" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")
    return path
