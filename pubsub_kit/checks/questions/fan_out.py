"""Exercise 02: wiring readers, a producer that sends, a confirm, and catching up."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.fan_out import publishers
from pubsub_kit.scenarios.fan_out import signups as stage

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
    "acks before the work is done": "An ack lets the message go. If the work fails or crashes "
    "after it, the message is lost: ack when the work is done.",
    "send means sent": "send() only fills a buffer in this process. Until flush() returns, a crash "
    "or a deployment takes the buffer with it.",
    "a producer for each request": "Every connection is work for both ends. In August 2025 "
    "PagerDuty made one Kafka producer per request, and about 95% of its events were rejected for "
    "38 minutes (its report). Make one when the process starts.",
    "another answer": "The client waits for your 'ok', and signs up again if none comes.",
    "published means arrived": "Fire and forget gets no answer, so nobody knows what became of the "
    "message. Wait for the broker's confirm.",
    "silence means yes": "No confirm came, so nobody knows whether the message arrived. Send it "
    "again, with the same id.",
    "a confirm means it was routed": "RabbitMQ also confirms a message that no queue is bound for, "
    "and then drops it. Its mandatory flag makes the message come back to you.",
    "arrivals stop": "New signups keep arriving while the index catches up.",
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
            stage.wire,
            stage.everyone_hears_of_everyone,
            ("crash",),
            max_faults=2,
            until=1_000.0,
            expected=(ConnectionError,),
        ),
        lessons=_LESSONS,
        hints={
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
            "acks before the work is done": [
                "When is a message acked, and is the work done by then?"
            ],
            "": ["for name, handler in readers.items(): world.consumer(…)"],
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
        "send(data) and await flush(). Send the name, and return 'ok' once the event can't be "
        "lost any more.",
        judged_by=Explored(
            publishers.producer, publishers.what_was_answered_was_sent, ("crash",), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "send means sent": ["What has to be true before you answer 'ok'?"],
            "a producer for each request": [
                "How often does __init__ run, and how often does handle?"
            ],
            "another answer": ["What does handle return, on every path?"],
            "": ["Connect in __init__. In handle: send, await flush, return 'ok'."],
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
        },
        lessons=_LESSONS,
        hints={
            "arrivals stop": ["What still arrives while the index works off the backlog?"],
            "the backlog is all": ["How many did it handle during the burst?"],
            "": ["How many signups wait when the burst ends?", "How fast does that number fall?"],
        },
        shows="(50 − 20) × 600 signups wait, and their number falls by 20 − 5 each second.",
    ),
]
