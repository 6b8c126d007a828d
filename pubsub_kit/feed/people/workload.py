"""What happens in a span of time: tweets and reads over a day's curve, bursts, replies, deletes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.people.arrivals import DAY, PEAK_HOUR, Span, drawn
from pubsub_kit.feed.people.chance import Chance, seeded
from pubsub_kit.feed.people.network import Bools, Floats, Ints, Network

LARGE_EVENT = 12 / 5  # a `burst`: over 12K tweets/s against 5K (High Scalability, 2013-07-08)
MOST_TWEETS, MOST_READS = 20_000_000, 50_000_000  # of one load: 0.7 GB and 1.3 GB
_SPREAD = 1.5  # sigma of the log-normal delays of replies and deletes: an assumption


class WorkloadError(PubSubKitError, ValueError):
    """A workload that cannot be; the message says which number is wrong, and what it may be."""


@dataclass(frozen=True, eq=False)
class Load:
    """What people do in so many `seconds`: arrays with an entry a tweet, and an entry a read.

    Times are in seconds from the start, and rise. Reads may be a sample: each of them stands for
    `read_stands_for` reads. Nothing in it depends on a design.
    """

    network: Network
    seconds: float
    tweet_at: Floats
    author: Ints  # index of an account
    reply_to: Ints  # index of an earlier tweet, or -1
    deleted_at: Floats  # seconds; inf where it is not
    read_at: Floats
    reader: Ints  # index of an account
    returning: Bools  # by somebody who was not active so far, and has no timeline if none is kept
    depth: Ints  # entries that a read looks at
    read_stands_for: float
    unfollows: float  # a second, of the whole network


@dataclass(frozen=True)
class Workload:
    """What people do, as rates and shares; `over` a network it becomes a Load.

    Published for 2012–13 (High Scalability, 2013-07-08): 400M tweets a day and 300K reads a second
    by 150M active users, the daily peak, LARGE_EVENT. All other defaults are assumptions.

    `tweets_per_day`, `reads_per_day`, `unfollows_per_day`: of one active person, in the mean.
    `hour` of the day to start at (at the default the day's curve passes its mean); `seconds`: span.
    `burst` multiplies the tweets, not the reads, for `burst_seconds` from second `burst_at` on.
    `celebrity_tweets_at`: the seconds at which the celebrity tweets, besides.
    `replies`: the share of tweets that are replies, to a tweet about `reply_after` seconds older
    (median of a log-normal; it is as likely as its author has followers). A reply to what came
    before the span counts as none.
    `deletes`: the share of tweets that are deleted, `delete_after` seconds later (median again),
    unless that is after the span.
    `returning`: the share of reads by people who were not active so far. `depth`: entries that a
    read looks at (geometric, this mean). `reads`: most reads that are kept, as a sample (None:
    all of them). Each of these has a generator of its own from `seed`: turning one dial leaves
    what does not depend on it as it was.

    Raises WorkloadError where a number cannot be.
    """

    tweets_per_day: float = 400e6 / 150e6
    reads_per_day: float = 300e3 * DAY / 150e6
    unfollows_per_day: float = 0.1
    hour: float = PEAK_HOUR - 6
    seconds: float = 600.0
    burst: float = 1.0
    burst_at: float = 0.0
    burst_seconds: float = 60.0
    celebrity_tweets_at: tuple[float, ...] = ()
    replies: float = 0.2
    reply_after: float = 60.0
    deletes: float = 0.02
    delete_after: float = 60.0
    returning: float = 0.001
    depth: float = 50.0
    reads: int | None = 1_000_000
    seed: int = 7

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not _is_number(value) or not least <= value <= most:
                raise WorkloadError(f"{name} is a number from {least} to {most:,}, not {value!r}")
        for name in ("seconds", "reply_after", "delete_after"):
            if getattr(self, name) == 0:
                raise WorkloadError(f"{name} is more than 0, not 0")
        if not _is_count(self.seed):
            raise WorkloadError(f"seed is a whole number from 0 on, not {self.seed!r}")
        if self.reads is not None and not (_is_count(self.reads) and self.reads):
            raise WorkloadError(
                f"reads, the most that are kept, is a whole number from 1 on or None (all), "
                f"not {self.reads!r}"
            )
        self._check_celebrity()

    def _check_celebrity(self) -> None:
        times = self.celebrity_tweets_at
        if not isinstance(times, tuple) or not all(
            _is_number(time) and 0 <= time <= self.seconds for time in times
        ):
            raise WorkloadError(
                f"celebrity_tweets_at is a tuple of seconds from 0 to {self.seconds:g}, "
                f"such as ({self.seconds / 2:g},), not {times!r}"
            )

    def over(self, network: Network) -> Load:
        """Return what the people of this network do.

        Arrivals are a Poisson process; an active person acts as often as the network says.
        Raises WorkloadError where the tweets or reads would be more than fit.
        """
        if not all(hasattr(network, name) for name in ("stands_for", "active", "tweeting")):
            raise WorkloadError(
                "over(network) takes a network, as population() or follower_graph() builds it, "
                f"not {type(network).__name__}"
            )
        people = network.stands_for * network.active
        a_second = float(people.sum()) / DAY
        if a_second == 0:
            raise WorkloadError("nobody in this network is active: mark at least one account")
        tweet_at, author = self._tweets(
            a_second * self.tweets_per_day, people * network.tweeting, network.celebrity
        )
        read_at, read_stands_for = self._reads(a_second * self.reads_per_day)
        everybody = network.stands_for
        returning, reader = self._readers(
            len(read_at), people * network.reading, everybody - people
        )
        return Load(
            network=network,
            seconds=float(self.seconds),
            tweet_at=tweet_at,
            author=author,
            reply_to=self._replies(tweet_at, network.followers[author]),
            deleted_at=self._deletes(tweet_at),
            read_at=read_at,
            reader=reader,
            returning=returning,
            depth=self._chance(7).geometric(1 / self.depth, len(read_at)),
            read_stands_for=read_stands_for,
            unfollows=a_second * self.unfollows_per_day,
        )

    def _tweets(self, rate: float, people: Floats, celebrity: int) -> tuple[Floats, Ints]:
        """Return when tweets are written and by whom, the celebrity's among them."""
        burst = (self.burst, self.burst_at, self.burst_seconds)
        span = Span(self.hour, self.seconds, *burst)
        due, chance = rate * float(span.due(self.seconds)), self._chance(1)
        _check_fit("tweets", due, MOST_TWEETS, "shorten `seconds`")
        at = span.times(int(chance.poisson(due)), chance)
        author = drawn(people, len(at), self._chance(2))
        extra = np.sort(np.array(self.celebrity_tweets_at, np.float64))
        place = np.searchsorted(at, extra)
        return np.insert(at, place, extra), np.insert(author, place, celebrity)

    def _reads(self, rate: float) -> tuple[Floats, float]:
        """Return when reads are made, and how many each of them stands for."""
        span = Span(self.hour, self.seconds)
        due, chance = rate * float(span.due(self.seconds)), self._chance(3)
        _check_fit("reads", min(due, self.reads or due), MOST_READS, "give `reads`, a sample,")
        count = int(chance.poisson(due))
        kept = count if self.reads is None else min(count, self.reads)
        return span.times(kept, chance), count / kept if kept else 1.0

    def _readers(self, count: int, people: Floats, away: Floats) -> tuple[Bools, Ints]:
        """Return whether reads are by people who return, and by whom they are."""
        chance = self._chance(4)
        returning = (chance.random(count) < self.returning) & bool(away.any())
        reader = drawn(people, count, chance)
        if returning.any():
            reader[returning] = drawn(away, int(returning.sum()), chance)
        return returning, reader

    def _replies(self, at: Floats, followers: Ints) -> Ints:
        """Return what each tweet replies to: a tweet half to one and a half its delay earlier."""
        chance = self._chance(5)
        reply = np.flatnonzero(chance.random(len(at)) < self.replies)
        delay = self.reply_after * chance.lognormal(0.0, _SPREAD, len(reply))
        seen = np.concatenate(([0], np.cumsum(followers + 1)))
        oldest = seen[np.searchsorted(at, at[reply] - 1.5 * delay)]
        newest = seen[np.searchsorted(at, at[reply] - 0.5 * delay)]
        chosen = oldest + np.floor(chance.random(len(reply)) * (newest - oldest))
        to = np.searchsorted(seen, chosen, side="right") - 1
        reply_to = np.full(len(at), -1)
        reply_to[reply] = np.where(newest > oldest, to, -1)
        return reply_to

    def _deletes(self, at: Floats) -> Floats:
        """Return when each tweet is deleted, inf for those that are not."""
        chance = self._chance(6)
        deleted = chance.random(len(at)) < self.deletes
        when = at + self.delete_after * chance.lognormal(0.0, _SPREAD, len(at))
        return np.where(deleted & (when <= self.seconds), when, np.inf)

    def _chance(self, purpose: int) -> Chance:
        return seeded(self.seed, purpose)


_RANGES = {
    "tweets_per_day": (0, 10**9),
    "reads_per_day": (0, 10**9),
    "unfollows_per_day": (0, 10**9),
    "hour": (0, 24),
    "seconds": (0, 86_400),
    "burst": (0, 10**9),
    "burst_at": (0, 86_400),
    "burst_seconds": (0, 86_400),
    "replies": (0, 1),
    "reply_after": (0, 86_400),
    "deletes": (0, 1),
    "delete_after": (0, 86_400),
    "returning": (0, 1),
    "depth": (1, 10**9),
}


def _check_fit(what: str, due: float, most: int, remedy: str) -> None:
    if due > most:
        raise WorkloadError(
            f"about {float(f'{due:.2g}'):,.0f} {what} are more than the {most:,} that fit: "
            f"{remedy} or take fewer users"
        )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
