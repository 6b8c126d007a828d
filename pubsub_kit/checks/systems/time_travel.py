"""Undo for two people in one document, right and wrong: the systems that an oracle judges.

Each person has a line of their own, and each edit adds a letter that nobody has used yet. A system
has `do`, `undo` and `redo`, which take who it is, and `lines`, the document.
"""

from __future__ import annotations

from string import ascii_lowercase
from typing import NamedTuple

PEOPLE = ("ann", "bob")


class Edit(NamedTuple):
    """One step of a run: who did what, and the document before and after it."""

    who: str
    did: str
    before: dict[str, str]
    after: dict[str, str]


class Cursors:
    """Keeps a list of lines and a cursor for each person."""

    def __init__(self) -> None:
        self.made = 0
        self.past = {who: [""] for who in PEOPLE}
        self.at = dict.fromkeys(PEOPLE, 0)

    @property
    def lines(self) -> dict[str, str]:
        """The document."""
        return {who: self.past[who][self.at[who]] for who in PEOPLE}

    def letter(self) -> str:
        """Return a letter that nobody has used."""
        self.made += 1
        return ascii_lowercase[self.made - 1]

    def do(self, who: str) -> None:
        """Add a letter to somebody's line."""
        self.past[who][self.at[who] + 1 :] = [self.lines[who] + self.letter()]
        self.at[who] += 1

    def undo(self, who: str) -> None:
        """Take back somebody's last edit that counts."""
        self.at[who] = max(self.at[who] - 1, 0)

    def redo(self, who: str) -> None:
        """Bring back what was undone last."""
        self.at[who] = min(self.at[who] + 1, len(self.past[who]) - 1)


class Marks(Cursors):
    """Keeps one log for both, and marks in it which edits are undone."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[list[str]] = []  # who, letter, and "": it counts, "undone" or "gone"

    @property
    def lines(self) -> dict[str, str]:
        """The document: the edits that count, in order."""
        return {
            who: "".join(x for w, x, mark in self.log if (w, mark) == (who, "")) for who in PEOPLE
        }

    def do(self, who: str) -> None:
        """Append an edit; what was undone can't come back any more."""
        for edit in self.log:
            if edit[0] == who and edit[2] == "undone":
                edit[2] = "gone"
        self.log.append([who, self.letter(), ""])

    def undo(self, who: str) -> None:
        """Mark somebody's last edit that counts."""
        for edit in reversed(self.log):
            if (edit[0], edit[2]) == (who, ""):
                edit[2] = "undone"
                return

    def redo(self, who: str) -> None:
        """Take the mark away from the first one that has it."""
        for edit in self.log:
            if (edit[0], edit[2]) == (who, "undone"):
                edit[2] = ""
                return


class Tree(Cursors):
    """Keeps a tree for each person, and every branch of it."""

    def __init__(self) -> None:
        super().__init__()
        self.up: dict[str, list[int]] = {who: [0] for who in PEOPLE}

    def do(self, who: str) -> None:
        """Add a node below the cursor."""
        self.past[who].append(self.lines[who] + self.letter())
        self.up[who].append(self.at[who])
        self.at[who] = len(self.past[who]) - 1

    def undo(self, who: str) -> None:
        """Move the cursor to the parent."""
        self.at[who] = self.up[who][self.at[who]]

    def redo(self, who: str) -> None:
        """Move the cursor to the newest child, if there is one."""
        children = [n for n, up in enumerate(self.up[who]) if n and up == self.at[who]]
        self.at[who] = children[-1] if children else self.at[who]


class KeepsRedo(Cursors):
    """Keeps what was undone for redo, even after a new edit."""

    def __init__(self) -> None:
        super().__init__()
        self.undone: dict[str, list[str]] = {who: [] for who in PEOPLE}

    def undo(self, who: str) -> None:
        """Put the line aside, and go back."""
        if self.at[who]:
            self.undone[who].append(self.lines[who])
        super().undo(who)

    def redo(self, who: str) -> None:
        """Bring back what was put aside last."""
        if self.undone[who]:
            self.past[who][self.at[who] + 1 :] = [self.undone[who].pop()]
            self.at[who] += 1


class Snapshots(Cursors):
    """Puts back the whole document as it was before somebody's last edit."""

    def __init__(self) -> None:
        super().__init__()
        self.whole: dict[str, list[dict[str, str]]] = {who: [] for who in PEOPLE}

    def do(self, who: str) -> None:
        """Remember the whole document, and edit."""
        self.whole[who].append(self.lines)
        super().do(who)

    def undo(self, who: str) -> None:
        """Put the whole document back."""
        super().undo(who)
        if self.whole[who]:
            for other, line in self.whole[who].pop().items():
                if line in self.past[other]:
                    self.at[other] = self.past[other].index(line)


class LastEdit(Cursors):
    """Undoes the last edit of all, whoever made it."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def do(self, who: str) -> None:
        """Edit, and remember who was last."""
        self.order.append(who)
        super().do(who)

    def undo(self, who: str) -> None:
        """Take back the last edit."""
        if self.order:
            super().undo(self.order.pop())


class RunsAgain(Cursors):
    """Runs the edit again at redo, with a letter of its own."""

    def redo(self, who: str) -> None:
        """Do again what was undone."""
        if self.at[who] < len(self.past[who]) - 1:
            self.past[who][self.at[who] + 1] = self.lines[who] + self.letter()
            self.at[who] += 1


class OneStep(Cursors):
    """Can undo only one edit in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = dict.fromkeys(PEOPLE, False)

    def do(self, who: str) -> None:
        """Edit; from now on, one undo is possible."""
        self.ready[who] = True
        super().do(who)

    def undo(self, who: str) -> None:
        """Go back, once."""
        if self.ready[who]:
            super().undo(who)
        self.ready[who] = False


class Replaces(Cursors):
    """Puts a new letter in place of the line."""

    def do(self, who: str) -> None:
        """Forget the line, and write a letter."""
        self.past[who][self.at[who] + 1 :] = [self.letter()]
        self.at[who] += 1


class NoRedo(Cursors):
    """Forgets what was undone."""

    def redo(self, who: str) -> None:
        """Do nothing."""


class NoUndo(Cursors):
    """Undoes nothing."""

    def undo(self, who: str) -> None:
        """Do nothing."""


class ToTheStart(Cursors):
    """Empties the line at undo."""

    def undo(self, who: str) -> None:
        """Go back to the start."""
        self.at[who] = 0
