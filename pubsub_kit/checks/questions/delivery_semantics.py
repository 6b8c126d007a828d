"""Exercise 04: semantics chosen for four services, a lease, commits, poison, a batch, a backoff."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.delivery_semantics import batches
from pubsub_kit.scenarios.delivery_semantics import semantics as stage
from pubsub_kit.scenarios.delivery_semantics.clicks import draw_clicks

_LESSONS = {
    "ack on receipt is fine": "An ack tells the broker that you don't need the message any more. "
    "If you crash between the ack and the work, nobody redelivers it. Which comes first?",
    "exactly once comes by itself": "No broker delivers exactly once: an ack can get lost after "
    "the work, and then the message is redelivered. How would this service recognise a repeat?",
    "more than is needed": "Remembering ids costs a row per event, and a transaction. What harm "
    "would a repeat, or a loss, do to this service?",
    "the lease outlasts the job": "Once its lease has run out, the broker takes a worker for dead "
    "and gives the job to another. How do you keep the lease for as long as you work?",
    "the old worker has stopped": "A worker that pauses doesn't notice that it was replaced, so "
    "only the store can refuse its write. What number grows with each delivery of the job? (Kept "
    "beside the result, it is a fencing token.)",
    "skips the work": "Calling sleep() without await only creates a coroutine: no time passes, "
    "and no work is done. What is missing in front of it?",
    "works on nothing": "Each good record has to be worked on, once. Where do you await "
    "self.work(event)?",
    "never acks": "Without an ack the lease runs out, and the whole job is done again. When is "
    "the broker allowed to forget the job?",
    "a queue in order is once": "In order doesn't mean once: after a crash or a lost ack, the same "
    "message is redelivered first, in its right place. How do you recognise it?",
    "a deposit is lost": "An ack says that the deposit was added, and this one wasn't. What "
    "could a crash leave undone between your writes?",
    "committed means processed": "The offset was committed before the work was done, so it calls "
    "work done that is still in hand. After a crash nobody reads it again. When is it safe?",
    "commit the highest finished": "An offset stands for everything before it, and a slow click "
    "below it wasn't finished. Up to where is everything done?",
    "never commits": "Whatever isn't committed is read, and done, again after each restart. What "
    "tells the next start where to begin?",
    "the last, not the next": "The committed offset is the next one to read, as in Kafka: one "
    "past the last that is done. By how much are you off?",
    "counts nothing": "The batch is done when every event in it is counted. Which ones did you "
    "leave out?",
    "requeue works in the end": "A message that can never be handled is redelivered for ever, and "
    "keeps a worker busy. After how many attempts do you give up on it?",
    "a few quick tries are enough": "All the attempts were over before the outage was. How do you "
    "spread the same number of attempts over a longer time?",
    "one bad record fails the batch": "An exception gives the whole batch back, good records "
    "included. How do you report only the ones that failed?",
    "stops at the bad one": "The records after the bad one are good, and they had to wait for "
    "nothing. What should happen to them when one before them fails?",
    "swallows the error": "A record that failed isn't done. How does it reach the dead letters, "
    "where somebody will see it?",
    "waits are alike": "The waits double, so they aren't all as long as the first. How long is "
    "each?",
    "no cap": "Doubling ends at the cap. Which waits does it cut short?",
    "a wait after the last try": "After the last attempt nobody waits any more. How many waits "
    "lie between eight attempts?",
}

QUESTIONS: list[Question] = [
    Choose(
        "semantics",
        "Choose the cheapest semantics that meet each service's need. A welcome email must never "
        "be sent twice. An invoice must never be missing; a repeat just overwrites it. A payment "
        "must be neither missing nor doubled. With live positions, one more or less doesn't "
        "matter.",
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
            "exactly once comes by itself": ["Which of the three never redelivers a message?"],
            "more than is needed": ["Two of the three semantics keep no ids."],
            "": ["Which is worse for this service: one too few, or one too many?"],
        },
    ),
    Code(
        "worker",
        "Write a class Worker(db) with handle(delivery). Rendering takes 25 s (of sleep), and the "
        "lease lasts 10 s. Extend it while you work. Then put delivery.attempt into the row "
        "'film tea', but never over a later attempt's. Then ack.",
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
                "delivery.attempt is 1 for the first delivery, 2 for the second, and so on.",
                "In a transaction, read the row, and put only if your attempt isn't smaller.",
            ],
            "ack on receipt is fine": ["Ack last."],
            "never acks": ["await delivery.ack()"],
            "skips the work": ["Write await in front of sleep."],
            "": ["There are three parts: sleep and extend; a transaction; an ack."],
        },
    ),
    Code(
        "fifo",
        "Fix the class Deposits(db), which reads from an ordered queue. handle(event) adds "
        "event.data to the row 'balance', once per event.",
        judged_by=Explored(stage.fifo, stage.deposited_once, ("crash", "ack lost"), max_faults=2),
        lessons=_LESSONS,
        hints={
            "a queue in order is once": ["What do a message and its repeat have in common?"],
            "a deposit is lost": ["The mark and the money belong in one transaction."],
            "": ["if await tx.insert(f'seen {event.id}'): …"],
        },
    ),
    Code(
        "commit",
        "Write a class Reader(db) with handle(batch). For each (offset, event) of the batch, await "
        "sleep(event.data['takes']) and await perform('count', event.id), all concurrently with "
        "gather. Put the next offset to read into the row 'committed', so that a crash loses "
        "nothing.",
        judged_by=Explored(
            batches.commit,
            batches.every_click_counts,
            ("crash",),
            max_faults=2,
            until=100.0,
            draws=draw_clicks,
        ),
        lessons=_LESSONS,
        hints={
            "commit the highest finished": ["Which is the first offset that isn't finished?"],
            "committed means processed": ["What is still left to do when you commit?"],
            "the last, not the next": ["After offsets 0 to 3, the next one to read is 4."],
            "": ["Commit the last offset + 1 when the whole batch is done."],
        },
    ),
    Choose(
        "poison",
        "order-1 can never be packed, order-2 only after an outage of 5 s, order-3 at once. How "
        "many deliveries do you allow, and which wait between them? Both good orders must be "
        "packed, and order-1 must be a dead letter within two minutes.",
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
            "requeue works in the end": ["Which choices put an end to the redeliveries?"],
            "": ["How long do five attempts take if there is no wait between them?"],
        },
    ),
    Code(
        "batch",
        "Write a class Batch(work) with handle(batch). It awaits self.work(event) for each event "
        "of the batch (which raises for a bad one), and returns a list of the ids that failed.",
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
            "": ["The try and the except belong inside the loop."],
        },
    ),
    Estimate(
        "patience",
        "A message is tried 8 times. The waits between are 1 s, 2 s, 4 s …, doubling up to a cap "
        "of 30 s, without jitter. How long is it from the first attempt to the last?",
        value=lambda: float(sum(min(30, 2**i) for i in range(7))),
        unit="second",
        tolerance=0.02,
        wrong={
            "waits are alike": lambda: 7.0,
            "no cap": lambda: float(2**7 - 1),
            "a wait after the last try": lambda: float(sum(min(30, 2**i) for i in range(8))),
        },
        lessons=_LESSONS,
        hints={"": ["There are seven waits between eight attempts."]},
        shows="1 + 2 + 4 + 8 + 16 + 30 + 30.",
    ),
]
