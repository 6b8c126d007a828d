"""How a broker outlives its process: what flushing and closing it means, and what troubles it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from threading import RLock
from typing import Self

from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.memory import Memory
from pubsub_kit.broker.topic import Topic
from pubsub_kit.log.memory import LogError


class Surviving:
    """The part of a broker that is about its files; in memory, there is nothing to do."""

    topics: dict[str, Topic]
    _lock: RLock
    _shared: Shared
    _storage: Memory

    def flush(self) -> None:
        """Wait until everything published, and every ack, is on the disk, if there is one."""
        with self._lock:
            self._shared.check_open()
            with ExitStack() as stack:  # which goes on after an error, and raises it at the end
                stack.callback(self._storage.save)  # after the topics: a cursor follows its log
                for topic in self.topics.values():
                    stack.callback(topic.log.flush)

    def close(self) -> None:
        """Flush and close the files; a closed broker can't be used any more."""
        with self._lock:
            if not self.closed:
                try:
                    self.flush()
                finally:
                    self._close_logs()

    def _close_logs(self) -> None:
        self._shared.closed = True
        with ExitStack() as stack:
            stack.callback(self._storage.close)
            for topic in self.topics.values():
                stack.callback(topic.log.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether the broker has been closed."""
        return self._shared.closed

    @property
    def trouble(self) -> LogError | None:
        """Why it could not save positions, or forget old messages, when it last tried; or None.

        Nothing is lost by that: it tries again later, and `flush` raises what is still wrong.
        """
        with self._lock:
            logs = [topic.log.trouble for topic in self.topics.values()]
            return next((each for each in [self._storage.trouble, *logs] if each), None)

    @property
    def strangers(self) -> list[Path]:
        """What lies in the broker's folder and was not written by it; it is left alone."""
        with self._lock:
            self._shared.check_open()
            return self._storage.strangers()
