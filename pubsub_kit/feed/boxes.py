"""A design as boxes and arrows: what you'd draw on a whiteboard, its numbers included.

The write path runs along the top, the read path along the bottom, and what is stored lies between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pubsub_kit.feed.designs import EVERYBODY, DesignError, FeedDesign

if TYPE_CHECKING:
    from pubsub_kit.show.canvas import Canvas
    from pubsub_kit.show.picture import Picture

_WIDTH, _W, _H = 700.0, 120.0, 50.0  # pixels, of the paper and of a box
_TOP, _MIDDLE, _LOW = 76.0, 214.0, 352.0


class Box(NamedTuple):
    """A box: its kind decides its shape, `x` and `y` are its middle."""

    name: str
    kind: str
    x: float
    y: float
    words: str


class Arrow(NamedTuple):
    """An arrow from one box to another, with a label of one or two lines at (x, y)."""

    start: str
    end: str
    words: tuple[str, ...]
    x: float
    y: float
    anchor: str = "middle"


def boxes(design: FeedDesign) -> Picture:
    """Draw a design as boxes and arrows; raises DesignError for what is no design."""
    from pubsub_kit.show.canvas import Canvas
    from pubsub_kit.show.ink import wrap
    from pubsub_kit.show.picture import Picture

    if not isinstance(design, FeedDesign):
        raise DesignError(f"boxes() draws a FeedDesign, not {type(design).__name__}")
    some, ways = _some(design), _ways(design)
    title, notes = f"{design.name}: the boxes", _notes(design)
    canvas = Canvas(_WIDTH, _LOW + 54)
    canvas.text(14, 26, title, 15, bold=True)
    places = {box.name: box for box in some}
    for way in ways:
        canvas.arrow(_between(places[way.start], places[way.end]))
    for box in some:
        _draw(canvas, box)
    for way in ways:
        for n, words in enumerate(way.words):
            canvas.text(way.x, way.y + 14 * n, words, 11.5, "ink", way.anchor, halo=True)
    for line in wrap(" ".join(notes), _WIDTH - 28, 12):
        canvas.text(14, canvas.h, line, 12)
        canvas.h += 17
    told = [f"{way.start} → {way.end}: {' '.join(way.words)}" for way in ways]
    text = "\n".join([title, *told, *notes])
    return Picture(canvas, text, text.replace("\n", ". "), title)


def _some(design: FeedDesign) -> list[Box]:
    """Return the boxes that a design has."""
    left, second, third, right = 74.0, 254.0, 434.0, 626.0
    some = [
        Box("author", "client", left, _TOP, "posts"),
        Box("post service", "service", second, _TOP, ""),
        Box("tweets", "store", left, _MIDDLE, "id → text"),
        Box("reader", "client", left, _LOW, "opens the app"),
        Box("read service", "service", third - 60, _LOW, "merges"),
    ]
    pushes, pulls = _does(design)
    if pushes:
        lane = f" + {design.express:,} express" if design.express else " workers"
        some += [
            Box("broker", "broker", third, _TOP, _KEYS[design.partition_by]),
            Box("fan-out", "service", right, _TOP, f"{design.workers - design.express:,}{lane}"),
            Box("timelines", "store", right, _MIDDLE, f"{design.timeline:,} ids each"),
        ]
    if pulls:
        some.append(Box("author lists", "store", 330.0, _MIDDLE, f"{design.replicas} replicas"))
    return some


def _does(design: FeedDesign) -> tuple[bool, bool]:
    """Return whether a design pushes anybody, and whether it pulls anybody, as far as it says."""
    own = _own(design)
    return own or design.threshold > 0, own or design.threshold < EVERYBODY


def _own(design: FeedDesign) -> bool:
    """Return whether a class of one's own decides who is pushed."""
    return type(design).pushed is not FeedDesign.pushed


def _whom(design: FeedDesign) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return in two lines whom a design pushes, and whom it pulls."""
    if _own(design):
        return ("pushed:", "by its own rule"), ("pulled:", "by its own rule")
    if not 0 < design.threshold < EVERYBODY:
        return ("pushed:", "every author"), ("pulled:", "every author")
    size = f"{design.threshold:,}"
    return ("pushed: authors below", f"{size} followers"), (
        "pulled: authors with",
        f"{size} or more",
    )


_KEYS = {"none": "no key", "author": "key: author", "reader": "key: reader"}


def _ways(design: FeedDesign) -> list[Arrow]:
    """Return the arrows that a design has."""
    (pushes, pulls), (pushed, pulled) = _does(design), _whom(design)
    looks: tuple[str, ...] = ("text",)
    if design.removal == "checked on read":
        looks = ("text, deleted?",)
    if design.replies == "held on read":
        looks = (*looks, "original there?")
    ways = [
        Arrow("author", "post service", ("1 tweet",), 163, _TOP - 8),
        Arrow("post service", "tweets", ("store it", "once"), 132, 140, "end"),
        Arrow("reader", "read service", ("timeline",), 212, _LOW - 8),
        Arrow("read service", "tweets", looks, 168, 296),
    ]
    if pushes:
        ways += [
            Arrow("post service", "broker", ("publish",), 340, _TOP - 8),
            Arrow("broker", "fan-out", ("chunks of", f"{design.chunk:,}"), 527, _TOP - 22),
            Arrow("fan-out", "timelines", pushed, 616, 140, "end"),
            Arrow("read service", "timelines", ("1 lookup",), 536, 300),
        ]
    if pulls:
        ways += [
            Arrow("post service", "author lists", pulled, 302, 140, "start"),
            Arrow(
                "read service", "author lists", ("one for each", "you follow"), 366, 286, "start"
            ),
        ]
    return ways


def _notes(design: FeedDesign) -> list[str]:
    """Return what no box shows, in sentences."""
    ack = "after" if design.semantics == "at least once" else "before"
    once = " An id is added once." if design.dedup else ""
    aside = f" After {design.attempts} attempts a message is set aside." if ack == "after" else ""
    away = "nobody inactive has a timeline" if design.skip_inactive else "everybody has a timeline"
    gone = " Deletes are fanned out too." if design.removal == "fanned out" else ""
    held = f"{design.stores:,} stores hold {design.replicas} replicas of each list"
    if not _does(design)[0]:
        return [f"{held}, and nobody has a timeline."]
    return [f"Workers ack {ack} the work.{once}{aside}{gone}", f"{held}, and {away}."]


def _between(start: Box, end: Box) -> list[tuple[float, float]]:
    """Return where an arrow leaves one box and meets the other."""
    return [_edge(start, end), _edge(end, start)]


def _edge(box: Box, other: Box) -> tuple[float, float]:
    dx, dy = other.x - box.x, other.y - box.y
    reach = min((_W / 2 + 3) / abs(dx) if dx else 9e9, (_H / 2 + 3) / abs(dy) if dy else 9e9)
    return box.x + dx * reach, box.y + dy * reach


def _draw(canvas: Canvas, box: Box) -> None:
    """Draw a box: people are round, services soft, stores have a lid, a broker is a pipe."""
    left, top = box.x - _W / 2, box.y - _H / 2
    radius = {"client": _H / 2, "service": 9.0, "broker": 3.0, "store": 0.0}[box.kind]
    canvas.rect(left, top, _W, _H, "tint", "ink", radius, 1.4)
    if box.kind == "store":
        canvas.line((left, top + 6), (left + _W, top + 6), "ink", 1.4)
    if box.kind == "broker":
        for at in (6.0, 11.0, _W - 11.0, _W - 6.0):
            canvas.line((left + at, top + 1), (left + at, top + _H - 1), "ink", 1.1)
    canvas.text(box.x, box.y + (0 if box.words else 5), box.name, 13, "ink", "middle", bold=True)
    canvas.text(box.x, box.y + 16, box.words, 11, "muted", "middle")
