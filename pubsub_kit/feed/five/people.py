"""A network of five people, small enough that every way of a tweet through it can be tried.

    ann  ◄── bob, cat, dan, eve      a celebrity: her four followers stand for 31 million
    bob  ◄── cat, dan                a small author, who follows ann

All others follow as shown; dan was away for a month. A threshold of a million means what it means
in a network of 150 million, since `followers` counts the people that the edges stand for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pubsub_kit.feed.designs import DesignError, FeedDesign, least
from pubsub_kit.feed.people.network import Bools, Floats, Ints

PEOPLE = ("ann", "bob", "cat", "dan", "eve")
#: Who follows whom, by author: what the arrays below sum up.
FOLLOWERS: Mapping[str, tuple[str, ...]] = {
    "ann": ("bob", "cat", "dan", "eve"),
    "bob": ("cat", "dan"),
}
AWAY = ("dan",)
USERS = 150_000_000  # active users: High Scalability, 2013-07-08
LARGEST = 31_000_000  # followers of the largest account then: the same
USUAL = 75  # followers of an account on average: Kleppmann, DDIA, chapter 1


class TinyNetwork:
    """The five people as a `Network`: five accounts, of which cat, dan and eve stand for most."""

    users = USERS
    celebrity = PEOPLE.index("ann")

    @property
    def stands_for(self) -> Floats:
        """How many people each account stands for: ann and bob for themselves."""
        rest = (USERS - 2) / 3
        return np.array([1.0, 1.0, rest, rest, rest])

    @property
    def active(self) -> Bools:
        """Whether an account was active in the last 30 days: dan was not."""
        return np.array([name not in AWAY for name in PEOPLE])

    @property
    def tweeting(self) -> Floats:
        """All who are there tweet equally often."""
        return self.active.astype(np.float64)

    @property
    def reading(self) -> Floats:
        """All who are there read equally often."""
        return self.active.astype(np.float64)

    @property
    def followers(self) -> Ints:
        """How many people follow an account: 31 million, 75, and none."""
        return np.array([LARGEST, USUAL, 0, 0, 0], dtype=np.int64)

    @property
    def active_followers(self) -> Ints:
        """How many of them are active: as large a share as among those who are drawn."""
        here = [FOLLOWERS.get(author, ()) for author in PEOPLE]
        active = [sum(name not in AWAY for name in names) / max(1, len(names)) for names in here]
        return np.array(self.followers * np.array(active), dtype=np.int64)

    @property
    def following(self) -> Ints:
        """How many accounts an account follows."""
        return self.followed_among(np.ones(len(PEOPLE), dtype=np.bool_))

    def followed_among(self, accounts: Bools) -> Ints:
        """Return how many of the marked accounts each account follows."""
        marked = [FOLLOWERS.get(name, ()) for name, on in zip(PEOPLE, accounts, strict=True) if on]
        return np.array([sum(name in them for them in marked) for name in PEOPLE], dtype=np.int64)


def names(design: FeedDesign, rule: str) -> frozenset[str]:
    """Return for whom a rule of a design holds: "pushed", or "kept".

    Raises DesignError where it does not answer with an array of five bools.
    """
    network = TinyNetwork()
    found = np.asarray(getattr(design, rule)(network))
    if found.dtype != np.bool_ or found.shape != (len(PEOPLE),):
        raise DesignError(
            f"{rule}(network) returns an array of True or False, one for each of the "
            f"{len(PEOPLE)} accounts, as network.followers < 1_000 does; not {str(found)[:60]}, "
            f"{found.size} of {found.dtype}"
        )
    if rule == "pushed":  # to all readers or to none: they read equally often
        found = found & (least(design, network) <= 1.0)
    return frozenset(name for name, on in zip(PEOPLE, found, strict=True) if on)
