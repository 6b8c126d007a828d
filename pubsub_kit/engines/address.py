"""The address of an engine: a URL, taken apart and checked."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.errors import brief

_PLACE = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}")


class Address(NamedTuple):
    """A URL's parts; `host` is empty where a client finds its service by itself."""

    scheme: str
    host: str
    port: int | None
    user: str
    password: str
    path: str
    options: dict[str, str]
    others: tuple[str, ...] = ()  # of a cluster, each as host:port

    @property
    def shown(self) -> str:
        """The address without its password, as sentences name it."""
        place = self.at(self.port) if self.port else self.host
        return f"{self.scheme}://{place}{self.path}"

    def at(self, port: int) -> str:
        """Return host:port, with a port that stands for none given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host or '127.0.0.1'}:{self.port or port}"


def address_of(url: object) -> Address:
    """Take a URL apart; raises EngineError with a sentence for what is none."""
    if not isinstance(url, str) or "://" not in url:
        raise EngineError(
            "An engine has a URL, such as 'memory://' or 'kafka://127.0.0.1:9092', not "
            f"{brief(url)}."
        )
    try:
        if not url.isprintable():
            raise ValueError("it has characters that can't be printed")
        url, others = _first_of(url)
        parts = urlsplit(url)
        port = parts.port
        if port == 0:
            raise ValueError("nobody listens at port 0")
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise EngineError(f"{brief(url)} is no URL ({error}): write SCHEME://HOST:PORT.") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    host = parts.hostname or ""
    return Address(
        parts.scheme.lower(), host, port, user, password, unquote(parts.path), query, others
    )


def _first_of(url: str) -> tuple[str, tuple[str, ...]]:
    """Return a URL with the first of its servers alone, and the others: kafka://h:1,h:2,h:3."""
    place = urlsplit(url).netloc
    first, *others = place.split(",")
    if others and not (url.startswith("kafka") and all(map(_PLACE.fullmatch, others))):
        raise ValueError("it names several servers")
    return url.replace(place, first, 1) if others else url, tuple(others)
