"""An engine that runs: its server is started for the trial, and stopped after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from pubsub_kit.engines.connect import ADAPTERS
from pubsub_kit.engines.servers import Server, start
from pubsub_kit.engines.trials.expected import Expectations


class Under(NamedTuple):
    """A server under another scheme, such as Kafka's for share groups; it can be killed."""

    server: Server
    scheme: str

    @property
    def url(self) -> str:
        """As `connect` takes it."""
        return f"{self.scheme}://{self.server.url.partition('://')[2]}"

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.server.kill()

    def start(self) -> None:
        """Start it again on its data."""
        self.server.start()


class Running(NamedTuple):
    """Where an engine is, its server's version, and the server itself if it has one."""

    url: str
    version: str
    server: Under | None = None


@contextmanager
def running(expected: Expectations) -> Iterator[Running]:
    """Start an engine's server; raises ServerError if that can't be."""
    if not expected.server:
        with tempfile.TemporaryDirectory() as folder:
            yield Running(f"{expected.scheme}://{folder if expected.scheme == 'file' else ''}", "")
        return
    with start(expected.server, **expected.options) as server:
        under = Under(server, expected.scheme)
        yield Running(under.url, server.version, under)


def client_of(scheme: str) -> str:
    """Return the client that an engine is spoken to with, and its version; "" if it has none."""
    if scheme not in ADAPTERS:
        return ""
    package = ADAPTERS[scheme][2]
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
