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
    "no dedup": "At-least-once means sometimes twice, and adding 10 twice isn't the same as adding "
    "it once. A repeat carries the id of the first delivery. Where do you remember that id?",
    "an in-memory set is enough": "A set in memory only knows what this worker did since it "
    "started. A crash wipes it out, and the other worker never had it. Which memory survives both?",
    "check then act": "Between your look and your write, the other worker looked too, and saw the "
    "same nothing. How do you make the look and the write one step?",
    "mark and effect apart": "A crash fell between the mark and the effect, and left one without "
    "the other. How do you make both happen together, or not at all?",
    "the body is an id": "One person may well pay the same amount twice. Equal contents don't make "
    "a repeat; an equal id does. Which id do you have?",
    "looks too late": "A return from inside a transaction commits whatever was written before it. "
    "What has to come before the addition?",
    "a conflict is done": "A Conflict means that nothing was written. You swallowed it, so the "
    "message was acked all the same. What happens to it if you let the Conflict through?",
    "lost update": "Another worker wrote the balance between your read and your write, and your "
    "write wiped that out. How do you read and write in one step?",
    "overwrites": "put() replaces the balance with this one amount. Which call adds to it?",
    "books nothing": "The books are one row per account, such as 'ann', and none was written. "
    "What should handle() write?",
    "same key, new payload": "A key stands for one request. What do you have to keep under it to "
    "notice a different one? (Stripe's API compares the parameters and answers with an error.)",
    "a repeat is an error": "The client repeats its request because it didn't hear your answer. "
    "What did you tell it the first time, or mean to tell it?",
    "refuses by silence": "An exception tells the client that something broke, so it retries. "
    "How does it learn that you refuse for good?",
    "charges nothing": "An answer is a promise that the charge was made. What has to happen before "
    "you give it?",
    "a new id for each try": "The bank recognises a repeat by its id alone, and your second "
    "attempt had a new one. Which id stays the same across retries?",
    "gives up at once": "A lost message is cured by sending it again, under the same id. How many "
    "messages can get lost?",
    "says charged unseen": "Only the bank's reply tells you that it charged. What do you know "
    "when the call times out?",
    "another answer": "The caller is waiting for 'charged'. What do you return once the bank has "
    "replied?",
    "another amount": "The bank charges whatever amount you send it, once per id. Which amount "
    "does one request have to carry?",
    "any window will do": "The id was forgotten before the message came back. What is the longest "
    "way back: a retry, an outage, or a redrive of the dead letters?",
    "one day": "That is one day's worth of ids. How many days does the window last?",
    "minutes for seconds": "A day has 1,440 minutes, but the rate is per second. How many seconds "
    "does a day have?",
}

_DEDUP = {
    "no dedup": ["What do a repeat and the first delivery have in common that nothing else has?"],
    "an in-memory set is enough": ["Where would a restarted worker find out what was done?"],
    "check then act": ["insert() looks and writes in one step, and says whether it wrote."],
    "mark and effect apart": [
        "What would a crash between your two writes leave behind?",
        "async with self.db.transaction() as tx: makes several writes one. Write through tx only.",
    ],
    "the body is an id": [
        "What tells Ann's second payment of 10 from a redelivery of her first one?"
    ],
    "looks too late": ["What have you already written by the time you find the mark?"],
    "a conflict is done": ["Who redelivers the message if you return as if nothing had happened?"],
    "lost update": ["add() reads and writes in one step."],
    "overwrites": ["The new balance is the old one plus the amount."],
    "books nothing": ["await self.db.add(event.data['account'], …) adds to the account's row."],
}

QUESTIONS: list[Question] = [
    Code(
        "consumer",
        "Write a class Consumer(db) with handle(event). It adds event.data['amount'] to the row "
        "event.data['account'], once per payment, under any 3 faults: duplicates, crashes, lost "
        "acks, and pauses while another worker runs.",
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
                "tx.insert(key) returns False if the mark is already there. Then return.",
            ],
        },
    ),
    Parsons(
        "order",
        "Put lines in an order that makes a correct consumer. You don't need all of them.",
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
                "Start with the class, its constructor, and handle.",
                "Two lines belong inside the transaction: the look, and what follows from it.",
            ],
        },
    ),
    Code(
        "endpoint",
        "Write a class Api(db) with handle(request). A request {'key', 'amount'} adds its amount "
        "to the row 'charged' once and returns 'ok'. A repeat returns 'ok' again, even after a "
        "restart. The same key with another amount returns 'conflict' and charges nothing.",
        judged_by=Explored(
            request_ids.endpoint,
            request_ids.key_is_kept,
            ("loss", "reply lost", "crash"),
            max_faults=2,
        ),
        lessons={
            **_LESSONS,
            "no dedup": "The client asks again under the same key because it got no answer. How "
            "do you recognise that key?",
            "an in-memory set is enough": "The repeat came after a restart, when whatever was in "
            "memory was gone. Where does the key have to be kept, and together with what?",
        },
        hints={
            "no dedup": ["Where do you keep the keys that you have charged?"],
            "an in-memory set is enough": ["Where would the restarted service find the key?"],
            "mark and effect apart": ["One transaction holds the key and the charge."],
            "same key, new payload": ["What must you keep under the key to notice the 99?"],
            "a repeat is an error": ["The client has paid. What would it do with an error?"],
            "refuses by silence": ["return 'conflict'"],
            "charges nothing": ["tx.add('charged', request['amount'])"],
            "": ["Keep the amount under the key, in the transaction that adds it to 'charged'."],
        },
    ),
    Code(
        "client",
        "Write buy(purchase). It has the bank charge purchase['amount'] once, by "
        "call('bank', {'id': …, 'amount': …}), and returns 'charged', even if the network loses "
        "up to two messages.",
        judged_by=Explored(
            request_ids.client, request_ids.charged_once, ("loss", "reply lost"), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "a new id for each try": ["Create the id once, before the first attempt."],
            "the body is an id": ["What tells your second purchase of 10 from the first?"],
            "gives up at once": ["retry=RetryPolicy(attempts=…): two losses spoil two attempts."],
            "says charged unseen": ["Return 'charged' only after a call has returned."],
            "": ["purchase['id'] is the id. A timeout and RetryPolicy(attempts=4) do the rest."],
        },
    ),
    Choose(
        "window",
        "A payment whose ack is lost ends up in the dead-letter topic, and somebody redrives "
        "that on day 6. How long must the consumer remember an id?",
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
                "In which ways can a payment come back, and how long does the slowest one take?",
                "The window has to be longer than six days.",
            ]
        },
    ),
    Estimate(
        "memory",
        "At 2,000 payments a second and 40 bytes per id, how much space do 8 days of ids take?",
        value=lambda: 2_000 * 86_400 * 8 * 40 / 1e9,
        unit="GB",
        wrong={
            "one day": lambda: 2_000 * 86_400 * 40 / 1e9,
            "minutes for seconds": lambda: 2_000 * 1_440 * 8 * 40 / 1e9,
        },
        lessons=_LESSONS,
        hints={
            "": [
                "A day has 86,400 seconds.",
                "payments per second × seconds in the window × bytes per id",
            ]
        },
        shows="2,000/s × 86,400 s × 8 × 40 bytes is what the window costs, without any index.",
    ),
]
