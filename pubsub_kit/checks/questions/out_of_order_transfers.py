"""Exercise 05: a topic, an account, a transfer, a shop and a box office that lose no money."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.parsons import Parsons
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.questions import audits
from pubsub_kit.checks.questions.reasons import out_of_order_transfers as reasons
from pubsub_kit.scenarios.out_of_order_transfers import (
    books,
    more_moves,
    numbered_moves,
    outboxes,
    partitions,
    tickets,
)
from pubsub_kit.scenarios.out_of_order_transfers import transfers_at_once as stage
from pubsub_kit.world.verbs import perform

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
        lessons=reasons.ROUTING,
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
        "moves make in the order of event.data['seq'] (1, 2, 3, 4, …), each applied once. Moves "
        "may arrive late or twice, clocks may be wrong, and the ledger may crash: up to 2 faults a "
        "run.",
        judged_by=Explored(
            more_moves.account,
            more_moves.adds_up,
            numbered_moves.FAULTS,
            max_faults=2,
            diagnose=numbered_moves.diagnose,
            draws=more_moves.in_lanes,
        ),
        lessons=reasons.ACCOUNT,
        hints={
            "sort by wall clock": ["Which field of event.data doesn't depend on a teller's clock?"],
            "late means stale": [
                "Apply the four moves by hand, once with the late one and once without."
            ],
            "created comes first": ["Numbers begin at 1, whatever arrives first."],
            "as they come": ["Keep a row with the next number. What do you do with a higher one?"],
            "four moves are all": ["Nothing in your code needs to know how many moves there are."],
            "numbers are texts": ["sorted(…, key=int), or a row with the next number."],
            "sends back what is booked": [
                "return for a lower number; raise only for a higher one."
            ],
            "no dedup": ["A number below the next one was applied before."],
            "mark and effect apart": [
                "async with self.db.transaction() as tx: … makes both writes one."
            ],
            "marked, and not applied": [
                "The mark, the balance and the number: all of them in one transaction."
            ],
            "taken out, and not applied": ["await tx.delete(…), where tx also puts the balance."],
            "a memory is enough": ["Put it in a row, such as f'held {number}'."],
            "one row for all": ["f'held {number}'"],
            "drops what is early": [
                "Put it in a row such as f'held {number}', or raise, so that it is redelivered."
            ],
            "never takes it up": ["A while loop: as long as the next number is held, apply it."],
            "applies nothing": ["Numbers begin at 1."],
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
        "Orders come at the same time, and what an account gets may be spent at once. handle "
        "returns True if the transfer was done, and False if an account refused.",
        judged_by=Explored(
            stage.transfers,
            books.whole_or_not_at_all,
            stage.FAULTS,
            max_faults=2,
            draws=stage.in_lanes,
        ),
        lessons=reasons.TRANSFER,
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
            "undoes what was not done": ["Undo the steps before the one that was refused."],
            "an undo can be refused": ["Take first: from order['from'], before anybody gets it."],
            "goes on after a no": ["False from the payer: nothing else is to be done."],
            "turns an order away": [
                "Two orders can be open at the same time. Which accounts said no to this one?"
            ],
            "deletes the order too early": ["Undo first, then delete the order."],
            "leaves an order open": ["for order in (await self.db.scan('open ')).values(): …"],
            "one id for two orders": ["Put order['id'] into every id."],
            "one variable for two orders": [
                "Pass the order along as an argument, from one method to the next."
            ],
            "one row for all": ["f\"open {order['id']}\""],
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
        "as a whole, under its id, and no other order. Up to 2 times the shop may crash or pause, "
        "or a publish may fail. relay() is called after each restart, after 5 seconds, once much "
        "later, and again if a publish failed.",
        judged_by=Explored(
            outboxes.shop,
            outboxes.told_what_is_saved,
            outboxes.RELAY_FAULTS,
            max_faults=2,
            draws=outboxes.in_lanes,
        ),
        lessons=reasons.SHOP,
        hints={
            "save, then publish": [
                "Two writes to one database can be one transaction. A publish can't join it."
            ],
            "order and outbox apart": [
                "async with self.db.transaction() as tx: … makes both writes one."
            ],
            "publish, then save": [
                "Publish after the commit. Who does that if you crash in between?"
            ],
            "id > last": ["Which rows haven't been published? The highest number can't tell you."],
            "forgets before it tells": ["Publish, then delete the row."],
            "deletes what is unsent": [
                "Let the error through, or keep the row: relay() will be called again."
            ],
            "tells it for ever": [
                "Delete the row once it is sent, and send it from one place only."
            ],
            "the relay leaves it": ["for row, order in (await self.db.scan('outbox ')).items(): …"],
            "one row for all": ["f\"outbox {order['id']}\""],
            "deletes the order": [
                "A second row, f\"outbox {order['id']}\", can go once it is sent."
            ],
            "swallows a conflict": ["Let Conflict through, or begin the transaction again."],
            "answers without saving": ["Every order of every client is a row of its own."],
            "publishes under another id": ["await publish('orders', order, id=order['id'])"],
            "tells only the id": ["await publish('orders', order, id=order['id'])"],
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
        takes="db",
        judged_by=Explored(
            tickets.box_office,
            tickets.mailed_who_has_it,
            tickets.FAULTS,
            max_faults=2,
            draws=outboxes.in_lanes,
        ),
        lessons=reasons.MAIL,
        hints={
            "a transaction covers the mail": ["If it aborts, what is left of it, and of the mail?"],
            "after the commit is soon enough": ["After the crash, who knows that a mail is due?"],
            "sold twice": [
                "Line 6 looks, line 9 takes and line 14 sells: all three in the transaction."
            ],
            "leaves the note": ["Lines 10, 5 and 1: find each note, send its mail, delete it."],
            "tells it in two places": ["Leave out line 7 or line 11: lines 10, 5 and 1 send it."],
            "notes a mail before it looks": ["Line 6 is the first in the transaction."],
            "takes, then looks": ["Line 6 is the first in the transaction."],
            "": [
                "handle: one transaction looks, sells the ticket, and notes that a mail is due.",
                "relay: for each such note, send the mail, then delete the row.",
            ],
        },
    ),
    audits.TRANSFERS,
]
