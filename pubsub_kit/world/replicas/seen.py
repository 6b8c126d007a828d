"""What the world outside has seen of a cluster's log: what was acked, and what could be read.

These are promises. A cluster keeps them if every acked record stays in its log, and if an offset
shows one record only, whoever reads it and when.
"""

from __future__ import annotations

from pubsub_kit.world.replicas.ground import Ground
from pubsub_kit.world.replicas.replica import Record, Replica


class Seen:
    """The records that consumers can read now, and all that ever stood at each offset."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.now: list[Record] = []
        self.ever: list[
            list[str]
        ] = []  # by offset: the ids of the records that could be read there
        self.acked: list[str] = []  # the ids of the records that their producers believe are safe
        self.failed: list[str] = []  # … and of those that were given up

    def update(self, leader: Replica) -> None:
        """Show what a leader has committed; if it lacks what was shown before, that is gone."""
        log, pairs = leader.log, zip(self.now, leader.log, strict=False)
        same = next(
            (i for i, (old, new) in enumerate(pairs) if old.sequence != new.sequence),
            min(len(self.now), len(log)),
        )
        if same < len(self.now):
            del self.now[same:]
            self.ground.rewind(self.now)
        for record in log[len(self.now) : leader.watermark]:
            if len(self.now) == len(self.ever):
                self.ever.append([])
            if record.id not in (there := self.ever[len(self.now)]):
                there.append(record.id)
            self.now.append(record)
            self.ground.expose(record)

    def changed(self) -> list[tuple[int, list[str]]]:
        """Return the offsets at which different records could be read, with their ids."""
        return [(at, ids) for at, ids in enumerate(self.ever) if len(ids) > 1]
