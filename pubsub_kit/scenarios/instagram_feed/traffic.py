"""Who posts, leaves, deletes and looks, and when: in the small run, and in a slice of the peak.

100 million posts a day are 1,160 a second, with 150 active followers on average; the peak of three
times that, 58,000 opens a second and the largest account's 100 million followers are the question's
(chunks of 10,000: Branson, PyCon 2013). Assumptions of this slice: one post in 50 is deleted after
2 s, one open in 145 is looked at, and an entry that is there at the start is 48 minutes old on
average, as 174,000 writes a second into 500 million feeds make it.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.designs.built import Built, Site
from pubsub_kit.designs.components import Group
from pubsub_kit.designs.routes import entry
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.scenarios.instagram_feed.rules import EDGES, REST, feeds_are_true
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import sleep

PER_SECOND, PEAK, ONE_OF, SECONDS = 1_160.0, 3, 20, 6.0
FOLLOWERS, LARGEST = 150, 100_000_000
AUTHORS, WIDE = 40, 50_000  # ordinary authors of the slice; followers in one row of the largest
ROWS = LARGEST // ONE_OF // WIDE  # of the largest author: 100
SLOW = 0.2  # seconds of the one slow read of the small run
_WAITS = 5  # rests, at most, for what is retried without end
LOOKS, AGE = 20.0, 2_870.0  # opens a second that are looked at; mean age of an old entry (s)
STAR = "p-star"  # what the largest account posts
LAST = 119.0  # seconds after the traffic at which all feeds are opened once more
VIEWERS = "viewers"
NAMES = [f"v{n}" for n in range(AUTHORS)] + [f"s{n:03}" for n in range(0, ROWS, 20)]


def seed(built: Built, role: str, key: str, value: Any) -> None:
    """Have a row of a role there from long before the run."""
    built.kept_for(role).seed(f"{role}/{key}", value)


async def asks(built: Built, step: str, **data: str) -> Any:
    """Ask until there is an answer, as an app does; return it, or None after five tries."""
    message = {"id": " ".join([step, *data.values()]), **data}
    try:
        answer = await built.ask(step, message, timeout=1.0, tries=5)
        return True if answer is None else answer
    except CallError:
        return None


async def looks(built: Built, viewer: str) -> None:
    """Open a feed as somebody does, and note what it shows."""
    shown = await asks(built, "open_feed", viewer=viewer)
    if shown is not None:
        built.record("served", viewer, VIEWERS, posts=" ".join(posts_of(shown)))


def posts_of(shown: Any) -> list[str]:
    """Return the posts of an opened feed in order, doubles included; of anything else, none."""
    return sorted(map(str, shown)) if isinstance(shown, dict | list | tuple) else []


def a_block_and_a_delete(built: Built) -> None:
    """Let fay follow ann as ann posts p1, and ann block bea; later zed posts p2 and deletes it.

    Each looks before the removal too. fay's follow meets a slow read, and p1 comes meanwhile. zed's
    app never hears of its first request to post, and repeats it when p2 is deleted already.

    All feeds are read when everything has been retried. What was wrong by then is shown without
    what follows: the second half begins only if nothing was.
    """
    for author, names in EDGES.items():
        for name in names:
            seed(built, "follows", f"{author} {name}", 1)
    seed(built, "posts", "ann p0", "live")
    for name in EDGES["ann"]:
        seed(built, "feeds", f"{name} p0", "ann 0")
    posts = built.kept_for("posts")
    posts.scans = SLOW
    built.world.at(SLOW / 4, setattr, posts, "scans", 0.0)
    built.client(_follows(built), "fay")
    built.client(_posts(built, "ann", "p1", SLOW / 2), "ann")
    built.client(_removes(built, "leave", "blocked", "bea", author="ann", viewer="bea"), "ann")
    built.client(_deletes(built), "zed")
    for kept in built.kept.values():
        if kept.keeps is not None:
            built.world.at(0.7, kept.wipe)


async def _posts(built: Built, author: str, post: str, at: float = 0.0) -> bool:
    await sleep(at)
    done = await asks(built, "post", author=author, post=post)
    built.record("posted" if done else "unanswered", f"{author} {post}", author)
    return bool(done)


async def _removes(built: Built, step: str, kind: str, who: str, **data: str) -> None:
    """Look, have something removed, and look at once whether it is still shown."""
    await sleep(0.3)
    await looks(built, who)
    await sleep(0.2)
    done, id = await asks(built, step, **data), " ".join(data.values())
    built.record(kind if done else "unsure", id, data["author"])
    if done:
        built.client(looks(built, who), VIEWERS)


async def _follows(built: Built) -> None:
    built.record("asked", "ann fay", "fay")
    done = await asks(built, "follow", author="ann", viewer="fay")
    built.record("following" if done else "unanswered", "ann fay", "fay")


async def _deletes(built: Built) -> None:
    await _rests(built)
    if next(feeds_are_true(built), None) is not None or not await _posts(built, "zed", "p2"):
        return
    await _removes(built, "delete", "deleted", "cal", author="zed", post="p2")
    if built.of("deleted"):
        await sleep(1.0)
        built.record("repeats", "zed p2", "zed")
        await asks(built, "post", author="zed", post="p2")
    await _rests(built)


async def _rests(built: Built) -> None:
    """Wait until nothing is left to be retried, and note what each feed shows.

    It is read where it is read: nothing can fail on the way.
    """
    for _ in range(_WAITS):
        await sleep(max(REST, 3 * built.world.longest_lease))
        if not any(group.lag for group in built.world.broker.subscriptions.values()):
            break
    target = entry(built.design, "open_feed").target
    reader = Site(built, built.design.part(target), built.kind)
    for viewer in ("bea", "cal", "dan", "fay"):
        built.record("at rest", viewer, VIEWERS, **await _read(built, reader, viewer))


async def _read(built: Built, reader: Site, viewer: str) -> dict[str, str]:
    """Return what a feed shows, and how the answer was odd; an error of the step shows nothing."""
    try:
        shown = await reader.perform("open_feed", {"viewer": viewer})
    except PubSubKitError:
        raise
    except Exception as error:
        built.world.raised.append((len(built.world.trace), error))
        built.world.note("note", reader.name, text=f"open_feed {viewer} raises")
        return {"posts": "", "odd": f"raises {type(error).__name__}"}
    if isinstance(shown, dict | list | tuple):
        return {"posts": " ".join(posts_of(shown))}
    return {"posts": "", "odd": f"returns {brief(shown)}"}


def peak(built: Built) -> None:
    """Send seconds of the peak, in which the largest account posts too."""
    luck = built.luck
    seed(built, "posts", "old p0", "live")
    for name in NAMES:
        seed(built, "follows", f"old {name}", 1)
        seed(built, "feeds", f"{name} p0", f"old {-luck.expovariate(1 / AGE):.0f}")
    for number in range(AUTHORS):
        seed(built, "follows", f"a{number} v{number}", FOLLOWERS)
    for number in range(ROWS):
        seed(built, "follows", f"star s{number:03}", WIDE)
    built.client(_star(built), "star")
    at, number = 0.0, 0
    while (at := at + luck.expovariate(PER_SECOND * PEAK / ONE_OF)) < SECONDS:
        number += 1
        built.client(_author(built, at, luck.randrange(AUTHORS), number))
    at = 0.0
    while (at := at + luck.expovariate(LOOKS)) < SECONDS:
        built.client(_viewer(built, at, luck.choice(NAMES)))
    for viewer in (*NAMES[:AUTHORS], *(f"s{number:03}" for number in range(ROWS))):
        for at in (SECONDS + 1, SECONDS + LAST):
            built.client(_checks(built, at, viewer))


async def _star(built: Built) -> None:
    await sleep(1.0)
    if await asks(built, "post", author="star", post=STAR):
        built.record("star", STAR)


async def _author(built: Built, at: float, who: int, number: int) -> None:
    await sleep(at)
    author, viewer, post = f"a{who}", f"v{who}", f"p{number}"
    built.record("asked", f"{post} {viewer}")
    if not await asks(built, "post", author=author, post=post):
        return
    built.record("accepted", f"{post} {viewer}")
    if number % 50:
        return
    await sleep(2.0)
    await _checks(built, 0.0, viewer)
    gone = await asks(built, "delete", author=author, post=post)
    if gone and post in posts_of(await asks(built, "open_feed", viewer=viewer)):
        built.record("stale", post)


async def _viewer(built: Built, at: float, viewer: str) -> None:
    await sleep(at)
    began = built.world.now
    shown = await asks(built, "open_feed", viewer=viewer)
    if isinstance(shown, dict | list | tuple):
        _saw(built, viewer, posts_of(shown))
        now = built.world.now
        facts: dict[str, Any] = {"seconds": now - began}
        times: list[Any] = list(shown.values()) if isinstance(shown, dict) else [None]
        if all(isinstance(time, int | float) for time in times):
            facts["age"] = now - min(times, default=now)
        built.record("opened", viewer, **facts)


async def _checks(built: Built, at: float, viewer: str) -> None:
    """Open a feed, beside the opens that are measured, to see which posts are there by then."""
    await sleep(at)
    _saw(built, viewer, posts_of(await asks(built, "open_feed", viewer=viewer)))


def _saw(built: Built, viewer: str, posts: list[str]) -> None:
    """Note what a reader is the first to see of it: a feed may be collected when it is opened."""
    done = {record.id for record in built.of("done")}
    seen = built.outside.setdefault("seen", {})
    for post in posts:
        seen.setdefault((post, viewer), built.world.now)
        if post != STAR and f"{post} {viewer}" not in done:
            built.record("done", f"{post} {viewer}")


def workers_crash(built: Built) -> None:
    """One worker of each group crashes two seconds in: within a chunk, if it has any."""
    for part in built.design.components:
        if isinstance(part, Group):
            node = next(name for name in built.world.nodes if name.startswith(part.name))
            built.world.at(2.0, built.world.crash, node)
