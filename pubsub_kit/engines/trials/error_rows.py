"""Rows about what goes wrong: one sentence each, and in time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pubsub_kit.checks.contract.trial import Row, kept_in, shown
from pubsub_kit.engines.connect import connect
from pubsub_kit.engines.protocol import NotSupported
from pubsub_kit.engines.trials.stage import TIMEOUT, EngineCase
from pubsub_kit.errors import PubSubKitError

#: What an engine says when something is wrong.
ERRORS: list[Row] = []

LONGEST = 400  # characters of a sentence
SLACK = 3.0  # seconds beside TIMEOUT, on a machine with other work


def refused(case: EngineCase, does: str, call: Callable[[], Any], *names: str) -> None:
    """Expect that a call raises one sentence of the kit's, in time, which has these words."""
    begun = time.monotonic()
    try:
        call()
    except PubSubKitError as error:
        said = str(error)
    except Exception as error:
        case.expect(False, f"{does} raised {type(error).__name__}: {shown(str(error))}.")
        return
    else:
        case.expect(False, f"{does} raised nothing.")
        return
    took = time.monotonic() - begun
    case.expect(took < TIMEOUT + SLACK, f"{does} took {took:.0f} s to fail.")
    one = "\n" not in said and 20 < len(said) <= LONGEST and said[-1] in ".?!"
    case.expect(one, f"{does} says what is no sentence: {shown(said)}")
    for name in names:
        case.expect(name in said, f"{does} does not name {name}: {shown(said)}")


def moved(url: str, port: int) -> str:
    """Return a URL with another port."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{port}"))


def locked_out(url: str) -> str:
    """Return a URL with a password that is wrong."""
    parts = urlsplit(url)
    user, place = parts.username or "nobody", parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:wrong@{place}"))


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _first_event(url: str) -> None:
    with connect(url, timeout=TIMEOUT) as engine:
        engine.topic("orders")
        engine.publish("orders", "tea")


@kept_in(ERRORS)
def server_away(case: EngineCase) -> None:
    """Where no server answers, you get one sentence that names the address, in time."""
    if case.venue.embedded:
        raise NotSupported("The embedded broker has no server: it runs inside your process.")
    port = unused_port()
    refused(case, "connect()", lambda: _first_event(moved(case.venue.url, port)), str(port))


@kept_in(ERRORS)
def wrong_password(case: EngineCase) -> None:
    """A wrong password gets one sentence, in time, and the sentence does not tell it."""
    if case.venue.embedded:
        raise NotSupported("The embedded broker has no passwords: it runs inside your process.")
    if not case.venue.locked:
        raise NotSupported("This server takes any password.")
    wrong = locked_out(case.venue.url)
    refused(case, "connect()", lambda: _first_event(wrong), "password")


@kept_in(ERRORS)
def missing_topic(case: EngineCase) -> None:
    """Publishing to a topic that nobody has made gets one sentence that names it, in time."""
    missing = f"{case.broker.mark}.missing"
    publish = case.broker.engine.publish
    refused(case, "publish()", lambda: publish(missing, "tea"), missing)
