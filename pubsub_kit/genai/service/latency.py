"""How long a client waits for an answer, and how the answer is printed so that it stays true.

Milliseconds differ from run to run and from machine to machine; a wide band does not.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import httpx

from pubsub_kit.errors import brief, said
from pubsub_kit.genai.service.installed import ServiceError
from pubsub_kit.genai.service.served import client

PATHS = {"blocking": "/signup/blocking", "evented": "/signup"}
LOW, HIGH = 50, 200  # ms
SIGNUP = {"name": "Ann", "email": "ann@example.com"}


def latencies(url: str, n: int = 20) -> dict[str, float]:
    """Sign up `n` times each way, one after the other; return each way's median in ms.

    A first request of each way, which opens the connection, does not count. Raises ServiceError for
    an `n` that is no number of requests, if a signup is refused, and if nobody answers.
    """
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= 1000:
        raise ServiceError(f"n is a number of requests from 1 to 1000, not {brief(n)}.")
    with client(url) as http:
        return {
            way: median([_taken(http, path) for _ in range(n + 1)][1:])
            for way, path in PATHS.items()
        }


def _taken(http: Any, path: str) -> float:
    """Return how long a signup took, in ms."""
    begin = time.perf_counter()
    with answering(http):
        reply = http.post(path, json=SIGNUP)
    taken = (time.perf_counter() - begin) * 1000
    if reply.status_code >= 300:
        raise ServiceError(f"{path} answered {reply.status_code}: {reply.text[:200]}")
    return taken


@contextmanager
def answering(http: Any) -> Iterator[None]:
    """Raise ServiceError if nobody answers a request."""
    try:
        yield
    except httpx.HTTPError as error:
        raise ServiceError(
            f"{http.base_url} does not answer ({said(error)}): is it still being served?"
        ) from None


def band(ms: float) -> str:
    """Return the band of a time in ms: under 50 ms, 50–200 ms, or over 200 ms."""
    if not isinstance(ms, int | float) or not ms >= 0:
        raise ServiceError(f"A time is a number of ms from 0 up, not {brief(ms)}.")
    if ms < LOW:
        return f"under {LOW} ms"
    return f"{LOW}–{HIGH} ms" if ms <= HIGH else f"over {HIGH} ms"


def wait_until_drained(
    url: str, timeout: float = 30.0, but: Collection[str] = ()
) -> dict[str, int]:
    """Wait until no event waits in any group, `but` in these; return how many wait in each.

    Raises ServiceError if there still are some after `timeout` seconds, and for an unknown group.
    """
    end = time.monotonic() + timeout
    with client(url) as http:
        while True:
            with answering(http):
                reply = http.get("/backlog")
            if reply.status_code != 200:
                raise ServiceError(f"/backlog answered {reply.status_code}: {reply.text[:200]}")
            left: dict[str, int] = reply.json()
            if isinstance(but, str) or not {*but} <= {*left}:
                raise ServiceError(f"but is a list of {', '.join(left)}, not {brief(but)}.")
            if not any(waiting for name, waiting in left.items() if name not in but):
                return left
            if time.monotonic() > end:
                raise ServiceError(f"After {timeout:g} s there still wait: {left}.")
            time.sleep(0.02)
