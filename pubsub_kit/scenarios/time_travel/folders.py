"""Folders to hash as git does, the smallest first, and what goes wrong when one does not."""

from __future__ import annotations

import copy
from functools import cache
from itertools import combinations
from typing import Any

from pubsub_kit.git.objects import Folder, differing, tree_id, trees_hashed
from pubsub_kit.scenarios.plain import shown
from pubsub_kit.scenarios.strips import note
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace

#: Plain name order puts foo first; git's order is foo-bar, foo.txt, foo/, foo0.
POOL: dict[str, Any] = {
    "foo0": b"4\n",
    "foo": {"a.txt": b"1\n"},
    "foo.txt": b"3\n",
    "README": b"5\n",
    "foo-bar": b"2\n",
    "lib": {"io.py": b"", "io": {"x": b"x"}},
    "\u00e9t\u00e9": b"6\n",
}


@cache
def cases() -> list[dict[str, Any]]:
    """Return every folder of up to 4 of the 7 entries, the smallest first."""
    found = [dict(entries) for n in range(5) for entries in combinations(POOL.items(), n)]
    found += [{"foo": b"7\n", name: POOL[name]} for name in ("foo.txt", "foo-bar")]  # foo is a file
    return sorted(found, key=_size)


def _size(folder: Folder) -> int:
    return sum(1 if isinstance(inside, bytes) else 1 + _size(inside) for inside in folder.values())


def run(answer: Any, case: dict[str, Any], trace: Trace) -> Violation | None:
    """Ask for the id of one folder."""
    note(trace, "start", "a folder")
    for name, inside in case.items():
        note(trace, "file" if isinstance(inside, bytes) else "folder", name)
    with trees_hashed() as bodies:
        found = answer(copy.deepcopy(case))
    yours = f"{found[:7]}…" if isinstance(found, str) else shown(found, 30)
    note(trace, "your id", yours)
    if found == tree_id(case):
        return None
    names = ", ".join(n if isinstance(i, bytes) else f"{n}/" for n, i in case.items())
    words = f"The folder with {names or 'nothing'} has the id {tree_id(case)[:7]}… in git; yours"
    with trees_hashed() as right:
        git = right[tree_id(case)]
    differ = differing(git, bodies[found]) if isinstance(found, str) and found in bodies else ""
    return Violation(f"{words} is {yours}{differ}", len(trace) - 1)
