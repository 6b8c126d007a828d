"""What a cluster needs of the world that it runs in: time, luck, a trace, and readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pubsub_kit.world.replicas.replica import Record

#: What may befall a node, and all of them at once; `world/chance.py` has their letters.
FATES = ("node crash", "node down", "node wiped", "node cut")
POWER = "power loss"
ON_THE_WAY = ("publish lost", "duplicate", "confirm lost")


class Ground(Protocol):
    """A world, as a cluster sees it."""

    restart_after: float

    def odds(self, *kinds: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Return those of some faults that this world may suffer, and their rates."""

    def fault(self, kinds: Sequence[str], rates: Sequence[float]) -> str:
        """Return which of these faults happens now, or ""."""

    def note(
        self, kind: str, node: str, *, text: str, fault: bool = False, data: Any = None
    ) -> None:
        """Write a step to the trace."""

    def after(self, seconds: float, then: Callable[[Any], Any]) -> Any:
        """Call a function after so many seconds."""

    def stop(self, name: str, seconds: float | None) -> None:
        """Stop a node, and start it again after so many seconds (None: never)."""

    def expose(self, record: Record) -> None:
        """Let consumers read a record."""

    def rewind(self, left: Sequence[Record]) -> None:
        """Leave only these of the records that consumers could read so far."""
