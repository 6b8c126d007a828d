"""Who stands trial for deletions in exercise 13, and the runs that an oracle is asked about.

A run has a step for each write, deletion and purge, and two looks after each. Each step says what a
reader of each index sees then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.checks.systems.genai_pipeline import (
    INDEXES,
    BuriesWhatItHas,
    DeletesInTheOldAlone,
    DeletesOnce,
    DeletesOneDocument,
    DeletesTeaAlone,
    DeletesTooLate,
    Expires,
    ForgetsOthers,
    KeepsOneTombstone,
    LagsInOne,
    LastWriterWins,
    LowersItsTombstone,
    NeverDeletes,
    NoTombstone,
    NoTombstoneInTheNew,
    NoTombstoneInTheOld,
    Pipeline,
    PurgesAtOnce,
    ReplacesItsTombstone,
    RestoresInTheOld,
    Shown,
    Sweeps,
    TakesAWhile,
    TakesTheSameVersion,
)
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

GRACE, APART = 60.0, 300.0  # seconds: in which a deletion may show, and between two commands
LOOKS = (50.0, 70.0)  # seconds after each command


class Step(NamedTuple):
    """One step of a run: when, what it was about, and what a reader sees in each index then."""

    at: float
    did: str
    doc: str
    version: int
    old: Shown
    new: Shown


_LAG, _ONCE = "a lag is a return", "gone once, gone for good"
SUSPECTS = [
    Suspect("keeps a tombstone in each index", Pipeline, "minds a right step"),
    Suspect("shows each change after 40 seconds", TakesAWhile, _LAG),
    Suspect("shows each change in one index at once, and in the other 55 s later", LagsInOne, _LAG),
    Suspect("deletes, and keeps no tombstone", NoTombstone, _ONCE, 0),
    Suspect("buries the version that it has", BuriesWhatItHas, "only what was seen returns", 0),
    Suspect("takes a text at the version of the deletion for new", TakesTheSameVersion,
            "its own version is no harm", 0),
    Suspect("keeps no tombstone in the new index", NoTombstoneInTheNew, "one index is enough", 0),
    Suspect("keeps no tombstone in the old index", NoTombstoneInTheOld, "one index is enough", 0),
    Suspect("deletes nothing in the new index", DeletesInTheOldAlone, "one index is enough", 0),
    Suspect("forgets a deletion after 10 minutes", Expires, "a deletion expires", 0),
    Suspect("purges each tombstone at once", PurgesAtOnce, "a purge is an excuse", 0),
    Suspect("deletes a document once, and never again", DeletesOnce, "one deletion is enough", 0),
    Suspect("lowers its tombstone at a late deletion", LowersItsTombstone,
            "one deletion is enough", 0),
    Suspect("deletes only the first document", DeletesOneDocument, "one document is enough", 0),
    Suspect("deletes only tea", DeletesTeaAlone, "one document is enough", 0),
    Suspect("keeps one tombstone at a time", KeepsOneTombstone, "another document excuses it", 0),
    Suspect("forgets the tombstones of other documents at a write", ForgetsOthers,
            "another document excuses it", 0),
    Suspect("brings back the deleted text in the old index, beside a new one", RestoresInTheOld,
            "one index is enough", 0),
    Suspect("sweeps up what came back 65 seconds later", Sweeps, "the end is enough", 0),
    Suspect("deletes after 75 seconds", DeletesTooLate, "late is no harm", 0),
    Suspect("lets any version replace a new one", LastWriterWins,
            "a new version excuses old ones", 0),
    Suspect("deletes nothing", NeverDeletes, "late is no harm", 0),
    Suspect("hides the text by a tombstone, which a newer deletion replaces 55 seconds late",
            ReplacesItsTombstone, "one deletion is enough", 0),
]  # fmt: skip

#: What happens in a run: + writes a version, - deletes up to a version.
RUNS = (
    "+tea1 -tea2 +tea1 +mint1", "+tea1 -tea2 purge +tea1", "+tea1 -tea2 +tea3 -tea4 +tea3",
    "+tea1 -tea2 +tea3 +tea1", "+tea1 -tea2 +tea3 purge +tea1", "+tea1 +tea3 -tea2 +tea1",
    "+mint1 -mint2 +mint1", "+tea1 +mint1 -mint2 +mint1 +mint3",
    "+tea1 +mint1 -tea2 -mint3 +mint1 +tea1 +mint4", "-tea2 +tea1 +tea3", "+tea1 -tea3 +tea2",
    "+tea1 -tea4 +tea2",
    "+tea1 -tea2 +tea2 +tea3", "+tea1 -tea2 +mint1 +tea1", "+tea1 -tea2 +mint1 +mint2 +tea1",
    "+tea1 -tea2 +tea3 +mint1 +tea1", "+tea1 -tea4 purge +tea1",
    "+tea1 -tea2 -tea4 +tea3 +tea5", "+tea1 -tea4 -tea2 +tea3", "+mint1 +tea1 -tea2 +tea3 -mint5",
)  # fmt: skip


def _commands() -> list[tuple[str, ...]]:
    """Return each of them, after all that it begins with; the shortest first."""
    whole = [tuple(text.split()) for text in RUNS]
    begun = {commands[:n] for commands in whole for n in range(1, len(commands) + 1)}
    return sorted(begun, key=lambda commands: (len(commands), commands))


COMMANDS = _commands()
TRIED = f"systems, each under {len(COMMANDS)} runs of up to {max(map(len, COMMANDS))} commands"


def runs(system: type[Pipeline]) -> list[list[Step]]:
    """Return what a system does under each of the runs, the shortest first."""
    return _runs([suspect.answer for suspect in SUSPECTS].index(system))


@cache
def _runs(number: int) -> list[list[Step]]:
    return [_run(SUSPECTS[number].answer(), commands) for commands in COMMANDS]


def _run(system: Pipeline, commands: Sequence[str]) -> list[Step]:
    steps, at = [], 0.0
    for text in commands:
        did = {"+": "write", "-": "delete"}.get(text[0], "purge")
        doc = text.strip("+-0123456789") if did != "purge" else ""
        version = int(text[-1]) if doc else 0
        system.does(at, did, doc, version)
        for wait in (0.0, *LOOKS):
            what = ("look", "", 0) if wait else (did, doc, version)
            steps.append(Step(at + wait, *what, *(system.seen(at + wait, i) for i in INDEXES)))
        at += APART
    return steps


def returned(run: Sequence[Step], right: Sequence[Step] = ()) -> int | None:
    """Return the first step at which a reader sees what was deleted more than a minute before."""
    return next((number for _, _, number in _wrong(run)), None)


def _wrong(run: Sequence[Step]) -> Iterator[tuple[str, str, int]]:
    """Yield where a reader sees what was deleted: the index, the document, and the step."""
    deleted: list[Step] = []
    for number, step in enumerate(run):
        deleted += [step] if step.did == "delete" else []
        for each in deleted:
            for index, sees in zip(INDEXES, step[-2:], strict=True):
                below = sees.get(each.doc, each.version + 1) <= each.version
                if below and step.at > each.at + GRACE:
                    yield index, each.doc, number


def shown(step: Step) -> tuple[str, str]:
    """Return what a step was, and what the two indexes show then."""
    what = f"{step.did} {step.doc} {step.version}" if step.doc else step.did
    both = [", ".join(f"{doc} {v}" for doc, v in sorted(i.items())) or "–" for i in step[-2:]]
    return f"{step.at:g} s: {what}", " | ".join(both)


def last_step(run: Sequence[Step]) -> tuple[str, str]:
    """Return why a right run is right, and what an oracle believes that minds it.

    It has spared the same run without its last command, and what comes later than a command.
    """
    *_, last = (step for step in run if step.did != "look")
    gone = [step for step in run if step.did == "delete"]
    for step in run[-1 - len(LOOKS) :]:
        for index, sees in zip(INDEXES, (step.old, step.new), strict=True):
            for each in gone:
                version = sees.get(each.doc, 0)
                since = step.at - each.at
                if 0 < version <= each.version and since <= GRACE:
                    words = f"{each.doc} {version} is seen in the {index} index {since:g} s after "
                    return f"{words}its deletion.", "a lag is a return"
    for each in gone:
        newer = max(last.old.get(each.doc, 0), run[-1].old.get(each.doc, 0))
        if newer > each.version:
            words = f"{each.doc} {newer} is seen, and the deletion is of version {each.version}."
            return words, "deleted once is deleted for ever"
    return "No version is seen that was deleted.", "minds a right step"


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run as a table: what each of the two indexes shows at each step, and what is wrong."""
    from pubsub_kit import show

    run = [*_read(world)]
    rows: dict[str, dict[str, str]] = {}
    for number, step in enumerate(run):
        bad = {(i, doc) for i, doc, at in _wrong(run) if at == number}
        rows[shown(step)[0]] = {
            f"{index} index": ", ".join(
                f"{'✗' if (index, doc) in bad else '✓'} {doc} {version}"
                for doc, version in sorted(sees.items())
            ) or "–"
            for index, sees in zip(INDEXES, step[-2:], strict=True)
        }  # fmt: skip
    return show.grid(rows, title=title, caption=violation.message if violation else None)


def _read(world: World) -> Iterator[Step]:
    """Yield the steps of a run as a trace has them, in words."""
    for step in world.trace.steps[1:]:
        event, words = step.data
        at, did, doc, version = re.findall(r"^([\d.]+) s: (\w+) ?(\w*) ?(\d*)", event)[0]
        old, new = ({doc: int(v) for doc, v in re.findall(r"(\w+) (\d+)", part)}
                    for part in words.split(" | "))  # fmt: skip
        yield Step(float(at), did, doc, int(version or 0), old, new)


def why_spared(oracle: Callable[..., Any], wrong: Violation) -> str:
    """See whether an oracle minds what comes back, as long as nobody tells it of the write."""
    if wrong.belief != _ONCE:
        return ""
    run = next(run for run in runs(NoTombstone) if returned(run) is not None)
    with suppress(Exception):  # the oracle's own, in a run that no system has
        told = oracle([step for step in run if step.did != "write"])
        return "a new version excuses old ones" if told else ""
    return ""
