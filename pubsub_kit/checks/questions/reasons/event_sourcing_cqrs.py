"""Why an answer to exercise 08 fails, by the belief behind it, and hints, the gentlest first."""

from __future__ import annotations

from pubsub_kit.checks.questions.reasons import oracles

ACCOUNT = {
    "append again": "A Conflict says that your decision is out of date, and not only your version. "
    "You appended the same decision again, at the new end. What has to be decided anew?",
    "any version": "The stream had grown since your first read, and the append went through: it "
    "expected any version, or one that you asked for later. Even one writer is two for a moment, "
    "when it is replaced. Which version did your decision rest on?",
    "no rule": "The event says what you let happen: more went out than there was, or than the "
    "limit allows. Which state did you compare the amount with?",
    "a repeat is a new command": "A client that isn't sure sends its command again, under the same "
    "id, and to any branch. The events are the memory that all share. Where do you look for it?",
    "apply may refuse": "Without the old event of 400, your code is right. Today's limit is a rule "
    "for new commands. What has happened has happened, so the fold takes it as it is. Where do "
    "you check the limit?",
    "another event": "An event says what was done: its type, the id of its command and the amount, "
    "in the stream of the command's account. Which of these is different here?",
    "two events": "Each command makes one event. How many did this append get?",
    "looks for the id once": "A Conflict says that there are new events, and one of them was this "
    "command, done at the other branch. Where do you look for the id after a Conflict?",
    "ok without event": "'ok' is a promise that the command was done, and only an event makes it "
    "so. What happened between your append and your answer?",
    "ok without append": "'ok' is a promise that the command was done, and only an event makes it "
    "so. Nothing was appended for this command. What made your code say 'ok'?",
    "a conflict is a refusal": "A Conflict is no refusal: the events had changed, perhaps more "
    "than once. What do they call for now?",
    "refuses what it should do": "What was done is 'ok', and so is what the rules allow: a "
    "withdrawal may take the whole balance, it may be 100, and a deposit has no limit. Which of "
    "your conditions refused this one?",
    "raises its answer": "A client takes an exception for a failure, and asks again. A refusal is "
    "an answer like 'ok'. How does a function give an answer?",
    "another answer": "The client understands 'ok' and 'refused', and nothing else.",
    "never answers": "Each try ended in an error or took too long, so the client gave up. What "
    "does your code do after a Conflict, and what does it know after a restart?",
}
ACCOUNT_HINTS = {
    "append again": ["After a Conflict, go back to the read: a loop around all of it."],
    "any version": ["append() has an argument for the version: how many events had you read?"],
    "no rule": ["A withdrawal is refused above the balance, and above 100."],
    "a repeat is a new command": ["Each event has the id of its command: look through them."],
    "apply may refuse": ["Add up all events first. Then look at the command."],
    "a conflict is a refusal": ["Begin at the read again, as often as there is a Conflict."],
    "": [
        "Read the stream; look for the command's id; add up the balance; decide; append.",
        "The version to expect is the number of events that the decision has seen.",
    ],
}
VIEW = {
    "counts a repeat": "The event had been counted, and came again: at-least-once means sometimes "
    "twice, and adding isn't idempotent. Which row tells that it was counted?",
    "no position": "The row 'position' says how far the view is, as a whole number. Without it, "
    "nobody knows what the balances are the balances of. When do you write it?",
    "two writes": "The balance and the position changed one after the other, and somebody looked "
    "in between. A crash there loses the event, or counts it again. How do both change at once?",
    "goes back": "The position fell, so a reader who had seen the newer state sees an older one. "
    "Which positions may follow the one in the row?",
    "stops on the way": "A view that stops is never wrong again, and of no use: it has to reach "
    "the end of the log. Which event did it leave alone, and why?",
    "skips an event": "The position went past an event that wasn't counted. Which events does your "
    "code leave alone, and which position does a view without a row have?",
    "counts from 0": "Positions count from 1: these are the balances of one event more.",
    "forgets its balances": "After the restart your memory was empty, and the balances began at 0 "
    "again. What survives a crash?",
    "another fold": "The position moved, and the balances aren't what the events make. Deposits "
    "add, withdrawals take away, each for the event's own account. What did this one do?",
}
VIEW_HINTS = {
    "counts a repeat": ["Return if event.data['position'] isn't above the row 'position'."],
    "goes back": ["Return if event.data['position'] isn't above the row 'position'."],
    "two writes": ["async with self.db.transaction() as tx: … for both rows"],
    "": ["In one transaction: compare the positions, add to the account, write the position."],
}
SCREENS = {
    "reads its own write": "The view is half a second behind, so it doesn't have the withdrawal "
    "yet. What does the append tell you that you can wait for?",
    "no row, nothing behind": "A view that never ran has no position row, and you took that for "
    "nothing to wait for. How far behind is a view without a row?",
    "waits without end": "A view that is down catches up when it is up again, and the screen "
    "stayed empty for as long. What can you show after a second?",
    "a view guards uniqueness": "Both looked before either was in the view, or each wrote to a "
    "stream of its own. Only a write that one of the two must lose can decide. Which key do both "
    "of them write?",
}
SCREENS_HINTS = {
    "reads its own write": ["Wait for the position, but not for ever. Or ask the stream."],
    "no row, nothing behind": ["A missing row is position 0."],
    "waits without end": ["Wait for up to a second; then say that it is pending."],
    "a view guards uniqueness": ["Which of the four options makes one of the two conflict?"],
    "": ["Ask of each option: what does it do in the half second before the view knows?"],
}
UPCAST = {
    "looks it up": "Nobody wrote the rate down then, so any number is made up, and today's is "
    "another one tomorrow. An upcaster runs at each read, for years. Which value says that the "
    "rate is unknown?",
    "leaves it old": "An old event of money came out as it was, or not at all. Its 'amount' is in "
    "whole euros. How much is that in cents?",
    "changes what is right": "This event needs no change: it has the new form, or isn't about "
    "money. What tells it from those that do?",
    "another form": "A field is missing, or has another value than the old event calls for. A "
    "euro has a hundred cents, and a rate that nobody knows is None. Which field is it?",
    "one field too many": "The five fields are right, and there is one more. Which one?",
    "no event": "An upcaster takes one event and returns one event, as a dict.",
    "changes the stored event": "An event never changes, and whoever holds this one sees it turn "
    "into another. What do you return instead?",
}
UPCAST_HINTS = {
    "looks it up": ["What does the question say of a rate that nobody knows?"],
    "changes what is right": ["Two kinds stay as they are: those of version 2, and not of money."],
    "": ["Events of version 1 with an 'amount' change, and no others. Go field by field."],
}
SNAPSHOT = {
    "the snapshot is the state": "This snapshot was made by another version of the code, which "
    "adds up differently, and it was taken for the state. The state is what the events say by "
    "today's code. What could the snapshot's key contain?",
    "another state": "The balance isn't what the events make. Each event counts once, and the "
    "snapshot says how many are in its balance. What is counted twice here, or not at all?",
    "returns nothing": "load() came to its end without a return. Which line gives an answer?",
    "another key": "It looks under one key, and saves under another. Which lines name a key?",
    "reads all": "The load read events that the snapshot had counted already, so the snapshot "
    "saves nothing. Where does a load begin to read, and when is a snapshot saved?",
}
SNAPSHOT_HINTS = {
    "the snapshot is the state": ["Lines 2 and 7 share one row among all versions of the code."],
    "another state": ["Go through your lines with three events, and then with a fourth."],
    "reads all": ["Where do you say after which event to read, and from where is that number?"],
    "": ["Get the snapshot, take it apart, add what is new, save it, return the balance."],
}
_OTHERS = ("one way to be right", "the total is enough")  # which no oracle of views believes
AUDIT = {
    **{belief: why for belief, why in oracles.LESSONS.items() if belief not in _OTHERS},
    "never complains": "An oracle that finds nothing wrong with any system can't fail a wrong one. "
    "What was seen of this view, and what do the events make?",
    "raises": "An exception is no judgement, unless an assert raises it. If a view never moved, "
    "nobody saw anything, and that is a run that you want to judge. What do you return then?",
    "another sum": "This view is right in each look. Deposits add, withdrawals take away, and a "
    "look at position 2 is of two events. Which of its looks does your oracle see otherwise?",
    "the two answers are swapped": "It spares what is made up. Which answer says that all is well?",
    "balances may not fall": "A withdrawal makes a balance lower, and that is honest. What is it "
    "that may not fall?",
    "another end": "The looks are right to you, as long as the last one is missing. Positions "
    "count from 1. What is the position of the last of n events?",
    "each look moves": "Somebody looks after each write, and not every write moves the position: "
    "two looks may be alike. What may follow a position?",
    "a lag is dishonest": "This view is right all the time, of an older position. What does the "
    "rule compare a look with: the end of the log, or the position in the look?",
    "each event has a look": "This view goes several positions in one step, and each look is what "
    "its position says. Which positions may follow one another?",
    "the end is enough": "The last look is right, and an earlier one wasn't: somebody has read it. "
    "How many looks does your oracle judge?",
    "some looks don't count": "Your oracle objects to a wrong balance in other looks, and not in "
    "each one of this run. Which looks does your loop leave out?",
    "a look may be of any position": "These balances were right at another position, and you take "
    "them at this one. Which look do you compare with which sums?",
    "an honest view may stop": "Each look is honest, and the view never gets to the end. Which "
    "look has to be at the end of the log?",
    "a view may go back": "Each look is what its position says, and a position is lower than the "
    "one before it. A reader sees time run backwards. Which two looks do you compare?",
    "any balance will do": "The position is right, and a balance isn't what the events make. Which "
    "accounts do you compare, and with what?",
}
AUDIT_HINTS = {
    **{belief: hints for belief, hints in oracles.HINTS.items() if belief not in _OTHERS},
    "raises": ["rows['seen'] is an empty list if nobody saw anything."],
    "a lag is dishonest": ["Fold rows['log'][:seen['position']] for each look."],
    "each event has a look": ["A position may be anything from the one before it up."],
    "the end is enough": ["for seen in rows['seen']: …"],
    "an honest view may stop": ["The last position has to be len(rows['log'])."],
    "a view may go back": ["Keep the position of the look before."],
    "": [
        "Three rules: each look equals the fold at its position, no position falls, and the last "
        "one is the end of the log. There may be no look at all."
    ],
}
