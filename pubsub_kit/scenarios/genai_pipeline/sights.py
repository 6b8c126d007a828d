"""A store of an index at which somebody looks after each write, and what the looks show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

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
    return cast(Looked, world.stores["db"])


def event_of(deed: Deed) -> str:
    """Return the id of the event that was being handled, or "" if none was."""
    return str(getattr(deed.lease, "id", ""))


def up_to_it(world: World, wrong: Violation | None, title: str, **more: Any) -> Any:
    """Draw a run up to what is wrong in it; `more` are drawn()'s lanes, and what it says."""
    until = world.trace[wrong.step].time if wrong and wrong.step is not None else None
    return drawn(world, wrong, title, axis="order", limit=60, until=until, **more)


def _said(before: Rows, after: Rows) -> str:
    rows = {key: row for key, row in after.items() if row is not None}
    texts = [str(row["text"]) for row in rows.values() if isinstance(row, dict) and "text" in row]
    gone = [key for key, row in after.items() if row is None and before.get(key) is not None]
    return ", ".join([*(texts or rows), *(f"no {key}" for key in gone)])


_LANES = ("authors", "documents", "worker-1", "worker-2", "purger", "days")
draw = partial(up_to_it, lanes=_LANES, says=_said)
