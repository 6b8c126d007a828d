"""A new model's index, filled from the log while the old one answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pubsub_kit.broker.consumer import Consumer
from pubsub_kit.genai.asked import PipelineError
from pubsub_kit.genai.live import LivePlace, result_of

LEASE = 30.0  # seconds: embedding a document takes less


class Backfill:
    """A lane of its own: a group that reads the log of documents from its start.

    It does not delay live changes, and tells nobody of what it finds. It may be stopped and begun
    again: its group knows how far it came, and what it does twice changes nothing.
    """

    def __init__(
        self, engine: Any, topic: str, place: LivePlace, name: str, lease: float = LEASE
    ) -> None:
        self.place, self.name, self.read, self.closed = place, name, 0, False
        self._idle = False  # whether the last look for more found nothing
        self.lane = engine.subscribe(
            topic, f"backfill-{name}", start="earliest", ack_deadline=lease
        )
        self.consumer = Consumer(self.lane, self._again)

    def _again(self, delivery: Any) -> None:
        data = plain(delivery.data)
        if delivery.data["step"] == "chunk":  # a deletion was the live lane's, and left a tombstone
            result_of(self.place.perform("backfill", {**data, "model": self.name}))

    def step(self, n: int = 1) -> int:
        """Read up to `n` changes of the log again; return how many there were.

        Raises PipelineError if the backfill, or its pipeline, is closed.
        """
        self._open()
        self.read += (found := self.consumer.step(n))
        self._idle = not found
        return found

    @property
    def done(self) -> bool:
        """Whether it has read the log to its end: its lag is 0, or nothing came where none is told.

        What is retried counts as not read yet.
        """
        lag: int | None = getattr(self.lane, "lag", None)
        return self._idle if lag is None else lag == 0

    @property
    def left(self) -> list[str]:
        """Which documents the new model has no vectors of yet."""
        found: list[str] = result_of(self.place.steps.lacking(self.name))
        return found

    def run(self) -> Iterator[int]:
        """Read the log again, a change at a time; yield how many documents are left."""
        while self.step():
            yield len(self.left)

    def restart(self) -> None:
        """Read the log from its start once more, as after the index was retired."""
        self._open()
        self.lane.replay("earliest")

    def close(self) -> None:
        """Leave the lane's group."""
        self.closed = True
        self.lane.close()

    def _open(self) -> None:
        if self.closed:
            again = f"pipeline.backfill({self.name!r})"
            raise PipelineError(f"This backfill is closed: {again} goes on where it was.")


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without the step that it asks for."""
    return {name: value for name, value in data.items() if name != "step"}
