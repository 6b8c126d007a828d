"""What happens in a span of time: tweets and reads over a day's curve, bursts, replies, deletes."""

from __future__ import annotations

from dataclasses import dataclass

from pubsub_kit.feed.network import Bools, Floats, Ints, Network


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
