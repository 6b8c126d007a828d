"""A store of an index at which somebody looks after each write, and what the looks show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.idempotency.looks import Deed, Watched
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

Rows = Mapping[str, Any]


class Looked(Watched):
    """A store whose rows somebody sees after each write: `seen` has the step, and the sight."""

    def __init__(self, world: World, sight: Callable[[Rows], Any]) -> None:
        super().__init__(world, "db")
        world.stores["db"] = self
        self.sight, self.seen = sight, list[tuple[int, Any]]()

    async def scan(self, prefix: str = "") -> dict[str, Any]:
        """Return all rows whose key begins with `prefix`; keep and note it as a look at each."""
        found = await super().scan(prefix)
        self.keep("look", dict(found))
        words = f"{prefix.strip()}? {len(found)}"
        self.world.note("read", self.world.current().node.name, text=words)
        return found

    def _write(self, changes: dict[str, Any]) -> None:
        super()._write(changes)
        self.seen.append((len(self.world.trace) - 1, self.sight(self.rows)))


def db_of(world: World) -> Looked:
    """Return the store of a world."""
    db = world.stores["db"]
    assert isinstance(db, Looked)
    return db


def event_of(deed: Deed) -> str:
    """Return the id of the event that was being handled, or "" if none was."""
    return str(getattr(deed.lease, "id", ""))


def draw(world: World, violation: Violation | None, title: str) -> Any:
    """Draw a run up to what is wrong in it, each write in a few words."""
    lanes = ("authors", "documents", "worker-1", "worker-2", "purger", "days")
    step = violation.step if violation else None
    until = None if step is None else world.trace[step].time
    return drawn(world, violation, title, lanes, _said, axis="order", limit=60, until=until)


def _said(before: Rows, after: Rows) -> str:
    rows = {key: row for key, row in after.items() if row is not None}
    texts = [str(row["text"]) for row in rows.values() if isinstance(row, dict) and "text" in row]
    gone = [key for key, row in after.items() if row is None and before.get(key) is not None]
    return ", ".join([*(texts or rows), *(f"no {key}" for key in gone)])
