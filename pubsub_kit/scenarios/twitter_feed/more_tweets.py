"""A load with tweets besides those that it is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pubsub_kit.feed.people.network import Floats, Ints
from pubsub_kit.feed.people.workload import Load


def with_tweets(load: Load, at: Floats, author: Ints) -> Load:
    """Return a load with these tweets besides, which nobody answers or deletes."""
    place = np.searchsorted(load.tweet_at, at)
    old = np.insert(np.arange(len(load.tweet_at)), place, -1)
    number = np.argsort(old, kind="stable")[len(at) :]  # of each earlier tweet, now
    answered = np.where(load.reply_to >= 0, number[load.reply_to], -1)
    return replace(
        load,
        tweet_at=np.insert(load.tweet_at, place, at),
        author=np.insert(load.author, place, author),
        reply_to=np.insert(answered, place, -1),
        deleted_at=np.insert(load.deleted_at, place, np.inf),
    )
