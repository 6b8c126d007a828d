"""A web app that is served from this process, while a notebook goes on beside it.

    this thread        Served(app) ── waits until it listens ──► url, client …          stop()
    a daemon thread         └─► an event loop: uvicorn, the app, its background tasks ──► ends

A notebook's own event loop is busy with its cells, so the server gets a thread with a loop of its
own. It listens on 127.0.0.1 alone, on a port that the system picks, and ends with the process: a
restarted kernel leaves nothing behind. Give the name to another server, and the first one stops.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Self

import httpx
import uvicorn

from pubsub_kit.errors import brief, said
from pubsub_kit.genai.service.installed import ServiceError

HOST = "127.0.0.1"
STARTING = 10.0  # seconds in which an app must be up
GRACE = 0.5  # seconds in which requests under way may end
ENDING = 5.0  # seconds more, for what can't be interrupted
TIMEOUT = 10.0  # seconds that a client waits for an answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def client(url: str, timeout: float = TIMEOUT) -> httpx.Client:
    """Return an HTTP client for a server on this machine; `timeout` is in seconds.

    It takes no notice of the environment's proxies, one of which would be asked for 127.0.0.1 too.
    httpx writes a line for each request into a log that others may have opened: not here. Raises
    ServiceError for what is no address.
    """
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ServiceError(f"A server's address begins with http://, unlike {brief(url)}.")
    logger = logging.getLogger("httpx")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
    return httpx.Client(base_url=url, trust_env=False, timeout=timeout)


class Served:
    """An ASGI app, such as a FastAPI app, that is being served: `url`, `client` and `stop()`.

    It starts when it is made, and can be used in a `with` statement. `errors` holds what the app
    raised and did not answer itself. Raises ServiceError if the app does not start.
    """

    def __init__(self, app: App) -> None:
        if not callable(app):
            raise ServiceError(f"Served() takes an app, such as FastAPI(), not {brief(app)}.")
        self.errors: list[BaseException] = []
        listening = _listen()
        self.url = f"http://{HOST}:{listening.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                _noting(app, self.errors), http="h11", loop="asyncio", ws="none",
                log_config=None, log_level="critical", access_log=False,
            )
        )  # fmt: skip
        # Neither the thread nor the server knows this object, so that it can be forgotten.
        self._thread = threading.Thread(
            target=_run, args=(self._server, listening, self.errors), name="served", daemon=True
        )
        self._forgotten = weakref.finalize(self, setattr, self._server, "should_exit", True)
        self._thread.start()
        self._wait()
        self.client = client(self.url)

    def __repr__(self) -> str:
        return f"<Served {self.url}{'' if self._thread.is_alive() else ', stopped'}>"

    def _wait(self) -> None:
        end = time.monotonic() + STARTING
        while not self._server.started:
            self._thread.join(0.005)
            if not self._thread.is_alive():
                why = f": {said(self.errors[0])}" if self.errors else "."
                raise ServiceError(f"The app did not start{why}")
            if time.monotonic() > end:
                self._server.should_exit = True
                raise ServiceError(f"The app did not start within {STARTING:g} s.")

    @property
    def running(self) -> bool:
        """Whether the server still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish the requests under way, for half a second at most, and end; twice is harmless.

        Raises ServiceError if a request can't be interrupted, since it runs in a thread.
        """
        self.client.close()
        self._server.should_exit = True
        self._thread.join(GRACE)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(ENDING)
        if self._thread.is_alive():
            raise ServiceError(f"A request is still being answered after {GRACE + ENDING:g} s.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def _listen() -> socket.socket:
    """Return a socket that is bound to a free port of this machine alone."""
    # asyncio turns Nagle's algorithm off if the protocol is named; else answers take 40 ms more.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.bind((HOST, 0))
    except OSError as error:
        found.close()
        raise ServiceError(f"No port of {HOST} can be used here: {said(error)}") from None
    return found


def _noting(app: App, errors: list[BaseException]) -> App:
    """Return the app; what it raises is put on the list.

    FastAPI answers with a 500 and raises the error as well. The server need not hear of it then: it
    would close the connection, by which the client may be sending its next request already.
    """

    async def noting(scope: Message, receive: Receive, send: Send) -> None:
        answered = False

        async def sending(message: Message) -> None:
            nonlocal answered
            await send(message)
            ends = message["type"] == "http.response.body" and not message.get("more_body")
            answered = answered or ends

        try:
            await app(scope, receive, sending)
        except Exception as error:
            errors.append(error)
            if not answered:
                raise

    return noting


def _run(server: uvicorn.Server, listening: socket.socket, errors: list[BaseException]) -> None:
    try:
        server.run([listening])
    except BaseException as error:  # uvicorn leaves with SystemExit
        errors.append(error)
    finally:
        listening.close()
