"""Why an answer to exercise 03 fails, by the belief behind it, and hints, the gentlest first."""

from __future__ import annotations

# source: Stripe: API reference, "Idempotent requests": parameters are compared (API v1, 2026-11)
LESSONS = {
    "no dedup": "At-least-once means sometimes twice, and adding 10 twice isn't the same as adding "
    "it once. A repeat carries the id of the first delivery. Where do you remember that id?",
    "an in-memory set is enough": "A set in memory only knows what this worker did since it "
    "started. A crash wipes it out, and the other worker never had it. Which memory survives both?",
    "no row": "An attribute of an object is memory of one process, whatever the object is called. "
    "A crash wipes it out, and another process never had it. What does db keep?",
    "check then act": "Between your look and your write, somebody else looked too, and saw the "
    "same nothing. How do you make the look and the write one step?",
    "read committed": "At READ COMMITTED, a commit doesn't mind that what it read has changed. "
    "Both transactions looked, and both saw no mark. Which isolation minds, or which call does "
    "even here?",
    "adds after a conflict": "A Conflict means that nothing was written, the mark included, and "
    "that somebody else may have done the work. Your code adds all the same. What has to be looked "
    "at again, and written with the sum?",
    "the wrong way round": "Your code adds only where it finds the mark, so what comes for the "
    "first time is never added. Which answer of your look means that it is new?",
    "stops itself": "Your code finds a mark that it wrote itself, and takes it for that of an "
    "earlier delivery. What has to come first, the look or the mark?",
    "never entered": "A transaction commits at the end of its block. Without a block, whatever you "
    "write through it is never written. How do you enter it?",
    "a repeat takes away": "A repeat is no refund: the sum was right before it came. What is left "
    "to do once you have found the mark?",
    "a mark is wiped out": "Somebody else wrote the row of this mark between a read and a write of "
    "it, and that write wiped the mark out. What would give each id a row of its own?",
    "another account": "The payment itself says which account it is for. Where do you read that?",
    "mark and effect apart": "Mark and effect are two writes, and the run was cut between them: "
    "one is there without the other. How do you make both happen together, or not at all?",
    "the body is an id": "One person may well pay the same amount twice. Equal contents don't make "
    "a repeat; an equal id does. Which id do you have?",
    "one mark for all": "One row stands for several payments here, so it can't tell which of them "
    "were handled. What would give each of them a row of its own?",
    "order is no mark": "Messages overtake each other: an older one may be handled after a newer "
    "one, for the first time. What tells a late payment from a repeat?",
    "a new mark each time": "The repeat got another mark than the first delivery, so it looked "
    "new. What do both of them carry that is the same?",
    "the mark is ignored": "Your code looked, and the mark of the first delivery was there. It "
    "added all the same. What has to happen when the look finds the mark?",
    "forgets the mark": "The mark had been there, and was gone when the payment came once more. "
    "How often, and how late, may a message be redelivered?",
    "a lock stays": "An attempt that failed left a row behind that keeps everybody out, and nobody "
    "takes it away. Which row is written only together with the work?",
    "a lock is no mark": "Your code returned because somebody else held the lock, and returning "
    "acks the payment, which only had to wait for its turn. Who brings it again if you raise "
    "instead?",
    "nobody looks": "You write a mark, and don't look for it before you add. Which call looks and "
    "writes in one step?",
    "looks too late": "The look came after the addition, in one transaction, and leaving that "
    "normally commits both. What has to come before the addition?",
    "adds it twice": "One delivery is one payment. Which of your lines add to the balance?",
    "remembers too early": "Your code remembered that the work was done before the transaction had "
    "committed. It failed with a Conflict, and the next try believed the memory. When is it done?",
    "a conflict is done": "A Conflict means that nothing was written. You swallowed it, so the "
    "work was taken for done. What happens if you let the Conflict through, or try again?",
    "lost update": "Somebody else wrote the sum between your read and your write, and your "
    "write wiped that out. How do you read and write in one step?",
    "overwrites": "The sum was replaced by this one amount. Which call adds to it?",
    "another amount": "The sum has to grow by the amount of the payment in hand, no more and no "
    "less. Which amount is that?",
    "books nothing": "The books are one row per account, such as 'ann', and none was written. "
    "What should handle() write?",
    "any window will do": "The id was forgotten before the message came back. What is the longest "
    "way back: a retry, an outage, or a redrive of the dead letters?",
    "one day": "That is one day's worth of ids. How many days does the window last?",
    "bits for bytes": "That is the number of bits. A byte has eight of them, and sizes on disk are "
    "given in bytes. Which of the two are the 40?",
    "ids for bytes": "That is how many ids there are, in billions. How much space does each take?",
    "hours for days": "That is the space for eight hours. How many hours does a day have?",
    "minutes for seconds": "A day has 1,440 minutes, but the rate is per second. How many seconds "
    "does a day have?",
}

DEDUP = {
    "no dedup": ["What do a repeat and the first delivery have in common that nothing else has?"],
    "an in-memory set is enough": ["Where would a restarted worker find out what was done?"],
    "no row": ["Which of db's calls write something that a crash can't wipe out?"],
    "check then act": ["insert() looks and writes in one step, and says whether it wrote."],
    "read committed": [
        "transaction() without an argument is serializable: it fails if what it read has changed.",
        "insert() is refused at any isolation if somebody else has inserted the key.",
    ],
    "adds after a conflict": ["What does a new transaction see after the Conflict?"],
    "the wrong way round": [
        "Which branch does a first delivery take?",
        "insert() returns True if the mark is new, and get() returns None.",
    ],
    "stops itself": ["Which of your lines writes the row that another one looks for?"],
    "never entered": ["async with self.db.transaction() as tx: enters it, and commits at the end."],
    "a repeat takes away": ["What does your code do with the sum when the mark is there?"],
    "mark and effect apart": [
        "What would a crash between your two writes leave behind?",
        "async with self.db.transaction() as tx: makes several writes one. Write through tx only.",
    ],
    "the body is an id": [
        "What tells Ann's second payment of 10 from a redelivery of her first one?"
    ],
    "one mark for all": ["Which key would make a row that belongs to one payment only?"],
    "order is no mark": ["Which payments does your code skip that it has never seen?"],
    "a new mark each time": ["What does your mark's key depend on?"],
    "the mark is ignored": ["What does insert() return if the row is there already?"],
    "forgets the mark": ["Who still needs the mark after the second delivery?"],
    "a lock stays": ["Who unlocks if the one who locked has crashed, or met a Conflict?"],
    "a lock is no mark": [
        "Is a payment that finds the lock taken always a repeat?",
        "raise leaves the payment unacked, so it is redelivered; return is for repeats alone.",
    ],
    "nobody looks": ["When do you read the marks that you write?"],
    "looks too late": ["What have you already written by the time you find the mark?"],
    "adds it twice": ["How often is add() reached in one call of handle?"],
    "remembers too early": ["What is written by the time that you set your flag?"],
    "a conflict is done": ["Who tries again if you return as if nothing had happened?"],
    "lost update": ["add() reads and writes in one step."],
    "a mark is wiped out": ["Which rows do two workers write that handle two payments?"],
    "another account": ["event.data['account'] is the row to add to."],
    "overwrites": ["The new balance is the old one plus the amount."],
    "another amount": ["How much should the row grow for this payment?"],
    "books nothing": [
        "Which of your lines writes the account's row, and does a first delivery reach it?",
        "add(event.data['account'], …) adds to the account's row.",
    ],
}

ENDPOINT = {
    **LESSONS,
    "no dedup": "The client asks again under the same key because it got no answer. How do you "
    "recognise that key?",
    "an in-memory set is enough": "The repeat came after a restart, when whatever was in memory "
    "was gone. Where does the key have to be kept, and together with what?",
    "no row": "An attribute of db is memory of this process, and a restart wipes it out.",
    "one mark for all": "One row stands for several keys here, so it can't tell which of them were "
    "charged. Two customers may well pay the same amount. What would give each key its own row?",
    "a lock is no mark": "Your code answered because somebody else held the lock, so the client "
    "took its charge for made. It only had to wait for its turn. What does the client do if you "
    "raise instead?",
    "the amount is in memory": "Before the restart, this request would have been refused. What you "
    "compare the amount with was in memory, and the restart wiped it out. The key has survived: "
    "where is it, and what could be kept with it?",
    "same key, new payload": "A key stands for one request. Any other amount under it, larger or "
    "smaller, is another request. What do you keep under the key, and what do you compare it with? "
    "(Stripe's API compares the parameters and answers with an error.)",
    "a repeat takes away": "Neither a repeat nor a refusal is a refund: the sum was right before "
    "it came. What is left to do once you have found the key?",
    "answers too early": "'ok' is a promise that the charge was made. Here it was given while the "
    "other request was still at work: if that one fails, nobody asks again. What can tell you that "
    "a charge is committed?",
    "a refusal changes the key": "A key stands for its first amount, whatever is asked under it "
    "later. What did the refused request write?",
    "a repeat is an error": "The client repeats its request because it didn't hear your answer. "
    "What did you tell it the first time, or mean to tell it?",
    "a race is a refusal": "A Conflict says that two transactions met, not that the client made a "
    "mistake. The same request may come twice at once. What does the row say after the Conflict?",
    "refuses by silence": "An exception tells the client that something broke, so it retries. "
    "How does it learn that you refuse for good?",
    "never answers": "Each try ended in an error, so the client gave up. What does your code do "
    "after a Conflict, or after a crash?",
    "another answer": "The client compares your answer, word for word, with 'ok' and 'conflict'.",
    "charges nothing": "The row 'charged' holds the sum of all charges, and nothing was added to "
    "it. An answer is a promise that the charge was made. What has to happen before you give it?",
}

# What the client does is told from its calls to the bank.
CLIENT = {
    "a new id for each try": "The bank recognises a repeat by its id alone, and after a timeout "
    "you sent another one. Which id stays the same across retries?",
    "two requests for one purchase": "The bank charges once for each id, and one purchase went out "
    "under two. One purchase is one intent. Which id belongs to it?",
    "one id for two": "Two purchases went out under one id, so the bank took the second one for a "
    "repeat. Equal amounts don't make a repeat. Which id differs?",
    "an id of the program": "Two purchases went out under one id, so the bank took the second one "
    "for a repeat. An id that belongs to a program, to a person or to what is bought stays the "
    "same for the next purchase. Which id belongs to one purchase alone?",
    "an id that comes twice": "Two people bought at the same moment, in two places, and both "
    "purchases went out under one id. A moment, a small random number and a count kept in one "
    "program all come twice. Which id belongs to one purchase alone?",
    "too few ids": "Of ten numbers, two purchases have the same one after about four, and of a "
    "million after about 1,250. Which id belongs to one purchase alone?",
    "hidden state": "The check runs your code thousands of times, and a restart wipes whatever it "
    "keeps between two calls. What belongs to one purchase has to be set inside the call.",
    "takes it back": "After a timeout you can't know whether there is anything to take back. Ask "
    "again under the same id: that is harmless if the charge was made.",
    "a timeout means it failed": "A timeout doesn't say whether the bank charged. What could you "
    "ask it again, without charging twice?",
    "gives up at once": "A lost message is cured by sending it again, under the same id. How many "
    "messages can get lost?",
    "gives up too soon": "Each lost message spoils one attempt, and two may be lost here. How many "
    "attempts does it take until one gets through?",
    "one reply is enough": "The bank replied to one of your calls. The others failed, and what "
    "they raised hid that. Where do you catch the error of each?",
    "a breaker for one order": "An open breaker refuses the next attempt at once. One lost message "
    "is no reason to stop asking.",
    "too little patience": "Nothing was lost, and you gave up before a reply could come.",
    "says charged unseen": "Only the bank's reply tells you that it charged. What do you know "
    "when the call times out?",
    "charges nothing": "An answer is a promise that the charge was made. What has to happen before "
    "you give it?",
    "asks nobody": "Only the bank can charge. Who asks it?",
    "another answer": "The caller is waiting for 'charged'. What do you return once the bank has "
    "replied?",
    "another amount": "The bank charges whatever amount you send it, once per id. Which amount "
    "does one request have to carry?",
}
