"""Exercise 04: semantics chosen for four services, a lease, commits, poison, a batch, a backoff."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.questions.reasons import delivery_semantics as reasons
from pubsub_kit.scenarios.delivery_semantics import (
    balances,
    batches,
    deposits,
    films,
    leases,
    records,
    rounds,
)
from pubsub_kit.scenarios.delivery_semantics import semantics as stage
from pubsub_kit.scenarios.delivery_semantics.clicks import draw_clicks

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
        lessons=reasons.LESSONS,
        hints={
            "ack on receipt is fine": ["Which of the three acks before the work?"],
            "an ack always arrives": ["Which of the three never redelivers a message?"],
            "exactly once comes by itself": [
                "One of the three may lose it, and one may repeat it. What does the third remember?"
            ],
            "more than is needed": ["Two of the three semantics keep no ids."],
            "": ["What harms this service: one too few, one too many, both, or neither?"],
        },
    ),
    Code(
        "worker",
        "Write a class Worker(db) with handle(delivery). Rendering takes 25 s (of sleep), and the "
        "lease lasts 10 s. Extend it while you work. Number each lease in the store, and put your "
        "number into the row 'film tea', but never over a higher one. Then ack. Later the film is "
        "replayed, and then the row must hold the new one. The workers' clocks differ.",
        judged_by=Explored(
            leases.worker_twice,
            films.rendered_once_at_a_time,
            ("crash", "pause", "ack lost"),
            max_faults=2,
            until=700.0,
            draws=stage.drawn_until(after=30.0),
        ),
        lessons=reasons.LESSONS,
        hints={
            "the lease outlasts the job": [
                "Sleep in pieces that are shorter than the lease, and extend after each.",
                "for _ in range(5): await sleep(5); await delivery.extend(10)",
            ],
            "the old worker has stopped": [
                "What is in the row by the time that the old worker wakes up?",
                "In a transaction, read the row, and put only if your number isn't lower.",
            ],
            "compares, then puts": [
                "async with self.db.transaction() as tx: read and put through tx."
            ],
            "read committed": ["transaction() is serializable, unless you ask for less."],
            "the wrong way": ["Put if the number in the row is lower than yours, or if none is."],
            "another's number": ["If the row has a higher number than yours, leave it alone."],
            "counts in two steps": ["await self.db.add('leases', 1) counts, and returns the sum."],
            "a clock is a fencing token": [
                "await self.db.add('leases', 1) returns 1 for the first lease, then 2, and so on."
            ],
            "a mark refuses it": ["Let the numbers decide: is the row's higher than yours?"],
            "writes past its transaction": ["Inside the block: await tx.put('film tea', …)"],
            "never entered": ["async with self.db.transaction() as tx:"],
            "nobody ends its wait": ["How does each of your loops hear that its work is over?"],
            "the attempt is a fencing token": [
                "Where could you count leases, so that a replay doesn't begin again at 1?",
                "await self.db.add('leases', 1), once per delivery, before the work.",
            ],
            "a newer film is refused": [
                "What do you compare, and is it higher for the film that was rendered later?"
            ],
            "numbered after the work": ["Take the number first: before you render."],
            "two leases, one number": ["await self.db.add('leases', 1), once per delivery."],
            "leaves it out": [
                "What does your code do with a second attempt, or a second delivery?"
            ],
            "a conflict is no refusal": ["Let the Conflict through, or read the row once more."],
            "no number": ["Put what add() returned, as it is."],
            "writes first": ["Write the row after the last sleep."],
            "renders too short": ["for _ in range(5): await sleep(5); await delivery.extend(10)"],
            "ack on receipt is fine": ["Ack last."],
            "never acks": ["await delivery.ack()"],
            "skips the work": ["Write await in front of sleep."],
            "": ["There are four parts: a number; sleep and extend; a transaction; an ack."],
        },
    ),
    Code(
        "fifo",
        "Fix the class Deposits(db), which reads from an ordered queue. handle(event) adds "
        "event.data to the row 'balance', once per event. There are two workers, which may pause "
        "until a lease is over. After two attempts, a deposit becomes a dead letter, and somebody "
        "redrives it later.",
        judged_by=Explored(
            deposits.fifo,
            balances.deposited_once,
            deposits.FAULTS,
            max_faults=2,
            diagnose=deposits.diagnose,
        ),
        lessons=reasons.LESSONS,
        hints={
            "a queue in order is once": ["What do a message and its repeat have in common?"],
            "a memory is enough": ["Put the mark into a row of the database."],
            "the last id is enough": ["Keep a row for each id that was handled."],
            "the wrong way round": ["Add where insert() returned True, and nowhere else."],
            "adds after a conflict": [
                "Let the Conflict through: that is a nack, and the next attempt looks again."
            ],
            "the sum is enough": ["Keep a row for each id that was handled."],
            "nobody looks": ["Add only where insert() returned True."],
            "the mark is ignored": ["Whatever its age, a mark says that the deposit is added."],
            "read committed": ["transaction() is serializable, unless you ask for less."],
            "writes past its transaction": ["Inside the block, do everything through tx."],
            "never entered": ["async with self.db.transaction() as tx:"],
            "looks, then writes": ["Look through tx, inside the transaction that writes."],
            "mark and money apart": ["The mark and the money belong in one transaction."],
            "takes another for a repeat": ["event.id, and only whether it is the same."],
            "swallows a conflict": [
                "An exception that leaves handle() is a nack: it is redelivered."
            ],
            "overwrites": ["await tx.add('balance', event.data)"],
            "adds twice": ["One add for each event."],
            "keeps no balance": ["await tx.add('balance', event.data)"],
            "a deposit is lost": ["The mark and the money belong in one transaction."],
            "": ["if await tx.insert(f'seen {event.id}'): …"],
        },
    ),
    Code(
        "commit",
        "Write a class Reader(db) with handle(batch). For each (offset, event) of the batch, await "
        "sleep(event.data['takes']) and await perform('count', event.id), all concurrently with "
        "gather. Put the next offset to read into the row 'committed', so that a crash loses "
        "nothing. The next batch begins there.",
        judged_by=Explored(
            rounds.commit_in_rounds,
            rounds.every_click_counts_in_time,
            ("crash",),
            max_faults=2,
            until=100.0,
            draws=draw_clicks,
        ),
        lessons=reasons.LESSONS,
        hints={
            "commit the highest finished": ["Which is the first offset that isn't finished?"],
            "committed means processed": ["What is still left to do when you commit?"],
            "the last, not the next": ["After offsets 0 to 3, the next one to read is 4."],
            "commits another offset": ["batch[-1][0] is the offset of the last click."],
            "one after the other": ["await gather(*(count(event) for _, event in batch))"],
            "counts before its time": ["await sleep(event.data['takes'])"],
            "marks it before it counts": [
                "Count what is read again once more: a crash may repeat, and must lose nothing."
            ],
            "never entered": ["async with self.db.transaction() as tx:"],
            "counts nothing": ["await perform('count', event.id)"],
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
        lessons=reasons.LESSONS,
        hints={
            "requeue works in the end": ["Which choices put an end to the redeliveries?"],
            "one attempt is enough": ["When is order-2 tried for the second time?"],
            "a few quick tries are enough": [
                "How long do all the attempts take if there is no wait between them?"
            ],
            "": ["When is the last attempt at order-2, and what ends those at order-1?"],
        },
    ),
    Code(
        "batch",
        "Write a class Batch(work) with handle(batch). It awaits self.work(event) for each event "
        "of the batch (which raises for a bad one), and returns a list of the ids that failed. "
        "These are in the next batch again.",
        judged_by=Explored(
            records.batch,
            records.what_failed_comes_back,
            (),
            max_faults=0,
            expected=(ValueError,),
        ),
        lessons=reasons.LESSONS,
        hints={
            "one bad record fails the batch": [
                "Each record needs a try of its own, whose except catches what work() raises.",
                "except Exception: catches them all. After that, raise nothing.",
            ],
            "raises for all": ["Return a list, whatever has failed: an empty one if nothing has."],
            "returns nothing": ["return failed, as the last line of handle()."],
            "stops at the bad one": ["Put the try inside the loop, around one record."],
            "swallows the error": ["What does your except do with event.id?"],
            "returns the good ones": ["The append belongs into the except."],
            "returns what is done": ["Append the id in the except, and nowhere else."],
            "remembers earlier failures": ["failed = [] at the top of handle()."],
            "": ["The list has the id of each record for which work() raised, and no other id."],
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
            "each wait is the cap": lambda: 7 * 30.0,
            "the cap comes late": lambda: float(sum(2**i for i in range(6)) + 30),
            "a wait after the last try": lambda: float(sum(min(30, 2**i) for i in range(8))),
            "one wait is missing": lambda: float(sum(min(30, 2**i) for i in range(6))),
            "no cap, and a wait too many": lambda: float(2**8 - 1),
            "with jitter": lambda: sum(min(30, 2**i) for i in range(7)) / 2,
        },
        lessons=reasons.LESSONS,
        hints={"": ["There are seven waits between eight attempts."]},
        shows="1 + 2 + 4 + 8 + 16 + 30 + 30.",
    ),
]
