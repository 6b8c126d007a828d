"""EventLoop: one callback after another, and between two of them whatever they left to do at once.

    tasks ──▶ take one, run it ──▶ run all ticks, then all promise jobs, until both are empty ──┐
      ▲─────────────────────────────────────────────────────────────────────────────────────────┘

That is the order of Node, whose `process.nextTick` adds a tick, a settled promise a job, and a
timer a task. A CommonJS file is itself a task. A module (.mjs) runs as a promise job, so the jobs
that it adds come before its ticks. What it costs: jobs that keep adding jobs hold up every timer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

Job = Callable[[], Any]


class EventLoop:
    """Callbacks wait in `tasks`, jobs of promises in `jobs`, Node's next ticks in `ticks`."""

    def __init__(self) -> None:
        self.tasks: deque[Job] = deque()
        self.jobs: deque[Job] = deque()
        self.ticks: deque[Job] = deque()

    def run(self, main: Job, module: bool = False) -> None:
        """Run a program as CommonJS, or as a module, and then whatever it left to do."""
        (self.jobs if module else self.tasks).append(main)
        self.drain()
        while self.tasks:
            self.tasks.popleft()()
            self.drain()

    def drain(self) -> None:
        """Run ticks and promise jobs, and those that they add, until there are none."""
        while self.ticks or self.jobs:
            while self.ticks:
                self.ticks.popleft()()
            while self.jobs:
                self.jobs.popleft()()
