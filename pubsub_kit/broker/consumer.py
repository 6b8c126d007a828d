"""A consumer: a handler, and the moment at which its messages are acked.

    at least once    pull ► handle ► ack      a crash before the ack: the message is redelivered
    at most once     pull ► ack ► handle      a crash after the ack: the message is lost

A broker can't promise more: handling and acking are two steps, and a crash can fall between them.
Effectively once is at least once plus an idempotent handler, which changes nothing when it sees an
event's id again. That is the handler's job, not the broker's.

Drive it by hand with `step`, or in a thread or in asyncio, as driver.py does. More workers are more
consumers: on one subscription if the group is shared, each on a member if it is partitioned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from pubsub_kit.broker.dead_letters import said
from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.broker.driver import ConsumerError, Driver, Source
from pubsub_kit.errors import brief

Handler = Callable[[Delivery], Any]
Semantics = Literal["at_least_once", "at_most_once"]


class Consumer(Driver):
    """One worker of a group: it pulls, handles and acks one message after another.

    The handler takes a `Delivery`. If it returns, the message is acked; if it raises, the message
    is nacked with the exception as the reason (or lost, with at most once). `handled` and `failed`
    count the two cases, and `error` is the last exception.
    """

    def __init__(
        self,
        subscription: Source,
        handler: Handler,
        *,
        semantics: Semantics = "at_least_once",
    ) -> None:
        if not isinstance(semantics, str) or semantics not in get_args(Semantics):
            raise ConsumerError(
                f"semantics is 'at_least_once' or 'at_most_once', not {brief(semantics)}: for "
                "effectively once, use at_least_once and an idempotent handler."
            )
        if not callable(handler):
            raise ConsumerError(f"A handler is a function of a delivery, not {brief(handler)}.")
        super().__init__(subscription)
        self.handler = handler
        self.semantics = semantics
        self.handled = self.failed = 0

    def step(self, n: int = 1) -> int:
        """Pull up to `n` messages and handle each; return how many there were."""
        work = self.step_async(n)
        try:
            work.send(None)  # a plain handler never waits, so this runs to the end
        except StopIteration as done:
            return int(done.value)
        work.close()
        raise ConsumerError("This handler awaits something: drive it with `await consumer.run()`.")

    async def step_async(self, n: int = 1) -> int:
        """Do what `step` does, with a handler that may be async."""
        batch = await self.pulled(n) if self.asking else self.subscription.pull(n)
        return await self.each(batch, self._handle)

    async def _handle(self, delivery: Delivery) -> None:
        if self.semantics == "at_least_once" and delivery.revoked:
            return
        if self.semantics == "at_most_once" and not await self.asked(delivery.ack):
            return
        try:
            result = self.handler(delivery)
            if result is not None and hasattr(result, "__await__"):
                await result
        except Exception as error:
            self.failed += 1
            self.error = error
            reason = said(error)
            await self.asked(lambda: delivery.nack(reason=reason))
        else:
            _ = await self.asked(delivery.ack) if self.asking else delivery.ack()  # may be stale
            self.handled += 1
