"""The run in which a feed fails, drawn small: all topics as one broker, most acks left out.

    counterexample(explore_design(design)).save("run.png")

A read is drawn as what it is: an arrow from the reader's timeline, and one from each author whose
tweets are pulled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pubsub_kit.feed.five.messages import FeedExploration
from pubsub_kit.feed.five.oracles import EARLY, LOST
from pubsub_kit.feed.five.people import PEOPLE
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

BROKER, TIMELINE = "broker", "'s timeline"


def counterexample(found: FeedExploration) -> Picture:
    """Draw the shortest run in which a design fails; raises PictureError where none was found."""
    from pubsub_kit import show

    if not isinstance(found, FeedExploration):
        raise show.PictureError(
            f"counterexample() draws what explore_design(design) found, not {found!r}"
        )
    if found.violation is None or found.world is None:
        return show.counterexample(found)
    title = f"{found.scene}: the shortest run that breaks it, schedule {found.code}"
    return draw(found.world, found.violation, title[0].upper() + title[1:])


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run of a scene, from its authors on the left to its readers on the right.

    Raises PictureError for what is no world, and for what is no violation.
    """
    from pubsub_kit import show

    if not isinstance(world, World):
        raise show.PictureError(f"draw() takes a World that has run, not {type(world).__name__}.")
    if violation is not None and not isinstance(violation, Violation):
        raise show.PictureError(f"draw() takes a Violation or None, not {violation!r}.")
    wrong = violation or Violation("")
    trace, marks = Trace(), dict[int, int]()
    for i in _kept(world, wrong):
        step = _renamed(world, world.trace[i])
        for each in (*_looked_up(world, world.trace[:i], step), step):
            trace.add(*each)
        marks[i] = len(trace) - 1
    return show.spacetime(
        trace,
        mark=None if wrong.step is None else marks.get(wrong.step),
        blocker=None if wrong.blocker is None else marks.get(wrong.blocker),
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message or None,
        title=title,
        nodes=_lanes(trace),
        axis="order",
    )


def _kept(world: World, wrong: Violation) -> Iterator[int]:
    """Yield which steps are drawn: of acks only those that tell of a loss; nothing after a look."""
    lost = {step.message for step in world.trace.of("lose")}
    for i, step in enumerate(world.trace):
        ack = step.text.startswith("ack ") and step.message not in lost
        if i in (wrong.step, wrong.blocker) or not ack or wrong.belief == LOST:
            yield i
        if i == wrong.step and wrong.belief == EARLY:
            return


def _looked_up(world: World, before: Sequence[Step], step: Step) -> Iterator[Step]:
    """Yield the messages of a read: what its reader's timeline holds, and what is pulled."""
    if step.kind != "read":
        return
    reader, tweets = step.node, world.stores["tweets"].rows
    held: list[str] = next(
        (s.data[2][reader] for s in reversed(before) if _writes_for(s, reader)), []
    )
    found = {f"{reader}{TIMELINE}": list(dict.fromkeys(held))}
    for id in step.data:
        if id not in held:
            found.setdefault(tweets[id]["by"], []).append(id)
    for number, (place, ids) in enumerate(found.items()):
        text, message = ", ".join(ids) or "nothing yet", f"look {step.time} {number}"
        yield Step(step.time, "send", place, reader, message, text)
        yield Step(step.time, "receive", reader, place, message, text)


def _writes_for(step: Step, reader: str) -> bool:
    return step.kind == "effect" and step.data[0] == "timelines" and reader in step.data[2]


def _renamed(world: World, step: Step) -> Step:
    node, peer = (BROKER if name in world.groups else name for name in (step.node, step.peer))
    return step._replace(node=node, peer=peer * (step.kind != "note"), text=_said(step.text))


def _said(text: str) -> str:
    """Put what matters first: a narrow column cuts the rest off."""
    for ending, word in ((" arrives after the next", "late: "), (".dead: ", "set aside: ")):
        if ending in text:
            return word + text.partition(" goes to ")[0].removesuffix(ending)
    return text


def _lanes(trace: Trace) -> list[str]:
    authors = [step.node for step in trace.of("effect") if step.node in PEOPLE]
    looks = [step.node for step in trace.of("read")]
    timelines = [f"{name}{TIMELINE}" for name in looks]
    known = trace.nodes()
    middle = sorted({*known} - {*authors, *looks, *timelines, "fan-out", BROKER})
    lanes = dict.fromkeys([*authors, "fan-out", BROKER, *middle, *timelines, *looks])
    return [name for name in lanes if name in known]
