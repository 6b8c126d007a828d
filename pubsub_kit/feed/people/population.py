"""A population of any size, as a weighted sample of accounts and no edges.

300 million people with 150 follows each are 45 billion edges: too many to hold. What a design is
judged by needs only how many follow an account and how many a reader follows, so each account here
stands for many alike. The largest accounts, which decide a tail, stand for themselves alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.people.chance import Chance, seeded
from pubsub_kit.feed.people.network import Bools, Floats, Ints
from pubsub_kit.feed.people.sizes import NetworkError, checked, sizes, whole

_NEIGHBOURS = 64.0  # accounts of like size among which chance picks the active ones


@dataclass(frozen=True, eq=False)
class Population:
    """Accounts from the largest to the smallest, each with how many people it `stands_for`.

    A Network: arrays with an entry an account. `follows_celebrity`: whether a reader does.
    """

    users: int
    stands_for: Floats
    active: Bools
    followers: Ints
    active_followers: Ints
    following: Ints
    follows_celebrity: Bools
    tweeting: Floats
    reading: Floats
    seed: int
    celebrity: int = 0

    def followed_among(self, accounts: Bools) -> Ints:
        """Return how many of the marked accounts each account follows: drawn, but always alike.

        Each follow lands on a marked account in proportion to its followers; the celebrity is
        known. What is marked and what is not add up to `following`.
        """
        follows = self.stands_for * self.followers
        follows[self.celebrity] = 0.0
        inside, outside = float(follows[accounts].sum()), float(follows[~accounts].sum())
        rng = seeded(self.seed, 1)
        others = self.following - self.follows_celebrity
        fewer = rng.binomial(others, min(inside, outside) / max(inside + outside, 1.0))
        counts: Ints = fewer if inside <= outside else others - fewer
        counts += self.follows_celebrity & accounts[self.celebrity]
        return counts


def population(
    users: int = 300_000_000,
    follows: float = 150.0,
    *,
    tail: float = 2.0,
    celebrity: int | None = 31_000_000,
    active: float = 0.5,
    sample: int = 100_000,
    spread: float = 0.0,
    seed: int = 7,
) -> Population:
    """Build a population in which an account has `follows` followers in the mean.

    `tail`, `celebrity` and `active` as in `follower_graph`: the celebrity is active, counts beside
    the mean, and is the largest. `sample`: accounts at most; a tenth of them are the largest ones,
    one person each, and the others stand for equally many. Where the sample has room for all,
    everybody is one account. `spread`: of how often people tweet, and of how often they read, from
    0 (all equally often) on: the sigma of two log-normals, independent of each other. The same
    arguments give the same arrays anywhere. 150M active users and 31M followers: High Scalability,
    2013-07-08. That they are half of all accounts, and all other defaults, are assumptions.

    Raises NetworkError where a number cannot be.
    """
    largest = checked(users, follows, tail, celebrity, active, seed)
    if isinstance(sample, bool) or not isinstance(sample, int) or sample < 100:
        raise NetworkError(f"sample is a whole number of accounts from 100 on, not {sample!r}")
    if isinstance(spread, bool) or not isinstance(spread, int | float) or not 0 <= spread <= 3:
        raise NetworkError(f"spread is a number from 0 (all alike) to 3, not {spread!r}")
    rng = seeded(seed)
    above, weights = _strata(users - 1, sample - 1)
    counts = whole(sizes(above, weights, follows, tail, largest))
    followers = np.concatenate(([largest], counts))
    fans = rng.random(len(followers)) < largest / (users - 1)
    fans[0] = False
    others = rng.binomial(users - 2, min(1.0, follows / (users - 1)), len(followers))
    here = _thinned(len(followers), active, rng)
    people = np.concatenate(([1.0], weights))
    tweeting, reading = (_rates(people, here, spread, seeded(seed, n)) for n in (2, 3))
    return Population(
        users=users,
        stands_for=people,
        active=here,
        followers=followers,
        active_followers=whole(followers * active),
        following=others + fans,
        follows_celebrity=fans,
        tweeting=tweeting,
        reading=reading,
        seed=seed,
    )


def _rates(people: Floats, active: Bools, spread: float, rng: Chance) -> Floats:
    """Return how often each account does something: 1 is the mean of the active people."""
    if not spread:
        return active.astype(np.float64)
    rates = np.where(active, rng.lognormal(0.0, spread, len(people)), 0.0)
    return np.asarray(rates * (people[active].sum() / max(float((rates * people).sum()), 1e-300)))


def _strata(people: int, sample: int) -> tuple[Floats, Floats]:
    """Return for each account the share of the people above it, and how many it stands for."""
    largest = people if people <= sample else sample // 10
    strata = min(people, sample) - largest
    weights = np.repeat([1.0, (people - largest) / max(strata, 1)], [largest, strata])
    return (np.cumsum(weights) - weights / 2) / people, weights


def _thinned(accounts: int, share: float, rng: Chance) -> Bools:
    """Mark this share of the accounts, evenly over the sizes, and the first one."""
    order = np.argsort(np.arange(accounts) + rng.uniform(0.0, _NEIGHBOURS, accounts))
    active = np.empty(accounts, np.bool_)
    active[order] = whole(np.full(accounts, share)) > 0
    active[0] = True
    return active
