"""`engine`: start a real server in the foreground, until Ctrl-C stops it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from pubsub_kit import options
from pubsub_kit.engines.servers.running import announced
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.start import start
from pubsub_kit.engines.servers.trouble import ServerError, telling

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, `kill`, the terminal's end


def main(argv: Sequence[str]) -> int:
    """Run the command, and return its exit status: 0 after Ctrl-C; raises ServerError."""
    asked = options.engine().parse_args(argv)
    more = {} if asked.brokers is None else {"brokers": asked.brokers}
    with _interrupted_by_signals():
        began = time.monotonic()
        server = start(asked.name, asked.folder, asked.port, **more)
        try:
            with announced(server):
                print(_told(server, time.monotonic() - began), flush=True)
                _wait(server)
        except KeyboardInterrupt:
            print(f"\nStopping {server.name}.", flush=True)
        finally:
            _stop(server)
    return 0


def _told(server: Server, seconds: float) -> str:
    """Return where the server is, how to use it, and how to stop it."""
    data = (
        f"What it keeps is in {server.given}, and stays there."
        if server.given
        else "What it keeps is in a temporary folder, which goes with it; --folder keeps it."
    )
    return (
        f"{server.name} {server.version} runs at {server.url} (process {server.pid}, ready after "
        f"{seconds:.1f} s).\n"
        f'Use it from Python:  connect("{server.url}")\n'
        f"{data}\n"
        "Ctrl-C stops it."
    )


def _wait(server: Server) -> None:
    """Wait for Ctrl-C; raises ServerError if the server ends before."""
    while server.alive:
        time.sleep(0.2)
    raise ServerError(f"{server.name} has ended by itself: {telling(server.said())}.")


def _stop(server: Server) -> None:
    """Stop it in order, whatever signals come meanwhile: it takes half a minute at most."""
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    server.stop()


@contextlib.contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let each of the signals interrupt, even where a shell told its jobs to ignore Ctrl-C."""
    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, _interrupt) for number in known}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
