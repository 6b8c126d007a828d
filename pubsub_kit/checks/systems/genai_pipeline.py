"""Who stands trial for deletions in exercise 13, and the runs that an oracle is asked about.

Each system keeps two indexes, as during a migration. A run has a step for each write, deletion and
purge, and two looks after each; each step says what a reader of each index sees then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from pubsub_kit.checks.systems.suspect import Suspect

GRACE, APART = 60.0, 300.0  # seconds: in which a deletion may show, and between two commands
LOOKS = (50.0, 70.0)  # seconds after each command
INDEXES = ("old", "new")
Shown = dict[str, int]  # the version of each document that a reader sees


class Step(NamedTuple):
    """One step of a run: when, what it was about, and what a reader sees in each index then."""

    at: float
    did: str
    doc: str
    version: int
    old: Shown
    new: Shown


class Pipeline:
    """Right: a tombstone in each index keeps the highest version that was deleted."""

    lag = (0.0, 0.0)  # seconds until a change shows in the old index, and in the new one

    def __init__(self) -> None:
        self.rows: dict[str, Shown] = {index: {} for index in INDEXES}
        self.graves: dict[str, Shown] = {index: {} for index in INDEXES}
        self.waiting: list[tuple[float, str, str, str, int]] = []

    def does(self, at: float, did: str, doc: str, version: int) -> None:
        """Take a command."""
        self.waiting += [(at + self.lag_of(index, did), index, did, doc, version)
                         for index in INDEXES]  # fmt: skip

    def lag_of(self, index: str, did: str) -> float:
        return self.lag[INDEXES.index(index)]

    def seen(self, at: float, index: str) -> Shown:
        """Return what a reader of an index sees."""
        due = sorted(each for each in self.waiting if each[0] <= at)
        self.waiting = [each for each in self.waiting if each[0] > at]
        for _, where, did, doc, version in due:
            getattr(self, did)(where, doc, version)
        return dict(self.rows[index])

    def write(self, index: str, doc: str, version: int) -> None:
        if version > max(self.rows[index].get(doc, 0), self.graves[index].get(doc, 0)):
            self.rows[index][doc] = version

    def delete(self, index: str, doc: str, version: int) -> None:
        self.bury(index, doc, version)
        if self.rows[index].get(doc, version + 1) <= version:
            del self.rows[index][doc]

    def bury(self, index: str, doc: str, version: int) -> None:
        self.graves[index][doc] = max(version, self.graves[index].get(doc, 0))

    def purge(self, index: str, doc: str, version: int) -> None:
        """Nothing is old enough yet."""


# --- right ----------------------------------------------------------------------------------------


class TakesAWhile(Pipeline):
    lag = (40.0, 40.0)


class LagsInOne(Pipeline):
    lag = (0.0, 55.0)


# --- wrong ----------------------------------------------------------------------------------------


class NoTombstone(Pipeline):
    def bury(self, index: str, doc: str, version: int) -> None:
        """Leave nothing behind."""


class NoTombstoneInTheNew(Pipeline):
    def bury(self, index: str, doc: str, version: int) -> None:
        if index == "old":
            super().bury(index, doc, version)


class NoTombstoneInTheOld(Pipeline):
    def bury(self, index: str, doc: str, version: int) -> None:
        if index == "new":
            super().bury(index, doc, version)


class DeletesInTheOldAlone(Pipeline):
    def delete(self, index: str, doc: str, version: int) -> None:
        if index == "old":
            super().delete(index, doc, version)


class PurgesAtOnce(Pipeline):
    def purge(self, index: str, doc: str, version: int) -> None:
        self.graves[index].clear()


class DeletesOnce(Pipeline):
    def delete(self, index: str, doc: str, version: int) -> None:
        if doc not in self.graves[index]:
            super().delete(index, doc, version)


class DeletesOneDocument(Pipeline):
    def delete(self, index: str, doc: str, version: int) -> None:
        if not self.graves[index] or doc in self.graves[index]:
            super().delete(index, doc, version)


class DeletesTeaAlone(Pipeline):
    def delete(self, index: str, doc: str, version: int) -> None:
        if doc == "tea":
            super().delete(index, doc, version)


class Sweeps(NoTombstone):
    """What came back is deleted again, 100 seconds later."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: Shown = {}

    def does(self, at: float, did: str, doc: str, version: int) -> None:
        super().does(at, did, doc, version)
        if did == "delete":
            self.gone[doc] = max(version, self.gone.get(doc, 0))
        elif did == "write" and version <= self.gone.get(doc, 0):
            late = at + 65.0
            self.waiting += [(late, index, "delete", doc, self.gone[doc]) for index in INDEXES]


class DeletesTooLate(Pipeline):
    """A deletion shows after 75 seconds; nothing returns."""

    def lag_of(self, index: str, did: str) -> float:
        return 75.0 if did == "delete" else 0.0


class LastWriterWins(Pipeline):
    """Once a deleted document was written anew, any version of it may take its place."""

    def __init__(self) -> None:
        super().__init__()
        self.anew: set[str] = set()

    def write(self, index: str, doc: str, version: int) -> None:
        super().write(index, doc, version)
        if doc in self.graves[index] and self.rows[index].get(doc) == version:
            self.anew.add(doc)
        if doc in self.anew:
            self.rows[index][doc] = version

    def bury(self, index: str, doc: str, version: int) -> None:
        super().bury(index, doc, version)
        self.anew.discard(doc)


class BuriesWhatItHas(Pipeline):
    """Its tombstone has the version that it deletes, and not that of the deletion."""

    def bury(self, index: str, doc: str, version: int) -> None:
        super().bury(index, doc, min(version, self.rows[index].get(doc, version)))


class NeverDeletes(Pipeline):
    def delete(self, index: str, doc: str, version: int) -> None:
        """Do nothing."""


_LAG, _ONCE = "a lag is a return", "gone once, gone for good"
SUSPECTS = [
    Suspect("keeps a tombstone in each index", Pipeline, "minds a right step"),
    Suspect("shows each change after 40 seconds", TakesAWhile, _LAG),
    Suspect("shows each change in one index at once, and in the other 55 s later", LagsInOne, _LAG),
    Suspect("deletes, and keeps no tombstone", NoTombstone, _ONCE, 0),
    Suspect("keeps no tombstone in the new index", NoTombstoneInTheNew, "one index is enough", 0),
    Suspect("keeps no tombstone in the old index", NoTombstoneInTheOld, "one index is enough", 0),
    Suspect("deletes nothing in the new index", DeletesInTheOldAlone, "one index is enough", 0),
    Suspect("purges each tombstone at once", PurgesAtOnce, "a purge is an excuse", 0),
    Suspect("deletes a document once, and never again", DeletesOnce, "one deletion is enough", 0),
    Suspect("deletes only the first document", DeletesOneDocument, "one document is enough", 0),
    Suspect("deletes only tea", DeletesTeaAlone, "one document is enough", 0),
    Suspect("sweeps up what came back 65 seconds later", Sweeps, "the end is enough", 0),
    Suspect("deletes after 75 seconds", DeletesTooLate, "late is no harm", 0),
    Suspect("lets any version replace a new one", LastWriterWins,
            "a new version excuses old ones", 0),
    Suspect("buries the version that it has", BuriesWhatItHas, "only what was seen returns", 0),
    Suspect("deletes nothing", NeverDeletes, "late is no harm", 0),
]  # fmt: skip

#: What happens in a run: + writes a version, - deletes up to a version.
RUNS = (
    "+tea1 -tea2 +tea1 +mint1", "+tea1 -tea2 purge +tea1", "+tea1 -tea2 +tea3 -tea4 +tea3",
    "+tea1 -tea2 +tea3 +tea1", "+tea1 -tea2 +tea3 purge +tea1", "+tea1 +tea3 -tea2 +tea1",
    "+mint1 -mint2 +mint1", "+tea1 +mint1 -mint2 +mint1 +mint3",
    "+tea1 +mint1 -tea2 -mint3 +mint1 +tea1 +mint4", "-tea2 +tea1 +tea3", "+tea1 -tea3 +tea2",
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
    deleted: list[Step] = []
    for number, step in enumerate(run):
        deleted += [step] if step.did == "delete" else []
        for each in deleted:
            late = step.at > each.at + GRACE
            if late and any(i.get(each.doc, each.version + 1) <= each.version
                            for i in (step.old, step.new)):  # fmt: skip
                return number
    return None


def shown(step: Step) -> tuple[str, str]:
    """Return what a step was, and what the two indexes show then."""
    what = f"{step.did} {step.doc} {step.version}" if step.doc else step.did
    both = [", ".join(f"{doc} {v}" for doc, v in sorted(i.items())) or "–" for i in step[-2:]]
    return f"{what}, {step.at:g} s", " | ".join(both)


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
