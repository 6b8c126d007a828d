"""Why answers to exercise 05 fail, by what they believe."""

from __future__ import annotations

TRANSFER = {
    "a timeout means it failed": "A timeout tells you that no reply came, and nothing about the "
    "money. Going on is a guess, and so is undoing. How can you get a real answer from the "
    "account?",
    "a new id for each try": "An account takes a new id for a new request, and does it once more. "
    "Which id stays the same across retries and restarts?",
    "one id for two orders": "An account does each id only once, whoever asks. Two orders of the "
    "same amount are two requests. What tells them apart?",
    "one variable for two orders": "At each await another handler may run, and it overwrites what "
    "both keep in self or in one row. Where does a handler keep the order that is its own?",
    "one row for all": "Two orders can be open at the same time, and a row holds one value. After "
    "a crash recover() needs to find both. Which key does each order have to itself?",
    "nobody goes on": "A crash wipes your memory, and the client doesn't ask again. recover() can "
    "only finish an order that it finds in the database. When do you save it?",
    "deletes the order too early": "The order was saved, and your code deleted it before its last "
    "step. After the crash recover() finds nothing to finish. What has to be certain before you "
    "delete it?",
    "leaves an order open": "The order was in the database at the restart, and nobody finished it. "
    "Which rows does recover() go through, and what does it do with each?",
    "what was not saved was not done": "A crash can fall between a call and your note of it. So "
    "after a restart you can't tell whether the last step was done, and a guess loses money. Under "
    "which id is it safe to ask again?",
    "no compensation": "Only your code undoes the steps of a saga. Once an account has refused, "
    "every step before that must be undone, the fee too. Which steps were done by then?",
    "goes on after a no": "An account that refused did nothing, so the steps after it move money "
    "that nobody paid. What does your code do with each answer?",
    "undoes what was not done": "The undo of a step that wasn't done moves money that never moved. "
    "Which steps had been done by then?",
    "an undo under the same id": "The account does each id only once, so it ignores an undo that "
    "reuses the id. An undo is a new request. Which id could it have?",
    "an undo the wrong way": "An undo gives back what a step took, and takes back what it gave, so "
    "its amount has the opposite sign. What does yours move?",
    "noted before it was done": "A crash can fall between your note of a step and the step. So "
    "whoever goes on behind the noted step may leave one out. Under which id is it safe to ask "
    "again?",
    "an undo can be refused": "What you gave may be spent by the time you want it back, and then "
    "the account refuses. Giving money back to the payer is never refused. In which order do "
    "you call the accounts?",
    "moves a part": "A transfer makes three moves: the payer pays the amount and the fee, the bank "
    "gets the fee, and the payee gets the amount. Which one is missing?",
    "another amount": "The payer pays the amount and the fee, the bank gets the fee, and the payee "
    "gets the amount. Which of the three is off in your code?",
    "moves nothing": "Only the accounts can move money, and none of them did. Which three calls "
    "make up a transfer?",
    "is not done": "Every account could have done its part. Which way through your code leaves the "
    "order undone?",
    "turns an order away": "Only an account may refuse an order. A test of your own, or a row such "
    "as 'busy', turns away what could be done, and a crash can leave such a row behind. Which line "
    "says no without an account's no?",
    "tells another story": "The client acts on your answer: True means done, False means not done. "
    "Which way through your code returns the wrong one?",
    "another answer": "Return True once every step is done, and False once every step is undone. "
    "What does your code return at its end?",
    "never ends": "False is an answer: an account that refuses will refuse every time. Only "
    "silence is worth a retry. Does your code tell the two apart?",
}

ACCOUNT = {
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
    "marked, and not applied": "Your mark says that the move is done, and the crash fell between "
    "the mark and the balance. So the redelivered move counts as a repeat. What belongs in one "
    "transaction with the mark?",
    "taken out, and not applied": "A held move is nowhere but in its row, and the crash fell "
    "after the row was deleted and before the balance was written. What belongs in one transaction "
    "with the delete?",
    "a memory is enough": "A crash wipes what the ledger kept in memory, and the broker won't "
    "redeliver what you acked. Where does it survive a crash?",
    "one row for all": "Several moves can be early at the same time, and a row holds one value. "
    "Which key does each early move have to itself?",
    "jumps a gap": "Between the held moves a number may still be missing, and only the very next "
    "one may be applied. When do you stop?",
    "drops what is early": "An ack says that you don't need the move any more, so an early one "
    "that is acked and not kept is gone. Where do you keep it, or how do you give it back?",
    "never takes it up": "A move that was held has to be applied as soon as its turn comes, and "
    "nothing else will remind you. After which step do you look for it?",
    "four moves are all": "The account goes on, and each move changes the balance, whatever its "
    "number. This one changed nothing: what does your code do with it?",
    "numbers are texts": "As texts, '10' and 'move 10' come before '2'. How do you compare two "
    "numbers that are in keys or names?",
    "sends back what is booked": "An error sends a delivery back, so the broker tries again, for "
    "ever. That suits a move that is early, since its turn will come. What do you do with one "
    "whose turn is over?",
    "applies nothing": "The moves are numbered 1, 2, 3, 4, and your ledger applied none of them. "
    "Which number does it wait for before anything has arrived?",
    "another sum": "A move makes balance × times + plus, in this order. Which balance did your "
    "code begin with, and what did it make of it?",
    "never ends": "One worker handles one move at a time. While it waits inside handle(), the move "
    "that it waits for can't reach it. How do you keep a move for later, or give it back?",
    "keeps no balance": "The check reads the row 'balance', which should hold what the moves make. "
    "Which row does your code write?",
}

SHOP = {
    "save, then publish": "The crash fell after the order was saved, and before anything else told "
    "of it. A publish can't join the save, and a later write comes too late. What can you save in "
    "the same transaction, and who publishes later?",
    "publish, then save": "You published first, and the crash came before the order was saved. "
    "Nobody can take an event back. What has to be certain before you publish?",
    "order and outbox apart": "The order and its outbox row were two writes, and the crash fell "
    "between them. How can two writes become one?",
    "id > last": "An order gets its number at the insert, and transactions can commit in another "
    "order. So when your relay looked, a higher number was there and a lower one was not yet. How "
    "can it find that later?",
    "forgets before it tells": "The crash fell after you took the row off your list and before it "
    "was sent. The other way round, a crash only sends it twice, and the receiver can tell by the "
    "id. Which of the two comes first?",
    "takes it off its list": "Your list is all that the relay knows, and this one left it unsent. "
    "What has to have happened before a row is taken off?",
    "deletes what is unsent": "After a PublishTimeout nobody knows whether the broker has the "
    "event, and your code went on as if it had. How does your relay know that it has to publish "
    "this one again?",
    "tells it for ever": "It was sent again although nothing went wrong. How does your relay know, "
    "on its next run, that this one has been sent?",
    "tells nobody": "It was saved, but nothing sent it. Only relay() runs after a restart: what "
    "does it find to send?",
    "the relay leaves it": "The row was there, relay() was called, and did not send it. Which rows "
    "does it scan, and what does it do with each?",
    "one row for all": "Two orders can be waiting at the same time, and a row holds one value. "
    "Which key does each order have to itself?",
    "publishes under another id": "The kitchen knows an order, and a repeat of it, by the event's "
    "id. Without one, publish() makes up an id of its own. Which id do you give it?",
    "tells only the id": "An event is all that the kitchen gets: it can't look into your database. "
    "What does it need to make the order?",
    "deletes the order": "The row of an order is what the shop knows about it, so it has to stay. "
    "Only the note that it is still to be published may go. Which rows does your code delete?",
    "swallows a conflict": "A transaction that meets a conflict writes nothing and raises "
    "Conflict. If you catch that and go on, the client hears that all is well. Who should hear of "
    "it, or who tries again?",
    "answers without saving": "A client that gets an answer takes its order for saved. Which way "
    "through handle() comes to its end without writing the row?",
    "saves": "The check looks for a row f'order {order[\"id\"]}' for each order. Which rows does "
    "your shop write?",
}

# source: Kafka: design documentation, Message Delivery Semantics (4.3)
MAIL = {
    "a transaction covers the mail": "A transaction rolls back its own rows and nothing else. You "
    "can't roll back an email, and Kafka's transactions cover Kafka's topics alone (its design "
    "docs). What can you write inside the transaction instead of sending?",
    "after the commit is soon enough": "The crash came right after the commit, and then nobody "
    "knew that a mail was due. Which row would have told the relay?",
    "forgets before it tells": SHOP["forgets before it tells"],
    "tells it for ever": SHOP["tells it for ever"],
    "tells it in two places": "More than one of your lines sends the mail, and none of them knows "
    "of the others. Which one also sends it where a crash falls right after the sale?",
    "tells nobody": SHOP["tells nobody"],
    "leaves the note": "The transaction noted that a mail is due, and the note is still there. "
    "Only relay() runs after a restart: what does it do with each note?",
    "deletes the note unsent": "The note was deleted, and no mail was sent for it. What comes "
    "between finding a note and deleting it?",
    "mails before it looks": "Nobody has the ticket before a transaction has looked whether one is "
    "left, and sold it. When is it certain who gets a mail?",
    "notes a mail before it looks": "A return inside the block commits what was written before it. "
    "So the loser's note was committed too. Which line decides whether anything is written?",
    "takes, then looks": "The ticket was taken before anybody looked whether one was left. A "
    "return then commits that. Which line comes first in the transaction?",
    "sold twice": "Whoever writes a ticket's row has to have looked before, in the same "
    "transaction, whether one is left, and has to take it there. Which of the three is missing, or "
    "comes too late?",
    "sells nothing": "The row 'ticket …' says who got the ticket, and none was written. Which line "
    "writes it, and what has to come before it?",
}

# source: librdkafka: CONFIGURATION.md, partitioner=consistent_random, CRC32 (2.16)
# source: Kafka: the Java client's BuiltInPartitioner, murmur2 (4.3)
ROUTING = {
    "a topic is totally ordered": "Order holds for one key, within one partition. Two partitions "
    "drain at different speeds, and moves under different keys may pass each other. Which key do "
    "all of Ann's moves share?",
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
