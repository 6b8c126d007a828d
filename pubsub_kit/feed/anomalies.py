"""What people see that they should not: a reply before its original, a tweet that was deleted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.delivery import Jobs
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.faults import FanOut
from pubsub_kit.feed.network import Bools, Floats, Ints
from pubsub_kit.feed.workload import Load

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


def early_replies(design: FeedDesign, load: Load, job_of: Ints, jobs: Jobs, when: Span) -> float:
    """Return how many timelines show a reply before its original.

    Both arrive in a share of the smaller audience. A fan-out is taken to go on evenly from its
    first delivery to its last, and a reply to come in the middle of its own; a pulled tweet is seen
    at once. By reader, one lane of workers keeps a reader's messages in order.
    """
    reply = np.flatnonzero(load.reply_to >= 0)
    original = load.reply_to[reply]
    if design.replies == "held on read" or not len(reply):
        return 0.0
    later, earlier = job_of[reply], job_of[original]
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


def ghosts(design: FeedDesign, load: Load, job_of: Ints, jobs: Jobs, out: FanOut) -> float:
    """Return how many entries of deleted tweets timelines hold at the end of the span.

    Fanned out, an entry stays where the delete comes after the end, or overtook the tweet: both are
    cut into the same chunks, and the k-th of one is held against the k-th of the other.
    """
    if design.removal == "checked on read":
        return 0.0
    gone = np.zeros(len(jobs.at), dtype=bool)
    gone[job_of[np.flatnonzero(load.deleted_at < load.seconds)]] = True
    job, made = out.messages.job, out.made_at
    entries = out.size * out.messages.stands_for
    of_tweet = gone[job] & ~jobs.removal[job]
    if design.removal == "ignored":
        return float(entries[of_tweet & (made < load.seconds)].sum())
    tweet, removed = np.flatnonzero(of_tweet), np.flatnonzero(jobs.removal[job])
    tweet, removed = (_paired(which, jobs, out) for which in (tweet, removed))
    done = (made[removed] < load.seconds) & (made[removed] >= made[tweet])
    left = np.where(done, np.maximum(entries[tweet] - entries[removed], 0.0), entries[tweet])
    return float(left[made[tweet] < load.seconds].sum())


def _paired(which: Ints, jobs: Jobs, out: FanOut) -> Ints:
    """Order messages by tweet, and within it by worker where readers decide, else as cut."""
    tweet = jobs.tweet[out.messages.job[which]]
    return which[np.argsort(tweet, kind="stable")]
