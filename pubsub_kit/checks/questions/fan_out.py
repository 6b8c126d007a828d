"""Exercise 02: wiring readers, a producer that sends, a confirm, and catching up."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.fan_out import producers, publishers, wiring
from pubsub_kit.scenarios.fan_out import signups as stage
from pubsub_kit.world.publishing import PublishTimeout

# source: Kafka: KafkaProducer's javadoc: send() is asynchronous, flush() waits (4.3)
# source: PagerDuty: engineering blog, "August 28 Kafka Outages" (2025-09-04)
# source: RabbitMQ: docs, Consumer Acknowledgements and Publisher Confirms (4.3)
_LESSONS = {
    "a shared group fans out": "The members of a group share its messages: each message goes to "
    "one of them. A reader that needs every message needs a group of its own.",
    "each worker is a group": "A group of its own gets a copy of every message, so the work is "
    "done twice. The workers of one service share a group.",
    "one reader hears nothing": "A reader without a subscription gets nothing.",
    "a loop isolates": "In one delivery for all, each reader waits for the one before it, and runs "
    "again when another one fails. A subscription each keeps them apart.",
    "a late subscriber sees history": "A new group starts with the next message unless you say "
    "where to start. The log still holds the earlier ones.",
    "the wrong handler": "A function made in a loop sees the loop's variable when it runs, not "
    "when it was made. By then that is the last reader's handler.",
    "filters some out": "A filter keeps messages from a reader for good. Every reader needs every "
    "signup here.",
    "starts too late": "The log keeps every signup, and the first one is at offset 0. What was "
    "published before a subscription's start never reaches it.",
    "left out": "A message that your code passes over is acked all the same, and gone.",
    "calls it twice": "Each call of a handler does its work again. One delivery is one call.",
    "publishes it again": "What you publish is a new message to every reader of the topic. A "
    "failure is one reader's own: let the error through, and the broker redelivers to that one "
    "alone.",
    "any name will do": "A subscription's lag, errors and dead letters are reported under its "
    "name. A handler under another reader's name misleads whoever looks.",
    "never acks": "A message that nobody acks is redelivered when its lease ends, whether the work "
    "is done or not. With semantics='manual', acking is up to you.",
    "the lease is too short": "The lease ended before the work did, so the broker took the worker "
    "for dead, and redelivered. A lease has to outlast the work.",
    "a failure is done": "The handler raised an error, and your code swallowed it. So the broker "
    "was told that all went well, and let the message go.",
    "a redelivery is done": "A message is redelivered because nobody said that its work is done. "
    "Your code acked the second delivery without doing that work.",
    "one try is enough": "The broker redelivers a message that failed, as often as its "
    "subscription allows. Then it is a dead letter, and nobody here reads those.",
    "acks before the work is done": "An ack lets the message go. If the work fails or crashes "
    "after it, the message is lost: ack when the work is done.",
    "send means sent": "send() only fills a buffer in this process. Until flush() returns, a crash "
    "or a deployment takes the buffer with it.",
    "sends something else": "Its readers look for the name itself. An event is an interface: what "
    "it holds is what everybody has agreed on.",
    "ok without sending": "'ok' says that the event is safe. The producer had not even been given "
    "it.",
    "overwrites a name": "Two requests overlap: at each await, another one may run, and overwrite "
    "what you keep in self. What belongs to one request goes into a local variable.",
    "an error is no ok": "PublishTimeout says that nobody knows whether the broker has the event. "
    "It is still in the buffer, so flush again, or let the error through.",
    "sends again what is kept": "After a PublishTimeout, the event stays in the buffer, and the "
    "next flush sends it. Another send() puts a second event beside it.",
    "sends it twice": "Every event that you send is a signup to its readers. Two of them are two "
    "mails.",
    "a producer for each request": "Every connection is work for both ends. In August 2025 "
    "PagerDuty made one Kafka producer per request, and about 95% of its events were rejected for "
    "38 minutes (its report). Make one when the process starts.",
    "another answer": "The client signs up again until it hears 'ok', and here it never did.",
    "published means arrived": "Fire and forget gets no answer, so nobody knows what became of the "
    "message. Wait for the broker's confirm.",
    "silence means yes": "No confirm came, so nobody knows whether the message arrived. Send it "
    "again, with the same id.",
    "a confirm means it was routed": "RabbitMQ also confirms a message that no queue is bound for, "
    "and then drops it. Its mandatory flag makes the message come back to you.",
    "arrivals stop": "New signups keep arriving while the index catches up.",
    "from the start of the burst": "That counts from the start of the burst. The question asks how "
    "long after its end.",
    "what arrives is what goes": "5 a second is what still arrives. The backlog falls by what is "
    "handled less what arrives.",
    "the backlog is all": "The index works during the burst too: only what it can't keep up with "
    "waits.",
}

QUESTIONS: list[Question] = [
    Code(
        "wire",
        "Write wire(world, readers). Give each reader (a name and its handler) a subscription with "
        "world.consumer(name, handler, 'signups', …). Each reader has to get every signup, also "
        "those from before it joined, and none may hold up another.",
        judged_by=Explored(
            wiring.wire,
            wiring.everyone_hears_of_everyone,
            ("crash",),
            max_faults=2,
            until=1_000.0,
            expected=(ConnectionError,),
        ),
        lessons={
            **_LESSONS,
            "hidden state": "The check runs your code thousands of times, each time in a new "
            "world. What an earlier run left behind makes this one go another way.",
        },
        hints={
            "hidden state": [
                "What does wire need to know that is not in world or readers?",
                "Use nothing but local variables.",
            ],
            "publishes it again": ["Who gets an event that your code publishes?"],
            "any name will do": ["Which name belongs to which handler?"],
            "one reader hears nothing": ["How often do you call world.consumer for two readers?"],
            "a shared group fans out": ["Which group does a consumer join if you don't name one?"],
            "a late subscriber sees history": [
                "Where does a new group start to read?",
                "world.consumer takes start=…",
            ],
            "a loop isolates": [
                "How many subscriptions do two independent readers need?",
                "One subscription for each reader, not one for all.",
            ],
            "the wrong handler": [
                "Which handler does your function call once the loop is over?",
                "Hand over the handler itself, or make the function in another function.",
            ],
            "each worker is a group": ["How many subscriptions may call one reader's handler?"],
            "filters some out": ["Which signups may a reader miss?"],
            "starts too late": ["Which signup is the first that index has to get?"],
            "left out": ["For which signups does your code call the handler?"],
            "calls it twice": ["Who retries if a handler fails?"],
            "never acks": ["Who tells the broker that the work is done?"],
            "the lease is too short": ["How long does analytics take? And index?"],
            "a failure is done": ["What happens to a message if you let the error through?"],
            "a redelivery is done": ["What does your code do if a message comes again?"],
            "one try is enough": ["How often may a message be delivered before it is given up?"],
            "acks before the work is done": [
                "When is a message acked, and is the work done by then?"
            ],
            "": ["How many subscriptions do these readers need, and where does each one start?"],
        },
    ),
    Choose(
        "groups",
        "Everybody below reads 'signups'. Each new user gets one mail, each web server keeps a "
        "list of all users in its memory, and billing handles paying users only. Who shares a "
        "group, and who filters?",
        options={
            stage.EMAIL: list(stage.GROUPS),
            stage.CACHE: list(stage.GROUPS),
            stage.BILLING: list(stage.SORTS),
        },
        judged_by=Explored(
            stage.groups, stage.work_is_shared_and_news_is_copied, ("crash",), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "each worker is a group": ["How many of the two email workers should get a signup?"],
            "a shared group fans out": ["How many of the two web servers need to get a signup?"],
            "": ["Is it work, to be done once? Or news, for everyone to have?"],
        },
    ),
    Code(
        "producer",
        "Write a class Signup(connect) with handle(name). connect() makes a producer with "
        "send(data) and await flush(), which raises PublishTimeout if the broker doesn't "
        "confirm, and keeps the event in the buffer. One connection is enough for each start of "
        "the process: connect once. Send the name, once for each request, and return 'ok' when "
        "the event can't be lost any more. Whoever hears an error, or anything else, asks again.",
        judged_by=Explored(
            producers.producer,
            producers.what_was_answered_was_sent,
            producers.FAULTS,
            max_faults=2,
            expected=(PublishTimeout,),
        ),
        lessons=_LESSONS,
        hints={
            "send means sent": ["What has to be true before you answer 'ok'?"],
            "sends something else": ["What does the question ask you to send?"],
            "ok without sending": ["What has the producer been given when you answer 'ok'?"],
            "overwrites a name": ["Which of your variables do two requests share?"],
            "an error is no ok": ["What does your code do if flush() raises?"],
            "sends again what is kept": ["What does the next flush() do with the event?"],
            "sends it twice": ["How many events does one request need?"],
            "a producer for each request": [
                "How often does __init__ run, and how often does handle?"
            ],
            "another answer": ["What does handle return once flush() has returned?"],
            "": ["What has to happen between send(name) and 'ok'?"],
        },
    ),
    Choose(
        "confirm",
        "You publish a signup, which a queue is bound for, and a refund, which no queue is bound "
        "for. What does the publisher wait for, and what does it do if no answer comes? Neither "
        "message may vanish, whichever two messages the network loses.",
        options={
            publishers.PUBLISHER: list(publishers.WAITS),
            publishers.UNHEARD: list(publishers.THEN),
        },
        judged_by=Explored(
            publishers.confirm, publishers.nothing_vanishes, ("loss", "reply lost"), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "a confirm means it was routed": [
                "What does the exchange do with a message that no queue is bound for?"
            ],
            "silence means yes": ["Which message was lost: yours, or the confirm? Can you tell?"],
            "published means arrived": ["Who could tell you that the broker has it?"],
            "": ["You need an answer to each of three cases: accepted, unroutable, silence."],
        },
    ),
    Estimate(
        "catch_up",
        "The index handles 20 signups a second. For 10 minutes, 50 arrive each second; after that, "
        "5. How long after the burst has it caught up?",
        value=lambda: (50 - 20) * 600 / (20 - 5),
        unit="second",
        tolerance=0.05,
        wrong={
            "arrivals stop": lambda: (50 - 20) * 600 / 20,
            "the backlog is all": lambda: 50 * 600 / (20 - 5),
            "from the start of the burst": lambda: 600 + (50 - 20) * 600 / (20 - 5),
            "what arrives is what goes": lambda: (50 - 20) * 600 / 5,
        },
        lessons=_LESSONS,
        hints={
            "arrivals stop": ["What still arrives while the index works off the backlog?"],
            "from the start of the burst": ["How long does the burst itself last?"],
            "what arrives is what goes": [
                "How many leave the backlog each second, and how many join?"
            ],
            "the backlog is all": ["How many did it handle during the burst?"],
            "": ["How many signups wait when the burst ends?", "How fast does that number fall?"],
        },
        shows="(50 − 20) × 600 signups wait, and their number falls by 20 − 5 each second.",
    ),
]
