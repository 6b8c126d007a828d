"""What a feed must keep: the live posts of those you follow, nothing removed, little done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.told import faults
from pubsub_kit.scenarios.instagram_feed.steps import CHUNK
from pubsub_kit.world.search.explore import Violation

#: Who follows whom at the start of the small run, and whose each post is. p0 is an old one.
EDGES = {"ann": ("bea", "cal", "dan", "eve"), "zed": ("cal", "dan")}
POSTS = {"p0": "ann", "p1": "ann", "p2": "zed"}
REST = 40.0  # virtual seconds in which everything has been retried


def feeds_are_true(built: Built) -> Iterator[Violation]:
    """Yield what is wrong after a run, the worst first: shown though removed, missing, redone."""
    for rule in (_shown_though_removed, _missing, _redone):
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


def _written(built: Built, viewer: str, post: str) -> list[float]:
    key, times = f"feeds/{viewer} {post}", []
    for step in built.world.trace:
        if step.kind == "effect" and step.data[2].get(key) is not None:
            times.append(step.time)
    return times


def _missing(built: Built) -> Iterator[Violation]:
    for read in built.of("at rest"):
        shown, wanted = read.facts["posts"].split(), _wanted(built, read)
        for post in wanted:
            if post not in shown:
                words, belief = _why_missing(built, read.id, post)
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


def _why_missing(built: Built, viewer: str, post: str) -> tuple[str, str]:
    author = POSTS[post]
    words = f"At rest {viewer} follows {author}, and never sees {author}'s live post {post}."
    written = _written(built, viewer, post)
    if written or (post == "p0" and viewer in EDGES[author]):
        since = f"from {written[-1]:g} s on" if written else "from the start"
        return f"{words} {viewer}'s feed had it {since}, and lost it.", "a feed can't vanish"
    if came := built.of("following", f"{author} {viewer}"):
        late = f"{viewer} followed at {came[0].time:g} s, and only later posts go to a newcomer."
        return f"{words} {late}", "newcomers are missed"
    if skipped := _skipped(built, viewer, post):
        return f"{words} {skipped}", "an offset skips"
    chunks = [r for r in built.of("chunk", post) if viewer in r.facts["of"].split()]
    begun = f"A chunk for {viewer} began at {chunks[0].time:g} s" if chunks else "No chunk began"
    return f"{words} {begun}, and no message is left to retry it.", "acked before the work"


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


def _redone(built: Built) -> Iterator[Violation]:
    befell = len(built.world.trace.faults())
    begun = built.of("chunk")
    for post in dict.fromkeys(record.id for record in begun):
        mine = [record for record in begun if record.id == post]
        counts = Counter(name for record in mine for name in record.facts["of"].split())
        again = sorted(name for name, count in counts.items() if count > 1)
        if sum(counts.values()) - len(counts) > CHUNK * befell:
            words = (
                f"{post} is written a second time for {', '.join(again)}, from {mine[0].time:g} s "
                f"and again until {mine[-1].time:g} s: {len(again)} of {len(counts)} followers. "
                f"A chunk is {CHUNK} here, and stands for 10,000."
            )
            bound, found = f"at most {CHUNK} a fault", ", ".join(again)
            wanted, actual = {"written again": bound}, {"written again": found}
            yield Violation(words, mine[-1].step, wanted, actual, "a crash starts over")


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    befell = faults(built.world.trace)
    if not befell:
        return f"Nothing has failed here, and still: {wrong.message} Which decision makes it so?"
    return f"{befell} {_ASKED.get(wrong.belief, 'What do the followers see at rest?')}"


_ASKED = {
    "purge races the fan-out": "The purge had run before the retry. Who looks after the insert?",
    "removed a moment later": "The removal was acknowledged. From where does a read learn of it?",
    "nothing removes it": "The removal was acknowledged. What does a read look at?",
    "a feed can't vanish": "The feeds were there. From what do you build them again?",
    "newcomers are missed": "Somebody follows in the meantime. Who brings the posts to them?",
    "an offset skips": "A follower of an earlier page has left. With whom does the next one begin?",
    "acked before the work": "The broker takes the message as done. Who finishes the chunk?",
    "a crash starts over": "The message comes again. Where does the work go on?",
}
