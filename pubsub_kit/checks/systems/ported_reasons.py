"""Why a consumer that was ported to three kinds of engine fails, by what its author believes."""

from __future__ import annotations

from pubsub_kit.checks.systems.ported_orders import (
    COUNTS,
    DROPPED,
    EARLY,
    EMPTY,
    FOREVER,
    GOOD,
    LATE,
    LEFT,
    LIMIT,
    LOOKS,
    MARKED,
    MEMORY,
    NAMELESS,
    ONCE,
    OWN,
    SKIPS,
    STALE,
    STUCK,
    TWICE,
    UNACKED,
    WAITS,
    WRONG,
)

#: Why each of these consumers fails.
WHY = {
    COUNTS: "A consumer group of Kafka has a position and no count, so attempt is None there. "
    "What you rely on has to be in your own store.",
    FOREVER: "It fails each time and comes again each time. Somebody has to count its failures, "
    "and set it aside.",
    DROPPED: "An ack says that the message is dealt with. This one is gone, and nobody will ever "
    "look at it.",
    ONCE: "A failure may pass: a database that is busy, a service that restarts. The order gets "
    "three tries.",
    MEMORY: "A worker knows what it counted itself since it started. The count has to be where "
    "all workers find it, and where a restart leaves it.",
    GOOD: "A good order is among the dead letters. Only what failed three times belongs there.",
    LATE: "Here an ack names the message and not the lease, so it counts whoever sends it. Who "
    "has not done the work must not ack, however late it is.",
    EARLY: "The order was acked before it was billed, and a fault fell in between. Nobody "
    "redelivers what was acked.",
    MARKED: "The mark was written, and what it stands for was not: a fault fell in between. Both "
    "belong into one transaction.",
    SKIPS: "It was acked by a worker that had not billed it, and nobody else had. An ack is right "
    "where the order is billed, by you or by another.",
    TWICE: "Every engine here delivers at least once. The order came again after a fault, and "
    "no row of your store said that it was billed.",
    LOOKS: "The bill and its mark are two steps, and something fell in between: a crash, or "
    "another worker. Both belong into one transaction.",
    LIMIT: "It failed three times, and each further try holds up what comes after it on some "
    "engines. At the third failure it is set aside.",
    WAITS: "On some engines an order that fails holds up what comes after it until it is tried "
    "again. Give it back for seconds, and not for minutes.",
    EMPTY: "Whoever looks at the dead letters needs what the order said. Publish delivery.data "
    "with it.",
    NAMELESS: "Whoever looks at the dead letters has to find the order again. Publish it under "
    "its own id.",
    WRONG: "Each good order adds its amount times the rate, once, to the row 'billed'.",
    OWN: "Mark and bill are one transaction, and each delivery had a mark of its own, so the "
    "second one found nothing. What comes again keeps its id, and nothing else.",
    STALE: "It wrote a sum that it had read before another worker changed the row. Read it in "
    "the transaction that writes it, or let the store add.",
    LEFT: "A return isn't a nack. A lease would end some time, and a consumer group has none: give "
    "back what failed, by an exception or by nack().",
    UNACKED: "The ack is yours, on every engine. What nobody acks comes again for ever.",
    STUCK: "Nobody billed this order. What did your code do with it each time it came?",
}
