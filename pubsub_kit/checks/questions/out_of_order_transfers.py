"""Exercise 05: a transfer, an account, a shop, a box office and a topic that keep their word."""

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
    "a timeout means it failed": "A timeout says that no reply came, and nothing about the money. "
    "Neither go on nor undo: ask again, under the same id, until there is an answer.",
    "a new id for each try": "The account did the first try; only you do not know. To it a new id "
    "is a new wish. So the id comes from the order, before the first try and after a restart too.",
    "nobody goes on": "A crash wipes out what was in hand, and the client does not ask again. Save "
    "the order before the first call; recover() goes on from what was saved.",
    "what was not saved was not done": "A crash can fall between a call, or a decision, and "
    "your note of it. So after a restart the last step is unknown: ask again under its id, and do "
    "not guess.",
    "no compensation": "Nobody undoes the steps of a saga but you. After a no, undo what was done, "
    "all of it, in steps that cannot be refused.",
    "an undo under the same id": "The account has done this id, and does nothing for it any more. "
    "An undo is a wish of its own, so it needs an id of its own.",
    "moves a part": "A transfer is three moves: ann pays amount and fee, the bank gets the fee, "
    "bob gets the amount.",
    "moves nothing": "Only the accounts can move money: call them.",
    "tells another story": "The client acts upon what you say. Return True if it was done, False "
    "if it was not.",
    "another answer": "Return True once all is done, False once all is undone.",
    "never ends": "False is an answer: bob refuses, and will refuse again. Only silence is worth "
    "another try.",
}

_ACCOUNT = {
    "sort by wall clock": "Two machines' clocks need not agree, so their times put nothing in "
    "order (Kleppmann, Designing Data-Intensive Applications, ch. 8). A number counted up in one "
    "place does.",
    "late means stale": "What is late is not old news: each move changes the balance. Dropping a "
    "lower number is right where an event holds the whole state, and loses money where it holds a "
    "change.",
    "created comes first": "The event that opens the account can arrive after one that uses it. "
    "The first to arrive is not the first: numbers begin at 1.",
    "as they come": "Topics and retries do not keep the order for you here. Hold what is early "
    "until its turn has come.",
    "no dedup": "A move came twice, and counted twice. What has a number below the next one was "
    "applied already.",
    "mark and effect apart": "A crash fell between the balance and the number, and left one "
    "without the other. Write both in one transaction.",
    "a memory is enough": "The early move was acked and held in memory, and the crash wiped it "
    "out; nobody brings it back. Hold it in the database.",
    "keeps no balance": "The row 'balance' holds what the moves make.",
}

_SHOP = {
    "save, then publish": "Two systems, two writes, and a crash between them: saved, and never "
    "told. Save the event with the order, in one transaction, and let the relay publish it: a "
    "transactional outbox.",
    "publish, then save": "Told first, and the crash came before the order was there. Nobody can "
    "take an event back. Save both in one transaction; publish afterwards.",
    "id > last": "Numbers are given when a transaction begins, and transactions end in another "
    "order. When the relay had told 2, number 1 was not there yet, and it never looked back.",
    "forgets before it tells": "The crash fell after you took it off the list, and before you told "
    "it. The other way round it may be told twice, and its reader can notice that by the id.",
    "tells it for ever": "It is told again where nothing went wrong. Tell it in one place, the "
    "relay, and delete the row once it is told.",
    "tells nobody": "What is saved is only told if relay() tells it.",
    "saves": "The row f'order {order[\"id\"]}' is the shop's order book.",
}

_MAIL = {
    "a transaction covers the mail": "A transaction that aborts takes back its own rows and "
    "nothing else; Kafka's covers Kafka's topics alone (its design docs, 4.6). So write down that "
    "a mail is due, and send it after the commit.",
    "after the commit is soon enough": "After the commit comes the crash, and nobody knows that a "
    "mail was due. Write that down in the transaction.",
    "forgets before it tells": _SHOP["forgets before it tells"],
    "tells it for ever": _SHOP["tells it for ever"],
    "tells nobody": _SHOP["tells nobody"],
    "sold twice": "Look whether a ticket is left, and take it, in one transaction.",
    "sells nothing": "The row 'ticket …' says who has it.",
}

_ROUTING = {
    "a topic is totally ordered": "Order holds within one partition. Two partitions drain at "
    "different speeds, so whatever must stay in order needs the same key.",
    "hash() is stable": "Python salts hash() of a string anew in each process, so two processes "
    "send one key to two partitions. Use a hash that is written down, CRC32 for one.",
    "every client hashes alike": "librdkafka's default is CRC32, the Java client's is murmur2 "
    "(confluent-kafka-dotnet #165, kafkajs #1154). Set one partitioner in all of them.",
    "adding partitions is harmless": "hash % 2 and hash % 3 differ: the key moves to another "
    "partition, while its older messages still wait in the old one.",
    "a retry topic keeps order": "The failed move stands aside, and the next one passes it. A "
    "retry topic is for messages that nobody waits behind.",
    "a dead letter is free": "The dead letter leaves a gap, and those behind it go on. Redriven, "
    "it arrives as an old message among new ones.",
}

QUESTIONS: list[Question] = [
    Choose(
        "routing",
        "A topic in 2 partitions, soon 3, carries what Ann moves: by which key, by which hash, how "
        "does it grow, and what becomes of a move that fails? Her moves must be booked in order.",
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
                "Which moves must not pass each other? What do they share?"
            ],
            "hash() is stable": ["What does hash('ann') give in another process? Try it twice."],
            "every client hashes alike": ["The app and the website must agree on one partition."],
            "adding partitions is harmless": ["Who still waits in the old partition by then?"],
            "a retry topic keeps order": ["Who may go on while one of Ann's moves waits?"],
            "a dead letter is free": ["Who may go on while one of Ann's moves is dead?"],
            "": ["Follow one key through the picture: in which partition is each of its moves?"],
        },
    ),
    Code(
        "account",
        "Write a class Ledger(db) with handle(event): the row 'balance' becomes what the moves "
        "make in the order of event.data['seq'], 1, 2, 3, 4, each once. They come late, twice, "
        "with wrong clocks, and the ledger crashes, up to 2 of these at once.",
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
            "sort by wall clock": ["What in event.data does no teller's clock decide?"],
            "late means stale": ["What is the balance without the move that you dropped?"],
            "created comes first": ["Which number do you wait for, before anything has come?"],
            "as they come": ["Which number is next? What do you do with a higher one?"],
            "no dedup": ["What do you know of a number that is lower than the next one?"],
            "mark and effect apart": [
                "async with self.db.transaction() as tx: … holds both writes."
            ],
            "a memory is enough": ["Hold it in a row, f'held {number}' say."],
            "": [
                "Keep in a row which number is next. Lower: drop. Higher: hold it, or raise, so "
                "that it comes again.",
                "Once the next one is applied, the one after it may be among those held: go on.",
            ],
        },
    ),
    Code(
        "transfer",
        "Write a class Transfers(db) with handle(order) and recover(): it moves amount and fee "
        "between three accounts, all of it or nothing, though up to 2 replies are lost or the "
        "service crashes. handle returns True if it was done, False if an account refused.",
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
                "What could you ask the account, instead of guessing?",
                "The same request again: an account does an id once, and repeats its answer.",
            ],
            "a new id for each try": ["Which id is the same at each try, and after a restart?"],
            "nobody goes on": [
                "What is in the database when the crash falls? Who reads it at the restart?",
                "put the order before the first call; in recover(), scan for the open ones.",
            ],
            "what was not saved was not done": [
                "Begin again from the first step: what harm is it?"
            ],
            "no compensation": ["Which steps were done before the no? The fee is one."],
            "an undo under the same id": ["f\"undo {order['id']}\""],
            "moves a part": ["Three calls: order['from'], 'bank', order['to']."],
            "tells another story": ["Which way through your code ends in which return?"],
            "": [
                "Save the order, then call in turn; on a no, undo in reverse; then delete it.",
                "recover() can run every open order from its beginning: under the same ids, what "
                "was done is not done again.",
            ],
        },
    ),
    Code(
        "relay",
        "Repair the shop: each order that it saves as f'order {id}' must be published on 'orders' "
        "under its id, and no other, though the shop crashes or stands still up to 2 times. "
        "relay() is called after each restart, after 5 seconds, and once later.",
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
                "Which two writes can be one transaction? Publishing is neither."
            ],
            "publish, then save": ["What can you still do after the commit, and who does it?"],
            "id > last": ["Which rows have not been told? The highest number does not say."],
            "forgets before it tells": ["Publish, then delete the row."],
            "tells it for ever": ["How does the relay know next time that this was told?"],
            "": [
                "In one transaction: the order, and a row f'outbox {id}'.",
                "relay(): scan 'outbox ', publish each, delete its row.",
            ],
        },
    ),
    Parsons(
        "mail",
        "Put the lines in order: whoever gets the last ticket is sent a mail, and nobody else. "
        "Some lines are not needed.",
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
            "a transaction covers the mail": ["What of the transaction is left if it aborts?"],
            "after the commit is soon enough": ["Who knows after the crash that a mail was due?"],
            "sold twice": ["Line 6 looks, line 9 takes: both below the transaction."],
            "": [
                "handle: one transaction with the look, the ticket, and a row that a mail is due.",
                "relay: for each such row, send the mail, then delete the row.",
            ],
        },
    ),
]
