"""A photo's way into its followers' feeds, and out of them: each part, by the design's decisions.

    author ─▶ post ─▶ fan_out ─▶ chunk ─▶ insert       viewer ─▶ open_feed (filter, rank)
    author ─▶ delete, leave ─▶ purge                   viewer ─▶ follow (backfill)

`follows` has a row for each edge, "ann bea", and in it how many followers that row stands for: one
in a small run. A chunk is two rows there, and stands for Instagram's 10,000 followers. An entry of
a feed is the row "bea p1", with the author and the time of its score: it is by viewer and post, so
that a second insert of it changes nothing.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.designs.steps import Steps
from pubsub_kit.patterns.ports import Conflict

CHUNK = 2  # rows of followers
CANDIDATES = 500  # that are ranked for one opened feed
Data = dict[str, Any]
Mark = str | int | None  # a place in a list of followers: the last id before it, or an index


class Nobody(Steps):
    """No provider has a part in a feed."""


class Feed(Steps):
    """The candidate's side: posts, fan-out, removal, and feeds as they are opened."""

    async def post(self, data: Data) -> str:
        """Keep an author's post, and have it fanned out; asked again too, unless it is deleted."""
        key, posts = f"{data['author']} {data['post']}", self.rows("posts")
        if not await posts.insert(key, "live") and await posts.get(key) == "deleted":
            return "posted"
        await self.send("fan_out", data)
        return "posted"

    # -- fan-out -----------------------------------------------------------------------------------

    async def fan_out(self, data: Data) -> None:
        """Take a post to all who follow its author, by the design's kind of job."""
        job = self.decisions["fan-out-job"]
        if self.decisions["paging"] == "snapshot":
            await self.place.perform("snapshot", data)
        if job == "recursive":
            await self.place.perform("chunk", {**data, "low": self.start, "high": None})
            return
        at, stored = self.start, job == "chunks"
        if stored:
            at = await self.rows("cursors").get(data["post"], at)
        more = True
        while more:
            page = await self.place.perform("page", {**data, "low": at, "high": None})
            names, more = list(page)[:CHUNK], len(page) > CHUNK
            if not names:
                return
            message = {**data, "viewers": {name: page[name] for name in names}}
            alone = not stored or (at == self.start and not more)
            await self.hand_out(message, here=alone)
            before, at = at, self.after(at, names)
            if stored and not alone and not await self.advance(data["post"], before, at):
                return

    @property
    def start(self) -> Mark:
        """Where a list of followers begins."""
        return "" if self.decisions["paging"] == "by-id" else 0

    def after(self, at: Mark, names: list[str]) -> Mark:
        """Return where the page behind this one begins."""
        return names[-1] if isinstance(at, str) else (at or 0) + len(names)

    async def hand_out(self, message: Data, here: bool = False) -> None:
        """Have a chunk done: by whoever this part is wired to, or here."""
        if here or not self.reaches("chunk"):
            await self.place.perform("chunk", message)
        else:
            await self.send("chunk", message)

    async def advance(self, post: str, before: Mark, at: Mark) -> bool:
        """Store a post's cursor; return False if another worker has taken the post over."""
        try:
            async with self.together("cursors") as write:
                if await write["cursors"].get(post, self.start) != before:
                    return False
                await write["cursors"].put(post, at)
        except Conflict:
            return False
        return True

    async def snapshot(self, data: Data) -> None:
        """Copy the list of followers, once for each post."""
        now = await self.rows("follows").scan(f"{data['author']} ")
        await self.rows("cursors").insert(f"{data['post']} list", now)

    async def page(self, data: Data) -> dict[str, int]:
        """Return the followers of one stretch of the list, in order, and what each stands for."""
        if self.decisions["paging"] == "snapshot":
            rows = await self.rows("cursors").get(f"{data['post']} list", {})
        else:
            rows = await self.rows("follows").scan(f"{data['author']} ")
        names = [key.split()[1] for key in rows]
        low, high = data["low"], data["high"]
        if self.decisions["paging"] == "by-id":
            names = [name for name in names if name > low and (high is None or name <= high)]
        else:
            names = names[low:high]
        return {name: rows[f"{data['author']} {name}"] for name in names}

    async def chunk(self, data: Data) -> None:
        """Insert a post into the feeds of a chunk; a stretch that is longer is split in two."""
        if "viewers" in data:
            await self.place.perform("insert", data)
            return
        page = await self.place.perform("page", data)
        key = f"{data['post']} {data['low']}-{data['high'] or ''}"
        if len(page) > CHUNK:
            await self.split(data, key, list(page))
        elif page and not await self.rows("cursors").get(key):
            await self.place.perform("insert", {**data, "viewers": page})
            await self.rows("cursors").put(key, "done")

    async def split(self, data: Data, key: str, names: list[str]) -> None:
        """Hand out both halves of a stretch: the same two, should it be asked for again."""
        middle = self.after(data["low"], names[: len(names) // 2])
        if not await self.rows("cursors").insert(key, middle):
            middle = await self.rows("cursors").get(key)
        await self.hand_out({**data, "high": middle})
        await self.hand_out({**data, "low": middle})

    async def insert(self, data: Data) -> None:
        """Write a post into some feeds, one after the other."""
        viewers, post = data["viewers"], data["post"]
        self.record("chunk", post, of=" ".join(viewers))
        if self.decisions["ranking"] == "ranked":
            await self.place.perform("rank", {"scores": sum(viewers.values())})
        new = False
        for viewer in viewers:
            new |= await self.enter(viewer, data["author"], post)
        if new:
            self.record("done", f"{post} {next(iter(viewers))}")

    async def enter(self, viewer: str, author: str, post: str) -> bool:
        """Write one entry, with its author and the time of its score; return whether it is new."""
        return await self.rows("feeds").insert(f"{viewer} {post}", f"{author} {self.place.now:g}")

    async def follow(self, data: Data) -> str:
        """Let somebody follow an author, and see what the author has posted before."""
        author, viewer = data["author"], data["viewer"]
        await self.rows("follows").put(f"{author} {viewer}", 1)
        if self.decisions["newcomers"] == "backfill":
            for key, state in (await self.rows("posts").scan(f"{author} ")).items():
                if state == "live":
                    await self.enter(viewer, author, key.split()[1])
        return "following"

    async def leave(self, data: Data) -> str:
        """End an edge: the viewer unfollows the author, or one of them blocks the other."""
        await self.rows("follows").delete(f"{data['author']} {data['viewer']}")
        return await self.removed(data)

    async def delete(self, data: Data) -> str:
        """Delete a post: its row stays, so that no late request to post it brings it back."""
        await self.rows("posts").put(f"{data['author']} {data['post']}", "deleted")
        return await self.removed(data)

    async def removed(self, data: Data) -> str:
        """Have what was removed purged from feeds too, if the design purges."""
        if self.decisions["removal"] != "filter":
            await self.send("purge", data)
        return "removed"

    async def purge(self, data: Data) -> None:
        """Delete a post's entries, or those of an author in one viewer's feed."""
        author = data["author"]
        if "post" in data:
            edges = await self.rows("follows").scan(f"{author} ")
            doomed = [f"{edge.split()[1]} {data['post']}" for edge in edges]
        else:
            feed = await self.rows("feeds").scan(f"{data['viewer']} ")
            doomed = [key for key, entry in feed.items() if entry.split()[0] == author]
        for key in doomed:
            await self.rows("feeds").delete(key)

    async def open_feed(self, data: Data) -> dict[str, float]:
        """Return a viewer's posts, each with the time at which its score was computed."""
        feed = await self.rows("feeds").scan(f"{data['viewer']} ")
        entries = {key.split()[1]: entry for key, entry in feed.items()}
        if self.decisions["removal"] != "purge":
            asked = {"viewer": data["viewer"], "entries": entries}
            entries = await self.place.perform("filter", asked)
        if self.decisions["ranking"] == "candidates":
            await self.place.perform("rank", {"scores": CANDIDATES})
            return dict.fromkeys(entries, self.place.now)
        return {post: float(entry.split()[1]) for post, entry in entries.items()}

    async def filter(self, data: Data) -> Data:
        """Return those entries whose post lives, and whose author the viewer follows."""
        posts, follows, shown = self.rows("posts"), self.rows("follows"), {}
        for post, entry in data["entries"].items():
            author = entry.split()[0]
            alive = await posts.get(f"{author} {post}") == "live"
            if alive and await follows.get(f"{author} {data['viewer']}"):
                shown[post] = entry
        return shown

    async def rank(self, data: Data) -> None:
        """Compute so many scores: at load it takes its time, and a small run has one order."""
