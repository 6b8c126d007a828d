"""What a feed needs to know of a social network: how many follow each account, and how many read.

Two networks answer this: a `FollowerGraph` holds every follow as an edge, and a `Population` of any
size (150 million, say) holds a weighted sample of accounts and no edges. The simulator takes both.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Network(Protocol):
    """Accounts, as arrays with one entry an account.

    An account stands for one person in a graph, and for `stands_for` people in a population.
    """

    @property
    def users(self) -> int:
        """How many people there are."""

    @property
    def stands_for(self) -> Floats:
        """How many people each account stands for; they add up to `users`."""

    @property
    def active(self) -> Bools:
        """Whether an account was active in the last 30 days; the others do not read."""

    @property
    def followers(self) -> Ints:
        """How many people follow an account."""

    @property
    def active_followers(self) -> Ints:
        """How many of its followers are active."""

    @property
    def following(self) -> Ints:
        """How many accounts an account follows."""

    @property
    def tweeting(self) -> Floats:
        """How often an account tweets: 1 is the mean of those who are active, the others don't."""

    @property
    def reading(self) -> Floats:
        """How often an account reads: 1 is the mean of those who are active, the others don't."""

    @property
    def celebrity(self) -> int:
        """The account that most people follow, as an index."""

    def followed_among(self, accounts: Bools) -> Ints:
        """Return how many of the marked accounts each account follows."""
