"""What is to be fanned out, in order of time: tweets, and what takes them out of timelines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.people.network import Bools, Floats, Ints
from pubsub_kit.feed.people.workload import Load


@dataclass(eq=False)
class Jobs:
    """Arrays with an entry a job, and `of_tweet`, the job of each tweet of the load.

    `at` in seconds, `tweet` an index into the load, `size` counts destinations, `removal` is true
    where entries are taken away.

    An unfollow is a removal from one timeline, its tweet is -1.
    """

    at: Floats
    tweet: Ints
    author: Ints
    size: Floats
    removal: Bools
    of_tweet: Ints


def jobs(design: FeedDesign, load: Load, size: Floats, unfollowed: float) -> Jobs:
    """Return what a design fans out; `size` counts the destinations of each account's tweets.

    `unfollowed` so many times in the span, evenly, somebody unfollows an author who is pushed.
    """
    tweets = np.arange(len(load.tweet_at))
    if design.removal != "fanned out":
        none = np.zeros(len(tweets), dtype=bool)
        return Jobs(load.tweet_at, tweets, load.author, size[load.author], none, tweets)
    gone = np.flatnonzero(load.deleted_at < load.seconds)
    swept = np.arange(round(unfollowed))
    left = (swept + 0.5) * (load.seconds / max(len(swept), 1))
    at = np.concatenate((load.tweet_at, load.deleted_at[gone], left))
    tweet = np.concatenate((tweets, gone, np.full(len(swept), -1)))
    whose = np.concatenate((load.author, load.author[gone], swept % len(size)))
    many = np.concatenate((size[load.author], size[load.author[gone]], np.ones(len(swept))))
    order = np.argsort(at, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    removal = order >= len(tweets)
    return Jobs(at[order], tweet[order], whose[order], many[order], removal, place[tweets])
