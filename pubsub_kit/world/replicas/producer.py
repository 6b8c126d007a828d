"""A producer's client: it sends a record, waits for the ack, and retries until its patience ends.

A retry after a lost confirm puts the record into the log twice, unless the producer is idempotent:
then it numbers its records, and the leader recognises a number that it has (KIP-98).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit.world.replicas.cluster import Cluster
from pubsub_kit.world.replicas.ground import ON_THE_WAY

_SILENCE = 1.0  # seconds without an answer after which the client sends the record again


class Sending:
    """One record on its way to the leader, whoever that is."""

    def __init__(
        self, cluster: Cluster, node: str, topic: str, event: Any, done: Callable[[bool], None]
    ) -> None:
        self.cluster, self.ground, self.rules = cluster, cluster.ground, cluster.settings
        self.node, self.topic, self.event, self.done = node, topic, event, done
        self.over = False
        cluster.sequences += 1
        self.sequence = cluster.sequences
        self.odds = self.ground.odds(*ON_THE_WAY)
        self.ground.after(self.rules.patience, self._give_up)
        self._attempt()
        if self.rules.acks == "0":
            self._finish()

    def _attempt(self, _: Any = None) -> None:
        leader = self.cluster.leader
        if leader is None or not leader.alive:
            self._wait()
        else:
            self.ground.after(self.rules.hop, self._arrive)

    def _wait(self) -> None:
        """Try again when there is another leader, or more replicas in sync."""
        if self.rules.acks != "0":
            self.cluster.when_changed(lambda: None if self.over else self._attempt())

    def _arrive(self, _: Any) -> None:
        leader = self.cluster.leader
        if leader is None or not leader.alive:
            self._wait()
            return
        kind = self.ground.fault(*self.odds) if self.odds[0] else ""
        if kind == "publish lost":
            self._lose(f"{self.event.id} is lost")
            return
        deaf = kind == "confirm lost"
        self._append(self._unheard if deaf else self._answered)
        if deaf:
            self._lose(f"the confirm of {self.event.id} is lost")
        elif kind == "duplicate":
            words = f"{self.event.id} is sent once more: its client got no confirm"
            self.ground.note("note", self.node, text=words, fault=True)
            self._append(self._unheard)

    def _append(self, answer: Callable[[str], None]) -> None:
        leader = self.cluster.leader
        if leader is not None and leader.alive:
            self.cluster.append(self.topic, self.event, self.sequence, answer)

    def _unheard(self, word: str) -> None:
        """Ignore an answer that never arrives."""

    def _lose(self, words: str) -> None:
        self.ground.note("lose", self.node, text=words, fault=True)
        self.cluster.tell(words)
        if self.rules.acks != "0":
            self.ground.after(_SILENCE, lambda _: None if self.over else self._attempt())

    def _answered(self, word: str) -> None:
        if word == "acked":
            self.ground.after(self.rules.hop, self._finish)
        elif not self.over:
            self._wait()

    def _finish(self, _: Any = None) -> None:
        if not self.over:
            self.over = True
            self.cluster.seen.acked.append(self.event.id)
            how = "goes on without an ack" if self.rules.acks == "0" else "hears its ack"
            self.cluster.tell(f"the producer of {self.event.id} {how}")
            self.done(True)

    def _give_up(self, _: Any) -> None:
        if not self.over:
            self.over = True
            self.cluster.seen.failed.append(self.event.id)
            self.cluster.tell(f"the producer of {self.event.id} gives up")
            self.done(False)
