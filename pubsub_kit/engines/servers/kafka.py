"""Apache Kafka, one broker that is its own controller: no ZooKeeper, no container."""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path

from pubsub_kit.engines.servers import kafka_jars
from pubsub_kit.engines.servers.given import checked_properties, checked_secret
from pubsub_kit.engines.servers.kafka_properties import Place, properties, written
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.wire import ask, free_port

_VERSION = re.compile(r"Kafka version: (\S+)")
_CLUSTER_ID = re.compile(r"^cluster\.id=(\S+)$", re.MULTILINE)
# The request ApiVersions in its first version: length, its key 18, version 0, our number, no name.
_HELLO = struct.pack(">ihhih", 10, 18, 0, 7, -1)
_ANSWER = struct.Struct(">iih")  # length, our number, the error's code


class Kafka(Server):
    """A broker; with a password, its port speaks SASL/PLAIN, and its peers use one that does not.

    Args:
        folder: as for every server.
        port: as for every server.
        properties: Kafka's own, such as {"min.insync.replicas": 2}; they go before ours.
        user: who may connect, where there is a password.
        password: what the user must give; None to let in anybody.
        heap: how much memory Java may use for objects, in MB.
    """

    name = "kafka"
    scheme = "kafka"
    patience = 120.0
    farewell = 30.0

    def __init__(
        self,
        folder: Path | str | None = None,
        port: int = 0,
        properties: Mapping[str, str | int | bool] | None = None,
        user: str = "kit",
        password: str | None = None,
        heap: int = 512,
    ) -> None:
        super().__init__(folder, port)
        self.given_properties = checked_properties(properties or {})
        self.user = checked_secret("user's name", user)
        self.password = "" if password is None else checked_secret("password", password)
        self.heap = heap
        peers = free_port() if self.password else self.port
        self.place = Place(1, self.port, peers, free_port())
        self.places: tuple[Place, ...] = (self.place,)
        self.cluster_id = new_id()

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        return kafka_jars.missing()

    def credentials(self) -> tuple[str, str]:
        """Return the user and password, if there is a password."""
        return (self.user, self.password) if self.password else ("", "")

    def prepare(self) -> None:
        """Write the properties, and the cluster's id into a new folder."""
        data, file = self.folder / "data", self.folder / "kafka.properties"
        settings = properties(
            self.place, self.places, data, self.user, self.password, self.given_properties
        )
        file.write_text(written(settings), encoding="utf-8")
        known = data / "meta.properties"
        if known.exists():
            found = _CLUSTER_ID.search(known.read_text(encoding="utf-8"))
            self.cluster_id = found[1] if found else self.cluster_id
        else:
            kafka_jars.format_folder(file, self.cluster_id)

    def launch(self) -> None:
        """Start the broker."""
        self.spawn(kafka_jars.java("kafka.Kafka", self.folder / "kafka.properties", heap=self.heap))

    def greeting(self) -> str:
        """Ask for the versions of its requests, which it answers once clients may come."""
        answer = ask(self.port, _HELLO, lambda said: len(said) >= _ANSWER.size)
        _, ours, code = _ANSWER.unpack_from(answer)
        if (ours, code) != (7, 0):
            raise ConnectionError(f"Kafka answered {answer[:10]!r}")
        found = _VERSION.search(self.said())
        return found[1] if found else kafka_jars.VERSION


def new_id() -> str:
    """Return an id for a cluster: 16 random bytes, which must not look like an option ("-…")."""
    while (id := base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")).startswith("-"):
        pass
    return id
