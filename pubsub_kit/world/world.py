"""The world: services, links, stores and consumers in virtual time, and one trace of it all.

    world = World(seed=7)
    world.service("stock", workers=2, latency=exponential(0.05))
    world.client("shop", "stock", rate=10, count=100, timeout=0.5)
    trace = world.run()

`Kernel` has the time, the nodes and the luck; `System` has what runs; `World` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.log.event import Event
from pubsub_kit.world.brokers import Brokers, nothing
from pubsub_kit.world.chance import Latency
from pubsub_kit.world.clients import arrivals
from pubsub_kit.world.consumers import SEMANTICS, Group
from pubsub_kit.world.deliveries import Letters
from pubsub_kit.world.members import PartitionedGroup
from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.replicas.rules import Cut, Elect
from pubsub_kit.world.replicas.settings import settings
from pubsub_kit.world.running import WorldError, moment, named
from pubsub_kit.world.services import Handler, Service
from pubsub_kit.world.stores import Store
from pubsub_kit.world.system import System


class World(System):
    """Services, links, stores and consumers in virtual time.

    `faults` gives what may go wrong at random, each with its probability: `{"crash": 0.01}`.
    `latency` is the default for links and `effect_latency` for effects, in seconds: a number, or a
    distribution such as `exponential(0.05)`. `restart_after` and `pause_for` are seconds too.
    Raises WorldError for a fault that the world does not know.
    """

    def service(
        self,
        name: str,
        handler: Handler | None = None,
        *,
        workers: int | None = None,
        queue: int | None = None,
        latency: Latency | float = 0.0,
        fails: float = 0.0,
    ) -> Service:
        """Add a service that answers calls, and return it.

        `workers` is the size of its pool (None: no limit), `queue` the number of requests that may
        wait for a worker before it refuses more, `latency` the seconds that a worker is busy before
        the handler runs, `fails` the probability that the call then fails. Without a handler, a
        service echoes what it was sent.
        """
        made = Service(self, self.network, name, handler, workers, queue, latency, fails)
        self.services[name] = made
        self.crowd += 1
        return made

    def store(self, name: str = "db", rows: Mapping[str, Any] | None = None) -> Store:
        """Return the durable store of this name, made with these rows; it survives every crash."""
        if name not in self.stores:
            self.stores[name] = Store(self, named(name), rows or {})
        elif rows is not None:
            raise WorldError(f"there is already a store {name!r}: get it without giving rows")
        return self.stores[name]

    def consumer(
        self,
        name: str,
        factory: Callable[..., Any],
        topic: str,
        *,
        group: str | None = None,
        workers: int = 1,
        semantics: str = "at_least_once",
        latency: Latency | float = 0.0,
        **subscription: Any,
    ) -> Group:
        """Subscribe workers to a topic; `factory()` makes a worker's handler, anew after a crash.

        A handler is a function or coroutine of one event, or an object with `handle(event)`, and
        with `recover()` if it has work to do after a restart. Returning acks the message, raising
        nacks it; with `semantics="manual"` the handler gets the delivery and acks it itself. The
        other arguments go to `Broker.subscribe`: with `assignment="partitioned"` each worker is a
        member that owns partitions (see world/members.py). Raises NotAllowed if the topic lists
        other subscribers.
        """
        self.permissions.check("subscribe to", topic, name)
        if workers < 1:
            raise WorldError(f"consumer {name!r} has {workers} workers: give 1 or more")
        if semantics not in SEMANTICS:
            raise WorldError(f"semantics is {semantics!r}: choose one of {', '.join(SEMANTICS)}")
        shared = self.broker.subscribe(topic, group or name, **subscription)
        settings = shared.settings
        partitioned = isinstance(shared, Partitioned)
        lease = settings.session_timeout if partitioned else settings.ack_deadline
        self.longest_lease = max(self.longest_lease, lease)
        letters = Letters(self, self.broker, shared, self.wake) if settings.dead_letter else None
        kind = PartitionedGroup if partitioned else Group
        made = kind(self, self.outage, name, factory, shared, letters, semantics, latency)
        made.all = self.groups.setdefault(topic, [])
        self.crowd += 1
        made.all.append(made)
        made.hire(*(name if workers == 1 else f"{name}-{i + 1}" for i in range(workers)))
        return made

    def client(
        self,
        name: str,
        service: str,
        *,
        count: int = 1,
        rate: float | None = None,
        every: float | None = None,
        start: float = 0.0,
        payload: Callable[[int], Any] = lambda i: {"id": f"order-{i}"},
        **call_options: Any,
    ) -> None:
        """Add a client that calls a service `count` times, at random moments or at fixed intervals.

        `rate` is requests a second at random, `every` the seconds between two requests. Each
        request ends with an `end` step at the client, whose data has its latency (seconds) and
        whether it was answered. `call_options` go to `call`.
        """
        if count < 0 or (rate is not None and not rate > 0):
            raise WorldError(
                f"client {name!r} makes {count} requests at {rate} a second: give a count from 0 "
                "up, and a rate above 0"
            )
        self.spawn(arrivals(self, service, count, rate, every, start, payload, call_options), name)

    def topic(
        self,
        name: str,
        partitions: int = 1,
        *,
        publishers: Iterable[str] | None = None,
        subscribers: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        """Create a topic in the world's broker; only those listed may use it, if any are.

        `publishers` are names of nodes, `subscribers` of consumers. You, outside, may publish.
        """
        may = self.permissions.named(publishers), self.permissions.named(subscribers)
        self.broker.topic(name, partitions=partitions, **options)
        self.permissions.allow("publish to", name, may[0])
        self.permissions.allow("subscribe to", name, may[1])

    def brokers(
        self, nodes: int = 3, *, cut: Cut | None = None, elect: Elect | None = None, **given: Any
    ) -> Cluster:
        """Keep all topics on several brokers, `broker-1` and so on, and return their cluster.

        The settings are those of `replicas/settings.py`: acks, min_insync, unclean and others. A
        rule of your own says where a follower cuts its log (`cut`), or who leads next (`elect`).
        Call it before anything is published. Raises ReplicaError for what can't work.
        """
        if self.replicated is not None:
            raise WorldError("this world has its brokers already")
        made = Brokers(self, nodes, settings(nodes, given), cut, elect)
        self.replicated = made
        return made.cluster

    def link(self, a: str, b: str, **changes: Any) -> None:
        """Set a link's latency (seconds), loss or duplicate (probabilities), in both directions."""
        self.network.change(a, b, **changes)

    def at(self, seconds: float, action: Callable[..., Any], *arguments: Any) -> None:
        """Call something at a moment of virtual time: `world.at(10, world.crash, "stock")`."""
        self.on(moment("at", seconds, self.now), lambda _: action(*arguments))

    def slow(self, service: str, factor: float) -> None:
        """Make a service take `factor` times its normal time from now on (1: back to normal)."""
        if service not in self.services or not factor > 0:
            known = ", ".join(self.services) or "none"
            raise WorldError(
                f"slow({service!r}, {factor}): give a service of this world ({known}), and a "
                "factor above 0"
            )
        self.services[service].slowness = factor
        text = f"takes {factor:g} times as long" if factor != 1 else "is back to normal speed"
        self.note("note", service, text=text, fault=factor > 1)

    def partition(self, a: str, b: str) -> None:
        """Cut the link between two nodes: every message sent over it is lost until `repair`."""
        self.network.cut(self.known(a).name, self.known(b).name)

    def repair(self, a: str, b: str) -> None:
        """Repair a link that was cut."""
        self.network.mend(self.known(a).name, self.known(b).name)

    def publish(
        self, topic: str, data: Any = None, *, key: str | None = None, id: str | None = None
    ) -> Event:
        """Publish an event to a topic right now, from outside the world; return the event."""
        event = self.event(topic, data, key=key, id=id)
        if self.replicated is not None:
            self.check_topic(topic)
            self.replicated.send("outside", topic, event, nothing)
            return event
        self.broker.publish_event(topic, event)
        self.late_copies(topic)
        self.wake(topic)
        return event
