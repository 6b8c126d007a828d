"""Exercise 11: settings, a follower's cut, an election, a zombie, quorums, and an oracle."""

from __future__ import annotations

from dataclasses import replace

from pubsub_kit.checks.forms.audit import Audit
from pubsub_kit.checks.forms.audited import Audited
from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored, Stage
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.checks.forms.severally import Severally
from pubsub_kit.checks.systems import broker_availability as systems
from pubsub_kit.checks.systems import seat_prices as prices
from pubsub_kit.scenarios.broker_availability import choices, decisions, orders, seats
from pubsub_kit.world.search.explore import Oracle

# source: Kafka: design, Replication: acks, min.insync.replicas, unclean leader election (4.3)
# source: Kafka: KIP-101, leader epochs instead of the high watermark for truncation (0.11)
# source: Kafka: KIP-966, Eligible Leader Replicas: a replica that lost its disk (4.1)
# source: NATS: Jepsen's report on NATS 2.12.1 (2025-12)

_SETTINGS = {
    choices.SENT: "With acks=0 the producer asks for no answer, so it never learns that its record "
    "was lost on the way, or died with the leader.",
    choices.LEADER: "The leader acked a record that nobody else had yet, and then it was gone. An "
    "ack has to wait until other replicas have the record.",
    choices.GUARDS: "min_insync guards a write only where the producer asks for acks=all. With "
    "acks=1 the leader answers at once, however few replicas are in sync.",
    choices.LONE: "acks=all waits for all replicas that are in sync, and that may be the leader "
    "alone. Then one copy is all there is, and the next fault takes it.",
    choices.DISK: "An ack says who has the record in memory: the leader (1), or all in sync. If "
    "all lose power at once, what none has flushed is gone: Jepsen saw it in NATS 2.12.1.",
    choices.COPIES: "If every copy has to be in sync, one restart stops all writes. Of n copies, "
    "of which m have to be in sync, n − m may be down.",
    choices.DEAR: "Each promise costs time: a hop to the followers and back, a flush to the disk. "
    "This topic pays for one that it doesn't need.",
}

_CUT = {
    decisions.WATERMARK: "A follower's high watermark lags behind the leader's, so a record above "
    "it may be committed. A follower that cuts it and is elected loses it for everybody (KIP-101).",
    decisions.ALL: "This follower cut a record that its leader has too. One that does so while it "
    "counts as in sync may lead next, and what it cut is then gone.",
    decisions.DIFFERS: "The follower kept a record that its leader does not have there. A log that "
    "looks long enough counts as in sync, and once it leads, the other record is gone.",
}

_ELECT = {
    decisions.UNCLEAN: "A replica that is not in sync may lack acked records. Once it leads, the "
    "others cut their logs to match, so readers lose more than a tail that nobody has seen.",
    decisions.DISK: "A broker that comes back under its old name with a new disk has none of its "
    "records. If it leads, the others throw theirs away too (KIP-966).",
    decisions.NOBODY: "Without a leader nobody can write or read. One broker was there that had "
    "every acked record, so there was nobody to wait for.",
    decisions.DEAD: "A broker that is down can't lead: the controller waits for it, and so does "
    "every producer.",
}

_DOWN_CUT, _CRASH, _WIPED = ("node down", "node cut"), ("node crash",), ("node crash", "node wiped")
_UNHEARD = ("publish lost", "confirm lost", *_CRASH)


def _tried(stage: Stage, oracle: Oracle, faults: tuple[str, ...], most: int = 2) -> Explored:
    diagnose = decisions.diagnose_cut if stage is decisions.followers else None
    return Explored(stage, oracle, faults, most, diagnose=diagnose, draws=orders.draw)


def _of(topic: str, faults: tuple[str, ...], most: int = 2) -> Explored:
    return _tried(choices.stage(topic), choices.oracle(topic), faults, most)


QUESTIONS: list[Question] = [
    Choose(
        "settings",
        "Three topics, each on three brokers. Page views may get lost, but their producer may wait "
        "for 3 ms at most. Orders: nothing that was acked may be lost if any two of these happen: "
        "a broker dies for good, a broker is cut off from the others. With one of them, writes go "
        "on; an ack takes at most 5 ms. Ledger: nothing acked is lost even if the power fails "
        "everywhere; an ack takes at most 20 ms. Which settings?",
        options={topic: list(choices.OPTIONS) for topic in choices.PATIENCE},
        judged_by=Severally(
            {
                choices.VIEWS: _of(choices.VIEWS, (), 0),
                choices.ORDERS: _of(choices.ORDERS, _DOWN_CUT),
                choices.LEDGER: _of(choices.LEDGER, ("power loss",)),
            }
        ),
        lessons=_SETTINGS,
        hints={
            choices.SENT: ["Who tells the producer that a record has arrived?"],
            choices.LEADER: ["Who had the record when the producer heard its ack?"],
            choices.GUARDS: ["Which acks makes the leader wait for anybody?"],
            choices.LONE: ["How many replicas were in sync when the record was acked?"],
            choices.DISK: ["Which of the three had the record on its disk?"],
            choices.COPIES: ["How many brokers may be away while a write still succeeds?"],
            choices.DEAR: ["What does an ack wait for here: which messages, and which flushes?"],
            "": [
                "For each topic: who must have a record before its ack, and must it be on a disk?"
            ],
        },
    ),
    Code(
        "cut",
        "Write cut(mine, leaders, watermark) for a follower that finds a leader. mine and leaders "
        "are the epochs of the records in its own log and in the leader's, by offset; watermark is "
        "how far it knows the log to be committed. Return the offset from which it cuts its own "
        "log: it keeps what both have, and nothing else. No acked record may be lost, and no "
        "offset may show two records, whichever two brokers crash for 20 s.",
        judged_by=Severally(
            {
                "what is lost": _tried(decisions.followers, decisions.nothing_acked_is_cut, _CRASH),
                "what is cut": _tried(
                    decisions.followers, decisions.what_differs_is_cut, _CRASH, 1
                ),
            }
        ),
        lessons=_CUT,
        hints={
            decisions.WATERMARK: [
                "Did the leader have the record that was cut?",
                "What do two records at one offset have in common if their epochs are equal?",
            ],
            decisions.ALL: ["Which of the records that were cut did the leader have too?"],
            decisions.DIFFERS: [
                "At which offset do the two lists of epochs first differ?",
                "The shorter list ends somewhere too.",
            ],
            "": [
                "One leader writes all records of an epoch.",
                "Walk along both lists as long as they agree.",
            ],
        },
    ),
    Code(
        "elect",
        "Write elect(candidates) for the controller. A candidate has name, alive, in_sync, wiped "
        "(it came back with an empty disk) and end (how many records it says it has). Return the "
        "name of the next leader, or None to wait, if nobody who lives is sure to have all "
        "that was acked. Nothing acked may be lost if any two brokers crash while a third one "
        "lags, or if one is down and another one comes back with an empty disk.",
        judged_by=Severally(
            {
                "a broker that lags": _tried(
                    decisions.election, decisions.the_leader_has_all, _CRASH
                ),
                "a broker with a new disk": replace(
                    _tried(decisions.new_disks, decisions.the_leader_has_all, _WIPED), until=59.0
                ),
            }
        ),
        lessons=_ELECT,
        hints={
            decisions.UNCLEAN: [
                "What does in_sync say about the records that were acked?",
                "Whom could you wait for?",
            ],
            decisions.DISK: ["What does this broker have of what was acked?"],
            decisions.NOBODY: ["Which candidate has everything that was acked, and lives?"],
            decisions.DEAD: ["Which field says that a candidate can answer?"],
            "": ["Three fields say whether a candidate is fit. end is none of them."],
        },
    ),
    Code(
        "zombie",
        "Write a class Prices(db) with handle(delivery). delivery.data['price'] is the price of "
        "seat A1, which goes up and comes down; delivery.offset and delivery.generation (of the "
        "group) come with it. Keep the latest price in the row A1, as a number or as a dict with "
        "'price', and await delivery.ack(), which says False if the broker refuses it. A worker "
        "may crash, or pause until its partition belongs to another.",
        judged_by=Explored(
            prices.stage,
            prices.the_latest_price_stands,
            seats.FAULTS,
            diagnose=prices.diagnose,
            draws=seats.draw,
        ),
        lessons=prices.WHY,
        hints={
            seats.ZOMBIE: ["What could the database compare, to tell an old write from a new one?"],
            prices.LOOKS: ["What may happen between your look and your write?"],
            prices.REPLACES: ["What did it see, and what tells it that this is newer?"],
            prices.EARLY: ["What is lost if you crash right after the ack?"],
            prices.MARKED: ["What is in the database when the crash happens?"],
            prices.NEVER: ["Which row holds the price of seat A1?"],
            prices.WRONG: ["What does the row A1 hold after the last message?"],
            prices.SKIPS: ["What does your code do with this message, and what is its offset?"],
            prices.HIGHEST: ["Which of delivery's numbers never comes down?"],
            prices.FIRST: ["What does your code ask before it writes, and who answers yes?"],
            prices.ONCE: ["In which generation do the second and the third price come?"],
            prices.BACKWARDS: ["Put numbers into your comparison: the row has 0, and 1 comes."],
            prices.UNACKED: ["What tells the broker that a price is written?"],
            prices.RAISES: ["What does the broker do with a message whose handler raises?"],
            "": [
                "The generation and the offset say which message is newer: keep one in the row.",
                "Compare and write in one transaction, or with compare_and_set.",
            ],
        },
    ),
    Choose(
        "client",
        "No ack of an order comes for a second, with acks=all. Each order has to be in the log "
        "once. What does the producer's client do?",
        options={"client": list(orders.CLIENTS)},
        judged_by=_tried(orders.client, orders.in_the_log_once, _UNHEARD),
        lessons={
            "silence means stored": "Without an ack nobody knows whether the record is in the log. "
            "This time it wasn't.",
            "a retry writes once": "The record had arrived, and only its ack was lost. The leader "
            "can't tell the second one from a new record.",
        },
        hints={
            "silence means stored": ["Which two messages may have been lost?"],
            "a retry writes once": ["How could the leader recognise a record that it has?"],
            "": [
                "Whatever was lost, the record is sent again. How is the second one no new record?"
            ],
        },
    ),
    Estimate(
        "quorum",
        "A log is kept by majority: a record is committed once more than half of the copies have "
        "it, and a leader needs the votes of more than half. How many copies does it take at least "
        "so that any 3 may be down?",
        value=lambda: 2 * 3 + 1,
        tolerance=0.01,
        wrong={
            "one copy is enough": lambda: 3 + 1,
            "half is a majority": lambda: 2 * 3,
            "copies that lie": lambda: 3 * 3 + 1,
            "three of three": lambda: 3,
        },
        lessons={
            "one copy is enough": "With f + 1 copies one is left, which is what Kafka's in-sync "
            "set can live with, as its controller says who is in sync. One of four is no majority.",
            "half is a majority": "Of six copies three may be down, and the other three are half "
            "of them. Two halves that can't hear each other would both go on.",
            "copies that lie": "3f + 1 is for copies that may lie to each other (Byzantine "
            "faults). Here they only stop.",
            "three of three": "If all three are down, nobody is left to vote.",
        },
        hints={
            "one copy is enough": ["How many are left of yours, and is that more than half?"],
            "half is a majority": ["Is three more than half of six?"],
            "copies that lie": ["Does any copy lie here?"],
            "three of three": ["Who votes when three are down?"],
            "": ["What is left has to be more than half of all. How few will do?"],
        },
        shows="With f down, f + 1 must be left, and that is a majority of 2f + 1.",
    ),
    Audit(
        "audit",
        "Write oracle(rows, trace). rows['acked'] has the ids that were acked, rows['failed'] "
        "those whose producer gave up, rows['log'] the log at the end, and rows['read'] a "
        "list of lists, by offset: the ids that were ever read there. Return None if the run is "
        "right, or a text that says what is wrong. Acked records are in the log, an offset shows "
        "one record, and with at most one fault (trace.faults()) no producer gives up.",
        judged_by=Audited(
            systems.stage,
            systems.rows,
            systems.truth,
            systems.FAULTS,
            systems.SUSPECTS,
            orders.draw,
            systems.overlooked,
            instead=systems.spared_with,
        ),
        lessons=systems.WHY,
        hints={
            "never complains": ["Print rows in your oracle: the last run that it sees is shown."],
            "always complains": ["Print what you compare, side by side."],
            "only the calm run counts": ["Which of the three rules mentions faults at all?"],
            "a fault is a violation": ["Judge the rows: a crash alone breaks no promise."],
            "a refusal is a violation": [
                "How many faults does the run have that is drawn?",
                "The third promise counts faults, and the other two do not.",
            ],
            systems.SOME: ["Which id of rows['acked'] is not in rows['log']?"],
            systems.CHANGED: ["How long is each list in rows['read'], in this run?"],
            systems.TWO: ["Which of your rules asks how many faults there are?"],
            systems.IN_DOUBT: ["Which of the three promises says what may not be in the log?"],
            "a loss is no harm": ["Is each id of rows['acked'] in rows['log']?"],
            "never acking is safe": ["What does rows['failed'] hold in the run that is drawn?"],
            "one way to be right": ["Which of the three rules does this run break?"],
            "a text means right": ["Return None, or nothing at all, where the run is right."],
            "": [
                "Three rules, three ifs.",
                "The first compares rows['acked'] with rows['log'], the second looks at each list "
                "of rows['read'], the third counts faults.",
            ],
        },
    ),
]
