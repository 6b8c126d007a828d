"""Ids of events: one random prefix per process, then a counter; unique as a UUID, and cheaper."""

from __future__ import annotations

import os
from itertools import count

_prefix: str
_counter: count[int]


def _begin_ids() -> None:
    global _prefix, _counter
    _prefix, _counter = os.urandom(12).hex(), count(1)


_begin_ids()
if hasattr(os, "register_at_fork"):  # a forked child must not count on from its parent's ids
    os.register_at_fork(after_in_child=_begin_ids)


def fresh_id() -> str:
    """Return an id that no other process (96 random bits) and no earlier call has returned."""
    return f"{_prefix}-{next(_counter)}"
