"""Exercise 03: an idempotent consumer, an endpoint with an idempotency key, a client, a window."""

from __future__ import annotations

from pubsub_kit.checks.judges import Explored
from pubsub_kit.checks.questions import Choose, Code, Estimate, Parsons, Question
from pubsub_kit.checks.stages import idempotency as stage

_LESSONS = {
    "no dedup": "At least once means: sometimes twice. The id of the event is how you tell a "
    "repeat from a new payment; remember it where the effect is.",
    "an in-memory set is enough": "A set in memory knows what this worker did since it started. "
    "The other worker never heard of it, and a crash wipes it out.",
    "check then act": "Between your look and your write another worker looked too, and saw the "
    "same nothing. Look and write must be one step: insert(), or a transaction.",
    "mark and effect apart": "A crash fell between the mark and the effect. Put both into one "
    "transaction: they happen together or not at all.",
    "the body is an id": "Two people, or one person twice, may well pay the same amount. Equal "
    "contents do not make a repeat; an equal id does.",
    "lost update": "Two workers read the same balance, and the second write wiped out the first.",
    "same key, new payload": "A key stands for one request. Keep what the request was beside its "
    "answer, compare, and refuse another one under the same key (Stripe's API does).",
    "a repeat is an error": "The client repeats since it did not hear you. Tell it what you told "
    "it, or meant to tell it, the first time.",
    "a new id for each try": "The id names what the client wants, not the try. Mint it once, "
    "outside of the loop.",
    "gives up at once": "A lost message is cured by sending it again, under the same id.",
    "any window will do": "An id must be remembered for longer than a message can take to come "
    "back: retries, a consumer that is down, a redrive by hand.",
    "waits for ever": "A call without a timeout waits for a reply that was lost.",
}

QUESTIONS: list[Question] = [
    Code(
        "consumer",
        "Write a class Consumer(db) with handle(event): it adds the payment's amount to "
        "f'balance {account}', once for each payment, whatever comes twice or crashes (up to 3 "
        "faults).",
        judged_by=Explored(
            stage.payments,
            stage.books_balance,
            stage.FAULTS,
            max_faults=3,
            diagnose=stage.diagnose_dedup,
        ),
        lessons=_LESSONS,
        hints={
            "no dedup": ["What does a repeat have in common with the first one?"],
            "an in-memory set is enough": ["Where would a restarted worker find what was done?"],
            "check then act": ["insert() looks and writes in one step, and says whether it did."],
            "mark and effect apart": ["async with self.db.transaction() as tx: … holds many."],
            "": [
                "One transaction holds both the mark f'seen {event.id}' and the new balance.",
                "tx.insert(key) is False where the mark is there already: then return.",
            ],
        },
    ),
    Parsons(
        "order",
        "Put the lines into an order that makes a right consumer. Not every line is needed.",
        lines=[
            "            await tx.add(f\"balance {event.data['account']}\", event.data['amount'])",
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
        hints={"": ["Begin with the class, its constructor, and handle.", "Mark before you add."]},
    ),
    Code(
        "endpoint",
        "Write a class Api(db) with handle(request): a request {'key', 'amount'} adds its amount "
        "to 'charged' once and returns 'ok'; a repeat returns 'ok' again; the same key with "
        "another amount returns 'conflict' and charges nothing.",
        judged_by=Explored(
            stage.endpoint, stage.key_is_kept, ("loss", "reply lost", "crash"), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "same key, new payload": ["What must you keep under the key to notice the 99?"],
            "": ["Keep the amount under the key, in the transaction that adds it to 'charged'."],
        },
    ),
    Code(
        "client",
        "Write buy(purchase): it has the bank charge purchase['amount'] once, by "
        "call('bank', {'id': …, 'amount': …}), and returns 'charged', though the network loses "
        "up to two messages.",
        judged_by=Explored(stage.client, stage.charged_once, ("loss", "reply lost"), max_faults=2),
        lessons=_LESSONS,
        hints={
            "a new id for each try": ["Which id stays the same when you try again?"],
            "": ["purchase['id'] is the id, a timeout and RetryPolicy(attempts=4) do the rest."],
        },
    ),
    Choose(
        "window",
        "The broker may redeliver a payment up to 6 days later. For how long must the consumer "
        "remember its id?",
        options={"window": list(stage.WINDOWS)},
        judged_by=Explored(
            stage.window,
            stage.books_balance_later,
            ("duplicate", "ack lost"),
            max_faults=1,
            until=30 * stage.DAY,
        ),
        lessons=_LESSONS,
        hints={"": ["Longer than the longest way back that a message can take."]},
    ),
    Estimate(
        "memory",
        "At 2,000 payments a second, with 40 bytes an id, how much do 8 days of ids take?",
        value=lambda: 2_000 * 86_400 * 8 * 40 / 1e9,
        unit="GB",
        wrong={"one day": lambda: 2_000 * 86_400 * 40 / 1e9},
        lessons={"one day": "That is one day's worth; the window is eight."},
        hints={"": ["Seconds in a day: 86,400."]},
        shows="2,000/s × 86,400 s × 8 × 40 bytes: what the window costs, before any index.",
    ),
]
