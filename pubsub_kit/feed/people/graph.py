"""A follower graph: every follow is an edge, and all edges are two arrays.

Compressed sparse rows: the followers of account 3 are followed_by[starts[3] : starts[4]]. An edge
takes 4 bytes, so a million people with 75 follows each take 300 MB.

The i-th of an author's k followers is picked at random from the i-th of k equal parts of everybody
else, and the whole ring of parts is turned by a random amount. So the followers of one account are
distinct by construction, all accounts are as likely, and no loop runs over people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pubsub_kit.feed.people.chance import Chance, seeded
from pubsub_kit.feed.people.network import Bools, Floats, Ints
from pubsub_kit.feed.people.sizes import NetworkError, checked, sizes, whole

MOST_EDGES = 1_000_000_000  # 4 GB, at 4 bytes an edge; a person takes as much as ten of them
_BLOCK = 1 << 19  # edges worked on at once: what fits a processor's cache, about


@dataclass(frozen=True, eq=False)
class FollowerGraph:
    """Accounts from 0 on, and who follows them: a Network in which everybody is one person.

    `starts`: int64[users + 1]; `followed_by`: int32[edges], the followers' ids, row after row;
    `active`: bool[users]. What is derived from them is computed once, when it is asked for.
    """

    starts: Ints
    followed_by: npt.NDArray[np.int32]
    active: Bools

    @property
    def users(self) -> int:
        """How many people there are."""
        return len(self.starts) - 1

    @property
    def edges(self) -> int:
        """How many follows there are."""
        return len(self.followed_by)

    def followers_of(self, user: int) -> npt.NDArray[np.int32]:
        """Return the ids of an account's followers, a view of `followed_by`."""
        return self.followed_by[self.starts[user] : self.starts[user + 1]]

    @cached_property
    def stands_for(self) -> Floats:
        """One for every account."""
        return np.ones(self.users)

    @cached_property
    def tweeting(self) -> Floats:
        """One for whoever is active: they all tweet equally often."""
        return self.active.astype(np.float64)

    @cached_property
    def reading(self) -> Floats:
        """One for whoever is active: they all read equally often."""
        return self.tweeting

    @cached_property
    def followers(self) -> Ints:
        """How many follow each account."""
        return np.diff(self.starts)

    @cached_property
    def celebrity(self) -> int:
        """The account that most people follow, as an index."""
        return int(np.argmax(self.followers))

    @cached_property
    def active_followers(self) -> Ints:
        """How many of each account's followers are active."""
        counts = np.empty(self.users, np.int64)
        for first, last in _blocks(self.starts):
            at = self.starts[first : last + 1] - self.starts[first]
            active = self.active[self.followed_by[self.starts[first] : self.starts[last]]]
            counts[first:last] = np.diff(np.concatenate(([0], np.cumsum(active)))[at])
        return counts

    @cached_property
    def following(self) -> Ints:
        """How many accounts each account follows."""
        counts = np.zeros(self.users, np.int64)
        for first, last in _blocks(self.starts, self.users):
            row = self.followed_by[self.starts[first] : self.starts[last]]
            counts += np.bincount(row, minlength=self.users)
        return counts

    def followed_among(self, accounts: Bools) -> Ints:
        """Return how many of the marked accounts each account follows; exact.

        Walks the edges of the marked accounts, or of all others where those are fewer.
        """
        if 2 * int(self.followers[accounts].sum()) > self.edges:
            return self.following - self._count(np.flatnonzero(~accounts))
        return self._count(np.flatnonzero(accounts))

    def _count(self, authors: Ints) -> Ints:
        """Return how many of these authors each account follows."""
        counts = np.zeros(self.users, np.int64)
        ends = np.concatenate(([0], np.cumsum(self.followers[authors])))
        for first, last in _blocks(ends, self.users):
            ahead = np.repeat(self.starts[authors[first:last]] - ends[first:last],
                              np.diff(ends[first : last + 1]))  # fmt: skip
            edges = np.arange(ends[first], ends[last]) + ahead
            counts += np.bincount(self.followed_by[edges], minlength=self.users)
        return counts


def follower_graph(
    users: int = 10_000,
    follows: float = 75.0,
    *,
    tail: float = 2.0,
    celebrity: int | None = None,
    active: float = 0.5,
    seed: int = 7,
) -> FollowerGraph:
    """Build a graph of so many people in which an account has `follows` followers in the mean.

    `tail`: sigma of the log-normal follower counts (0: all alike); a dial, not a power law, which
    Kwak et al. 2010 report that it is not. `celebrity`: followers of the largest account (None: a
    fifth of the users), which is active and counts beside the mean. No account exceeds it: where
    the tail would have it so, others are as large. `active`: share of the people. The same
    arguments give the same arrays anywhere. The defaults are assumptions, but for 75 followers
    (Kleppmann, Designing Data-Intensive Applications, ch. 1).

    Raises NetworkError where a number cannot be, or the edges would not fit (MOST_EDGES).
    """
    largest = checked(users, follows, tail, celebrity, active, seed)
    if users * (follows + 10) > MOST_EDGES:
        raise NetworkError(
            f"{users:,} users with {users * follows:,.0f} follows are more than fit: "
            "take fewer, or a population, which has no edges"
        )
    rng = seeded(seed)
    others = users - 1
    counts = sizes((np.arange(others) + 0.5) / others, np.ones(others), follows, tail, largest)
    followers = np.concatenate(([largest], whole(counts)))
    place = rng.permutation(users)
    starts = np.concatenate(([0], np.cumsum(followers[place])))
    return FollowerGraph(
        starts, _edges(starts, rng), _active(users, active, int(np.argmax(np.diff(starts))), rng)
    )


def _edges(starts: Ints, rng: Chance) -> npt.NDArray[np.int32]:
    """Return the followers of each account, distinct and none its own."""
    others = len(starts) - 2
    followed_by = np.empty(starts[-1], np.int32)
    for first, last in _blocks(starts):
        counts = np.diff(starts[first : last + 1])
        rank = np.arange(starts[first], starts[last]) - np.repeat(starts[first:last], counts)
        part = np.repeat(others / np.maximum(counts, 1), counts)
        low = np.floor(rank * part).astype(np.int32)
        width = np.floor((rank + 1) * part).astype(np.int32) - low
        low += (rng.random(len(rank)) * width.astype(np.float64)).astype(np.int32)
        low += np.repeat(rng.randint(others, size=last - first, dtype=np.int32), counts)
        low[low >= others] -= others
        low += low >= np.repeat(np.arange(first, last, dtype=np.int32), counts)
        followed_by[starts[first] : starts[last]] = low
    return followed_by


def _active(users: int, share: float, celebrity: int, rng: Chance) -> Bools:
    """Mark exactly this share of the accounts, and the celebrity among them."""
    chosen = rng.permutation(users)[: max(1, round(users * share))]
    active = np.zeros(users, np.bool_)
    active[chosen] = True
    if not active[celebrity]:
        active[chosen[0]], active[celebrity] = False, True
    return active


def _blocks(starts: Ints, least: int = 0) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks (first row, row after the last) of about _BLOCK edges each.

    Whoever counts by person goes over all people in each block, and wants as many edges `least`: so
    the work grows as the edges do, not as edges times people.
    """
    size = max(_BLOCK, least)
    marks = np.searchsorted(starts, np.arange(size, starts[-1], size))
    cuts = np.unique(np.concatenate(([0], marks, [len(starts) - 1]))).tolist()
    return pairwise(cuts)
