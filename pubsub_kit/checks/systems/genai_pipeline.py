"""The systems that exercise 13's oracle of deletions is asked about: three right ones, 20 others.

Each keeps two indexes, as during a migration, and knows of each document which version it shows.
"""

from __future__ import annotations

INDEXES = ("old", "new")
Shown = dict[str, int]  # the version of each document that a reader sees


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
    """What came back is deleted again, 65 seconds later."""

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


class LowersItsTombstone(Pipeline):
    def bury(self, index: str, doc: str, version: int) -> None:
        self.graves[index][doc] = version


class ReplacesItsTombstone(Pipeline):
    """A tombstone hides the text: a newer deletion drops it, and writes its own 55 s later."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, Shown] = {index: {} for index in INDEXES}

    def does(self, at: float, did: str, doc: str, version: int) -> None:
        super().does(at, did, doc, version)
        if did == "delete":
            self.waiting += [(at + 55.0, index, did, doc, version) for index in INDEXES]

    def delete(self, index: str, doc: str, version: int) -> None:
        shown, before = self.rows[index].get(doc), self.graves[index].get(doc, version)
        super().delete(index, doc, version)
        if shown and doc not in self.rows[index]:
            self.hidden[index][doc] = shown
        elif version > before and doc in self.hidden[index]:
            self.rows[index][doc] = self.hidden[index][doc]


class KeepsOneTombstone(Pipeline):
    def bury(self, index: str, doc: str, version: int) -> None:
        self.graves[index] = {doc: version}


class ForgetsOthers(Pipeline):
    """A write of one document takes away the tombstones of all others."""

    def write(self, index: str, doc: str, version: int) -> None:
        super().write(index, doc, version)
        graves = self.graves[index]
        self.graves[index] = {doc: graves[doc]} if doc in graves else {}


class TakesTheSameVersion(Pipeline):
    """A text at the version of the deletion counts as new."""

    def write(self, index: str, doc: str, version: int) -> None:
        super().write(index, doc, version)
        if version == self.graves[index].get(doc, 0) >= self.rows[index].get(doc, 0):
            self.rows[index][doc] = version


class RestoresInTheOld(Pipeline):
    """A new text of a deleted document brings back the deleted one, in the old index alone."""

    def write(self, index: str, doc: str, version: int) -> None:
        super().write(index, doc, version)
        gone = self.graves[index].get(doc, 0)
        if index == "old" and self.rows[index].get(doc, 0) > gone > 0:
            self.rows[index][doc] = gone - 1


class Expires(Pipeline):
    """A tombstone lasts for 10 minutes."""

    def does(self, at: float, did: str, doc: str, version: int) -> None:
        super().does(at, did, doc, version)
        if did == "delete":
            self.waiting += [(at + 600.0, index, "purge", doc, version) for index in INDEXES]

    def purge(self, index: str, doc: str, version: int) -> None:
        if self.graves[index].get(doc) == version:
            del self.graves[index][doc]


class NeverDeletes(Pipeline):
    def delete(self, index: str, doc: str, version: int) -> None:
        """Do nothing."""
