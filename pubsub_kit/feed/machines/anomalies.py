"""What people see that they should not: a reply before its original, a tweet that was deleted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.machines.faults import FanOut
from pubsub_kit.feed.machines.jobs import Jobs
from pubsub_kit.feed.people.network import Bools, Floats, Ints
from pubsub_kit.feed.people.workload import Load

#: An assumption: of the smaller audience of a reply and its original, so many get both.
GET_BOTH = 0.2


@dataclass(eq=False)
class Span:
    """When the first and the last delivery of each job are made; both infinite where none is."""

    first: Floats
    last: Floats


def span(out: FanOut, jobs: int) -> Span:
    """Return the span of each job's deliveries."""
    first, last = np.full(jobs, np.inf), np.full(jobs, -np.inf)
    made = out.made_at
    np.minimum.at(first, out.messages.job, made)
    np.maximum.at(last, out.messages.job, made)
    last[last < 0] = np.inf
    return Span(first, last)


def early_replies(design: FeedDesign, load: Load, jobs: Jobs, when: Span) -> float:
    """Return how many timelines show a reply before its original.

    Both arrive in a share of the smaller audience. A fan-out is taken to go on evenly from its
    first delivery to its last, and a reply to come in the middle of its own; a pulled tweet is seen
    at once. By reader, one lane of workers keeps a reader's messages in order.
    """
    reply = np.flatnonzero(load.reply_to >= 0)
    original = load.reply_to[reply]
    if design.replies == "held on read" or not len(reply):
        return 0.0
    later, earlier = jobs.of_tweet[reply], jobs.of_tweet[original]
    seen = 0.5 * (when.first[later] + when.last[later])
    seen = np.where(np.isfinite(seen), seen, load.tweet_at[reply])
    first, last = when.first[earlier], when.last[earlier]
    fanned = np.isfinite(last)
    first, last = np.where(fanned, first, 0.0), np.where(fanned, last, 0.0)
    missing = np.clip((last - seen) / np.maximum(last - first, 1e-9), 0.0, 1.0)
    both = GET_BOTH * np.minimum(_audience(load, reply), jobs.size[earlier])
    if design.partition_by == "reader":
        both = np.where(_same_lane(design, jobs.size[later], jobs.size[earlier]), 0.0, both)
    return float((missing * both).sum())


def _audience(load: Load, tweets: Ints) -> Floats:
    return load.network.active_followers[load.author[tweets]].astype(np.float64)


def _same_lane(design: FeedDesign, one: Floats, other: Floats) -> Bools:
    fanned = (one > 0) & (other > 0)
    if not design.express:
        return np.asarray(fanned)
    return np.asarray(fanned & ((one <= design.chunk) == (other <= design.chunk)))


def ghosts(design: FeedDesign, load: Load, jobs: Jobs, out: FanOut, unfollowed: float) -> float:
    """Return how many entries timelines hold at the end that should be gone.

    They are of tweets that were deleted, and of authors that were unfollowed (`unfollowed` times).
    Fanned out, an entry stays where the delete comes after the end, or overtook the tweet: both are
    cut into the same chunks, and the k-th of one is held against the k-th of the other.
    """
    if design.removal == "checked on read":
        return 0.0
    gone = np.zeros(len(jobs.at), dtype=bool)
    gone[jobs.of_tweet[np.flatnonzero(load.deleted_at < load.seconds)]] = True
    job, made = out.messages.job, out.made_at
    entries = out.size * out.messages.stands_for
    of_tweet = gone[job] & ~jobs.removal[job]
    if design.removal == "ignored":
        seen = float(entries[of_tweet & (made < load.seconds)].sum())
        return seen + unfollowed * _entries_of_each(design, load)
    removed = jobs.removal[job] & (jobs.tweet[job] >= 0)
    left = _left(_paired(of_tweet, jobs, out), _paired(removed, jobs, out), out, load.seconds)
    swept = jobs.removal[job] & (jobs.tweet[job] < 0) & (made >= load.seconds)
    return left + float(entries[swept].sum()) * _entries_of_each(design, load)


def _left(tweet: Ints, removed: Ints, out: FanOut, end: float) -> float:
    """Return how many entries stay of tweets' messages when the paired removals are through."""
    made, entries = out.made_at, out.size * out.messages.stands_for
    done = (made[removed] < end) & (made[removed] >= made[tweet])
    left = entries[tweet] - np.where(done, entries[removed], 0.0)
    return float(np.maximum(left, 0.0)[made[tweet] < end].sum())


def _entries_of_each(design: FeedDesign, load: Load) -> float:
    """Return how many entries a timeline holds of each account that its reader follows.

    An assumption: as many of each.
    """
    weight = load.network.stands_for * load.network.active
    following = float((load.network.following * weight).sum()) / max(float(weight.sum()), 1.0)
    return design.timeline / max(following, 1.0)


def _paired(chosen: Bools, jobs: Jobs, out: FanOut) -> Ints:
    """Order the chosen messages by tweet, and those of one tweet as they were cut."""
    which = np.flatnonzero(chosen)
    tweet = jobs.tweet[out.messages.job[which]]
    return which[np.argsort(tweet, kind="stable")]
