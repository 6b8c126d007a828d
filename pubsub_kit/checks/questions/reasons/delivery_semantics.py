"""Why answers to exercise 04 fail, by what they believe."""

from __future__ import annotations

# source: Kafka: KafkaConsumer's javadoc: the committed offset is the next one to read (4.3)
LESSONS = {
    "ack on receipt is fine": "An ack tells the broker that you don't need the message any more. "
    "If you crash between the ack and the work, nobody redelivers it. Which comes first?",
    "exactly once comes by itself": "No broker delivers exactly once: an ack can get lost after "
    "the work, and then the message is redelivered. How would this service recognise a repeat?",
    "an ack always arrives": "An ack can get lost after the work, and then the message is "
    "redelivered: at least once is sometimes twice. A loss would do no harm to this service. Which "
    "semantics may lose one, and never repeats one?",
    "more than is needed": "Remembering ids costs a row per event, and a transaction. What harm "
    "would a repeat, or a loss, do to this service?",
    "the lease outlasts the job": "Once its lease has run out, the broker takes a worker for dead "
    "and gives the job to another. How do you keep the lease for as long as you work?",
    "the old worker has stopped": "A worker that pauses doesn't notice that it was replaced, so "
    "only the store can refuse its write. A number that grows with each lease of the job is a "
    "fencing token. What do you compare it with before you write?",
    "compares, then puts": "A pause can fall between your look and your write, and what you saw is "
    "old by then. How do the two become one step, so that the store refuses the write?",
    "read committed": "At READ COMMITTED, a commit doesn't mind if a row that you read has changed "
    "since. Which isolation does?",
    "the wrong way": "Your comparison keeps the film that it should replace, or replaces the one "
    "that it should keep. When is your film the newer one?",
    "another's number": "The number in the row says which lease the film there is of. Under a "
    "higher number than its own, an old film passes for a new one. What do you write if the row "
    "has a higher number?",
    "counts in two steps": "Between your get and your put, another worker counted too, and your "
    "put took the count back. So a later lease gets a number that was used before. What counts in "
    "one step?",
    "a clock is a fencing token": "No two clocks agree, and each of them can be set back, so a "
    "later lease can have an earlier time. What counts the leases, one after the other?",
    "a mark refuses it": "A replay has the same id, so a mark that names the id refuses every "
    "later film. Here a repeat isn't to be ignored: somebody wants the film again. What tells an "
    "old film from a new one?",
    "writes past its transaction": "What you do through db is done at once, and is no part of the "
    "transaction. If the transaction has read that row, its own commit fails each time. Through "
    "which of the two do you write?",
    "never entered": "A transaction commits at the end of its block. Without one, nothing of it is "
    "ever written. Where does the block begin?",
    "nobody ends its wait": "Something goes on for ever: a loop that waits for what never comes, "
    "or a heartbeat that nobody stops. What ends it?",
    "the attempt is a fencing token": "Your number came again. An attempt is counted from 1 again "
    "when a message is replayed or redriven, a count in memory begins again with each worker, and "
    "an offset never changes. What never starts again, and can count the leases?",
    "a newer film is refused": "The film was wanted again, and your code kept the old one. A "
    "store refuses only what is older. Which number is higher for every later lease?",
    "numbered after the work": "A number that is taken right before the write is always the "
    "highest, however old the film is. At which moment does a lease begin, and get its number?",
    "two leases, one number": "A store tells the newer film by its higher number, so no two leases "
    "may have the same one. What counts the leases, and survives a crash and a replay?",
    "a conflict is no refusal": "A Conflict says that the row has changed since you read it, and "
    "not that your film is the older one. What do you have to compare once more?",
    "no number": "A lease has a number, and add() returns it. As text, '10' comes before '9', so a "
    "text can't say which film is newer. What do you put into the row?",
    "writes first": "The row says that there is a film, and there is none yet. Somebody who reads "
    "it, or a crash before the work is done, finds that out. When do you write it?",
    "skips the work": "Without time there is no work. sleep() without await only creates a "
    "coroutine, and no time passes. Where do you await it?",
    "renders too short": "Rendering takes 25 s in all, extensions in between or not. What do your "
    "sleeps add up to?",
    "leaves it out": "A delivery means that the film is wanted: the attempt before it may have "
    "crashed halfway, or somebody wants a new one. When may a worker skip the work?",
    "writes no film": "The film was rendered, and acked, and nothing says so. Which row does your "
    "code write?",
    "works on nothing": "Each good record has to be worked on, once. Where do you await "
    "self.work(event)?",
    "never acks": "Without an ack the lease runs out, and the whole job is done again. When is "
    "the broker allowed to forget the job?",
    "a queue in order is once": "In order doesn't mean once: after a crash, a pause or a lost ack, "
    "the same message is redelivered, in its right place. How do you recognise it?",
    "a memory is enough": "What one worker remembers, the other one doesn't know, and a crash "
    "wipes it. Where does it have to be for both to find it?",
    "the last id is enough": "A repeat mostly comes before its successor. But a worker that paused "
    "wakes up later, and a dead letter is redriven when its successors are long done. How many ids "
    "do you have to remember?",
    "looks, then writes": "Both workers had the deposit in hand: one paused until its lease was "
    "over. What it had seen, or would write, was old by then. How do the look and both writes "
    "become one step?",
    "mark and money apart": "The crash fell between two writes, the money and its mark. So the "
    "money was there, and nothing told of it. How can two writes become one?",
    "a deposit is lost": "The crash fell between two writes, the mark and its money. So the mark "
    "says that it was added, and it wasn't. How can two writes become one?",
    "takes another for a repeat": "Two deposits can be equal, and ids needn't sort in the order in "
    "which they came: a redriven one comes late, and as text, 10 is before 9. What do only a "
    "message and its repeat share?",
    "swallows a conflict": "If another worker changes what a transaction has read, its commit "
    "raises Conflict and writes nothing. Whoever catches that and returns, acks a deposit that was "
    "never added. What happens if you let it through?",
    "the wrong way round": "A mark that isn't there yet says that the deposit is new. insert() "
    "returns True if it wrote the row, and get() returns None if there is none. In which of the "
    "two cases do you add?",
    "adds after a conflict": "A Conflict says that somebody changed what you had read: perhaps the "
    "deposit is added by now. What do you have to do once more before you add?",
    "nobody looks": "Your code writes a mark, and never looks whether it is there already. What "
    "does insert() return if it is?",
    "the sum is enough": "The sum can be right by chance, with one deposit in it twice and another "
    "one not at all. How do you tell a deposit that was added from one that wasn't?",
    "the mark is ignored": "The mark was there, and the deposit was added all the same. A dead "
    "letter is redriven whenever somebody has the time. For how long does a mark have to count?",
    "overwrites": "That write didn't add the deposit: it put another number in place of the sum. "
    "A sum in one worker's memory, or one that was read before a pause, isn't the balance. What "
    "adds to a row in one step?",
    "adds twice": "One delivery was added twice. Which line does it again?",
    "keeps no balance": "The check reads the row 'balance', which should hold the sum. Which row "
    "does your code write?",
    "committed means processed": "The offset was committed before the work was done, so it calls "
    "work done that is still in hand. After a crash nobody reads it again. When is it safe?",
    "commit the highest finished": "An offset stands for everything before it, and a slow click "
    "below it wasn't finished. Up to where is everything done?",
    "marks it before it counts": "The mark says that a click is counted, and it isn't yet. A crash "
    "in between leaves it marked and uncounted. Do you need a mark, beside the committed offset?",
    "never commits": "The next read begins at the committed offset, after a restart or not, and "
    "yours never moved. What tells the next read where to begin?",
    "the last, not the next": "The committed offset is the next one to read, as in Kafka: one "
    "past the last that is done. By how much are you off?",
    "commits another offset": "The committed offset is where the next read begins: one past the "
    "last click that is done, with all before it. Which number of the batch is that?",
    "commits no offset": "The next read begins at the row 'committed', which has to hold an "
    "offset: a whole number, such as each pair of the batch begins with. What do you put there?",
    "counts nothing": "A click is counted by perform('count', event.id), awaited. Where does your "
    "code do that?",
    "leaves clicks out": "The batch is done when every event in it is counted. Which ones did you "
    "leave out?",
    "counts twice": "A click is to be counted once for each time that it is read. Which line "
    "counts it again?",
    "counts before its time": "Counting a click takes event.data['takes'] seconds, and then the "
    "count is done. What do you await before perform()?",
    "one after the other": "A loop that awaits each click in turn adds up their times. gather() "
    "runs them side by side, so a batch takes as long as its slowest click. What do you give it?",
    "requeue works in the end": "A message that can never be handled is redelivered for ever, and "
    "keeps a worker busy. After how many attempts do you give up on it?",
    "a few quick tries are enough": "All the attempts were over before the outage was. How do you "
    "spread the same number of attempts over a longer time?",
    "one attempt is enough": "One delivery means no retry: whatever fails once is a dead letter, "
    "good orders too. How many attempts does an outage of 5 s take?",
    "one bad record fails the batch": "An exception gives the whole batch back, good records "
    "included. How do you report only the ones that failed?",
    "raises for all": "Your code knew what had failed, and then raised an error of its own. That "
    "gives the whole batch back, good records included. What do you return instead?",
    "returns nothing": "A function that ends without a return gives None, which says that nothing "
    "failed. What should come back instead?",
    "stops at the bad one": "The records after the bad one are good, and they had to wait for "
    "nothing. What should happen to them when one before them fails?",
    "leaves a record out": "Each record of the batch has to be worked on, whatever became of the "
    "others. Which way through your code skips one?",
    "returns the good ones": "The list says what has to be done again, so it names those that "
    "failed. In which of the two cases do you append the id?",
    "returns what is done": "Whatever you return is worked on again. Of which records do you know "
    "that they failed?",
    "remembers earlier failures": "One Batch handles many batches, and a record that failed before "
    "may be fine by now. Where does your list begin to be empty again?",
    "works on it twice": "Work that went well is done. Which line does it once more?",
    "swallows the error": "A record that failed isn't done. How does it reach the dead letters, "
    "where somebody will see it?",
    "waits are alike": "The waits double, so they aren't all as long as the first. How long is "
    "each?",
    "no cap": "Doubling ends at the cap. Which waits does it cut short?",
    "each wait is the cap": "The waits begin at 1 s and double. How many of the seven are shorter "
    "than the cap?",
    "the cap comes late": "Doubling ends at the cap, and 32 s is above it already. Which waits "
    "does the cap cut short?",
    "one wait is missing": "Between the first attempt and the last there is one wait fewer than "
    "there are attempts. How many did you add up?",
    "no cap, and a wait too many": "Doubling ends at the cap, and after the last attempt nobody "
    "waits any more. Which of the waits remain?",
    "with jitter": "That is what full jitter makes of it, on average. Here the waits have no "
    "jitter. How long is each?",
    "a wait after the last try": "After the last attempt nobody waits any more. How many waits "
    "lie between eight attempts?",
}
