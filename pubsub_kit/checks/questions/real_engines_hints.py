"""The hints of exercise 12, by what a check has shown: each asks, and none tells."""

from __future__ import annotations

from pubsub_kit.checks.systems import engine_losses as losses
from pubsub_kit.checks.systems import ported_orders as ported
from pubsub_kit.checks.systems import recorded_engines as recorded
from pubsub_kit.checks.systems import tickets_judged as tickets
from pubsub_kit.scenarios.real_engines import defaults

# source: Kafka: documentation, consumer groups and share groups (4.3)
# source: RabbitMQ: documentation on consumers and quorum queues (4.2)
# source: SQS: developer guide, visibility timeout, receipt handles (November 2026)
# source: Redis: commands, XACK, XPENDING (7.0)
# source: NATS: JetStream documentation, consumers (2.12)
# source: JetStream: documentation, consumers (2.12)
# source: Google Pub/Sub: documentation on ack deadlines (November 2026)

_ROW = "Which row of db could say how often this order has failed?"
PORT = {
    ported.COUNTS: [
        "What is delivery.attempt on this kind of engine, and where else could you count?"
    ],
    ported.FOREVER: ["How often did it come, and who counts that?", _ROW],
    ported.DROPPED: ["Where can somebody find this order later?"],
    ported.ONCE: ["How often had the order failed when it was set aside?", _ROW],
    ported.MEMORY: ["Who knows of a failure in the other worker, or before a restart?", _ROW],
    ported.LIMIT: ["After how many failures does your code set an order aside?"],
    ported.WAITS: ["For how many seconds do you give an order back, and who waits meanwhile?"],
    ported.EMPTY: ["What does publish send beside the id?"],
    ported.NAMELESS: ["Under which id did you publish it?"],
    ported.GOOD: ["What happened to this order each time, and does that count as its failure?"],
    ported.LATE: [
        "Had this worker billed the order when it acked?",
        "What could it do, in place of an ack, if it is too late?",
    ],
    ported.EARLY: ["What is lost if you crash right after the ack?"],
    ported.MARKED: ["What is in the database when the fault happens?"],
    ported.SKIPS: ["Which path through your code leads to this ack?"],
    ported.TWICE: ["How would the second worker know that the order was billed?"],
    ported.LOOKS: ["What may happen between your look and your write?"],
    ported.WRONG: ["What do the two good orders come to: amount times rate?"],
    ported.OWN: ["What has the second delivery of an order in common with the first?"],
    ported.STALE: ["When was the sum read that this write starts from?"],
    ported.LEFT: ["What does the engine hear when your handler returns?"],
    ported.UNACKED: ["What tells the engine that the order is dealt with?"],
    ported.STUCK: ["What did your code do with this order, step by step?"],
    "": [
        "One transaction holds the mark f'done {delivery.id}' and the new sum.",
        "Count failures in a row of db. At the third, publish the order to orders.dead, and ack.",
        "Ack only on paths on which the order is billed, by you or by another, or set aside.",
    ],
}

PREDICT = {
    recorded.LATE_ACK.format("RabbitMQ"): [
        "When does this engine take a message back from a worker that is silent?"
    ],
    recorded.LATE_ACK.format("SQS"): ["By what does SQS know which message you delete?"],
    recorded.LATE_ACK.format("Redis Streams"): ["Which arguments does XACK take?"],
    recorded.LATE_ACK.format("a Kafka group"): ["Whose is the partition by now?"],
    recorded.LATE_ACK.format("NATS JetStream"): ["Where does this engine's ack go, and who asks?"],
    recorded.LATE_ACK.format("Google Pub/Sub"): ["Does this engine say which acks it has taken?"],
    recorded.LATE_ACK.format("a Kafka share group"): ["Who holds the lock of the record by now?"],
    recorded.ATTEMPT.format("a Kafka group"): ["What does this kind of group store for a record?"],
    recorded.ATTEMPT.format("a Kafka share group"): [
        "Does this kind of group look after single records?"
    ],
    recorded.ATTEMPT.format("Redis Streams"): ["What does XPENDING list for each entry?"],
    "": [
        "Lesson 12 has both in its tables, and docs/engines.md has every row.",
        "Ask of each engine what an ack names, and what ends a lease.",
    ],
}

_OF = {name: situation.belief for name, situation in defaults.SITUATIONS.items()}
DEFAULTS = {
    _OF["away"]: ["Where does a group begin whose position is gone?"],
    _OF["slow"]: ["For how long does the message belong to this worker?"],
    _OF["raises"]: ["When does this framework ack, and what decides that?"],
    _OF["alone"]: ["How many replicas had the order when it was acked, and who sets how few do?"],
    _OF["languages"]: ["What decides which partition a key goes to?"],
    _OF["confirmed"]: ["Which setting makes the broker hand back what it can't route?"],
    _OF["exits"]: ["Where is the order when produce() returns?"],
    _OF["aborted"]: ["Who leaves aborted records out: the log, or its reader?"],
    _OF["restart"]: ["What is the same in both sends, after a restart?"],
    "": ["In each situation, find the moment at which it goes wrong: whose setting decides it?"],
}

INCIDENT = {
    tickets.OVERLOOKS: ["Which two lines of the log does the rule compare here?"],
    tickets.ACCUSES: ["Which line of the log breaks the rule?"],
    tickets.TRUSTS: ["Which field would tell, and which lines have it?"],
    tickets.GUESSES: ["Could a right system have written the same lines?"],
    tickets.DOUBTS: ["Which field do you miss? Look at the lines that the rule compares."],
    "": [
        "Take the messages one by one: published, delivered to whom, changed what, acked when?",
        "An oracle is undecidable if a right system and a wrong one could leave the same lines.",
    ],
}

AUDIT = {
    "never complains": ["Print rows['log'] in your oracle: the last run that it sees is shown."],
    "always complains": ["Print what you compare, side by side."],
    "only the calm run counts": ["Does your rule ask how many faults there are?"],
    "a fault is a violation": ["Judge the orders: a crash alone loses none."],
    "one way": ["Which line of this log does your oracle object to?"],
    "a text means right": ["Return None, or nothing at all, where the run is right."],
    losses.REFUSED: ["What does the field refused of this ack say?"],
    losses.WAITS: ["Which ack of this order is in the log, and did it count?"],
    losses.WHOSE: ["Who billed the order, and does the rule ask who?"],
    losses.ORDER: ["Does the rule ask when the order was billed?"],
    losses.SOON: ["Does the rule ask how much time passes between two lines?"],
    losses.FIRST: ["How many acks has this order, and which of them counted?"],
    losses.LAST: ["Is an order open again because a second ack of it was refused?"],
    losses.TWICE: ["Is an order lost that has two bills?"],
    losses.BURIED: ["Which line says that the order was set aside?"],
    losses.EARLY: ["Which line says that the order was billed, and is it there?"],
    losses.LATE: ["Does your rule ask who billed the order, or how many faults there were?"],
    losses.MARK: ["What is the target of the effect in this log?"],
    losses.ELSE: ["Which of the orders in this log is neither billed nor set aside?"],
    "": [
        "Collect three sets of messages: acked and not refused, billed, published to orders.dead.",
        "Lost is what is in the first one, and in neither of the others.",
    ],
}
