"""A consumer's process ended as Kubernetes ends a pod: SIGTERM, the grace period, then SIGKILL.

    print(terminated(work=0.2, grace=10))    the work fits: it is finished, and nothing is repeated
    print(terminated(work=60, grace=0.5))    it does not: killed, redelivered, partly done twice

Real processes and a real SIGTERM; the broker is a folder on disk, or the engine of a URL. A second
worker of the same group follows, as a Deployment starts another pod.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from pubsub_kit.broker.settings import is_count, is_seconds
from pubsub_kit.engines.connect import connect
from pubsub_kit.errors import brief
from pubsub_kit.genai.deploy.rehearsal import CHUNKS
from pubsub_kit.genai.deploy.worker import DeployError, Job
from pubsub_kit.log.ids import fresh_id

GROUP = "indexer"
HANDLERS = "pubsub_kit.genai.deploy.rehearsal"  # interrupted, and steady for the successor
WINDOWS = (
    "Windows has no SIGTERM: what ends a process there ends it at once, without any grace. Run "
    "this on Linux, on macOS or in WSL."
)
_KIT = Path(__file__).resolve().parents[3]
_PATIENCE = 30.0  # seconds without a line after which the rest is given up
_MOST = 1_000  # documents


class Ended(NamedTuple):
    """What the end of a worker cost. Times are in seconds; `exit` is -9 after a SIGKILL."""

    documents: int
    held: str  # the document at hand when SIGTERM came
    work: float  # what was left of the work on it then
    grace: float
    exit: int
    first: int  # documents finished by the worker that was told to end
    second: int  # documents finished by its successor
    lost: int  # documents that neither of them finished
    unacked: int  # documents that a third worker is given afterwards
    repeated: tuple[str, ...]  # documents that both of them began
    writes: int  # of chunks, by both
    chunks: int  # different ones among them

    @property
    def killed(self) -> bool:
        """Whether the grace period was over first."""
        return self.exit == -signal.SIGKILL

    def __str__(self) -> str:
        again = ", ".join(self.repeated) or "none"
        return "\n".join([
            f"SIGTERM came while the worker held {self.held}, with {self.work:g} s of work left "
            f"and {self.grace:g} s of grace.",
            self._end(),
            f"Finished by it: {self.first}; by its successor: {self.second} of {self.documents} "
            "documents.",
            f"Lost: {self.lost}. Unacked at the end: {self.unacked}. Begun by both: {again}.",
            f"Chunks written: {self.writes}; different ones: {self.chunks}.",
        ])  # fmt: skip

    def _end(self) -> str:
        redelivered = self.held in self.repeated
        if self.exit == 0 and not redelivered:
            return f"It finished {self.held}, acked it, left the group and exited with 0."
        end = "SIGKILL ended it" if self.killed else "It ended by itself"
        fate = "had not been acked, and was redelivered" if redelivered else "was not redelivered"
        return f"{end}: exit code {self.exit}. {self.held} {fate}."


def terminated(
    work: float = 0.2,
    grace: float = 10.0,
    documents: int = 5,
    *,
    url: str | None = None,
    lease: float = 30.0,
) -> Ended:
    """End a worker amid the third of `documents`, start a successor, and count.

    Args:
        work: seconds of work that the document at hand still needs when SIGTERM comes.
        grace: seconds from SIGTERM to SIGKILL, as terminationGracePeriodSeconds.
        documents: how many are published; each has two chunks.
        url: an engine; without it, a durable broker in a folder that is removed afterwards.
        lease: seconds after which that engine redelivers what a killed worker held.

    Raises:
        DeployError: bad numbers, Windows, or a worker that can't begin.
    """
    _check(work, grace, documents, lease, url)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        where = url or f"file://{Path(folder) / 'broker'}"
        topic, held = f"documents-{fresh_id()}", f"doc-{min(3, documents)}"
        _publish(where, topic, documents, held, work, lease)
        with container("interrupted", where, topic, lease) as first:
            first.until(lambda: first.wrote[held, 1] > 0)
            if not first.wrote[held, 1]:
                raise DeployError(f"The worker did not begin {held}: {first.last_words()}")
            code = first.end(grace)
        with container("steady", where, topic, lease) as second:
            second.until(lambda: len(_finished(first.wrote + second.wrote)) >= documents)
            second.end(_PATIENCE)
        unacked = _unacked(where, topic, documents, lease)
    both = first.wrote + second.wrote
    done, also = _finished(first.wrote), _finished(second.wrote)
    repeated = {of for of, _ in first.wrote} & {of for of, _ in second.wrote}
    return Ended(
        documents, held, work, grace, code, len(done), len(also), documents - len(done | also),
        unacked, tuple(sorted(repeated)), both.total(), len(both),
    )  # fmt: skip


Writes = Counter[tuple[str, int]]  # by document and chunk


def _check(work: float, grace: float, documents: int, lease: float, url: str | None) -> None:
    if sys.platform == "win32":
        raise DeployError(WINDOWS)
    for name, seconds in (("work", work), ("grace", grace), ("lease", lease)):
        if not is_seconds(seconds):
            raise DeployError(f"{name} is a number of seconds, not {brief(seconds)}.")
    if not is_count(documents) or documents > _MOST:
        raise DeployError(f"documents is a number from 1 to {_MOST:,}, not {brief(documents)}.")
    if url is not None and str(url).startswith("memory:"):
        raise DeployError("memory:// is in one process: a worker needs a file:// or a server.")


def _publish(url: str, topic: str, documents: int, held: str, work: float, lease: float) -> None:
    with connect(url) as engine:
        engine.topic(topic)
        engine.subscribe(topic, GROUP, ack_deadline=lease)
        for number in range(1, documents + 1):
            name = f"doc-{number}"
            engine.publish(topic, {"work": work} if name == held else {}, id=name)


def _unacked(url: str, topic: str, documents: int, lease: float) -> int:
    with connect(url) as engine:
        worker = engine.subscribe(topic, GROUP, ack_deadline=lease)
        return len(worker.pull(documents))


def _finished(wrote: Writes) -> set[str]:
    return {document for document, chunk in wrote if chunk == CHUNKS}


class Running:
    """A worker's process, and the chunks that it has written so far."""

    def __init__(self, process: subprocess.Popen[str], log: IO[str]) -> None:
        self.process, self.wrote = process, Counter[tuple[str, int]]()
        self._log = log
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, ready: Callable[[], object]) -> None:
        """Take in lines until something is so, the process has ended, or none has come for long."""
        while not ready():
            with suppress(queue.Empty):
                if self._take(self._lines.get(timeout=_PATIENCE)):
                    continue
            return

    def _take(self, line: str) -> bool:
        document, _, chunk = line.strip().lstrip("+").rpartition(" ")
        if document:
            self.wrote[document, int(chunk)] += 1
        return bool(line)

    def end(self, grace: float) -> int:
        """Send SIGTERM, wait for the grace period, send SIGKILL if needed; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        self.process.kill()
        code = self.process.wait()
        self._reader.join()
        self.catch_up()
        return code

    def catch_up(self) -> None:
        """Take in the lines that have come, and wait for none."""
        while not self._lines.empty():
            self._take(self._lines.get())

    def last_words(self) -> str:
        """Return the last line that it wrote to its log."""
        self._log.seek(0)
        lines = self._log.read().split("\n")
        return next(filter(None, reversed(lines)), "it said nothing.")


@contextmanager
def container(handler: str, url: str, topic: str, lease: float) -> Iterator[Running]:
    """Run a worker of the group as a container would; whatever happens, it is gone afterwards."""
    command = [
        sys.executable, "-m", "pubsub_kit.genai.deploy", "worker", "--url", url, "--topic", topic,
        "--group", GROUP, "--lease", str(lease), "--start", "latest",
        "--handler", f"{HANDLERS}:{handler}",
    ]  # fmt: skip
    given = {f"PUBSUB_{name.upper()}" for name in Job._fields}  # it reads what stands above alone
    kept = {name: value for name, value in os.environ.items() if name not in given}
    found = os.pathsep.join([str(_KIT), kept.get("PYTHONPATH", "")])
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        env={**kept, "PYTHONPATH": found},
    ) as process:  # fmt: skip
        try:
            yield Running(process, log)
        finally:
            process.kill()
