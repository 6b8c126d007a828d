"""Exercise 03: an idempotent consumer, an endpoint with an idempotency key, a client, a window."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.idempotency import payments as stage
from pubsub_kit.scenarios.idempotency import request_ids

_LESSONS = {
    "no dedup": "At least once means: sometimes twice, and adding twice is not adding once. A "
    "repeat has the id of the first; remember it where the effect is.",
    "an in-memory set is enough": "A set in memory knows what this worker did since it started. "
    "A crash wipes it out, and the other worker never heard of it.",
    "check then act": "Between your look and your write another worker looked too, and saw the "
    "same nothing. Look and write must be one step: insert(), or a transaction.",
    "mark and effect apart": "A crash fell between the mark and the effect, and left one without "
    "the other. Put both into one transaction: they happen together or not at all.",
    "the body is an id": "One person may well pay the same amount twice. Equal contents do not "
    "make a repeat; an equal id does.",
    "looks too late": "A return out of a transaction commits what was written before it. So look "
    "first, and add only what is new.",
    "a conflict is done": "A Conflict says that nothing was written. Let it go through: the "
    "message is nacked, comes again, and is handled then.",
    "lost update": "Another worker wrote the balance between your read and your write, which wiped "
    "it out. Read and write in one step: add(), or a transaction.",
    "overwrites": "put() replaces the balance by this one amount.",
    "books nothing": "The books are a row for each account, such as 'ann'; none was written.",
    "same key, new payload": "A key stands for one request. Keep what it asked for beside its "
    "answer, compare, and refuse another one under the same key, as Stripe's API does.",
    "a repeat is an error": "The client repeats since it did not hear you. Tell it what you told "
    "it, or meant to tell it, the first time.",
    "refuses by silence": "An exception tells the client that something broke, so it tries again. "
    "A refusal is an answer: return it.",
    "charges nothing": "An answer is a promise: first charge, then give it.",
    "a new id for each try": "The id names what the client wants, not the try. Mint it once, "
    "outside of the loop.",
    "gives up at once": "A lost message is cured by sending it again, under the same id.",
    "says charged unseen": "Only the bank's reply tells that it was charged.",
    "another answer": "Return 'charged' once the bank has said so.",
    "another amount": "The bank charges the amount that you send: send the purchase's.",
    "any window will do": "An id must be remembered for longer than a message can take to come "
    "back: by a retry, after an outage, or by a redrive from the dead letters.",
    "one day": "That is one day's worth; the window is eight.",
    "minutes for seconds": "A day has 86,400 seconds; it has 1,440 minutes.",
}

_DEDUP = {
    "no dedup": ["What does a repeat have in common with the first one, and nothing else has?"],
    "an in-memory set is enough": ["Where would a restarted worker find out what was done?"],
    "check then act": ["insert() looks and writes in one step, and says whether it did."],
    "mark and effect apart": [
        "What would a crash between your two writes leave behind?",
        "async with self.db.transaction() as tx: … makes several writes one; write by tx alone.",
    ],
    "the body is an id": ["Who tells Ann's second payment of 10 from her first one, sent again?"],
    "looks too late": ["What has been written by the time you find the mark?"],
    "a conflict is done": ["Who brings the message back if you return as if all were well?"],
    "lost update": ["add() reads and writes in one step."],
    "overwrites": ["The new balance is the old one and the amount."],
    "books nothing": ["await self.db.add(event.data['account'], …) adds to the account's row."],
}

QUESTIONS: list[Question] = [
    Code(
        "consumer",
        "Write a class Consumer(db) with handle(event): it adds event.data['amount'] to the row of "
        "event.data['account'], once for each payment, whatever comes twice, crashes or is "
        "pre-empted, up to 3 times.",
        judged_by=Explored(
            stage.payments,
            stage.books_balance,
            stage.FAULTS,
            max_faults=3,
            diagnose=stage.diagnose_dedup,
        ),
        lessons=_LESSONS,
        hints={
            **_DEDUP,
            "": [
                "One transaction holds both the mark f'seen {event.id}' and the new balance.",
                "tx.insert(key) is False where the mark is there already: then return.",
            ],
        },
    ),
    Parsons(
        "order",
        "Put the lines into an order that makes a right consumer. Some are not needed.",
        lines=[
            "            await tx.add(event.data['account'], event.data['amount'])",
            "class Consumer:",
            "        async with self.db.transaction() as tx:",
            '        await self.db.insert(f"seen {event.id}")',
            "    def __init__(self, db): self.db = db",
            '            if not await tx.insert(f"seen {event.id}"): return',
            "    async def handle(self, event):",
            '        if await self.db.get(f"seen {event.id}"): return',
        ],
        defines="Consumer",
        judged_by=Explored(
            stage.payments,
            stage.books_balance,
            stage.FAULTS,
            max_faults=2,
            diagnose=stage.diagnose_dedup,
        ),
        lessons=_LESSONS,
        hints={
            **_DEDUP,
            "": [
                "Begin with the class, its constructor, and handle.",
                "Two lines are indented below the transaction: the look, and what follows from it.",
            ],
        },
    ),
    Code(
        "endpoint",
        "Write a class Api(db) with handle(request): a request {'key', 'amount'} adds its amount "
        "to 'charged' once and returns 'ok'; a repeat returns 'ok' again, after a restart too; the "
        "same key with another amount returns 'conflict' and charges nothing.",
        judged_by=Explored(
            request_ids.endpoint,
            request_ids.key_is_kept,
            ("loss", "reply lost", "crash"),
            max_faults=2,
        ),
        lessons={
            **_LESSONS,
            "no dedup": "The client asks again since it got no answer, under the same key. The "
            "key is how you know.",
            "an in-memory set is enough": "The repeat came after a restart, and what was kept in "
            "memory was gone. Keep it in the database, with the charge.",
        },
        hints={
            "no dedup": ["Where do you keep which keys you have charged?"],
            "an in-memory set is enough": ["Where would the restarted service find the key?"],
            "mark and effect apart": ["One transaction holds the key and the charge."],
            "same key, new payload": ["What must you keep under the key to notice the 99?"],
            "a repeat is an error": ["What would the client do with an error, having paid?"],
            "refuses by silence": ["return 'conflict'"],
            "charges nothing": ["tx.add('charged', request['amount'])"],
            "": ["Keep the amount under the key, in the transaction that adds it to 'charged'."],
        },
    ),
    Code(
        "client",
        "Write buy(purchase): it has the bank charge purchase['amount'] once, by "
        "call('bank', {'id': …, 'amount': …}), and returns 'charged', though the network loses "
        "up to two messages.",
        judged_by=Explored(
            request_ids.client, request_ids.charged_once, ("loss", "reply lost"), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "a new id for each try": ["Which id stays the same when you try again?"],
            "the body is an id": ["What tells your second purchase of 10 from the first?"],
            "gives up at once": ["retry=RetryPolicy(attempts=…): how many losses can there be?"],
            "says charged unseen": ["What has the call returned by the time you say so?"],
            "": ["purchase['id'] is the id; a timeout and RetryPolicy(attempts=4) do the rest."],
        },
    ),
    Choose(
        "window",
        "A payment whose ack is lost ends among the dead letters, and somebody redrives them on "
        "day 6. For how long must the consumer remember an id?",
        options={"window": list(stage.WINDOWS)},
        judged_by=Explored(
            stage.window,
            stage.books_balance_later,
            ("duplicate", "ack lost"),
            max_faults=2,
            until=30 * stage.DAY,
        ),
        lessons=_LESSONS,
        hints={
            "": [
                "By which ways can a payment come back, and how long does the longest take?",
                "Longer than six days.",
            ]
        },
    ),
    Estimate(
        "memory",
        "At 2,000 payments a second, with 40 bytes an id, how much do 8 days of ids take?",
        value=lambda: 2_000 * 86_400 * 8 * 40 / 1e9,
        unit="GB",
        wrong={
            "one day": lambda: 2_000 * 86_400 * 40 / 1e9,
            "minutes for seconds": lambda: 2_000 * 1_440 * 8 * 40 / 1e9,
        },
        lessons=_LESSONS,
        hints={"": ["Seconds in a day: 86,400.", "payments a second × seconds × bytes an id"]},
        shows="2,000/s × 86,400 s × 8 × 40 bytes: what the window costs, before any index.",
    ),
]
