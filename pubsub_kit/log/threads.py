"""Locks that a fork leaves open.

A forked child has a copy of every lock, but not of the threads: one that was held by another thread
of the parent would stay locked in the child for ever.
"""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakSet

_locks: WeakSet[RLock] = WeakSet()


def new_lock() -> RLock:
    """Return a lock that is free in a forked child."""
    lock = RLock()
    _locks.add(lock)
    return lock


def _free_all() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork") and hasattr(RLock(), "_at_fork_reinit"):
    os.register_at_fork(after_in_child=_free_all)
