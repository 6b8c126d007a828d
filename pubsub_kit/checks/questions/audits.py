"""The questions of exercises 03, 05, 07 and 10 that ask for an oracle: judge the judge."""

from __future__ import annotations

from pubsub_kit.checks.forms.audit import Audit
from pubsub_kit.checks.forms.audited import Audited
from pubsub_kit.checks.questions.reasons.oracles import HINTS, LESSONS
from pubsub_kit.checks.systems import event_log_and_replay as cut_overs
from pubsub_kit.checks.systems import (
    idempotency,
    living_with_events,
    out_of_order_transfers,
    transfers_on_trial,
)
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.event_log_and_replay import cut_over
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.scenarios.living_with_events import secrets
from pubsub_kit.scenarios.out_of_order_transfers import transfers

#: What an oracle may be guilty of, whatever its rows hold.
_GENERAL = ("never complains", "always complains", "hidden state", "a text means right")

PAYMENTS = Audit(
    "audit",
    "Write oracle(rows, trace). rows are the database's rows at the end of a run, and trace its "
    "steps. Return None if the run is right, or a text that says what is wrong: ann must end with "
    "20 and bob with 5. It must spare every right consumer, and fail every wrong one.",
    judged_by=Audited(
        payments.payments,
        idempotency.rows,
        payments.books_balance,
        payments.FAULTS,
        idempotency.SUSPECTS,
        drawn,
        idempotency.overlooked,
        idempotency.content_with,
    ),
    lessons={
        **LESSONS,
        "every row counts": "Its marks are rows as well, and what they are called is its own "
        "affair. Which rows does the rule speak of?",
        "other sums": "The rule asks for 20 and 5, which is what this run ends with, and your "
        "oracle complains of that. For which sums does it return None?",
        "any sum will do": "A row that is there isn't right yet. What has to be compared with what "
        "the rule asks for?",
        "one is not enough": "It takes one wrong account to make a run wrong. What does your "
        "oracle say if one account is wrong, and the other one is right?",
        "one account is no matter": "The rule asks for something of both accounts. What does your "
        "oracle say if only this one is wrong?",
        "a missing row is no harm": "There is no row for an account to which nothing was ever "
        "added, and your oracle takes that for right. With a 0 in it, it would complain. What does "
        "a row that is not there say of the payments?",
        "a fault is an excuse": "Your oracle would complain of these same rows after a run without "
        "faults. A crash or a lost ack is the test and no excuse: a right consumer ends with 20 "
        "and 5 all the same. What keeps you from judging this run?",
        "a loss is no harm": "A payment that is acked and never counted is as wrong as one that "
        "counts twice. Which comparison finds both?",
        "a double is no harm": "A payment that counts twice is as wrong as one that is lost. Which "
        "comparison finds both?",
    },
    hints={
        **HINTS,
        "every row counts": ["Compare rows.get('ann') and rows.get('bob'), and nothing else."],
        "other sums": ["Compare rows['ann'] with 20 and rows['bob'] with 5, and swap nothing."],
        "any sum will do": ["Which values may the two rows have?"],
        "one is not enough": ["'and' is true if both are wrong, and 'or' if at least one is."],
        "one account is no matter": ["Which row is wrong here, and where do you compare it?"],
        "a missing row is no harm": [
            "What does your oracle return if there is no such row?",
            "rows.get('ann', 0) is 0 where there is no such row.",
        ],
        "a fault is an excuse": ["Judge the rows, whatever the trace has been through."],
        "a loss is no harm": ["Which of your comparisons is true if a sum is too small?"],
        "a double is no harm": ["Which of your comparisons is true if a sum is too large?"],
        "": [
            "What is left in the rows is enough: the oracle need not know how it got there.",
            "Compare rows.get('ann', 0) with 20, and rows.get('bob', 0) with 5.",
        ],
    },
)

TRANSFERS = Audit(
    "audit",
    "Write oracle(rows, trace). rows are the balances 'ann', 'bob' and 'bank' at the end of a run, "
    "and what the client was told: True, False or 'unknown' under 't-1' and 't-2'. Return None if "
    "the run is right, or a text that says what is wrong. It must spare every right service, and "
    "fail every wrong one.",
    judged_by=Audited(
        transfers.transfers,
        out_of_order_transfers.rows,
        transfers.money_is_conserved,
        transfers.FAULTS,
        transfers_on_trial.SUSPECTS,
        out_of_order_transfers.draw,
        instead=out_of_order_transfers.with_plain_answers,
    ),
    lessons={
        **LESSONS,
        "a part is no harm": "A transfer is done in whole or not at all, and here a part of one is "
        "left. Which balances may three accounts have at the end?",
        "what the client hears is no matter": "The money is right, and the client was told the "
        "opposite of what happened: that is how somebody pays twice. Which answer goes with which "
        "balances?",
        "a fault excuses a lie": "After a fault a client may hear 'unknown', but what it hears "
        "otherwise has to be true. Which runs' answers does your oracle compare?",
        "a yes is never a lie": "The client heard yes, and nothing was done: that is as much a lie "
        "as a no about a transfer that was done. Which answers go with untouched balances?",
        "only a crash excuses": "A lost reply is a fault too, and after any fault a service may "
        "give a transfer up, in whole, and say no. Which faults does your rule excuse?",
        "'unknown' is a lie": "The client heard 'unknown' in this run, since no answer came. That "
        "is never a lie: it says neither yes nor no. What does your comparison make of a third "
        "answer?",
        "doing nothing is right": "It moves no money at all, so no money is ever lost: that is "
        "safe, and useless. In a run without faults the first transfer has to be done. How can you "
        "tell such a run?",
    },
    hints={
        **HINTS,
        "a part is no harm": ["After the first transfer ann has 69, bob 30 and the bank 1."],
        "what the client hears is no matter": [
            "True is right only after a transfer that was done, and False only after one that "
            "wasn't. 'unknown' is always honest."
        ],
        "a fault excuses a lie": ["rows['t-1'] in (done, 'unknown'), whatever went wrong."],
        "a yes is never a lie": ["rows['t-1'] in (done, 'unknown'), where done is True or False."],
        "only a crash excuses": ["if not trace.faults(): the first transfer must be done."],
        "'unknown' is a lie": ["rows['t-1'] in (done, 'unknown')"],
        "doing nothing is right": ["if not trace.faults(): the first transfer must be done."],
        "": [
            "There are two right states: the first transfer is done, or nothing is. bob's account "
            "always refuses the second one.",
            "Then compare what the client was told about each transfer with that state.",
        ],
    },
)

CUT_OVERS = Audit(
    "audit",
    "Write oracle(rows, trace). rows say who sent an invoice for each order: "
    "{'order-0': ['v1'], …, 'order-9': ['v2']}. Return None if the run is right, or a text that "
    "says what is wrong: each order must have one invoice, and order-9, long after the cut-over, "
    "must have v2's. It must spare every right cut-over, and fail every wrong one.",
    judged_by=Audited(
        cut_over.cut_over,
        cut_over.senders,
        cut_over.each_once,
        cut_over.FAULTS,
        cut_overs.SUSPECTS,
        cut_over.draw,
    ),
    lessons={
        **{belief: words for belief, words in LESSONS.items() if "total" not in belief},
        "a fault is a violation": "The operator was held up in this run, so v1 got further before "
        "it stopped. That is no mistake: each order has one invoice. What does the rule say about "
        "the end of the run?",
        "a gap is no harm": "An order that nobody invoiced is as wrong as one that got two. What "
        "does rows hold for such an order?",
        "a double is no harm": "A customer who gets two invoices may pay twice, whoever sent them. "
        "Which orders does your oracle look at, and what does it compare?",
        "the count is enough": "There are ten orders and ten invoices here. Yet one order has two "
        "of them, and one has none. What do you have to count instead of invoices?",
        "who sends is no matter": "Each order has one invoice, and the last one's is from v1: v2 "
        "has not taken over for good. Which row tells?",
        "never complains": "An oracle that finds nothing wrong with any system can't fail a wrong "
        "one. What is in the list of each order here, and what should be? Do you return what you "
        "find, or only print it?",
        "raises": "An exception is no judgement, unless an assert raises it. rows has a list for "
        "each order, named as it is written above, and a list may be empty.",
    },
    hints={
        **{belief: HINTS[belief] for belief in _GENERAL},
        "raises": ["Print rows: which names does it have, and which did you look up?"],
        "only the calm run counts": ["Judge the rows, whatever the trace has been through."],
        "a fault is a violation": ["Where v2 takes over is up to the run. Judge the rows alone."],
        "one way to be right": ["v1 may stop at any order. How many invoices has each order?"],
        "a gap is no harm": ["What is len() of an order's list if nobody sent an invoice?"],
        "a double is no harm": ["How long is an order's list if two invoices were sent for it?"],
        "the count is enough": ["Compare order by order, not all orders at once."],
        "who sends is no matter": ["Look at the row of order-9."],
        "": [
            "What is true of every order after a right run, and what of the last one besides?",
            "Look at all orders before you return None. Either fault alone makes a run wrong.",
        ],
    },
)

_OF_ANY = [belief for belief in LESSONS if belief != "the total is enough"]

FORGOTTEN = Audit(
    "audit",
    "Write oracle(rows, trace). rows are all that somebody with every store can read, three days "
    "after Ann asked to be forgotten and after the keys were restored. Return None if she is "
    "forgotten and everybody else is not, or a text that says what is wrong.",
    judged_by=Audited(
        secrets.forgetting,
        secrets.readable,
        secrets.forgotten,
        secrets.FAULTS,
        living_with_events.SUSPECTS,
        secrets.draw,
        instead=living_with_events.without_her_backup,
        max_faults=1,
        until=secrets.UNTIL,
    ),
    lessons={
        **{belief: LESSONS[belief] for belief in _OF_ANY},
        "a view is no harm": "Her data is in the view, decrypted, and your oracle doesn't see "
        "it. Which rows can hold an address, and how do you compare it?",
        "an index is no harm": "An index has her address in the very name of a row. What do you "
        "search: what rows hold, or also what they are called?",
        "a dead letter is no harm": "A dead letter is a copy as well. Which rows can hold an "
        "address?",
        "a phone is no harm": "A phone number is hers as well, with no address beside it. Which of "
        "her values do you look for, and where?",
        "a backup is a leak": "The backup still has her key, but the restore obeys the list. Does "
        "it open anything?",
        "a hash is no harm": "Anybody who hashes all phone numbers finds hers. Which of her values "
        "do you look for?",
        "the log is sealed for good": "The key came back with a backup, so the log can be read "
        "again. Which rows show that?",
        "others are no matter": "A system that deletes everything forgets her too. What must still "
        "be there?",
        "the totals are no matter": "Four orders were paid, and the totals name nobody. What do "
        "they have to say?",
        "the log may change": "Entries are gone, and others have moved to their offsets, so every "
        "reader's position is wrong. What has to be at each offset?",
        "a number is a name": "Her customer number is in the log for good, and says nothing about "
        "her by itself. Which values are hers?",
        "one address is enough": "She had changed her address, and her last order has the new one. "
        "Which of her values do you look for?",
    },
    hints={
        **{belief: HINTS[belief] for belief in _OF_ANY},
        "raises": ["What does rows.get() return where there is no such row?"],
        "a view is no harm": ["Which rows, and which parts of a row, do you look at?"],
        "an index is no harm": ["What would str(rows) hold: names, values, or both?"],
        "a dead letter is no harm": ["Is there a row that you don't look at?"],
        "a phone is no harm": ["SECRETS has four values. Which of them do you look for?"],
        "a hash is no harm": ["SECRETS has the hash of her phone number, too."],
        "a backup is a leak": ["Which rows show what the keys open in the end?"],
        "the log is sealed for good": ["The rows 'log 0' to 'log 3' are what the keys open."],
        "others are no matter": ["Where are bob's order and bob's row, if all is well?"],
        "the totals are no matter": ["Compare the whole row of totals."],
        "the log may change": ["Compare the ids one by one, each at its offset."],
        "a number is a name": ["Look for the values in SECRETS, and for no others."],
        "one address is enough": ["SECRETS has both of her addresses."],
        "": [
            "First: none of SECRETS in any row's name or value.",
            "Then: bob's rows, the totals, and the log's ids at their offsets.",
        ],
    },
)
