"""What is said of photo feeds that others drew: right ones hold, and wrong ones hear why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pubsub_kit.designs.components import Group, Service, Wire
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.measures import load
from pubsub_kit.designs.report import searched
from pubsub_kit.scenarios.instagram_feed.problem import PROBLEM, propose
from pubsub_kit.scenarios.instagram_feed.steps import CHUNK, Feed
from pubsub_kit.world.search.violation import Violation

#: Searches say the same on every Python.
pytestmark = pytest.mark.once

Data = dict[str, Any]
USUAL = propose({})
SPLIT = propose({"fan-out-job": "recursive"})


def called(lease: float, timeout: float, retries: int) -> Design:
    """The pager calls a service that writes, and a failed call is a nack."""
    kept = [p for p in USUAL.components if p.name not in ("pager", "chunks", "writer")]
    pager = Group("pager", "posts", ("fan_out",), workers=100, lease=lease)
    wires = (Wire("api", "posts"), Wire("pager", "writer", timeout=timeout, retries=retries))
    return Design("called", (*kept, pager, Service("writer", ("chunk",), workers=200)), wires)


class Pull(Feed):
    """Nothing is fanned out: a feed is put together when it is opened."""

    async def fan_out(self, data: Data) -> None:
        """Do nothing."""

    async def open_feed(self, data: Data) -> dict[str, float]:
        """Collect the live posts of those whom the viewer follows."""
        edges = [edge.split() for edge in await self.rows("follows").scan()]
        found = {}
        for author in (author for author, viewer in edges if viewer == data["viewer"]):
            for key, state in (await self.rows("posts").scan(f"{author} ")).items():
                if state == "live":
                    found[key.split()[1]] = self.place.now
        return found


class CursorFirst(Feed):
    """The cursor moves on before its chunk is handed out."""

    async def fan_out(self, data: Data) -> None:
        """Store where the next page begins, and hand this one out."""
        at, more = await self.rows("cursors").get(data["post"], self.start), True
        while more:
            page = await self.place.perform("page", {**data, "low": at, "high": None})
            names, more = list(page)[:CHUNK], len(page) > CHUNK
            before, at = at, self.after(at, names) if names else at
            if not names or not await self.advance(data["post"], before, at):
                return
            await self.hand_out({**data, "viewers": {name: page[name] for name in names}})


class FirstSaysAll(Feed):
    """If the first follower has it, the chunk was done."""

    async def insert(self, data: Data) -> None:
        """Look at the first entry only."""
        if not await self.rows("feeds").get(f"{next(iter(data['viewers']))} {data['post']}"):
            await super().insert(data)


class Marked(Feed):
    """A chunk is marked, and then inserted."""

    async def insert(self, data: Data) -> None:
        """Insert a chunk that has no mark."""
        if await self.rows("cursors").insert(f"{data['post']} {' '.join(data['viewers'])}"):
            await super().insert(data)


class Swallowed(Feed):
    """One chunk that fails does not stop the others."""

    async def hand_out(self, message: Data, here: bool = False) -> None:
        """Go on, whatever comes."""
        try:
            await super().hand_out(message, here)
        except Exception:
            return


class EdgesKept(Feed):
    """Who follows whom is read once, and then remembered."""

    def __init__(self, place: Any) -> None:
        super().__init__(place)
        self.known: dict[str, Any] = {}

    async def known_of(self, role: str, key: str) -> Any:
        """Return a row as it was when it was read first."""
        if key not in self.known:
            self.known[key] = await self.rows(role).get(key)
        return self.known[key]

    async def filter(self, data: Data) -> Data:
        """Filter by remembered edges."""
        shown = {}
        for post, entry in data["entries"].items():
            author = entry.split()[0]
            alive = await self.rows("posts").get(f"{author} {post}") == "live"
            if alive and await self.known_of("follows", f"{author} {data['viewer']}"):
                shown[post] = entry
        return shown


class StatesKept(EdgesKept):
    """Whether a post lives is read once, and then remembered."""

    async def filter(self, data: Data) -> Data:
        """Filter by remembered states."""
        shown = {}
        for post, entry in data["entries"].items():
            author = entry.split()[0]
            alive = await self.known_of("posts", f"{author} {post}") == "live"
            if alive and await self.rows("follows").get(f"{author} {data['viewer']}"):
                shown[post] = entry
        return shown


class Timed(Feed):
    """An entry's key has the time in it."""

    async def enter(self, viewer: str, author: str, post: str) -> bool:
        """Write one entry, sorted by time."""
        at = f"{self.place.now:g}"
        return await self.rows("feeds").insert(f"{viewer} {post} {at}", f"{author} {at}")


class Doubling(Feed):
    """What is shown is a list, and has a post in it twice."""

    async def open_feed(self, data: Data) -> Any:
        """Return the posts, the first of them again."""
        shown = list(await super().open_feed(data))
        return shown + shown[:1]


class Dropped(Feed):
    """A deleted post leaves no row behind."""

    async def delete(self, data: Data) -> str:
        """Delete the row."""
        await self.rows("posts").delete(f"{data['author']} {data['post']}")
        return await self.removed(data)


class FilledFirst(Feed):
    """A newcomer's feed is filled, and then the edge is made."""

    async def follow(self, data: Data) -> str:
        """Fill the feed from a look that is older than the edge."""
        author, viewer = data["author"], data["viewer"]
        for key, state in (await self.rows("posts").scan(f"{author} ")).items():
            if state == "live":
                await self.enter(viewer, author, key.split()[1])
        await self.rows("follows").put(f"{author} {viewer}", 1)
        return "following"


class Raises(Feed):
    """Opening a feed raises."""

    async def open_feed(self, data: Data) -> Any:
        """Divide by nothing."""
        return 1 / 0


class Nothing(Feed):
    """Opening a feed returns nothing."""

    async def open_feed(self, data: Data) -> Any:
        """Forget the answer."""


class Number(Feed):
    """Opening a feed returns a number."""

    async def open_feed(self, data: Data) -> Any:
        """Return how many there are."""
        return 3


class Unfollowed(Feed):
    """Following raises."""

    async def follow(self, data: Data) -> Any:
        """Divide by nothing."""
        return 1 / 0


def wrong(steps: type[Feed], design: Design = USUAL) -> Violation:
    found, _ = searched(PROBLEM, replace(design, steps=steps))
    assert found.violation is not None
    return found.violation


# -- right ones ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lease", [20.0, 35.0, 45.0])
def test_a_long_lease_is_waited_for(lease: float) -> None:
    found, _ = searched(PROBLEM, USUAL.but("writer", lease=lease))
    assert found.outcome == "holds"


@pytest.mark.parametrize(
    "design", [called(10.0, 5.0, 2), called(60.0, 2.0, 0)], ids=["retries", "one try"]
)
def test_a_writer_may_be_called(design: Design) -> None:
    assert searched(PROBLEM, design)[0].outcome == "holds"


@pytest.mark.parametrize("name", PROBLEM.references())
def test_a_reference_is_searched_within_3000_schedules(name: str) -> None:
    found, _ = searched(PROBLEM, PROBLEM.references()[name])
    assert found.outcome == "holds"
    assert found.schedules < 3000


def test_what_is_collected_when_it_is_opened_counts_as_there() -> None:
    measures, _ = load(PROBLEM, replace(USUAL, steps=Pull))
    assert measures["lost"] == 0
    assert measures["p99"] < 60
    assert measures["largest"] < 60


# -- why -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [CursorFirst, FirstSaysAll, Marked])
def test_a_mark_before_its_work_is_told_from_an_early_ack(steps: type[Feed]) -> None:
    found = wrong(steps)
    assert found.belief == "marked before the effect"
    assert "came again at 10.1 s, and cal was passed over" in found.message
    assert "no message is left" not in found.message


def test_a_failed_call_that_is_swallowed_is_no_early_ack() -> None:
    found = wrong(Swallowed, called(60.0, 2.0, 0))
    assert found.belief == "a failed call is swallowed"
    assert "pager-1 heard nothing from writer by 2.1 s" in found.message


def test_only_who_was_reached_was_inserted_before() -> None:
    found, built = searched(PROBLEM, propose({"fan-out-job": "per-post"}))
    assert found.violation is not None
    assert built is not None
    named = found.violation.message.split(" for ")[1].split(", from")[0].split(", ")
    crash = next(n for n, step in enumerate(found.trace) if step.kind == "crash")
    before = [step.text for step in found.trace[:crash] if step.kind == "effect"]
    for name in named:
        assert any(text.startswith(f"feeds/{name} p1") for text in before)


# -- wrong ones ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "belief", "words"),
    [
        (EdgesKept, "removed a moment later", "At 0.5 s bea is shown p0"),
        (StatesKept, "removed a moment later", "At 40.5 s cal is shown p2"),
        (Timed, "entered twice", "'bea p1 0.1' and 'bea p1 10.1'"),
        (Doubling, "entered twice", "is shown p0 2 times"),
        (Dropped, "a repeat brings it back", "zed's app repeats its request at 41.5 s"),
        (FilledFirst, "missed in between", "p1 comes in between, at 0.1 s"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or "",
)
def test_a_wrong_feed_fails_for_its_own_reason(steps: type[Feed], belief: str, words: str) -> None:
    found = wrong(steps)
    assert found.belief == belief
    assert words in found.message


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (Raises, "open_feed raises ZeroDivisionError"),
        (Nothing, "open_feed returns None"),
        (Number, "open_feed returns 3"),
        (Unfollowed, "fay asks five times for 'ann fay' in vain"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or "",
)
def test_an_odd_answer_gets_a_sentence_and_a_load_run(steps: type[Feed], words: str) -> None:
    found = wrong(steps)
    assert found.belief == "no answer"
    assert words in found.message
    measures, _ = load(PROBLEM, replace(USUAL, steps=steps))
    assert measures["p99"] >= 0
