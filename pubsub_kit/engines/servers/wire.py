"""Ports of 127.0.0.1, and what is said over them first: no client library is needed for that."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from random import SystemRandom

from pubsub_kit.engines.servers.trouble import ServerError
from pubsub_kit.errors import brief

HOST = "127.0.0.1"
# Below those that Linux and macOS give to outgoing connections: one of these could take the port of
# a server that was killed, before it is started again.
_FIRST, _LAST = 10_000, 32_000
_TRIES = 1_000
_ENOUGH = 65_536  # bytes of an answer


def free_port() -> int:
    """Return a port that nobody listens on; raises ServerError where there is none."""
    draw = SystemRandom()  # two processes with one seed must not agree
    for _ in range(_TRIES):
        port = draw.randrange(_FIRST, _LAST)
        if is_free(port):
            return port
    raise ServerError(f"No port of {HOST} from {_FIRST} to {_LAST} is free: stop other servers.")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def checked_port(port: object) -> int:
    """Return a port that was asked for, or a free one for 0; raises ServerError."""
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < 65_536:
        raise ServerError(
            f"{brief(port)} is no port: give a whole number up to 65535, or 0 for any that is free."
        )
    return port or free_port()


def refuse_taken(port: int, seconds: float = 1.0) -> None:
    """Raise ServerError if a port is taken, and stays so for as long as a dying server may last."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            raise ServerError(
                f"Port {port} of {HOST} is in use, or not yours to use: name another one, or 0 for "
                "any that is free."
            )
        time.sleep(0.05)


def ask(
    port: int, question: bytes, enough: Callable[[bytes], object], seconds: float = 2.0
) -> bytes:
    """Return what a server answers, up to where it is enough; raises OSError if it does not."""
    with socket.create_connection((HOST, port), seconds) as line:
        line.sendall(question)
        answer = b""
        while not enough(answer):
            more = line.recv(4096)
            if not more or len(answer) > _ENOUGH:
                raise ConnectionError(f"port {port} answered {answer[:40]!r}")
            answer += more
        return answer
