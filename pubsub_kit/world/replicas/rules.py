"""Two decisions of a replicated log, as functions: where a follower cuts, and who leads next.

A follower may have records that its leader lacks. Before KIP-101 it cut them at its own high
watermark, which lags behind: it may cut a committed record, and then be elected. Epochs tell where
two logs differ: a leader of one epoch wrote both copies of a record, so as far as the epochs agree,
the records do (KIP-101, KIP-279).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

#: Returns where a follower cuts its log, given its epochs, the leader's, and its own watermark.
Cut = Callable[[list[int], list[int], int], int]


class Candidate(NamedTuple):
    """What the controller knows of a node that might lead: no log, only what it was told."""

    name: str
    alive: bool
    in_sync: bool
    wiped: bool  # it came back with a new disk
    end: int  # the number of records that it says it has


#: Returns the name of the next leader, or None to wait.
Elect = Callable[[list[Candidate]], str | None]


def at_the_watermark(mine: list[int], leaders: list[int], watermark: int) -> int:
    """Return where a follower cuts without epochs: at its own high watermark."""
    return watermark


def where_epochs_part(mine: list[int], leaders: list[int], watermark: int) -> int:
    """Return where a follower cuts with epochs: where its log and its leader's begin to differ."""
    pairs = enumerate(zip(mine, leaders, strict=False))
    return next((at for at, (own, his) in pairs if own != his), min(len(mine), len(leaders)))


def the_first_in_sync(candidates: Sequence[Candidate]) -> str | None:
    """Return the first node that lives and is in sync, or None."""
    return next((c.name for c in candidates if c.alive and c.in_sync), None)


def or_any_that_lives(candidates: Sequence[Candidate]) -> str | None:
    """Return the first in sync, or else any that lives: an unclean election."""
    alive = (c.name for c in candidates if c.alive)
    return the_first_in_sync(candidates) or next(alive, None)
