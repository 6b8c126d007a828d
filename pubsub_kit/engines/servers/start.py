"""`start("redis")`: a real server by its name, and what is missing for it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pubsub_kit.engines.servers.aws import Aws
from pubsub_kit.engines.servers.kafka import Kafka
from pubsub_kit.engines.servers.kafka_cluster import kafka
from pubsub_kit.engines.servers.nats import Nats
from pubsub_kit.engines.servers.pubsub import PubSub
from pubsub_kit.engines.servers.rabbitmq import RabbitMQ
from pubsub_kit.engines.servers.redis import Redis
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.trouble import ServerError
from pubsub_kit.errors import brief

_Make = Callable[..., Server]
_ENGINES: dict[str, tuple[_Make, type[Server]]] = {
    "kafka": (kafka, Kafka),
    "rabbitmq": (RabbitMQ, RabbitMQ),
    "redis": (Redis, Redis),
    "nats": (Nats, Nats),
    "sqs": (Aws, Aws),
    "pubsub": (PubSub, PubSub),
}
#: The servers that can be started, by the names that `start` and the command `engine` take.
NAMES = tuple(_ENGINES)


def start(name: str, folder: Path | str | None = None, port: int = 0, **options: Any) -> Server:
    """Start a server on 127.0.0.1, and return it when it can be used.

    Args:
        name: one of `NAMES`.
        folder: where its data is kept; None for a temporary folder that goes with it.
        port: where it listens; 0 for any that is free.
        options: what its class takes besides, such as `password`, or `brokers=3` for Kafka.

    Raises:
        ServerError: a wrong name or option, something to install, or a start that failed.
    """
    server = make(name, folder, port, **options)
    server.start()
    return server


def make(name: str, folder: Path | str | None = None, port: int = 0, **options: Any) -> Server:
    """Return a server that is not yet started; takes and raises what `start` does."""
    engine, _ = _engine(name)
    known = list(inspect.signature(engine).parameters)[2:]
    if strangers := [option for option in options if option not in known]:
        raise ServerError(
            f"{name} has no option {brief(strangers[0])}: it takes {', '.join(known) or 'none'}."
        )
    return engine(folder, port, **options)


def available(name: str) -> str | None:
    """Return None if a server can be started here, or the sentence that says what to install.

    Nothing is started or fetched. Raises ServerError for a name that is none.
    """
    return _engine(name)[1].missing()


def _engine(name: object) -> tuple[_Make, type[Server]]:
    if isinstance(name, str) and name in _ENGINES:
        return _ENGINES[name]
    near = difflib.get_close_matches(name[:40], NAMES, 1) if isinstance(name, str) else []
    meant = f"did you mean {near[0]}?" if near else f"choose among {', '.join(NAMES)}."
    raise ServerError(f"There is no server {brief(name)}: {meant}")
