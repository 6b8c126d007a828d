"""A subscription: a group's position in a topic, and the deliveries it has not acked yet.

Each message goes through this state machine, once for each group:

                      pull                     ack
    available ────────────────► in flight ────────────► acked
        ▲                         │    │
        │   nack, after a backoff │    │  max_deliveries reached
        └───── deadline passed ───┘    └──────────────► dead: copied to the dead-letter topic

It is a log's reader and a queue at once: a `Reader` moves through the log, and a `Queue` keeps what
it has read until that is acked or dead. A pull takes what is due in the queue first, then new
messages.

Nothing happens in the background. Each call looks at the clock, and first takes back what is past
its deadline; so an ack at its deadline or later is stale, even if nobody had noticed yet.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING, Any, cast

from pubsub_kit.broker.arguments import check_count, check_extension, check_nack, checked
from pubsub_kit.broker.choosing import Filter
from pubsub_kit.broker.context import Shared
from pubsub_kit.broker.dead_letters import dead_letter
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.engine_verbs import EngineVerbs
from pubsub_kit.broker.growth import InOrder
from pubsub_kit.broker.queue import Queue
from pubsub_kit.broker.reader import Reader, Row
from pubsub_kit.broker.settings import Settings, SubscriptionError
from pubsub_kit.broker.starts import At, Offset
from pubsub_kit.broker.topic import Topic
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.log.garbage import FEW

if TYPE_CHECKING:
    from pubsub_kit.broker.member import Member

READ_AHEAD = 10_000  # a group with this many messages aside or held reads no new ones


class Subscription(EngineVerbs):
    """One group's view of one topic, made by `Broker.subscribe` and shared by its workers."""

    def __init__(
        self, shared: Shared, topic: Topic, group: str, settings: Settings, filter: Filter | None
    ) -> None:
        self.topic, self.group, self.settings = topic, group, settings
        reader = InOrder if settings.ordered else Reader
        self.reader = reader(f"{topic.name}/{group}", topic.log, filter)
        self.queue = Queue(settings.ordered)
        self.clock, self._lock, self._shared = shared.clock, shared.lock, shared
        self.most = settings.max_outstanding  # in flight at once; 0 while nothing is handed out
        self.removed = False

    def __repr__(self) -> str:
        flying, next = len(self.queue.flying), self.reader.next
        return f"<Subscription {self.reader.name} next={next} in_flight={flying}>"

    # ── handing out ─────────────────────────────────────────────────────────────────────────────

    def pull(self, n: int = 1) -> list[Delivery]:
        """Take up to `n` available messages, and never more in flight than `max_outstanding`."""
        if n.__class__ is not int or n < 1:
            check_count(n)
        collecting = n > FEW and gc.isenabled()
        if collecting:
            gc.disable()  # garbage.py says why
        try:
            with self._lock:
                now, queue, reader = self.look(), self.queue, self.reader
                rows: list[Row] = []
                news = reader.next != reader.log.ends
                if news or queue.aside:
                    room = self.most - len(queue.flying)
                    room = n if n < room else room
                    if queue.aside:
                        rows = queue.take_due(now, room)
                        room -= len(rows)
                    if news and room > 0:
                        self._read_on(rows, room)
                if self.removed or not (rows or reader.log.ends):
                    self.check_there()  # which says what is gone
                if not rows:
                    return []
                deadline = now + self.settings.ack_deadline
                return queue.lease(self, self.topic.name, rows, deadline, self._shared.ack_ids)
        finally:
            if collecting:
                gc.enable()

    def _read_on(self, rows: list[Row], room: int) -> None:
        queue, reader = self.queue, self.reader
        while queue.waiting < READ_AHEAD:
            found: list[Row] = []
            try:
                reader.read(found, room)
            except PubSubKitError:  # first hand out what came before
                if not rows and not found:
                    raise
            except BaseException:  # these were read, and nobody has them yet
                for row in rows + [row for row in found if queue.admits(row)]:
                    queue.put_aside(row, self._shared.last)
                raise
            if not found:
                return
            if queue.ordered:
                found = [row for row in found if queue.admits(row)]
            rows += found
            room -= len(found)
            if not room or reader.next == reader.log.ends:
                return

    # ── taking back ─────────────────────────────────────────────────────────────────────────────

    def ack(self, ack_id: int) -> bool:
        """Finish a delivery; return False, and do nothing, if its ack id is stale.

        An ack id is stale once it has been acked or nacked, once its deadline has passed, and after
        a seek or a restart.
        """
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                self._settle(delivery, now)
            return delivery is not None

    def ack_batch(self, deliveries: Iterable[Delivery]) -> int:
        """Ack many deliveries at once; return how many of them were not stale."""
        batch = checked(deliveries)
        with self._lock:
            now, queue = self.look(), self.queue
            ids = [delivery.ack_id for delivery in batch if delivery.settler is self]
            found = [each for id in ids if (each := queue.flying.pop(id, None)) is not None]
            for delivery in found if queue.ordered else ():
                queue.end(delivery.stored.key, now)
            self._shared.settled(len(found))
            return len(found)

    def nack(self, ack_id: int, delay: float | None = None, reason: str = "nack") -> bool:
        """Give a delivery back, to be redelivered after `delay` seconds (None: as `retry` says).

        After `max_deliveries` it is dead-lettered with this `reason`. False if the id is stale.
        """
        check_nack(delay, reason)
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                if delay is None:
                    delay = self.settings.retry.delay(delivery.attempt, self._shared.dice())
                self._fail(delivery, now, now + delay, reason)
            return delivery is not None

    def extend(self, ack_id: int, seconds: float) -> bool:
        """Move a delivery's deadline to `seconds` from now; return False if its id is stale."""
        check_extension(seconds)
        with self._lock:
            now = self.look()
            if delivery := self._find(ack_id):
                delivery.move(now + seconds)
                self.queue.earliest = min(self.queue.earliest, now + seconds)
            return delivery is not None

    def _find(self, ack_id: object) -> Delivery | None:
        if ack_id.__class__ is int or (isinstance(ack_id, int) and ack_id.__class__ is not bool):
            return self.queue.flying.get(ack_id)
        raise SubscriptionError(f"Give the ack_id of a delivery, a number, not {brief(ack_id)}.")

    def look(self) -> float:
        """Look at the clock, take back what is past its deadline, and return the time."""
        shared = self._shared
        if shared.closed:
            shared.check_open()
        time = shared.ticks()
        try:
            now = time + shared.lost
            if not shared.last <= now < inf:
                now = shared.judged(time)
        except (TypeError, OverflowError):  # it is no number, or too large for a float
            now = shared.judged(time)
        shared.last = now
        if now >= self.queue.earliest:
            for late in self.queue.overdue(now):
                self._fail(late, late.deadline, late.deadline, "the ack deadline passed")
            self.queue.deadline()
        return now

    def _fail(self, delivery: Delivery, now: float, due: float, reason: str) -> None:
        row = (delivery.partition, delivery.offset, delivery.attempt, delivery.stored)
        if self.buries(row, reason):  # the copy comes first: a crash before the ack repeats it
            self._settle(delivery, now)
        else:
            del self.queue.flying[delivery.ack_id]
            self.queue.put_aside(row, due)

    def _settle(self, delivery: Delivery, now: float) -> None:
        del self.queue.flying[delivery.ack_id]
        if self.queue.ordered:
            self.queue.end(delivery.stored.key, now)
        self._shared.settled(1)

    def buries(self, row: Row, reason: str) -> bool:
        """Dead-letter a message if it has had its last delivery; return whether it had."""
        most = self.settings.max_deliveries
        if most is None or row[2] < most:
            return False
        letter = dead_letter(row, self.topic.name, self.group, reason)
        self._shared.publish(self.settings.dead_letter or "", letter)
        return True

    # ── going elsewhere ─────────────────────────────────────────────────────────────────────────

    def seek(self, *, offset: int | None = None, time: float | None = None) -> None:
        """Go to this offset in each partition, or to this time (seconds since the epoch).

        Deliveries in flight are forgotten: their acks are stale, and attempts restart at 1.
        """
        if (offset is None) == (time is None):
            raise SubscriptionError("seek takes either offset=… or time=…, not both.")
        with self._lock:
            self.check_there()
            self.look()
            before, held = self.standing(), self.queue.flying
            self.reader.go(At(time) if time is not None else Offset(cast(int, offset)))
            self.forget()
            self._save(before)
            self.release(held.values())

    def release(self, held: Iterable[Delivery]) -> None:
        """Hear that these deliveries were taken back."""

    def standing(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return all that a refused call must leave as it was."""
        return vars(self).copy(), vars(self.reader).copy()

    def stand(self, before: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Be again as it was."""
        vars(self).update(before[0])
        vars(self.reader).update(before[1])

    def _save(self, before: tuple[dict[str, Any], dict[str, Any]]) -> None:
        try:
            self._shared.save()
        except BaseException:
            self.stand(before)
            raise

    def forget(self) -> None:
        """Forget what is in flight or waits for redelivery."""
        self.queue = Queue(self.settings.ordered)

    def pause(self) -> None:
        """Hand out nothing until `resume`, even after a restart; acks still count."""
        self._set_most(0)

    def resume(self) -> None:
        """Hand out messages again after `pause`."""
        self._set_most(self.settings.max_outstanding)

    def _set_most(self, most: int) -> None:
        with self._lock:
            self.check_there()
            self.look()
            before, self.most = self.standing(), most
            self._save(before)

    def change(self, settings: Settings) -> None:
        """Take new settings; a paused group stays paused."""
        self.settings, self.most = settings, self.most and settings.max_outstanding

    def remove(self) -> None:
        """Become useless, with all acks stale: only `Broker.unsubscribe` calls this."""
        self.forget()
        self.most, self.removed = 0, True

    def join(self, name: str | None = None) -> Member:
        """Join a partitioned group under a name (partitioned.py); a shared one refuses."""
        raise SubscriptionError(
            f"{self.reader.name} is shared, so its workers pull from it and need not join: "
            "subscribe with assignment='partitioned' for members."
        )
