"""Who stands trial for undo in a shared document, and the runs that an oracle is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.checks.systems.time_travel import (
    PEOPLE,
    Cursors,
    Edit,
    KeepsRedo,
    LastEdit,
    Marks,
    NoRedo,
    NoUndo,
    OneStep,
    Replaces,
    RunsAgain,
    Snapshots,
    ToTheStart,
    Tree,
)

LONGEST = 4  # commands
Commands = tuple[tuple[str, str], ...]

SUSPECTS = [
    Suspect("keeps a list of lines and a cursor for each person", Cursors, "too strict"),
    Suspect("keeps one log, and marks in it which edits are undone", Marks, "too strict"),
    Suspect("keeps a tree of lines for each person", Tree, "too strict"),
    Suspect("undoes nothing", NoUndo, "undo may do nothing", 0),
    Suspect("undoes the last edit of all, whoever made it", LastEdit, "anybody's edit will do", 0),
    Suspect("puts back the whole document at undo", Snapshots, "other lines don't matter", 0),
    Suspect("puts a new letter in place of the line", Replaces, "do may write anything", 0),
    Suspect("forgets what was undone", NoRedo, "redo may do nothing", 0),
    Suspect("runs an edit again at redo", RunsAgain, "redo may run it again", 0),
    Suspect("empties the line at undo", ToTheStart, "one undo is one step", 0),
    Suspect("can undo only one edit in a row", OneStep, "one undo is enough", 0),
    Suspect("redoes even after a new edit", KeepsRedo, "redo survives a new command", 0),
]


def _chosen() -> list[Commands]:
    """Return longer sequences of commands, each after all that it begins with."""
    texts = (
        "do do undo undo redo redo",
        "do do undo redo undo undo redo",
        "do do do undo undo redo redo redo",
        "do do undo undo do redo undo undo redo redo",
    )
    alone = [[("ann", did) for did in text.split()] for text in texts]
    both = [[(who, did) for did in text.split() for who in PEOPLE] for text in texts[:2]]
    begun = (tuple(c[:n]) for c in [*alone, *both] for n in range(LONGEST + 1, len(c) + 1))
    return sorted({*begun}, key=lambda c: (len(c), c))


CHOSEN = _chosen()
TRIED = (
    f"systems, each under 1,554 runs of up to {LONGEST} commands, and the right ones under "
    f"{len(CHOSEN)} longer runs"
)


def last_step(run: Sequence[Edit]) -> tuple[str, str]:
    """Return why the last step of a right run is right, and what an oracle believes that minds it.

    Without the other's edits, the run was among the shorter ones, which the oracle has spared.
    """
    who, did, before, after = run[-1]
    others = [edit for edit in run if edit.who != who]
    whatever = f", whatever {others[0].who} did" if others else ""
    words = f"{who}'s {did} leads from {before[who]!r} to {after[who]!r}{whatever}."
    if before == after:
        words = f"{who} had nothing to {did}, so nothing changes{whatever}."
    if len(run) > 1 and others and len(run) <= LONGEST:
        return words, "minds another's edits"
    return words, "too strict" if before == after else "minds a right step"


def runs(system: type[Cursors]) -> list[list[Edit]]:
    """Return what a system does under every sequence of up to 4 commands, the shortest first.

    Of a right one, the chosen longer runs follow: it has to be spared in those, too.
    """
    return _runs([suspect.answer for suspect in SUSPECTS].index(system))


@cache
def _runs(number: int) -> list[list[Edit]]:
    commands = [(who, did) for who in PEOPLE for did in ("do", "undo", "redo")]
    every = (c for n in range(1, LONGEST + 1) for c in product(commands, repeat=n))
    suspect = SUSPECTS[number]
    return [_run(suspect.answer(), c) for c in (*every, *(CHOSEN if suspect.is_right else ()))]


def _run(system: Cursors, commands: Commands) -> list[Edit]:
    steps = []
    for who, did in commands:
        before = system.lines
        getattr(system, did)(who)
        steps.append(Edit(who, did, before, system.lines))
    return steps


def differs(run: Sequence[Edit], right: Sequence[Edit]) -> int | None:
    """Return the first step of a run that leads elsewhere than in a right system's run; or None."""
    pairs = enumerate(zip(run, right, strict=True))
    return next((n for n, (a, b) in pairs if a.after != b.after), None)


def shown(edit: Edit) -> tuple[str, str]:
    """Return what an edit was, and ann's line and bob's after it."""
    return f"{edit.who} {edit.did}", ", ".join(edit.after[who] or "–" for who in PEOPLE)
