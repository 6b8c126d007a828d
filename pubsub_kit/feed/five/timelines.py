"""Timelines of the five people, and what a reader sees: how a design writes, and how it reads.

A timeline holds the ids of tweets. What is read is put together from it, from the lists of pulled
authors, and from what the design checks or holds back meanwhile. A reader without a timeline, or
who reads on beyond its end, gets the lists of all authors that they follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pubsub_kit.feed.designs import DesignError, FeedDesign
from pubsub_kit.feed.five.people import FOLLOWERS, LARGEST, PEOPLE, names
from pubsub_kit.world.stores import Store
from pubsub_kit.world.world import World

CHUNK = 2  # destinations in one message of this fan-out, at most
QUEUES = 2  # its partitions, each with a worker: as many as it takes to overtake


@dataclass(frozen=True)
class Plan:
    """What a design comes to among five people: whose tweets go where, and in how many pieces.

    `chunk` is `CHUNK`, or all of a celebrity's followers if the design has them in one message. Two
    of its workers are here, if it has as many, besides one for all that are express.
    """

    pushed: frozenset[str]
    kept: frozenset[str]
    chunk: int
    express: bool
    queues: int
    by: str
    dedup: bool

    @classmethod
    def of(cls, design: FeedDesign) -> Plan:
        """Ask a design; raises DesignError where it is none, or its rules cannot be read."""
        if not isinstance(design, FeedDesign):
            raise DesignError(
                f"a design is a FeedDesign, as FeedDesign(dedup=True), not {design!r}"
            )
        return cls(
            pushed=names(design, "pushed"),
            kept=names(design, "kept"),
            chunk=len(PEOPLE) if design.chunk >= LARGEST else min(design.chunk, CHUNK),
            express=design.express > 0,
            queues=min(design.workers - design.express, QUEUES),
            by=design.partition_by,
            dedup=design.dedup,
        )

    @property
    def topics(self) -> list[str]:
        """The partitions of the fan-out, each as a topic of its own."""
        return ["express"] * self.express + [self._topic(n) for n in range(self.queues)]

    def cut(self, author: str, turn: int) -> Iterator[tuple[str, list[str]]]:
        """Yield the chunks of a tweet, each with its topic; `turn` counts those before."""
        to = [name for name in FOLLOWERS[author] if name in self.kept]
        if self.express and len(to) <= self.chunk:
            yield from (("express", piece) for piece in self._pieces(to))
        elif self.by == "reader":
            for n in range(self.queues):
                mine = [name for name in to if PEOPLE.index(name) % self.queues == n]
                yield from ((self._topic(n), piece) for piece in self._pieces(mine))
        else:
            for i, piece in enumerate(self._pieces(to), turn):
                yield self._topic(PEOPLE.index(author) if self.by == "author" else i), piece

    def _topic(self, number: int) -> str:
        return f"chunks-{number % self.queues + 1}"

    def _pieces(self, to: list[str]) -> Iterator[list[str]]:
        return (to[i : i + self.chunk] for i in range(0, len(to), self.chunk))


class Told(Store):
    """A store whose writes are told in the words of the field."""

    def tell(self, key: str, row: Any, node: str, words: str) -> None:
        """Write a row in one step, and note it at a node in these words."""
        before, self.rows[key] = self.rows.get(key), row
        self.world.note("effect", node, text=words, data=(self.name, {key: before}, {key: row}))


class Tweets(Told):
    """Every tweet by its id, oldest first: its author, what it answers, whether it is deleted."""

    def post(self, id: str, author: str, answers: str) -> None:
        """Keep a new tweet."""
        row = {"by": author, "answers": answers, "deleted": False}
        self.tell(id, row, author, f"posts {id}")

    def strike(self, id: str) -> None:
        """Delete a tweet."""
        row = {**self.rows[id], "deleted": True}
        self.tell(id, row, row["by"], f"deletes {id}")


class Timelines(Told):
    """For each reader the ids of the tweets that were fanned out to them."""

    async def enter(self, reader: str, tweet: str, once: bool) -> None:
        """Add an entry in one step; not if it is there already, where it is added only `once`."""
        await self.world.point(f"adding {tweet} for {reader}")
        entries = self.rows.get(reader, [])
        if not (once and tweet in entries):
            self._set(reader, [*entries, tweet])

    async def take_out(self, reader: str, tweet: str) -> None:
        """Take all entries of a tweet out in one step; no matter if there is none."""
        await self.world.point(f"removing {tweet} for {reader}")
        entries = self.rows.get(reader, [])
        if tweet in entries:
            self._set(reader, [entry for entry in entries if entry != tweet])

    def _set(self, reader: str, entries: list[str]) -> None:
        node = self.world.current().node
        node.active = True
        self.tell(reader, entries, node.name, f"{reader}: {', '.join(entries) or '–'}")


def seen(world: World, design: FeedDesign, plan: Plan, reader: str) -> list[str]:
    """Return the tweets that a reader would see now, oldest first."""
    tweets = world.stores["tweets"].rows
    there = [id for id, tweet in tweets.items() if not tweet["deleted"]]
    followed = [author for author, readers in FOLLOWERS.items() if reader in readers]
    rebuilt = reader not in plan.kept or len(tweets) > design.timeline
    lists = [author for author in followed if rebuilt or author not in plan.pushed]
    found = [id for id in there if tweets[id]["by"] in lists]
    found += [] if rebuilt else world.stores["timelines"].rows.get(reader, [])
    if design.removal == "checked on read":
        found = [id for id in found if id in there]
    if design.replies == "held on read":
        due = [id for id in there if id not in found and tweets[id]["by"] in followed]
        found = [id for id in found if tweets[id]["answers"] not in due]
    return sorted(found, key=list(tweets).index)
