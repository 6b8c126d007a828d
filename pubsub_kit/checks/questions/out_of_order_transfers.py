"""Exercise 05: a topic, an account, a transfer, a shop and a box office that lose no money."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves, outboxes, partitions
from pubsub_kit.scenarios.out_of_order_transfers import transfers as stage
from pubsub_kit.world.verbs import perform

_TRANSFER = {
    "a timeout means it failed": "A timeout tells you that no reply came, and nothing about the "
    "money. Going on is a guess, and so is undoing. How can you get a real answer from the "
    "account?",
    "a new id for each try": "The account had already done your first try; its reply was lost. It "
    "takes a new id for a new request. Which id stays the same across retries and restarts?",
    "nobody goes on": "A crash wipes your memory, and the client doesn't ask again. recover() can "
    "only finish an order that it finds in the database. When do you save it?",
    "what was not saved was not done": "A crash can fall between a call and your note of it. So "
    "after a restart you can't tell whether the last step was done, and a guess loses money. Under "
    "which id is it safe to ask again?",
    "no compensation": "Only your code undoes the steps of a saga. Once an account has refused, "
    "every step before that must be undone, the fee too. Which steps were done by then?",
    "an undo under the same id": "The account does each id only once, so it ignores an undo that "
    "reuses the id. An undo is a new request. Which id could it have?",
    "moves a part": "A transfer makes three moves: ann pays the amount and the fee, the bank gets "
    "the fee, and bob gets the amount. Which one is missing?",
    "moves nothing": "Only the accounts can move money, and none of them did. Which three calls "
    "make up a transfer?",
    "tells another story": "The client acts on your answer: True means done, False means not done. "
    "Which way through your code returns the wrong one?",
    "another answer": "Return True once every step is done, and False once every step is undone. "
    "What does your code return at its end?",
    "never ends": "False is an answer: bob's account refused, and it will refuse every time. Only "
    "silence is worth a retry. Does your code tell the two apart?",
}

_ACCOUNT = {
    "sort by wall clock": "Two machines' clocks don't agree, so their timestamps can't put moves "
    "in order (Kleppmann, Designing Data-Intensive Applications, ch. 8). Which number in "
    "event.data comes from one place only?",
    "late means stale": "A late move isn't old news: each one changes the balance. Dropping a "
    "lower number is right if an event holds the whole state, but these hold a change. What is "
    "the balance without the move you dropped?",
    "created comes first": "The event that opens the account can arrive after one that uses it, so "
    "the first to arrive needn't be number 1. Which number do you wait for before anything has "
    "arrived?",
    "as they come": "Redelivery changes the order here, so you can't apply moves as they arrive. "
    "Which move is next, and where do you keep one that is early?",
    "no dedup": "A move was delivered twice, and it counted twice. If its number is lower than the "
    "next one you expect, what do you know about it?",
    "mark and effect apart": "The crash fell between two writes, the balance and the number, so "
    "one of them is missing. How can two writes become one?",
    "a memory is enough": "You acked the early move and kept it in memory. The crash wiped it, and "
    "the broker won't redeliver what you acked. Where does it survive a crash?",
    "keeps no balance": "The check reads the row 'balance', which should hold what the moves make. "
    "Which row does your code write?",
}

_SHOP = {
    "save, then publish": "You wrote to two systems, and the crash fell between the two writes: "
    "saved, but never published. Which two writes can be one transaction, and who publishes later?",
    "publish, then save": "You published first, and the crash came before the order was saved. "
    "Nobody can take an event back. What has to be certain before you publish?",
    "id > last": "An order gets its number before its transaction commits, and transactions can "
    "commit in another order. When your relay published number 2, number 1 wasn't there yet. How "
    "can the relay find it later?",
    "forgets before it tells": "The crash fell after you took the row off your list and before it "
    "was sent. The other way round, a crash only sends it twice, and the receiver can tell by the "
    "id. Which of the two comes first?",
    "tells it for ever": "It was sent again although nothing went wrong. How does your relay know, "
    "on its next run, that this one has been sent?",
    "tells nobody": "It was saved, but nothing sent it. Only relay() runs after a restart: what "
    "does it find to send?",
    "saves": "The check looks for a row f'order {order[\"id\"]}' for each order. Which rows does "
    "your shop write?",
}

_MAIL = {
    "a transaction covers the mail": "A transaction rolls back its own rows and nothing else. You "
    "can't roll back an email, and Kafka's transactions cover Kafka's topics alone (its design "
    "docs, 4.6). What can you write inside the transaction instead of sending?",
    "after the commit is soon enough": "The crash came right after the commit, and then nobody "
    "knew that a mail was due. Which row would have told the relay?",
    "forgets before it tells": _SHOP["forgets before it tells"],
    "tells it for ever": _SHOP["tells it for ever"],
    "tells nobody": _SHOP["tells nobody"],
    "sold twice": "Two clients took the same ticket, since nothing looked whether one was left in "
    "the very step that took it. How can looking and taking become one step?",
    "sells nothing": "The row 'ticket …' says who got the ticket, and your code writes none. "
    "Which line does?",
}

_ROUTING = {
    "a topic is totally ordered": "Order holds within one partition only, and two partitions drain "
    "at different speeds. Which key do all of Ann's moves share?",
    "hash() is stable": "Python salts hash() of a string in each process, so two processes send "
    "one key to two partitions. Which hash gives the same result everywhere?",
    "every client hashes alike": "librdkafka defaults to CRC32, the Java client to murmur2 "
    "(confluent-kafka-dotnet #165, kafkajs #1154), so one key went to two partitions. How do you "
    "make both clients agree?",
    "adding partitions is harmless": "hash % 2 and hash % 3 differ: the key moved to another "
    "partition while its older messages were still waiting in the old one. When is it safe to add "
    "a partition?",
    "a retry topic keeps order": "The failed move stepped aside, and the next one passed it. A "
    "retry topic suits messages that nothing has to wait for. Does something wait for this one?",
    "a dead letter is free": "The dead-lettered move left a gap, and the moves behind it went on. "
    "Once redriven, it arrived as an old message among new ones. Who has to wait instead?",
}

QUESTIONS: list[Question] = [
    Choose(
        "routing",
        "A topic with 2 partitions, soon 3, carries Ann's moves, and they must be booked in order. "
        "Choose the key, the hash, how the topic grows, and what happens to a move that fails.",
        options=partitions.OPTIONS,
        judged_by=Explored(
            partitions.routed,
            partitions.in_order,
            partitions.FAULTS,
            max_faults=2,
            diagnose=partitions.diagnose,
            draws=partitions.in_lanes,
        ),
        lessons=_ROUTING,
        hints={
            "a topic is totally ordered": [
                "Which moves must not overtake each other? What do they have in common?"
            ],
            "hash() is stable": [
                "Start Python twice and print hash('ann') in each. Are they equal?"
            ],
            "every client hashes alike": [
                "The app and the website must pick the same partition for Ann."
            ],
            "adding partitions is harmless": [
                "What is still waiting in the old partition at that moment?"
            ],
            "a retry topic keeps order": [
                "Which of Ann's moves may be booked while an earlier one waits?"
            ],
            "a dead letter is free": [
                "Which of Ann's moves may be booked while an earlier one is set aside?"
            ],
            "": ["Follow Ann's moves through the picture: which partition does each one go to?"],
        },
    ),
    Code(
        "account",
        "Write a class Ledger(db) with handle(event). The row 'balance' must end up as what the "
        "moves make in the order of event.data['seq'] (1, 2, 3, 4), each applied once. Moves may "
        "arrive late or twice, clocks may be wrong, and the ledger may crash: up to 2 faults a "
        "run.",
        judged_by=Explored(
            numbered_moves.ledger,
            numbered_moves.adds_up,
            numbered_moves.FAULTS,
            max_faults=2,
            diagnose=numbered_moves.diagnose,
            draws=numbered_moves.in_lanes,
        ),
        lessons=_ACCOUNT,
        hints={
            "sort by wall clock": ["Which field of event.data doesn't depend on a teller's clock?"],
            "late means stale": [
                "Apply the four moves by hand, once with the late one and once without."
            ],
            "created comes first": ["Numbers begin at 1, whatever arrives first."],
            "as they come": ["Keep a row with the next number. What do you do with a higher one?"],
            "no dedup": ["A number below the next one was applied before."],
            "mark and effect apart": [
                "async with self.db.transaction() as tx: … makes both writes one."
            ],
            "a memory is enough": ["Put it in a row, such as f'held {number}'."],
            "": [
                "Keep the next number in a row. Drop a lower one. Hold a higher one, or raise, so "
                "that it is redelivered.",
                "After you apply the next move, look whether the one after it is already held.",
            ],
        },
    ),
    Code(
        "transfer",
        "Write a class Transfers(db) with handle(order) and recover(). It moves the amount and the "
        "fee between three accounts, all of it or nothing, whatever 2 lost replies or crashes do. "
        "handle returns True if the transfer was done, and False if an account refused.",
        judged_by=Explored(
            stage.transfers,
            stage.money_is_conserved,
            stage.FAULTS,
            max_faults=2,
            draws=stage.one_transfer,
        ),
        lessons=_TRANSFER,
        hints={
            "a timeout means it failed": [
                "What could you ask the account instead of guessing?",
                "Send the same request again: an account does an id once and repeats its answer.",
            ],
            "a new id for each try": ["Use the order's own id, for every try and after a restart."],
            "nobody goes on": [
                "What is in the database at the moment of the crash? Who reads it at the restart?",
                "Put the order before the first call; in recover(), scan for open orders.",
            ],
            "what was not saved was not done": [
                "What harm does it do to begin again from the first step, under the same ids?"
            ],
            "no compensation": [
                "Keep a list of the steps that were done, and undo them in reverse."
            ],
            "an undo under the same id": ["f\"undo {order['id']}\""],
            "moves a part": ["Make three calls: order['from'], 'bank' and order['to']."],
            "tells another story": ["Trace each way through your code to its return."],
            "": [
                "Save the order, call the accounts in turn, undo in reverse after a no, and then "
                "delete the order.",
                "recover() can run every open order from its beginning: under the same ids, "
                "nothing is done twice.",
            ],
        },
    ),
    Code(
        "relay",
        "Fix the shop: every order that it saves as f'order {id}' must be published on 'orders' "
        "under its id, and no other order. The shop may crash or pause, up to 2 times. relay() is "
        "called after each restart, after 5 seconds, and once much later.",
        judged_by=Explored(
            outboxes.shop,
            outboxes.told_what_is_saved,
            outboxes.SHOP_FAULTS,
            max_faults=2,
            draws=outboxes.in_lanes,
        ),
        lessons=_SHOP,
        hints={
            "save, then publish": [
                "Two writes to one database can be one transaction. A publish can't join it."
            ],
            "publish, then save": [
                "Publish after the commit. Who does that if you crash in between?"
            ],
            "id > last": ["Which rows haven't been published? The highest number can't tell you."],
            "forgets before it tells": ["Publish, then delete the row."],
            "tells it for ever": [
                "Delete the row once it is sent, and send it from one place only."
            ],
            "": [
                "In one transaction, write the order and a row f'outbox {id}'.",
                "In relay(), scan 'outbox ', publish each row, then delete it.",
            ],
        },
    ),
    Parsons(
        "mail",
        "Put the lines in order: the client who gets the last ticket is sent a mail, and nobody "
        "else is. Some lines are not needed.",
        lines=[
            "            await self.db.delete(row)",
            "    async def handle(self, order):",
            "            await tx.put(f\"mail {order['id']}\", True)",
            "class Tickets:",
            "            await perform('mail', row.removeprefix('mail '))",
            "            if not await tx.get('left'): return",
            "        await perform('mail', order['id'])",
            "    def __init__(self, db): self.db = db",
            "            await tx.add('left', -1)",
            "        for row in await self.db.scan('mail '):",
            "            await perform('mail', order['id'])",
            "        async with self.db.transaction() as tx:",
            "    async def relay(self):",
            "            await tx.put(f\"ticket {order['id']}\", True)",
        ],
        defines="Tickets",
        names={"perform": perform},
        judged_by=Explored(
            outboxes.box_office,
            outboxes.mailed_who_has_it,
            outboxes.OFFICE_FAULTS,
            max_faults=2,
            draws=outboxes.in_lanes,
        ),
        lessons=_MAIL,
        hints={
            "a transaction covers the mail": [
                "If the transaction aborts, what is left of it, and what of the mail?"
            ],
            "after the commit is soon enough": ["After the crash, who knows that a mail is due?"],
            "sold twice": ["Line 6 looks and line 9 takes: both belong inside the transaction."],
            "": [
                "handle: one transaction looks, sells the ticket, and notes that a mail is due.",
                "relay: for each such note, send the mail, then delete the row.",
            ],
        },
    ),
]
