"""Races that the search does not see: between tasks that were only spawned.

Nothing would restart such a task, so it is never crashed, and never pre-empted either. Two of them
may still race for a row or for the order in a topic. Then a run without a failure proves nothing.
"""

from __future__ import annotations

from pubsub_kit.world.deeds import Deed, meet
from pubsub_kit.world.tasks import Task


class Races:
    """What spawned tasks have done while they were at work; `found` says which two race first."""

    __slots__ = ("_done", "found")

    def __init__(self) -> None:
        self._done: list[tuple[Task, str, Deed]] = []
        self.found = ""

    def saw(self, task: Task, deed: Deed) -> None:
        """Hear what a spawned task does."""
        if self.found or not deed[1]:
            return
        at_work = [entry for entry in self._done if entry[0] in entry[0].node.tasks]
        for other, name, done in at_work:
            if other is not task and deed[1] == done[1] and meet(deed, done):
                what = "the order of" if deed[0] == "other" else "rows of"
                who = (
                    f"two tasks of {name}"
                    if name == task.node.name
                    else f"{name} and {task.node.name}"
                )
                self.found = f"{who} race for {what} {deed[1]!r}"
                return
        self._done = [*at_work, (task, task.node.name, deed)]
