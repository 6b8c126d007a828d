"""Exercise 07: a read model and a cut-over by replay, what a log keeps, and your own log."""

from __future__ import annotations

from pubsub_kit.checks.contract import reasons
from pubsub_kit.checks.forms import contracts
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.decided import Decided
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.questions import audits
from pubsub_kit.scenarios.event_log_and_replay import cut_over, keeping, views

# source: Kafka: broker configs, log.retention.hours 168, log.roll.hours 168 (4.3)
# source: Kafka: broker configs, offsets.retention.minutes 10080 (4.3)

QUESTIONS: list[Question] = [
    Code(
        "rebuild",
        "Write a class View(db, log). Its async run() reads on with await log.read(offset), which "
        "returns up to two (offset, amount) pairs from the first offset ≥ offset on, until there "
        "is nothing more, and keeps the sum of the amounts in the row 'stock'. After a crash a new "
        "object goes on.",
        judged_by=Explored(views.stock, views.stock_is_right, views.FAULTS, max_faults=2),
        lessons={
            "memory is enough": "The crash wiped out your position, and the sum was still in the "
            "database, so the new object added the moves again. Where does a position survive?",
            "position and sum apart": "The crash fell between two writes. The sum had the move, "
            "and the position didn't. What makes two writes one?",
            "position first": "The position said that the move was done, and then the crash came "
            "before the sum had it. Nobody reads it again. What makes two writes one?",
            "offsets are dense": "Compaction deleted offset 1, so the number of events isn't the "
            "distance between offsets. Which offset comes after the last one that you have read?",
            "no position": "A call of run() adds what the call before had added. How does it know "
            "which moves are in the sum?",
            "off by one": "A position names the next offset to read, not the last one that was "
            "read. What do you store after the event at offset 5?",
            "sum in memory": "The position survived the crash, and a new object's total begins at "
            "0. Where is the sum of all that lies before the position?",
            "a full page only": "That read found one move, and no position was stored after it. "
            "When do you store one?",
            "read and not added": "You read that move, and the sum never got it. Which moves of a "
            "page do you add, and what do you do at a gap?",
            "sum of offsets": "You added the offsets. Which part of a pair is the amount?",
            "never ends": "log.read() returned the same move, or an empty list, again and again. "
            "What has to change between two reads, and when do you return?",
            "starts at the end": "The moves that were in the log before you came are part of the "
            "stock, too. Where does history begin?",
            "one page is enough": "One read returns two events at most. Are there more?",
            "no sum": "Which old value does each of your writes to the row start from?",
            "not from the log": "That isn't the sum of what you have read. Where is it from?",
            "does nothing": "Nothing that you did changed the row 'stock'. Which line writes it?",
        },
        hints={
            "memory is enough": ["Keep the position as a row of db."],
            "offsets are dense": ["Store offset + 1 of the last event, whatever came before."],
            "no position": ["Which row could hold the offset of the next move?"],
            "off by one": ["The next read starts at the offset of the last event plus one."],
            "never ends": ["Go on after the last move that you have; return when there is none."],
            "read and not added": ["A gap is no end: only an empty list is."],
            "starts at the end": ["If there is no position yet, it is 0."],
            "one page is enough": ["Read on until a read returns nothing."],
            "no sum": ["tx.add('stock', amount) adds to what is there."],
            "not from the log": ["Add up the amounts that log.read() returns."],
            "does nothing": ["Compare the name of the row with the one in the task."],
            "": [
                "Which two facts have to be written together?",
                "One transaction holds the position's row and tx.add('stock', amount).",
            ],
        },
    ),
    Code(
        "replace",
        "Write an async cut_over(old, new, log) that replaces v1 by v2 while orders arrive. await "
        "old.where(), old.stop() and old.stop_at(offset) return the offset that is next for v1. "
        "await new.replay(until) teaches v2 the history before an offset; await new.start(offset, "
        "dedup=False) has it send invoices from there on. await log.end() is the next order's "
        "offset. Each order gets one invoice.",
        judged_by=Explored(
            *(cut_over.cut_over, cut_over.taken_over, cut_over.FAULTS),
            diagnose=cut_over.diagnose,
            draws=cut_over.draw,
        ),
        lessons={
            "replay is free": "Replaying history with its effects on sends them again. Which of "
            "v2's two verbs reads history, and which one acts on it?",
            "two in charge": "For a while both versions were at work on the same orders. When do "
            "you know that v1 will send no invoice any more?",
            "dedup on one side": "v2 looks whether an order has an invoice, and v1 doesn't. So if "
            "v2 is faster, v1 sends a second one. When is v2's look enough?",
            "asks, then stops": "Where v1 is now is not where it will have stopped: it ends the "
            "order in hand, and others may follow. Which call knows where it has ended?",
            "a barrier in the past": "A barrier has to lie ahead of v1, and v1 was past it: your "
            "script may be held up anywhere. Which call knows where v1 has really ended?",
            "off by one": "What stop() returns is the offset that comes next: v1 has handled all "
            "before it, and not the order itself. Where does v2 have to begin?",
            "starts at the end": "The end of the log is not where v1 has stopped: v1 lags, and "
            "the orders in between are nobody's. Which offset has v1 got to?",
            "a gap": "Nobody handled that order. Where did v1 stop, and where did v2 begin?",
            "a late subscriber sees history": "v2 started with an empty memory, and hears only of "
            "what comes after its offset. Who tells it about the earlier orders?",
            "replays too little": "v2 learned from a part of history only, and nobody tells it "
            "the rest. Up to which offset does it have to know everything?",
            "replays too much": "v2 counts orders as earlier ones that come later. Up to which "
            "offset is all history?",
            "a barrier too far": "v1 did v2's work as well. Before which order must it stop?",
            "never ends": "v1 lags, so it may never be where your loop waits for it. Why wait?",
            "replays too late": "v2 learned the history after it had begun. What must come first?",
            "a fixed offset": "Your offset was right by luck: with a delay, v1 gets further, and "
            "no number in your code can know how far. Who knows?",
            "nobody takes over": "In the end v2 has to send the invoices, and v1 none. Which call "
            "ends v1's work, and which one begins v2's?",
        },
        hints={
            "replay is free": ["replay() sends nothing. start() does, from its offset on."],
            "two in charge": ["Await the stop before you start v2."],
            "dedup on one side": ["With dedup, v2 may start once v1 has stopped."],
            "asks, then stops": ["Use what stop() returns."],
            "a barrier in the past": ["Start v2 at what stop_at() returns."],
            "off by one": ["Neither add nor subtract 1."],
            "starts at the end": ["Which of your calls knows how far v1 has got?"],
            "a late subscriber sees history": ["What has to happen between stop and start?"],
            "replays too little": ["Replay up to the offset at which you start."],
            "replays too late": ["Replay before you start."],
            "nobody takes over": ["Stop v1, and start v2 after that."],
            "": [
                "Who is in charge of each order, and from which offset on?",
                "Which of v1's calls tells you an offset that can't change any more?",
            ],
        },
    ),
    audits.CUT_OVERS,
    Choose(
        "keep",
        "Choose what each may forget: moves are changes, and all of them are needed in a year; "
        "prices are whole values, of which a year-old reader needs each key's latest; a new reader "
        "of a compacted topic takes 3 days; no visit may be 10 days old; a reader is down for 8.",
        options=keeping.OPTIONS,
        judged_by=Decided(
            keeping.keeping,
            keeping.nothing_is_missed,
            "each topic keeps what its readers need, and no visit for too long",
            "a topic forgets too much, or keeps it for too long",
            "A year of five topics passed once under your choice, on the kit's own logs. No "
            "fault was tried, and other records, readers and logs are not covered.",
        ),
        lessons={
            "compact any stream": "Compaction keeps each key's latest event. That is enough for a "
            "whole value, and too little for a change. What do +5 and -2 hold?",
            "history can go": "Whoever comes later can only read what is still there. Is there an "
            "event older than 7 days that somebody will need?",
            "one record a key": "A log that keeps everything has all records of a key, and one "
            "that compacts has those that came since it last ran. Which of them counts?",
            "a bootstrap sees every delete": "The new reader had read bob, and his tombstone was "
            "gone before it came there. How long must one stay for the slowest reader?",
            "data goes at its age": "A log deletes whole files, and a file goes when its newest "
            "event is old enough. How old is the oldest one by then?",
            "my cursor waits": "A cursor expires, and then the reader begins at the latest offset: "
            "what it missed is skipped in silence. How long may your longest outage be?",
        },
        hints={
            "compact any stream": ["What is 5 - 2, if only the -2 is left?"],
            "history can go": ["Which rule keeps what a year-old reader needs?"],
            "one record a key": ["Which record of a key is the latest one?"],
            "a bootstrap sees every delete": ["Compare the two options with 3 days."],
            "data goes at its age": ["When is the last event of a week's file 7 days old?"],
            "my cursor waits": ["Compare the two options with 8 days."],
            "": [
                "For each topic: who reads it last, and what do they need?",
                "Changes need all of history. Whole values need the latest of each key.",
            ],
        },
    ),
    Estimate(
        "longest",
        "A log deletes whole files. A file is closed when its first record is 7 days old, and "
        "deleted when its newest record is 7 days old. How long can a record live, at most?",
        value=lambda: 14.0,
        unit="day",
        tolerance=0.02,
        wrong={"data goes at its age": lambda: 7.0, "one event a day": lambda: 13.0},
        lessons={
            "data goes at its age": "The file has to be closed first, and it goes with its newest "
            "record, not with its oldest. How old is its first record when the last one comes?",
            "one event a day": "With an event a day, the last comes on day 6. What if more come?",
        },
        hints={
            "": [
                "Take the first record of a file: when does the last one of that file come?",
                "The time that a file is open, plus the retention of its last record.",
            ]
        },
        shows="7 days in the open file, and 7 more until the newest record is old enough.",
    ),
    Code(
        "log",
        "Write a class Log(path) with append(data), which stores bytes and returns their offset, "
        "0, 1, 2 …, and read(offset=0), which returns a list of all data from there on. What "
        "append has returned for survives a crash at any moment, and a changed byte is noticed.",
        judged_by=contracts.LOG,
        lessons=reasons.LOG,
        hints={
            **reasons.LOG_HINTS,
            "": [
                "Append and flush one record at a time. What does a reader need to tell a whole "
                "record from half of one?",
                "When you open the file, read it from the start, and cut off what is torn.",
            ],
        },
    ),
    Code(
        "broker",
        "Write a class Broker(clock) with publish(topic, data) and subscribe(topic, group), which "
        "returns a worker. pull() returns a list with the next delivery, or an empty one. A "
        "delivery has data, attempt (1, 2 …), and ack(), which returns whether it still counted. "
        "A message that isn't acked within 30 seconds is redelivered.",
        judged_by=contracts.BROKER,
        lessons=reasons.BROKER,
        hints={
            **reasons.BROKER_HINTS,
            "": [
                "A topic is a list that only grows. What does each group need besides?",
                "Per group: the next position, and for each message in flight its latest delivery.",
            ],
        },
    ),
]
