"""One process of a server: started apart from the terminal, ended in order, and never left behind.

It leads a session of its own, so that Ctrl-C reaches the starter alone, which then ends it in the
order that it needs. Should the starter die first, `watchdog.py` ends it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pubsub_kit.engines.servers.trouble import ServerError

_GROUP = int(getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))  # Windows
_GONE_SECONDS = 2.0


class Child:
    """A process that writes to a log; `temporary` is the folder to remove should we die first.

    Raises ServerError where the system can't start the command.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        temporary: Path | None = None,
    ) -> None:
        words = [str(word) for word in command]
        try:
            with log.open("ab") as out:
                self.process = subprocess.Popen(
                    words, cwd=log.parent, env=environment, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                    creationflags=_GROUP,
                )  # fmt: skip
        except (OSError, ValueError) as error:
            raise ServerError(f"{words[0]} can't be started ({error}).") from error
        self.paused = False
        _watch(f"+{self.pid} {temporary or ''}")

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def end(self, number: int, seconds: float) -> None:
        """Send it a signal and wait for its end; kill it if that takes longer than `seconds`."""
        if self.paused and self.alive:
            self.resume()
        self.tell(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()

    def tell(self, number: int) -> None:
        """Send it a signal, if it still runs, and wait for nothing."""
        if self.alive:
            with contextlib.suppress(OSError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """End it, and whatever it has started, at once (SIGKILL)."""
        if sys.platform == "win32":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
            self._wait_for_its_group()
        self.process.wait()
        self.paused = False
        _watch(f"-{self.pid}")

    def _wait_for_its_group(self) -> None:
        """Wait for what it had started: the port is free only when the last of them is gone."""
        deadline = time.monotonic() + _GONE_SECONDS
        with contextlib.suppress(ProcessLookupError, PermissionError):
            while sys.platform != "win32" and time.monotonic() < deadline:
                os.killpg(self.pid, 0)
                time.sleep(0.01)

    def pause(self) -> None:
        """Stop it from running on (SIGSTOP), as a machine does that hangs; raises ServerError."""
        self._signal("SIGSTOP")
        self.paused = True

    def resume(self) -> None:
        """Let it run on (SIGCONT); raises ServerError."""
        self._signal("SIGCONT")
        self.paused = False

    def _signal(self, name: str) -> None:
        if sys.platform == "win32":
            raise ServerError(
                f"{name} can't be sent, since Windows has no such signal: run this on Linux, on "
                "macOS or in WSL."
            )
        if not self.alive:
            raise ServerError(f"Process {self.pid} has ended, so there is nothing to {name}.")
        os.killpg(self.pid, getattr(signal, name))


# --- the watchdog, one for all servers of this process --------------------------------------------

_dogs: list[subprocess.Popen[bytes]] = []


def _watch(line: str) -> None:
    """Tell the watchdog, which the first line starts, whom to look after."""
    if not _dogs or _dogs[0].poll() is not None:
        if line.startswith("-"):
            return
        _dogs[:] = [_new_dog()]
    with contextlib.suppress(OSError):
        os.write(_pipe(_dogs[0]), f"{line}\n".encode())


def _new_dog() -> subprocess.Popen[bytes]:
    script = str(Path(__file__).with_name("watchdog.py"))
    return subprocess.Popen(
        [sys.executable, "-I", "-S", script], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, creationflags=_GROUP,
    )  # fmt: skip


def _pipe(dog: subprocess.Popen[bytes]) -> int:
    assert dog.stdin is not None
    return dog.stdin.fileno()


def _dismiss() -> None:
    """Let the watchdog end, who then ends whoever is left."""
    for dog in _dogs:
        assert dog.stdin is not None
        with contextlib.suppress(OSError):
            dog.stdin.close()
        dog.wait()
    _dogs.clear()


def _let_go_of_the_pipe() -> None:
    """In a forked child: it must not hold the pipe open when its parent dies."""
    for dog in _dogs:
        assert dog.stdin is not None
        dog.stdin.close()
        dog.returncode = 0  # its parent's child, not ours to wait for
    _dogs.clear()


atexit.register(_dismiss)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_the_pipe)
