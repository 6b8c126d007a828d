"""A server's life: start, kill, start again on the same port and folder, stop.

    start()   its folder, its processes, and its first greeting: then it can be used
    kill()    SIGKILL; its data stays, and start() goes on with it
    pause()   SIGSTOP: the machine hangs, and its connections stay open
    stop()    in order; a temporary folder goes with it, one that was given is kept

What one engine does otherwise is in a file of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from pubsub_kit.engines.servers.child import Child
from pubsub_kit.engines.servers.given import checked_folder, login
from pubsub_kit.engines.servers.trouble import ServerError, tail, telling
from pubsub_kit.engines.servers.wire import HOST, checked_port, refuse_taken
from pubsub_kit.log.lock import FolderLock, LogLocked

LOG = "server.log"


class Server(ABC):
    """One server on 127.0.0.1, not yet started; as a context manager, stopped at the end.

    Args:
        folder: where its data is kept (made if need be); None for a temporary one.
        port: where it listens; 0 for any that is free. It keeps it for life.

    Raises:
        ServerError: a folder or a port that can't be used.
    """

    name: ClassVar[str]
    scheme: ClassVar[str]
    patience: ClassVar[float] = 30.0  # seconds that it may take to start on a busy machine
    ends_with: ClassVar[int] = signal.SIGTERM
    farewell: ClassVar[float] = 20.0  # seconds that it may take to end in order

    def __init__(self, folder: Path | str | None = None, port: int = 0) -> None:
        self.given = None if folder is None else checked_folder(folder)
        self.port = checked_port(port)
        self.version = ""  # as the program says it, once it has started
        self.children: list[Child] = []
        self.goes_with: Path | None = None  # a temporary folder around the given one
        self._folder: Path | None = None
        self._lock: FolderLock | None = None
        self._log_start = 0
        self._owner = os.getpid()
        _all.add(self)

    # --- what each engine says for itself ---------------------------------------------------------

    @classmethod
    @abstractmethod
    def missing(cls) -> str | None:
        """Return a sentence that says what to install, or None; nothing is started."""

    @abstractmethod
    def launch(self) -> None:
        """Start the processes, the server itself last, with `spawn`; raises ServerError."""

    @abstractmethod
    def greeting(self) -> str:
        """Ask it over its own protocol; return its version, or raise OSError while it is silent."""

    def prepare(self) -> None:
        """Write what it reads into its folder; raises ServerError."""
        return

    def credentials(self) -> tuple[str, str]:
        """Return the user and password of its URL; both empty if it asks for none."""
        return "", ""

    # --- what it is -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """As `connect` takes it, with the password if there is one."""
        return f"{self.scheme}://{login(*self.credentials())}{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The number of its process, or None while it does not run."""
        return self.children[-1].pid if self.alive else None

    @property
    def alive(self) -> bool:
        """Whether its process runs, be it paused."""
        return bool(self.children) and self.children[-1].alive

    @property
    def folder(self) -> Path:
        """Where its data and its log are; raises ServerError before start() and after stop()."""
        if self._folder is None:
            raise ServerError(f"{self.name} has no folder before start(), and none after stop().")
        return self._folder

    def said(self) -> str:
        """Return what it wrote to its log since its last start."""
        return "" if self._folder is None else tail(self._folder / LOG, self._log_start)

    # --- its life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, and return when it can be used; after kill(), it goes on with its data.

        Raises:
            ServerError: it runs already, something is missing, or it ended or was silent; then
                nothing of it runs.
        """
        self.begin()
        self.await_greeting()

    def begin(self) -> None:
        """Start its processes, and return at once; raises ServerError."""
        if self.alive:
            raise ServerError(f"{self.name} runs already, at {self.url}: stop() it first.")
        if sentence := self.missing():
            raise ServerError(sentence)
        self.kill()  # what a server that ended by itself has left
        with self._or_nothing():
            refuse_taken(self.port)
            self._settle()
            self.prepare()
            self._log_start = _size(self.folder / LOG)
            self.launch()

    def await_greeting(self) -> None:
        """Return when it greets; raises ServerError if it ends or is silent, and ends it then."""
        deadline = time.monotonic() + self.patience
        with self._or_nothing():
            while not self._greeted():
                if not self.alive:
                    raise ServerError(f"{self.name} ended as it started: {telling(self.said())}.")
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"{self.name} did not answer on port {self.port} in {self.patience:g} s: "
                        f"{telling(self.said())}."
                    )
                time.sleep(0.02)

    def stop(self, keep: bool = False) -> None:
        """End it in order; a temporary folder is removed, unless its data is to be kept.

        Where it did not run, only the folder is removed.
        """
        for child in reversed(self.children):
            child.end(self.ends_with, self.farewell)
        self.children.clear()
        if not keep:
            self._clear()

    def ask_to_end(self) -> None:
        """Let it begin to end, and wait for nothing: stop() does."""
        for child in self.children[-1:]:
            child.tell(self.ends_with)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash does; its data stays as it is."""
        for child in reversed(self.children):
            child.kill()
        self.children.clear()

    def pause(self) -> None:
        """Let it hang (SIGSTOP): it keeps its connections, and answers none; raises ServerError."""
        self._running().pause()

    def resume(self) -> None:
        """Let it run on after pause() (SIGCONT); raises ServerError."""
        self._running().resume()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # --- its parts --------------------------------------------------------------------------------

    def spawn(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process of it, which writes to its log; raises ServerError."""
        temporary = self.folder if self.given is None else self.goes_with
        child = Child(command, self.folder / LOG, environment, temporary)
        self.children.append(child)
        return child

    def _running(self) -> Child:
        if not self.alive:
            raise ServerError(f"{self.name} does not run: start() it first.")
        return self.children[-1]

    def _greeted(self) -> bool:
        try:
            self.version = self.greeting()
        except (OSError, ValueError, LookupError):  # silent, or not yet itself
            return False
        return True

    def _settle(self) -> None:
        """Take the folder: the one of the last time, the given one, or a new one."""
        if self._folder is not None:
            return
        if self.given is None:
            self._folder = Path(tempfile.mkdtemp(prefix=f"pubsub-kit-{self.name}-"))
            return
        try:
            self.given.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self.given)
        except LogLocked as error:
            raise ServerError(
                f"The folder {self.given} is in use: stop its server, or name another folder."
            ) from error
        except OSError as error:
            raise ServerError(
                f"The folder {self.given} can't be used ({error.strerror or error}): name another."
            ) from error
        self._folder = self.given

    def _clear(self) -> None:
        """Give the folder back, or remove it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        elif self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """End all of it where its start was not to be; a folder that was new goes with it."""
        began_before = self.version != "" and self._folder is not None
        try:
            yield
        except BaseException:
            self.kill()
            if not began_before:
                self._clear()
            raise


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


# --- the end of this process ----------------------------------------------------------------------

_all: weakref.WeakSet[Server] = weakref.WeakSet()


def _stop_all() -> None:
    """Stop what still runs; what a forked child inherited is its parent's to stop."""
    for server in list(_all):
        if server._owner == os.getpid():
            server.stop()


atexit.register(_stop_all)
