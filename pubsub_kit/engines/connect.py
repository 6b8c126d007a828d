"""`connect`: from a URL to an engine."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pubsub_kit.broker.broker import Broker
from pubsub_kit.broker.settings import is_seconds
from pubsub_kit.engines.address import Address, address_of
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.errors import brief

if TYPE_CHECKING:
    from pubsub_kit.engines.adapter import Adapter

#: For each scheme: the file of its adapter, its class, and the client that it needs, as pip and as
#: Python call it.
ADAPTERS = {
    "kafka": ("kafka", "Kafka", "confluent-kafka", "confluent_kafka"),
    "kafka+share": ("kafka_share", "KafkaShare", "confluent-kafka", "confluent_kafka"),
    "amqp": ("rabbitmq", "RabbitMQ", "pika", "pika"),
    "redis": ("redis_streams", "Redis", "redis", "redis"),
    "nats": ("nats_jetstream", "Nats", "nats-py", "nats"),
    "sqs+sns": ("sns_sqs", "SnsSqs", "boto3", "boto3"),
    "eventbridge": ("eventbridge", "EventBridge", "boto3", "boto3"),
    "pubsub": ("google_pubsub", "GooglePubSub", "google-cloud-pubsub", "google.cloud.pubsub_v1"),
}
SCHEMES = ["memory", "file", *ADAPTERS]
WAIT = 0.2
TIMEOUT = 5.0


def connect(url: str, *, wait: float = WAIT, timeout: float = TIMEOUT) -> Any:
    """Connect to the engine of a URL, and return it: see `Engine` in protocol.py.

    A worker's pull waits up to `wait` seconds for a first message. A server that does not answer
    within `timeout` seconds raises Unreachable, one that refuses the password EngineError. Raises
    EngineError too for a URL that can't be one, and for a client that is not installed.
    """
    for name, seconds in (("wait", wait), ("timeout", timeout)):
        if not is_seconds(seconds) or (name == "timeout" and seconds == 0):
            raise EngineError(f"{name} is a number of seconds, not {brief(seconds)}.")
    address = address_of(url)
    if address.scheme in ("memory", "file"):
        return _embedded(address, url)
    if address.scheme not in ADAPTERS:
        near = difflib.get_close_matches(address.scheme, SCHEMES, 1)
        known = f"did you mean {near[0]}://?" if near else f"there are {', '.join(SCHEMES)}."
        raise EngineError(f"There is no engine {brief(address.scheme)}: {known}")
    return adapter_of(address.scheme)(address, wait, timeout)


def adapter_of(scheme: str) -> type[Adapter]:
    """Return a scheme's adapter; raises EngineError if its client is not installed."""
    file, name, package, module = ADAPTERS[scheme]
    try:
        import_module(module)
    except ImportError as error:
        raise EngineError(
            f"{scheme}:// needs the client {package}, which is not installed ({error}): "
            f"python3 -m pip install {package}"
        ) from None
    found: type[Adapter] = getattr(import_module(f"pubsub_kit.engines.{file}"), name)
    return found


def _embedded(address: Address, url: str) -> Broker:
    if address.scheme == "memory":
        if url.partition("://")[2]:
            raise EngineError(
                f"memory:// has no name: two of them share nothing; not {brief(url)}."
            )
        return Broker()
    path = url.partition("://")[2]
    if not path:
        raise EngineError("file:// needs the path of a folder: file://my_broker.")
    return Broker(Path(path))
