"""Three Kafka brokers, each of them a controller too: any one may die, and the others go on.

Each can be killed, paused and started again alone: `cluster.brokers[0].kill()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pubsub_kit import options
from pubsub_kit.engines.servers import kafka_jars
from pubsub_kit.engines.servers.kafka import Kafka
from pubsub_kit.engines.servers.kafka_properties import Place
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.trouble import ServerError
from pubsub_kit.engines.servers.wire import HOST
from pubsub_kit.errors import brief

_MOST = options.MOST_BROKERS
_HEAP = 384  # MB, of each


class KafkaCluster(Server):
    """Brokers with the numbers 1, 2, 3 in `brokers`; the first has the port that is asked for.

    Args:
        folder: as for every server; each broker has a folder in it.
        port: as for every server, of the first broker.
        brokers: how many, from 2 to 9.
        properties: Kafka's own, for all of them.
        user: who may connect, where there is a password.
        password: what the user must give; None to let in anybody.
        heap: how much memory Java may use for objects in each broker, in MB.
    """

    name = "kafka"
    scheme = "kafka"
    brokers: list[Kafka]

    def __init__(
        self,
        folder: Path | str | None = None,
        port: int = 0,
        brokers: int = 3,
        properties: Mapping[str, str | int | bool] | None = None,
        user: str = "kit",
        password: str | None = None,
        heap: int = _HEAP,
    ) -> None:
        super().__init__(folder, port)
        ports = [self.port, *[0] * (checked_brokers(brokers) - 1)]
        self.brokers = [Kafka(None, port, properties, user, password, heap) for port in ports]
        self._introduce()

    def _introduce(self) -> None:
        """Tell each broker its number, and where the others are."""
        for node, broker in enumerate(self.brokers, 1):
            own = broker.place
            broker.place = Place(node, own.clients, own.peers, own.controller)
            broker.cluster_id = self.brokers[0].cluster_id
        for broker in self.brokers:
            broker.places = tuple(other.place for other in self.brokers)

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        return kafka_jars.missing()

    @property
    def url(self) -> str:
        """As `connect` takes it: the first broker that runs, which tells where the others are."""
        return next((broker.url for broker in self.brokers if broker.alive), self.brokers[0].url)

    @property
    def bootstrap(self) -> str:
        """The addresses of all brokers, as Kafka's own clients take them."""
        return ",".join(f"{HOST}:{broker.port}" for broker in self.brokers)

    @property
    def pid(self) -> int | None:
        """The number of the first process that runs, or None."""
        return next((broker.pid for broker in self.brokers if broker.alive), None)

    @property
    def alive(self) -> bool:
        """Whether any broker runs."""
        return any(broker.alive for broker in self.brokers)

    def said(self) -> str:
        """Return what all brokers wrote to their logs since their last start."""
        return "\n".join(broker.said() for broker in self.brokers)

    def launch(self) -> None:
        """Start all brokers, at once: none is ready before most of them are."""
        for broker in self.brokers:
            broker.given = self.folder / f"broker-{broker.place.node}"
            broker.goes_with = self.folder if self.given is None else None
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(Kafka.begin, self.brokers))

    def await_greeting(self) -> None:
        """Return when each broker greets; raises ServerError if one does not, and ends all then."""
        with self._or_nothing():
            for broker in self.brokers:
                broker.await_greeting()
            self.version = self.greeting()

    def greeting(self) -> str:
        """Return the version of the first broker."""
        return self.brokers[0].version

    def stop(self, keep: bool = False) -> None:
        """End all brokers in order, at once."""
        # Without threads, since Python starts none while it ends.
        for broker in self.brokers:
            broker.ask_to_end()
        for broker in self.brokers:
            broker.stop()
        super().stop(keep)

    def kill(self) -> None:
        """End all brokers at once (SIGKILL)."""
        for broker in self.brokers:
            broker.kill()

    def pause(self) -> None:
        """Let all brokers hang; raises ServerError."""
        for broker in self.brokers:
            broker.pause()

    def resume(self) -> None:
        """Let all brokers run on; raises ServerError."""
        for broker in self.brokers:
            broker.resume()


def kafka(
    folder: Path | str | None = None,
    port: int = 0,
    brokers: int = 1,
    properties: Mapping[str, str | int | bool] | None = None,
    user: str = "kit",
    password: str | None = None,
) -> Server:
    """Return one broker, or a cluster of more; raises ServerError."""
    if checked_brokers(brokers, 1) == 1:
        return Kafka(folder, port, properties, user, password)
    return KafkaCluster(folder, port, brokers, properties, user, password)


def checked_brokers(brokers: object, least: int = 2) -> int:
    """Return how many brokers were asked for; raises ServerError."""
    if not isinstance(brokers, int) or isinstance(brokers, bool) or not least <= brokers <= _MOST:
        raise ServerError(
            f"A cluster here has {least} to {_MOST} brokers, not {brief(brokers)}: 3 is usual."
        )
    return brokers
