"""The replicas that are in sync (Kafka's ISR): those that have all that is committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pubsub_kit.world.replicas.replica import Replica


class InSync:
    """A set of replicas that is never empty: the last one stays, even if it is down."""

    def __init__(self, nodes: Sequence[Replica]) -> None:
        self._order = list(nodes)
        self._nodes = list(nodes)

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    def add(self, node: Replica) -> None:
        """Let a replica in that has caught up."""
        node.wiped = False
        self._nodes = [each for each in self._order if each is node or each in self._nodes]

    def remove(self, node: Replica) -> None:
        """Take a replica out, unless it is the last."""
        if len(self._nodes) > 1 and node in self._nodes:
            self._nodes.remove(node)

    def led_by(self, leader: Replica) -> None:
        """Begin with a new leader: alone, if it was not in sync."""
        if leader not in self._nodes:
            self._nodes = [leader]
