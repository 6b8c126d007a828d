"""Why answers to exercise 10 fail, by what they believe."""

from __future__ import annotations

TRACE = {
    "context follows by itself": "A context travels in the event or not at all: on the other side "
    "of a broker there is another process. What do you publish along?",
    "passes it on unopened": "The next service links to the span before yours, so your service "
    "isn't in the trace. Whose context should go out?",
    "sends the old context": "Your span is there, and what comes next is linked to the one before "
    "it. Whose context should go out?",
    "a trace of its own": "A span that names no cause begins a trace of its own, and the order's "
    "trace ends before you. What did this work begin with?",
    "a trace is one tree": "A span has one parent, and this work has two causes. One of the two "
    "orders ends before you. What can a span have several of?",
    "one context for all": "That context belongs to a span that packed other orders. Which span "
    "has this order among its causes?",
    "the span is not the work": "A span shows the time from its start to its end, and the work was "
    "outside. Which lines belong in its block?",
    "a span that never ends": "Only a span that has ended is exported. What ends yours?",
    "no work": "No time passed at all. Where does your code wait, and does an await stand there?",
    "too long": "One batch takes 1.5 s, however many orders are in it. For how long do you "
    "wait, and how often?",
    "leaves unpacked": "Delivery would come for a parcel that isn't packed yet. What has to be "
    "over before you publish?",
    "another id": "Others find an order by its id. Under which id do you publish it?",
    "no log line": "Sampling drops traces, so somebody who looks for a lost order may find "
    "none. Which record is always kept, and names the order?",
    "packs nothing": "Each order goes on to 'packed', under its own id. Where do you publish it?",
    "sends other data": "Other services read an order's data, so pass it on as it came. What do "
    "you publish?",
    "leaves one out": "A batch holds one order or two. How many do you publish?",
}
REPLAY = {
    "replay is free": "The code ran again, and so did its effect: the mail service forgets an id "
    "after a day. Who remembers for longer that this order was mailed?",
    "the gate is in the view": "A replay begins with a view without rows, so a mark in there can't "
    "stop it. Where does a mark survive?",
    "the answer will be the same": "The rate was asked for again, and it had changed. A replay is "
    "exact only if it gets the answers of the first time. Where do you keep them?",
    "the mark outlives the view": "The mark says that the order is in the total, and the total is "
    "gone. What has to be deleted together?",
    "marked, and not mailed": "The mark was written before the mail, and a fault fell in between. "
    "Mail drops a repeat within a day. Which of the two comes first, then?",
    "marked, and not counted": "A fault fell between the mark and the total. How do two writes "
    "become one?",
    "a timeout means done": "A call timed out, and your code went on and acked the order. Nobody "
    "redelivers it now. What happens if you let the error through?",
    "waits for ever": "No reply came, and your call waits for it for ever. What gives it a "
    "timeout?",
    "returns early": "After the crash your code returned early. What had it not done yet?",
    "counts twice": "The same order was added twice. How does your code recognise it?",
    "old means replayed": "An order may be old because the consumer was down. What tells a replay "
    "from a late first delivery?",
    "one gate for all": "Each order has a mail of its own. Whose mail does your gate speak of?",
    "one rate for all": "The rate had changed when o-3 came. For which orders is yours right?",
    "taken for another": "o-3 came after the replay, and it is new. By what does your code "
    "recognise an order?",
    "mails nothing": "Nobody was mailed at all. Where do you call mail, and with which id?",
    "mails under another id": "Mail knows an order by its id alone, and drops its repeats. What do "
    "you call it with?",
    "no total": "The check reads the row 'view total'. What is in it after your code has run?",
}
FORGET = {
    "key deleted, person forgotten": "Without the key the log is unreadable, and the view was "
    "decrypted long ago. Where else did her data go?",
    "the index is left": "A search index is a copy too, and its very keys are her addresses. Which "
    "rows are about her?",
    "the dead letter is left": "A message that was set aside was set aside in clear. Which rows "
    "are about her?",
    "a hash is anonymous": "There are only ten million numbers of 7 digits, so anybody can hash "
    "them all. Is a hash of hers still about her?",
    "a copy of its own": "Your own code wrote down what should be forgotten. What do you need to "
    "remember?",
    "the key is back": "The backup still had her key, and it was restored. What can you take out "
    "of a backup, or tell the person who restores it?",
    "the key is kept": "With her key, everybody who reads the log reads her data. Where is it?",
    "the view is up to date": "The projector was late: it wrote this row after you had looked, "
    "since the key was still there. Which do you delete first?",
    "returns early": "The second attempt returned early. What had the first one not done?",
    "one person for all": "Somebody else asked, and their data is still there. Whom does your code "
    "forget?",
    "forgets others too": "Bob didn't ask for anything, and the totals name nobody. Which rows are "
    "about her alone?",
}
