"""Exercise 03: an idempotent consumer, an endpoint with an idempotency key, a client, a window."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.questions import audits
from pubsub_kit.checks.questions import idempotency_beliefs as beliefs
from pubsub_kit.scenarios.idempotency import buyer, endpoint, reruns, window
from pubsub_kit.scenarios.idempotency import payments as stage

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
            diagnose=reruns.diagnose_dedup,
        ),
        lessons=beliefs.LESSONS,
        hints={
            **beliefs.DEDUP,
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
        takes="db",
        judged_by=Explored(
            stage.payments,
            stage.books_balance,
            stage.FAULTS,
            max_faults=2,
            diagnose=reruns.diagnose_dedup,
        ),
        lessons=beliefs.LESSONS,
        hints={
            **beliefs.DEDUP,
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
        "restart. The same key with another amount returns 'conflict' and charges nothing. Two "
        "requests may run at once, even under one key.",
        judged_by=Explored(
            endpoint.endpoint,
            endpoint.key_is_kept,
            endpoint.FAULTS,
            max_faults=2,
            diagnose=reruns.diagnose_endpoint,
        ),
        lessons=beliefs.ENDPOINT,
        hints={
            **beliefs.DEDUP,
            "no dedup": ["Where do you keep the keys that you have charged?"],
            "an in-memory set is enough": ["Where would the restarted service find the key?"],
            "mark and effect apart": ["One transaction holds the key and the charge."],
            "one mark for all": ["Which row does a request under another key find?"],
            "lost update": ["tx.add() reads and writes within the transaction."],
            "overwrites": [
                "What if two customers pay? The new sum is the old one plus the amount."
            ],
            "same key, new payload": ["Which amounts may come under a key that stands for 10?"],
            "the amount is in memory": [
                "What does the restarted service know of the key?",
                "insert(key, amount) keeps the amount as the value of the row of the key.",
            ],
            "a lock is no mark": ["Is a request that finds the lock taken always a repeat?"],
            "a race is a refusal": ["Let the Conflict through, or look again after it."],
            "never answers": ["Which errors leave your handle, and how often in a row?"],
            "another answer": ["What does each path through your code return?"],
            "a repeat is an error": ["The client has paid. What would it do with an error?"],
            "refuses by silence": ["return 'conflict'"],
            "charges nothing": [
                "Which of your lines adds to the row 'charged', and does a first request reach it?"
            ],
            "answers too early": [
                "Let both requests ask the database: only one of them can be the first to commit."
            ],
            "a refusal changes the key": ["Which rows differ after a request that you refuse?"],
            "a repeat takes away": ["What does your code do with 'charged' when the key is there?"],
            "": ["Keep the amount under the key, in the transaction that adds it to 'charged'."],
        },
    ),
    Code(
        "client",
        "Write buy(purchase). It has the bank charge purchase['amount'] once, by "
        "call('bank', {'id': …, 'amount': …}), and returns 'charged', even if the network loses "
        "up to two messages.",
        judged_by=Explored(buyer.client, buyer.charged_once, ("loss", "reply lost"), max_faults=2),
        lessons=beliefs.CLIENT,
        hints={
            "a new id for each try": ["Create the id once, before the first attempt."],
            "two requests for one purchase": ["How many ids does one purchase need?"],
            "one id for two": ["What tells your second purchase of 10 from the first?"],
            "an id of the program": ["What of your id is new when the next purchase comes?"],
            "an id that comes twice": ["Which id did the purchase come with?"],
            "too few ids": ["Which id did the purchase come with?"],
            "hidden state": ["Which id stays the same in every attempt, without counting them?"],
            "takes it back": ["What would a second request under the same id do?"],
            "a timeout means it failed": ["Which id would make a second request harmless?"],
            "gives up at once": ["retry=RetryPolicy(attempts=…): two losses spoil two attempts."],
            "gives up too soon": ["Two losses spoil two attempts. Allow for one more."],
            "one reply is enough": ["Put try and except around each call, in a function."],
            "a breaker for one order": ["How many failures may one unlucky purchase cause?"],
            "too little patience": ["Which timeout would a normal reply keep to?"],
            "says charged unseen": ["Return 'charged' only after a call has returned."],
            "another answer": ["Which word do you return on each path?"],
            "": ["purchase['id'] is the id. A timeout and RetryPolicy(attempts=4) do the rest."],
        },
    ),
    Choose(
        "window",
        "A payment whose ack is lost ends up in the dead-letter topic, and somebody redrives "
        "that on day 6. How long must the consumer remember an id?",
        options={"window": list(window.WINDOWS)},
        judged_by=Explored(
            window.window,
            window.books_balance_later,
            ("duplicate", "ack lost"),
            max_faults=2,
            until=30 * window.DAY,
        ),
        lessons=beliefs.LESSONS,
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
            "bits for bytes": lambda: 2_000 * 86_400 * 8 * 40 * 8 / 1e9,
            "ids for bytes": lambda: 2_000 * 86_400 * 8 / 1e9,
            "hours for days": lambda: 2_000 * 3_600 * 8 * 40 / 1e9,
        },
        lessons=beliefs.LESSONS,
        hints={
            "": [
                "A day has 86,400 seconds.",
                "payments per second × seconds in the window × bytes per id",
            ]
        },
        shows="2,000/s × 86,400 s × 8 × 40 bytes is what the window costs, without any index.",
    ),
    audits.PAYMENTS,
]
