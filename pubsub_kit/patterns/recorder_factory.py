"""What an application of the library `eventsourcing` takes its recorders from.

PERSISTENCE_MODULE=pubsub_kit.patterns.recorder_factory  LOG_PATH=a/folder
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import resolve_topic

from pubsub_kit.log.segments import DurableEventLog
from pubsub_kit.patterns.recorder import LogAggregateRecorder, LogRecorder


class Factory(InfrastructureFactory[LogRecorder]):
    """Makes the recorders of an application, each on a log of its own below `LOG_PATH`."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._made: dict[str, LogRecorder] = {}

    def _recorder(self, name: str, kind: type[LogRecorder] = LogRecorder) -> LogRecorder:
        if name not in self._made:
            path = Path(self.env.get("LOG_PATH") or "events") / name
            self._made[name] = kind(DurableEventLog(path))
        return self._made[name]

    def aggregate_recorder(self, purpose: str = "events") -> LogRecorder:
        """Return the recorder for one purpose, such as snapshots."""
        return self._recorder(purpose, LogAggregateRecorder)

    def application_recorder(self) -> LogRecorder:
        """Return the recorder of an application."""
        return self._recorder("application")

    def process_recorder(self) -> LogRecorder:
        """Return the recorder of an application that follows others."""
        return self._recorder("application")

    def tracking_recorder(self, kind: type[LogRecorder] | None = None) -> LogRecorder:
        """Return the recorder of a view, which may be of a class of its own."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        made = kind or (resolve_topic(topic) if topic else LogRecorder)
        return self._recorder(made.__name__, made)

    def close(self) -> None:
        """Close the logs."""
        for recorder in self._made.values():
            recorder.log.close()
