"""How many followers accounts have: a heavy tail with a dial, held to a mean and a largest account.

Sizes are log-normal: e to the power of `tail` times a standard normal. Kwak et al. 2010 (What is
Twitter, a social network or a news media?) report that follower counts are not a power law; the
tail here is a dial, not a fit. Sizes are taken at evenly spaced quantiles instead of drawn, so the
mean is exact, and two networks with the same dials have the same sizes, whatever their seeds.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.people.network import Floats, Ints

MOST_USERS = 10**12  # more than there are people; beyond about 10**18 numpy's integers overflow
STEEPEST = 10.0  # the largest `tail`; beyond it one account would outweigh all others together


class NetworkError(PubSubKitError, ValueError):
    """A network that cannot be; the message says which number is wrong, and what it may be."""


def sizes(above: Floats, weights: Floats, mean: float, tail: float, largest: int) -> Floats:
    """Return the follower counts (not yet whole) that shares `above` of all people exceed.

    `above` rises, so that sizes fall. Their mean by `weights` is `mean`; none is over `largest`.
    """
    raw = np.exp(tail * _normal_exceeded_by(above))
    left = mean * weights.sum() - largest * (np.cumsum(weights) - weights)  # where those before are
    scale = left / np.cumsum((raw * weights)[::-1])[::-1]  # largest, this much is left to the rest
    capped = int(np.argmax(scale * raw <= largest * (1 + 1e-9)))
    return np.asarray(np.minimum(scale[capped] * raw, largest))


def whole(values: Floats) -> Ints:
    """Round each value up or down so that every sum from the first on is right to one half."""
    sums = np.floor(np.cumsum(values) + 0.5).astype(np.int64)
    return np.diff(sums, prepend=0)


def checked(
    users: int, follows: float, tail: float, celebrity: int | None, active: float, seed: int
) -> int:
    """Return the size of the celebrity (None: a fifth of the users).

    Raises NetworkError with one sentence on the first number that cannot be.
    """
    if not _is_count(users) or users < 2:
        raise NetworkError(f"users is a whole number from 2 on, not {users!r}")
    if users > MOST_USERS:
        raise NetworkError(f"users is at most {MOST_USERS:,}, not {users:,}")
    if not _is_number(follows) or not 0 < follows <= users - 1:
        raise NetworkError(
            f"follows is more than 0 and at most the {users - 1:,} others, not {follows!r}"
        )
    if not _is_number(tail) or not 0 <= tail <= STEEPEST:
        raise NetworkError(
            f"tail is from 0 (all alike) to {STEEPEST:.0f} (2 is heavy), not {tail!r}"
        )
    if not _is_number(active) or not 0 < active <= 1:
        raise NetworkError(f"active is a share, more than 0 and at most 1, not {active!r}")
    if not _is_count(seed):
        raise NetworkError(f"seed is a whole number from 0 on, not {seed!r}")
    return _celebrity(users, follows, celebrity)


def _celebrity(users: int, follows: float, celebrity: int | None) -> int:
    least = math.ceil(follows)
    if celebrity is None:
        return max(least, users // 5)
    if not _is_count(celebrity) or not least <= celebrity <= users - 1:
        raise NetworkError(
            f"celebrity, the most followers of an account, is a whole number from the mean "
            f"({least:,}) to all others ({users - 1:,}), not {celebrity!r}"
        )
    return int(celebrity)


def _normal_exceeded_by(above: Floats) -> Floats:
    values = map(NormalDist().inv_cdf, above.tolist())
    return -np.fromiter(values, np.float64, len(above))


def _is_count(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return bool(value >= 0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
