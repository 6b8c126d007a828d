"""A network and loads small enough to be counted by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.people.network import Bools, Floats, Ints
from pubsub_kit.feed.people.workload import Load


@dataclass(eq=False)
class Town:
    """A network of which only counts are given; `pulled` is what a reader follows of those."""

    followers: Ints
    active_followers: Ints
    active: Bools
    following: Ints
    stands_for: Floats

    @property
    def users(self) -> int:
        return int(self.stands_for.sum())

    @property
    def tweeting(self) -> Floats:
        return self.active.astype(np.float64)

    @property
    def reading(self) -> Floats:
        return self.active.astype(np.float64)

    @property
    def celebrity(self) -> int:
        return int(np.argmax(self.followers))

    def followed_among(self, accounts: Bools) -> Ints:
        """Take follows to be spread over accounts as their followers are."""
        share = float(self.followers[accounts].sum()) / max(float(self.followers.sum()), 1.0)
        return np.asarray(np.rint(self.following * share), dtype=np.int64)


def town(*followers: int, following: int = 10, stands_for: float = 1.0, idle: int = 0) -> Town:
    """A town where the last `idle` accounts are inactive, and half of any one's followers."""
    count = np.array(followers, dtype=np.int64)
    active = np.arange(len(count)) < len(count) - idle
    return Town(
        count,
        count // 2 if idle else count,
        active,
        np.full(len(count), following, dtype=np.int64),
        np.full(len(count), stands_for),
    )


def load(
    network: Town,
    tweets: list[tuple[float, int]] = [],  # noqa: B006
    *,
    seconds: float = 60.0,
    replies: dict[int, int] | None = None,
    deletes: dict[int, float] | None = None,
    reads: int = 0,
    returning: float = 0.0,
    depth: int = 50,
    read_stands_for: float = 1.0,
    unfollows: float = 0.0,
) -> Load:
    """Tweets as (seconds, author); reads spread over the span, by every account in turn."""
    at = np.array([t for t, _ in tweets], dtype=np.float64)
    reply_to, deleted_at = np.full(len(at), -1, dtype=np.int64), np.full(len(at), np.inf)
    for tweet, original in (replies or {}).items():
        reply_to[tweet] = original
    for tweet, when in (deletes or {}).items():
        deleted_at[tweet] = when
    nth = np.arange(reads)
    return Load(
        network=network,
        seconds=seconds,
        tweet_at=at,
        author=np.array([a for _, a in tweets], dtype=np.int64),
        reply_to=reply_to,
        deleted_at=deleted_at,
        read_at=np.asarray((nth + 0.5) * (seconds / max(reads, 1)), dtype=np.float64),
        reader=nth % int(network.active.sum()),
        returning=(nth + 1) * returning % 1 + returning > 1 - 1e-9,
        depth=np.full(reads, depth, dtype=np.int64),
        read_stands_for=read_stands_for,
        unfollows=unfollows,
    )


def in_two_processes(code: str) -> set[str]:
    """Return what the code prints in processes whose builtin hash differs: one text, if stable."""
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
