"""What a feed must keep: the live posts of those you follow, nothing removed, little done twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.told import question, raised
from pubsub_kit.scenarios.instagram_feed.reasons import at_fault, why_lost
from pubsub_kit.scenarios.instagram_feed.steps import CHUNK
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step

#: Who follows whom at the start of the small run, and whose each post is. p0 is an old one.
EDGES = {"ann": ("bea", "cal", "dan"), "zed": ("cal",)}
POSTS = {"p0": "ann", "p1": "ann", "p2": "zed"}
REST = 40.0  # virtual seconds in which everything has been retried


def feeds_are_true(built: Built) -> Iterator[Violation]:
    """Yield what is wrong after a run, the worst first: shown though removed, missing, redone."""
    for rule in (_shown_though_removed, _missing, _twice, _redone, _unanswered):
        yield from rule(built)


def _shown_though_removed(built: Built) -> Iterator[Violation]:
    for served in built.of("served") + built.of("at rest"):
        for post in served.facts["posts"].split():
            gone = _gone(built, served.id, post)
            if gone is not None and gone.time <= served.time:
                words, belief = _why_shown(built, served, post, gone)
                wanted, found = {served.id: f"no {post}"}, {served.id: post}
                yield Violation(words, served.step, wanted, found, belief)


def _gone(built: Built, viewer: str, post: str) -> Record | None:
    author = POSTS[post]
    found = built.of("deleted", f"{author} {post}") + built.of("blocked", f"{author} {viewer}")
    return found[0] if found else None


def _why_shown(built: Built, served: Record, post: str, gone: Record) -> tuple[str, str]:
    viewer, author = served.id, POSTS[post]
    what = f"deletes {post}" if gone.kind == "deleted" else f"blocks {viewer}"
    words = (
        f"{author} {what}, and hears at {gone.time:g} s that it is done. At {served.time:g} s "
        f"{viewer} is shown {post}."
    )
    if back := [r for r in built.of("repeats", f"{author} {post}") if r.time <= served.time]:
        rows = [s for s in _effects(built, f"posts/{author} {post}") if s.time >= back[0].time]
        if rows:
            again = f"{author}'s app repeats its request at {back[0].time:g} s, since it never "
            again += f"heard of the first; {rows[0].node} writes {rows[0].text}."
            return f"{words} {again}", "a repeat brings it back"
    written = _written(built, viewer, post)
    if written and written[-1] > gone.time:
        again = f"A late insert wrote {post} into {viewer}'s feed at {written[-1]:g} s."
        return f"{words} {again}", "purge races the fan-out"
    since = f"since {written[-1]:g} s" if written else "all along"
    last = [r for r in built.of("at rest", viewer) if post in r.facts["posts"].split()]
    if last:
        still = (
            f"It has been in {viewer}'s feed {since}, and is still shown at {last[-1].time:g} s."
        )
        return f"{words} {still}", "nothing removes it"
    still = f"It was in {viewer}'s feed {since}, and the read did not see the removal yet."
    return f"{words} {still}", "removed a moment later"


def _effects(built: Built, key: str) -> list[Step]:
    """Return the writes of a row, deletes left out."""
    effects = built.world.trace.of("effect")
    return [step for step in effects if step.data[2].get(key) is not None]


def _written(built: Built, viewer: str, post: str) -> list[float]:
    return [step.time for step in _effects(built, f"feeds/{viewer} {post}")]


def _missing(built: Built) -> Iterator[Violation]:
    for read in built.of("at rest"):
        shown, wanted = read.facts["posts"].split(), _wanted(built, read)
        for post in wanted:
            if post not in shown:
                words, belief = _why_missing(built, read, post)
                expected, actual = {read.id: " ".join(wanted)}, {read.id: " ".join(shown)}
                yield Violation(words, read.step, expected, actual, belief)


def _wanted(built: Built, read: Record) -> list[str]:
    viewer = read.id
    followed = [author for author, names in EDGES.items() if viewer in names]
    followed += [r.id.split()[0] for r in built.of("following") if r.id.endswith(f" {viewer}")]
    live = ["p0", *(r.id.split()[1] for r in built.of("posted") if r.time < read.time)]
    over = {r.id for r in built.records if r.kind in ("deleted", "blocked", "unsure")}
    kept = [p for p in live if not over & {f"{POSTS[p]} {p}", f"{POSTS[p]} {viewer}"}]
    return [post for post in kept if POSTS[post] in followed]


def _why_missing(built: Built, read: Record, post: str) -> tuple[str, str]:
    viewer, author = read.id, POSTS[post]
    words = f"At rest {viewer} follows {author}, and never sees {author}'s live post {post}."
    if odd := read.facts.get("odd"):
        return f"{words} open_feed {odd} instead of returning posts.", "no answer"
    written = [time for time in _written(built, viewer, post) if time <= read.time]
    if written or (post == "p0" and viewer in EDGES[author]):
        since = f"from {written[-1]:g} s on" if written else "from the start"
        if f"{viewer} {post}" in built.rows("feeds"):
            there = f"It is in {viewer}'s feed {since}, and open_feed does not return it."
            return f"{words} {there}", "in the feed, and not shown"
        return f"{words} {viewer}'s feed had it {since}, and lost it.", "a feed can't vanish"
    if came := built.of("following", f"{author} {viewer}"):
        return f"{words} {_newcomer(built, came[0], post)}", _newcomers(built, came[0], post)
    if skipped := _skipped(built, viewer, post):
        return f"{words} {skipped}", "an offset skips"
    chunks = [r for r in built.of("chunk", post) if viewer in r.facts["of"].split()]
    begun = f"A chunk for {viewer} began at {chunks[0].time:g} s" if chunks else "No chunk began"
    why, belief = why_lost(built.world.trace, viewer, post)
    if raised(built.world):
        why, belief = "the code that should write it raises", "its own code raises"
    return f"{words} {begun}: {why}.", belief


def _newcomer(built: Built, came: Record, post: str) -> str:
    viewer = came.who
    if _newcomers(built, came, post) == "newcomers are missed":
        return f"{viewer} followed at {came.time:g} s, and only later posts go to a newcomer."
    asked, posted = built.of("asked", came.id)[0], built.of("posted", f"{POSTS[post]} {post}")[0]
    return (
        f"{viewer} asks to follow at {asked.time:g} s, and hears at {came.time:g} s that it is "
        f"done. {post} comes in between, at {posted.time:g} s: the look at older posts is too "
        "early for it, and the edge too late."
    )


def _newcomers(built: Built, came: Record, post: str) -> str:
    asked, posted = built.of("asked", came.id), built.of("posted", f"{POSTS[post]} {post}")
    between = asked and posted and asked[0].time <= posted[0].time <= came.time
    return "missed in between" if between else "newcomers are missed"


def _skipped(built: Built, viewer: str, post: str) -> str:
    """Return how a page passed over a viewer, if somebody of an earlier page had left."""
    chunks = [(r, r.facts["of"].split()) for r in built.of("chunk", post)]
    for left in built.of("blocked"):
        name = left.id.split()[1]
        before = any(name in of and r.time <= left.time for r, of in chunks)
        later = [(r, of) for r, of in chunks if r.time > left.time and of[0] > viewer]
        if before and later and not any(viewer in of for _, of in chunks):
            record, of = later[0]
            return (
                f"{name}, who was on the first page, left at {left.time:g} s, and everybody moved "
                f"up one place: at {record.time:g} s the next page begins with {of[0]}."
            )
    return ""


def _twice(built: Built) -> Iterator[Violation]:
    """Yield who has a post twice: in what is shown, or in more rows than others have of it."""
    for read in built.of("at rest"):
        posts = read.facts["posts"].split()
        for post in dict.fromkeys(post for post in posts if posts.count(post) > 1):
            words = f"At {read.time:g} s {read.id} is shown {post} {posts.count(post)} times."
            yield Violation(
                words, read.step, {read.id: "once"}, {read.id: "twice"}, "entered twice"
            )
    for post, entries in _entries(built).items():
        least = min(map(len, entries.values()))
        for viewer, rows in entries.items():
            if len(rows) > least:
                keys = " and ".join(repr(key) for _, key in rows)
                at = rows[-1][0]
                words = (
                    f"{viewer}'s feed has {post} in the rows {keys}: it was entered again at "
                    f"{built.world.trace[at].time:g} s, under a key that was new."
                )
                yield Violation(words, at, {viewer: "1 row"}, {viewer: keys}, "entered twice")


def _entries(built: Built) -> dict[str, dict[str, list[tuple[int, str]]]]:
    """Return by post and viewer the rows that the run wrote and still has, with their steps."""
    names = {"fay", *(name for names in EDGES.values() for name in names)}
    found: dict[str, dict[str, list[tuple[int, str]]]] = {}
    rows, known = built.rows("feeds"), set[str]()
    for n, step in enumerate(built.world.trace):
        for row in step.data[2] if step.kind == "effect" else ():
            key = row.removeprefix("feeds/")
            if key == row or key in known or key not in rows:
                continue
            known.add(key)
            said = {*re.findall(r"\w+", key)}
            for post in said & POSTS.keys():
                for viewer in said & names:
                    found.setdefault(post, {}).setdefault(viewer, []).append((n, key))
    return found


def _redone(built: Built) -> Iterator[Violation]:
    befell = sum(at_fault(step) for step in built.world.trace)
    for post in dict.fromkeys(record.id for record in built.of("chunk")):
        mine, counts = built.of("chunk", post), Counter[str]()
        for record in mine:
            counts.update(_reached(built, record))
        again = sorted(name for name, count in counts.items() if count > 1)
        repeats = befell + len(built.of("repeats", f"{POSTS[post]} {post}"))
        if counts.total() - len(counts) > CHUNK * repeats:
            words = (
                f"{post} is inserted a second time for {', '.join(again)}, from {mine[0].time:g} s "
                f"and again until {mine[-1].time:g} s: {len(again)} of {len(counts)} followers. "
                f"A chunk is {CHUNK} here, and stands for 10,000."
            )
            bound, found = f"at most {CHUNK} a fault", ", ".join(again)
            wanted, actual = {"inserted again": bound}, {"inserted again": found}
            belief = "its own code raises" if raised(built.world) else "a crash starts over"
            yield Violation(words, mine[-1].step, wanted, actual, belief)


def _reached(built: Built, chunk: Record) -> list[str]:
    """Return for whom a chunk was inserted, up to where a crash cut it off."""
    viewers: list[str] = chunk.facts["of"].split()
    for step in built.world.trace[chunk.step + 1 :]:
        if step.node == chunk.who and step.kind in ("crash", "end"):
            for n, viewer in enumerate(viewers):
                if step.kind == "crash" and f"feeds/{viewer} {chunk.id}" in step.text:
                    return viewers[:n]
            break
    return viewers


def _unanswered(built: Built) -> Iterator[Violation]:
    """Yield what a client asked for five times in vain, though nothing had failed."""
    for asked in built.of("unanswered"):
        if not any(map(at_fault, built.world.trace)):
            words = f"Nothing fails, and {asked.who} asks five times for {asked.id!r} in vain."
            yield Violation(words, asked.step, "an answer", "none", "no answer")


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    asks = _ASKED.get(wrong.belief, "What do the followers see at rest?")
    return question(built.world, wrong, asks)


_ASKED = {
    "purge races the fan-out": "The purge had run before the retry. Who looks after the insert?",
    "removed a moment later": "The removal was acknowledged. From where does a read learn of it?",
    "nothing removes it": "The removal was acknowledged. What does a read look at?",
    "a feed can't vanish": "The feeds were there. From what do you build them again?",
    "newcomers are missed": "Somebody follows in the meantime. Who brings the posts to them?",
    "an offset skips": "A follower of an earlier page has left. With whom does the next one begin?",
    "acked before the work": "The broker takes the message as done. Who finishes the chunk?",
    "marked before the effect": "The mark is there, and its work is not. Which comes first?",
    "a failed call is swallowed": "The call failed. Who hears of it, and who does it again?",
    "nobody comes back": "Who comes back to what was begun?",
    "a repeat brings it back": "A request to post comes late. What says that the post is gone?",
    "missed in between": "A post came while somebody followed. Which of your two steps sees it?",
    "entered twice": "The insert comes again. What makes both of them one entry?",
    "a crash starts over": "The message comes again. Where does the work go on?",
}
