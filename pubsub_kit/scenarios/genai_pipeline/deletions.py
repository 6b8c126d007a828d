"""The world and the oracle of exercise 13's tombstone: what was deleted is replayed for a week.

Tea is written and deleted while anything may go wrong. Then days pass: old events are
replayed, a deletion comes before what it deletes, another one comes late, and a document is written
again. On day 8, tea is deleted once more at the moment of a purge. On day 16 all is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.genai_pipeline.sights import Looked, db_of
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

FAULTS = ("late duplicate", "crash", "preempt", "ack lost")
DAY = 86_400.0
HORIZON, UNTIL = 7 * DAY, 16.5 * DAY
Change = tuple[float, str, int, bool]
#: What is published: after how many days, which document, its version, and whether it is a text.
CHANGES: Sequence[Change] = [
    (0.0, "tea", 2, True), (0.0, "tea", 3, False),
    (1.01, "mint", 2, False), (1.02, "mint", 1, True),
    (1.1, "tea", 2, True), (1.2, "cup", 5, False), (1.3, "cup", 3, False), (1.4, "cup", 4, True),
    (3.1, "mint", 4, True), (3.2, "mint", 5, True), (3.3, "mint", 3, False), (3.4, "mint", 4, True),
    (6.9, "tea", 2, True), (8.0, "tea", 6, False), (8.1, "tea", 5, True),
]  # fmt: skip
DELETIONS = {f"{doc}-{version}": (doc, version) for _, doc, version, is_text in CHANGES
             if not is_text}  # fmt: skip
TEXTS = sorted({(doc, version) for _, doc, version, is_text in CHANGES if is_text})
ALIVE, DEAD = {"mint": 5}, {"tea": 8, "cup": 1}  # the newest version; the day of its deletion
PURGES = (1, 6, 8, 16)  # days


def text(doc: str, version: int) -> str:
    """Return the text of a version, which is in no other row."""
    return f"text {version} of {doc}"


def deleting(world: World, answer: Callable[[Any], Any]) -> None:
    """Two workers run the learner's index, and a third one its purge now and then."""
    db = Looked(world, _texts)
    missing = [name for name in ("handle", "purge") if not hasattr(answer(db), name)]
    if missing:
        raise PubSubKitError(f"an object of your class has no {missing[0]}(): it needs both")
    world.topic("documents")
    world.topic("days")
    world.consumer("worker", lambda: answer(db), "documents", workers=2, start="earliest")
    world.consumer("purger", lambda: _purge(answer(db)), "days", start="earliest")
    world.spawn(_published(), "authors")
    world.at(0.05 * DAY, _calm_until_day_8, world)
    for change in CHANGES[2:]:
        world.at(change[0] * DAY, lambda event: world.publish("documents", **event), _event(change))
    for day in PURGES:
        world.at(day * DAY, lambda day=day: world.publish("days", day * DAY, id=f"day-{day}"))


def _calm_until_day_8(world: World) -> None:
    if second_act.one_fault_left(world, 8 * DAY - 1.0, 8 * DAY + 60.0):
        world.second_act = "A run without a fault may still meet one on day 8, at the purge."


def _purge(index: Any) -> Callable[[Any], Any]:
    return lambda event: index.purge(event.data)


async def _published() -> None:
    for change in CHANGES[:2]:
        await publish("documents", **_event(change))


def _event(change: Change) -> dict[str, Any]:
    _, doc, version, is_text = change
    data = {"doc": doc, "version": version, "text": text(doc, version) if is_text else None}
    return {"data": data, "id": f"{doc}-{version}"}


def _texts(rows: Mapping[str, Any]) -> list[tuple[str, int]]:
    words = str(rows)
    return [(doc, version) for doc, version in TEXTS if text(doc, version) in words]


# -- the oracle ------------------------------------------------------------------------------------


def gone_for_good(world: World) -> Violation | None:
    """What was deleted is gone once handled, and stays so; what is newer is there in the end."""
    looks, deleted = dict(db_of(world).seen), dict[str, int]()
    in_hand, there = dict[str, str](), list[tuple[str, int]]()
    for i, step in enumerate(world.trace):
        if step.kind == "begin":
            in_hand[step.message] = step.text.partition(" (attempt")[0]
        elif step.kind == "effect":
            there = looks[i]
        elif step.kind == "end" and step.text == "done" and in_hand.get(step.message) in DELETIONS:
            doc, version = DELETIONS[in_hand[step.message]]
            deleted[doc] = max(version, deleted.get(doc, 0))
        else:
            continue
        for doc, version in there:
            if version <= deleted.get(doc, 0):
                return _still_there(world, i, doc, version, deleted[doc])
    return _in_the_end(world, there)


def _still_there(world: World, i: int, doc: str, version: int, deleted: int) -> Violation:
    step, says = world.trace[i], f"{doc} was deleted at version {deleted}"
    if step.kind == "end":
        words = f"{step.node} was done with the deletion of {doc}, version {deleted}, at "
        words += f"{moment(step)}, and the text of version {version} is still in a row."
        return Violation(words, i, "no text", text(doc, version), "the text is left")
    words = f"{says}. At {moment(step)} {step.node} wrote the text of version {version} again."
    return Violation(words, i, "no text", text(doc, version), "no tombstone")


def _in_the_end(world: World, there: Sequence[tuple[str, int]]) -> Violation | None:
    last, rows = len(world.trace) - 1, db_of(world).rows
    for doc, newest in ALIVE.items():
        has = [version for name, version in there if name == doc]
        if has != [newest]:
            found = f"the text of {' and '.join(map(str, has))}" if has else "no text"
            words = f"In the end there is {found} of {doc}. Version {newest} is newer than its "
            words += "deletion, and nothing came after it."
            return Violation(words, last, [newest], has, "a deletion is for ever")
    for key, row in rows.items():
        for doc in DEAD:
            if doc in f"{key} {row}":
                words = f"On day 16 the row {key!r} is still there. {doc} was last deleted on day "
                words += f"{DEAD[doc]}, and nothing can be replayed any more."
                return Violation(words, last, "no row", key, "kept for good")
    return None
