"""Committed positions: how far a group has come in each partition, when acks move one cursor.

    partition 0   ──0──1──2──3──4──5──►      committed: all before it is acked
                        ▲        ▲           position: the next message to hand out
                committed        position    between them: in its owner's hands, or acked there

A partition that goes back, because of a nack or because its owner has changed, hands out again from
there: what was acked beyond an unacked message is repeated too. So nothing is kept a message but
the number of its failed deliveries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pubsub_kit.broker.arguments import checked
from pubsub_kit.broker.choosing import Filter
from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.reader import Row
from pubsub_kit.broker.rewinding import Rewinding
from pubsub_kit.broker.settings import Settings
from pubsub_kit.broker.subscription import Subscription
from pubsub_kit.broker.topic import Topic
from pubsub_kit.errors import PubSubKitError

Place = tuple[int, list[list[int]]]  # next offset, [offset, deliveries] of messages from there on


class Committed(Subscription):
    """A subscription without leases; partitioned.py says who owns which partition."""

    def __init__(
        self, shared: Shared, topic: Topic, group: str, settings: Settings, filter: Filter | None
    ) -> None:
        super().__init__(shared, topic, group, settings, filter)
        self.reader: Rewinding = Rewinding(f"{topic.name}/{group}", topic.log, filter)
        self.reader.in_order, self.reader.reached = settings.ordered, self._reached
        self.tries: dict[tuple[int, int], int] = {}  # failed deliveries by partition and offset
        self.due: dict[int, float] = {}  # when a partition that went back is available again
        #: What is in hand of each partition, by offset, in order.
        self.hands: defaultdict[int, dict[int, Delivery]] = defaultdict(dict)

    def committed(self, partition: int) -> int:
        """Return the first offset of a partition that is not acked."""
        return next(iter(self.hands[partition]), self.reader.next[partition])

    def _reached(self, partition: int) -> int:
        """Return up to where a partition is acked, or was forgotten by the log."""
        held = self.hands[partition]
        return next(iter(held)) if held else self.reader.position(partition)

    def _read_from(self, partition: int, rows: list[Row], room: int) -> None:
        self.due.pop(partition, None)
        if not self.hands[partition]:
            self.reader.settle(partition)
            if self.tries:
                self._prune(partition)
        found: list[Row] = []
        try:
            self.reader.read_partition(partition, found, room - len(rows))
        except PubSubKitError:  # first hand out what came before
            if not rows and not found:
                raise
        except BaseException:  # these were read, and nobody has them yet
            for at, offset, *_ in reversed(rows + found):
                self.reader.rewind(at, offset)
            raise
        if self.removed:
            self.check_there()
        for _, offset, _, event in found:
            rows.append((partition, offset, self.tries.get((partition, offset), 0), event))

    def _prune(self, partition: int) -> None:
        """Forget the failures of what the log has forgotten, when nothing is in hand."""
        first = self.reader.next[partition]
        of_it = [of for of in self.tries if of[0] == partition and of[1] < first]
        for of in of_it:
            del self.tries[of]

    def ack_batch(self, deliveries: Iterable[Delivery]) -> int:
        """Ack many deliveries at once; return how many of them were not stale."""
        batch = checked(deliveries)
        with self._lock:
            return sum(each.settler is self and self.ack(each.ack_id) for each in batch)

    def _fail(self, delivery: Delivery, now: float, due: float, reason: str) -> None:
        """Count a failed delivery, and go back to it, unless it was the last one."""
        partition, offset, attempt = delivery.partition, delivery.offset, delivery.attempt
        if self.buries((partition, offset, attempt, delivery.stored), reason):
            self._settle(delivery, now)
        else:
            self.tries[partition, offset] = attempt
            self._go_back(partition, offset, due)

    def _settle(self, delivery: Delivery, now: float) -> None:
        self.tries.pop((delivery.partition, delivery.offset), None)
        del self.hands[delivery.partition][delivery.offset]
        super()._settle(delivery, now)

    def _held(self, partition: int) -> list[Delivery]:
        """Return what the owner of a partition holds of it, in order."""
        return list(self.hands[partition].values())

    def _take_back(self, partition: int, now: float) -> None:
        """Go back to the committed position, if anything is in the owner's hands."""
        for head in self._held(partition)[:1]:
            self._go_back(partition, head.offset, now)

    def _go_back(self, partition: int, offset: int, due: float) -> None:
        for delivery in self._held(partition):
            if delivery.offset >= offset:
                del self.hands[partition][delivery.offset]
                self.queue.flying.pop(delivery.ack_id).revoke()
        self.reader.rewind(partition, offset)
        self.due[partition] = due

    def forget(self) -> None:
        """Forget what is in flight, and what failed."""
        self.tries, self.due, self.hands, self.reader.gaps = {}, {}, defaultdict(dict), {}
        super().forget()

    def release(self, held: Iterable[Delivery]) -> None:
        """Tell their holders that these deliveries were taken back."""
        for delivery in held:
            delivery.revoke()

    @property
    def pending(self) -> bool:
        """Whether anything is in flight or waiting for redelivery."""
        return bool(self.queue.flying or self.due)

    def places(self) -> list[Place]:
        """Return what must survive a restart, for each partition."""
        found: list[Place] = [(self.committed(p), []) for p in range(len(self.reader.next))]
        for (partition, offset), tries in sorted(self.tries.items()):
            if offset >= found[partition][0]:
                found[partition][1].append([offset, tries])
        return found

    def stand_at(self, standing: list[Place]) -> None:
        """Go on from such places."""
        self.release(self.queue.flying.values())
        self.forget()
        ends = [self.topic.log.end(partition) for partition in range(len(standing))]
        self.reader.next = [min(place[0], end) for place, end in zip(standing, ends, strict=True)]
        self.tries = {
            (p, o): tries
            for p, (_, failed) in enumerate(standing)
            for o, tries in failed
            if o < ends[p]  # else a power cut took it, and another message will have its place
        }
