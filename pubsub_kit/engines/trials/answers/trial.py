"""A trial: an answer on an engine, with a process that dies where it is told, and what is left.

    publish ─▶ start a process ─▶ it dies at its place ─▶ start another ─▶ all is settled ─▶ ask

A place that stops the process instead lets a second one take over, longer than a lease, and then
lets the first go on. Each trial has a topic, a group and a file of its own, and leaves its topic
behind in the engine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import uuid4

from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import NotSupported
from pubsub_kit.engines.trials.answers.job import ENDLESS, UNABLE, Job, JobError
from pubsub_kit.engines.trials.answers.journal import Line, lines_of
from pubsub_kit.engines.trials.answers.places import Place
from pubsub_kit.engines.trials.answers.rules import QUESTIONS, Left, Question
from pubsub_kit.errors import brief
from pubsub_kit.patterns.sqlite_store import rows_of

HOLDS, FAILS, STUCK, UNSUPPORTED = "holds", "fails", "never ends", "not supported"


class Terms(NamedTuple):
    """What a trial needs to know of an engine, all in real seconds.

    `lease` is its shortest useful one, `quiet` how long it may take to hand out again what a dead
    process had, and `patience` how long a process may take at all. `one_process` says that the
    engine is a folder, which belongs to one process at a time: each trial has one in it.
    """

    lease: float = 1.0
    quiet: float = 3.0
    patience: float = 60.0
    one_process: bool = False


class Case(NamedTuple):
    """An answer and its bad luck: where each process dies (the last one never does).

    `published` are the messages' ids in the order of publishing, with those that are published
    again; all once, in order, if it is empty.
    """

    question: str
    answer: str
    places: tuple[Place, ...] = ()
    published: tuple[str, ...] = ()
    semantics: str = "at_least_once"


class Ending(NamedTuple):
    """How a trial ended: the verdict, its reason, what was left, and where the processes died.

    The verdict is "holds", "fails", "never ends" or "not supported". `came` says for each place
    whether a process came to it; `heard` are the events on the shop's topic.
    """

    verdict: str
    why: str = ""
    rows: Mapping[str, Any] = MappingProxyType({})
    journal: Sequence[Line] = ()
    came: tuple[bool, ...] = ()
    heard: Sequence[tuple[str, Any]] = ()


def run(url: str, case: Case, terms: Terms = Terms()) -> Ending:  # noqa: B008 — immutable
    """Try an answer on an engine.

    Raises EngineError if that can't be reached, and JobError for a case that can't be, or if a
    process ends in an error.
    """
    question = QUESTIONS.get(case.question)
    if question is None:
        known = ", ".join(QUESTIONS)
        raise JobError(f"There is no question {brief(case.question)}: there are {known}.")
    if strange := [id for id in case.published if id not in question.messages]:
        known = ", ".join(question.messages)
        raise JobError(f"There is no message {brief(strange[0])}: there are {known}.")
    if terms.one_process and any(place.stops for place in case.places):
        return Ending(UNSUPPORTED, "its folder belongs to one process at a time")
    with TemporaryDirectory(prefix="pubsub-kit-") as folder:
        path = Path(folder)
        own = f"{url}/{path.name}" if terms.one_process else url
        return _Trial(own, case, terms, path / "rows.db").ending()


class _Trial:
    """One trial, step by step."""

    def __init__(self, url: str, case: Case, terms: Terms, path: Path) -> None:
        self.url, self.case, self.terms, self.path = url, case, terms, path
        self.question: Question = QUESTIONS[case.question]
        relays = case.question == "relay"
        self.published = () if relays else case.published or (*self.question.messages,)
        self.topic = f"{self.question.topic}-{uuid4().hex[:8]}"
        once = len({*self.published}) == len(self.published)  # else it waits for the repeats too
        self.job = Job(
            url, self.topic, f"readers-{uuid4().hex[:8]}", case.question, case.answer, str(path),
            semantics=case.semantics, lease=terms.lease, quiet=terms.quiet,
            expected=self.published if once else (), ordered=self.question.ordered,
        )  # fmt: skip
        self.came: list[bool] = []

    def ending(self) -> Ending:
        """Do all of it."""
        heard: list[tuple[str, Any]] = []
        try:
            self._set_up()
            stuck = not self._processes(self.case.places)
            if self.case.question == "relay":
                heard = self._heard()
        except NotSupported as error:
            return Ending(UNSUPPORTED, str(error))
        rows, lines = dict(rows_of(self.path)), lines_of(self.path)
        done = {deed: [line.what for line in lines if line.deed == deed]
                for deed in ("handles", "answered")}  # fmt: skip
        left = Left(rows, done["handles"], sum(self.came), heard, done["answered"])
        wrong = self.question.rule(left)
        verdict = STUCK if stuck else FAILS if wrong else HOLDS
        return Ending(verdict, wrong, rows, lines, tuple(self.came), heard)

    def _set_up(self) -> None:
        """Make the topic and the group, and publish: the group is there before the messages."""
        with connect(self.url, wait=0.5) as engine:
            engine.topic(self.topic, partitions=1)
            self._subscribe(engine).close()
            for id in self.published:
                engine.publish_event(self.topic, self.question.event(id))

    def _subscribe(self, engine: Any) -> Any:
        """Join the group, from the first message if the engine keeps a log."""
        try:
            return engine.subscribe(self.topic, self.job.group, **self.job.settings)
        except NotSupported:
            if self.job.start == "latest":
                raise
            self.job = self.job._replace(start="latest")
            return self._subscribe(engine)

    # ── processes ───────────────────────────────────────────────────────────────────────────────

    def _processes(self, places: Sequence[Place]) -> bool:
        """Start a process for each place, and one that lives; return whether all came to an end."""
        for place in places:
            with self._process(place) as process:
                self.came.append(came := self._wait(process, place))
                # What the dead one has acked, the engine may not have kept: only silence tells.
                self.job = self.job._replace(expected=())
                if came and place.stops:
                    ended = self._lives()
                    process.send_signal(signal.SIGCONT)
                    return self._ends(process) and ended
        return self._lives()

    def _lives(self) -> bool:
        with self._process(None) as process:
            return self._ends(process)

    @contextmanager
    def _process(self, place: Place | None) -> Iterator[subprocess.Popen[str]]:
        """Start a process, and see to it that it is gone in the end."""
        job = self.job._replace(place=place)
        module = "pubsub_kit.engines.trials.answers.process"
        process = subprocess.Popen(
            [sys.executable, "-m", module, job.text()], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.send_signal(signal.SIGCONT)
            process.communicate()

    def _wait(self, process: subprocess.Popen[str], place: Place) -> bool:
        """Return whether a process has come to its place, rather than to its end."""
        if not place.stops:
            return self._ends(process) and process.returncode == -signal.SIGKILL
        until = time.monotonic() + self.terms.patience
        while process.poll() is None and time.monotonic() < until:
            if _is_stopped(process.pid):
                return True
            time.sleep(0.02)
        return False

    def _ends(self, process: subprocess.Popen[str]) -> bool:
        """Wait until a process is gone; False if it takes too long."""
        try:
            _, said = process.communicate(timeout=self.terms.patience)
        except subprocess.TimeoutExpired:
            process.kill()
            return False
        if process.returncode == ENDLESS:
            return False
        if process.returncode == UNABLE:
            raise NotSupported(said.strip())
        if process.returncode not in (0, -signal.SIGKILL):
            raise JobError(f"A process of the trial ended: {said.strip() or process.returncode}")
        return True

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────

    def _heard(self) -> list[tuple[str, Any]]:
        """Read what the shop has published, as the kitchen does."""
        with connect(self.url, wait=0.5) as engine:
            worker = self._subscribe(engine)
            return [(each.id, each.data) for each in _drained(worker, self.terms.quiet)]


def _drained(worker: Any, quiet: float) -> Iterator[Any]:
    """Yield what a worker pulls, and ack it, until nothing has come for so many seconds."""
    until = time.monotonic() + quiet
    while time.monotonic() < until:
        for lent in worker.pull(10):
            yield lent
            lent.ack()
            until = time.monotonic() + quiet
        time.sleep(0.02)
    worker.close()


def _is_stopped(pid: int) -> bool:
    """Return whether a child of this process is stopped; it is not reaped by that."""
    found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
    return found is not None
