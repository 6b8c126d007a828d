"""Exercise 04: semantics chosen for four services, a lease, commits, poison, a batch, a backoff."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.delivery_semantics import batches
from pubsub_kit.scenarios.delivery_semantics import semantics as stage

_LESSONS = {
    "ack on receipt is fine": "An ack says: I need this no more. Said before the work, a crash in "
    "between loses the message; nobody will bring it again.",
    "exactly once comes by itself": "No broker delivers exactly once: the ack can be lost after "
    "the work, and then the message comes again. Only a handler that knows its ids counts once.",
    "more than is needed": "To remember ids costs a row for each event, and a transaction. Where "
    "a repeat, or a loss, does no harm, you pay that for nothing.",
    "the lease outlasts the job": "Once its lease is over, the broker takes a worker for dead, "
    "and gives the job to another. Extend the lease for as long as you are at work.",
    "the old worker has stopped": "A worker that stood still does not know that it was replaced. "
    "Let the store refuse it: keep the attempt beside the result, and write only if yours is not "
    "older. That number is a fencing token.",
    "skips the work": "Without an await, a sleep is only made: no time passes, no work is done.",
    "works on nothing": "Each record of the batch is to be worked on, by await self.work(event).",
    "never acks": "Without an ack the lease just ends, and the whole job is done anew.",
    "a queue in order is once": "In order does not mean once: a crash or a lost ack brings the "
    "same message first again, in its right place.",
    "a deposit is lost": "Each deposit is to be added, and an ack says that it was.",
    "committed means processed": "The offset was committed before the work was done, so it calls "
    "work done that is only in hand. After a crash nobody reads it again.",
    "commit the highest finished": "An offset stands for all before it. With work side by side, "
    "commit only up to the first that is not finished.",
    "never commits": "What is not committed is read, and done, again at each restart.",
    "the last, not the next": "The committed offset is the next one to read, as in Kafka: one "
    "past the last that is done.",
    "counts nothing": "The batch is done when each of its events is counted.",
    "requeue works in the end": "A message that can never be handled comes back for ever, and "
    "keeps a worker busy. Give up after some tries, and put it aside.",
    "a few quick tries are enough": "Tries that are over before the outage is are no help. Let "
    "the waits between them grow.",
    "one bad record fails the batch": "An exception gives the whole batch back, the good records "
    "too. Say which ones failed.",
    "stops at the bad one": "The records behind the bad one are good, and waited for nothing.",
    "swallows the error": "A record that failed is not done. Report it, so that it ends among the "
    "dead letters, where somebody sees it.",
    "waits are alike": "The waits double: they are not all like the first.",
    "no cap": "Doubling ends at the cap.",
    "a wait after the last try": "After the last try nobody waits any more.",
}

QUESTIONS: list[Question] = [
    Choose(
        "semantics",
        "Choose for each service the cheapest semantics that meet its need. A welcome email must "
        "never come twice; an invoice must never be missing (a repeat is overwritten); a payment "
        "must be neither missing nor twice; of live positions one more or less does not matter.",
        options=dict.fromkeys(stage.NEEDS, stage.SEMANTICS),
        judged_by=Explored(
            stage.semantics,
            stage.needs_are_met,
            ("crash", "ack lost"),
            max_faults=2,
            draws=stage.draw_service,
        ),
        lessons=_LESSONS,
        hints={
            "ack on receipt is fine": ["Which of the three acks before the work?"],
            "exactly once comes by itself": ["Which of the three never delivers again?"],
            "more than is needed": ["What does a repeat of this one harm? And a loss?"],
            "": ["Which harm is worse for this service: one too few, or one too many?"],
        },
    ),
    Code(
        "worker",
        "Write a class Worker(db) with handle(delivery): to render takes 25 s of sleep, a lease "
        "10 s. Extend while you work; then put delivery.attempt into the row 'film tea', but never "
        "over a later attempt's; then ack.",
        judged_by=Explored(
            stage.worker,
            stage.rendered_once_at_a_time,
            ("crash", "pause", "ack lost"),
            max_faults=2,
            until=400.0,
            draws=stage.drawn_until(after=30.0),
        ),
        lessons=_LESSONS,
        hints={
            "the lease outlasts the job": [
                "Sleep in pieces that are shorter than the lease, and extend after each.",
                "for _ in range(5): await sleep(5); await delivery.extend(10)",
            ],
            "the old worker has stopped": [
                "What do you know that grows with each delivery of the same message?",
                "In a transaction: read the row, and put only if your attempt is not smaller.",
            ],
            "ack on receipt is fine": ["Ack last."],
            "never acks": ["await delivery.ack()"],
            "skips the work": ["Write await in front of sleep."],
            "": ["Three parts: sleep and extend; a transaction; an ack."],
        },
    ),
    Code(
        "fifo",
        "Repair the class Deposits(db), which reads an ordered queue: handle(event) adds "
        "event.data to the row 'balance', once for each event.",
        judged_by=Explored(stage.fifo, stage.deposited_once, ("crash", "ack lost"), max_faults=2),
        lessons=_LESSONS,
        hints={
            "a queue in order is once": ["What do a message and its repeat have in common?"],
            "a deposit is lost": ["Mark and money belong into one transaction."],
            "": ["if await tx.insert(f'seen {event.id}'): …"],
        },
    ),
    Code(
        "commit",
        "Write a class Reader(db) with handle(batch): for each (offset, event) of the batch, await "
        "sleep(event.data['takes']) and await perform('count', event.id), side by side by gather; "
        "put the next offset to read into the row 'committed', so that a crash loses nothing.",
        judged_by=Explored(
            batches.commit,
            batches.every_click_counts,
            ("crash",),
            max_faults=2,
            until=100.0,
            draws=stage.drawn_until(axis="order"),
        ),
        lessons=_LESSONS,
        hints={
            "commit the highest finished": ["Which offset is the first that is not finished?"],
            "committed means processed": ["What is left to be done when you commit?"],
            "the last, not the next": ["Add 1."],
            "": ["Commit the last offset + 1 when the whole batch is done."],
        },
    ),
    Choose(
        "poison",
        "order-1 can never be packed, order-2 only after an outage of 5 s, order-3 at once. How "
        "many deliveries, and which wait between them? The good ones must be packed, and order-1 "
        "be among the dead letters within two minutes.",
        options={"deliveries": list(batches.DELIVERIES), "wait between": list(batches.WAITS)},
        judged_by=Explored(
            batches.poison,
            batches.good_ones_pass_and_poison_stops,
            ("ack lost",),
            max_faults=1,
            until=batches.PATIENCE,
            max_steps=20_000,
            expected=(ValueError, ConnectionError),
            draws=stage.drawn_until(after=1.0),
        ),
        lessons=_LESSONS,
        hints={
            "requeue works in the end": ["After how many tries do you believe that it is broken?"],
            "": ["How long do five tries take, if nobody waits between them?"],
        },
    ),
    Code(
        "batch",
        "Write a class Batch(work) with handle(batch): await self.work(event) for each event of "
        "the batch (it raises for a bad one), and return the list of the ids that failed.",
        judged_by=Explored(
            batches.batch,
            batches.good_records_are_worked_on_once,
            (),
            max_faults=0,
            expected=(ValueError,),
        ),
        lessons=_LESSONS,
        hints={
            "swallows the error": ["What does your except do with event.id?"],
            "": ["try and except belong inside the loop."],
        },
    ),
    Estimate(
        "patience",
        "A message is tried 8 times, with waits of 1 s, 2 s, 4 s … between, doubling up to a cap "
        "of 30 s, without jitter. How long is it from the first try to the last?",
        value=lambda: float(sum(min(30, 2**i) for i in range(7))),
        unit="second",
        tolerance=0.02,
        wrong={
            "waits are alike": lambda: 7.0,
            "no cap": lambda: float(2**7 - 1),
            "a wait after the last try": lambda: float(sum(min(30, 2**i) for i in range(8))),
        },
        lessons=_LESSONS,
        hints={"": ["Eight tries have seven waits between them."]},
        shows="1 + 2 + 4 + 8 + 16 + 30 + 30.",
    ),
]
