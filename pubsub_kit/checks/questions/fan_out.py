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
    "a shared group fans out": "Those who share a group share its messages: each goes to one of "
    "them. Whoever is to have all of them needs a group of its own.",
    "each worker is a group": "A group of its own gets a copy of everything, so the work is done "
    "twice. Workers of one service share a group.",
    "one reader hears nothing": "A reader without a subscription gets nothing.",
    "a loop isolates": "In one delivery for all, a reader waits until the one before is done, and "
    "goes through it again where one fails. A subscription each keeps them apart.",
    "a late subscriber sees history": "A new group begins with the next message, unless you say "
    "where to start. The log still holds what came before.",
    "acks before the work is done": "An ack lets the message go. Whatever fails or crashes after "
    "it is lost: ack when the work is done.",
    "send means sent": "send() only fills a buffer in this process. Until flush() returns, a "
    "crash or a deployment takes it along.",
    "a producer for each request": "Connecting costs more than publishing, on both ends: in "
    "August 2025 a Kafka producer for each request cost PagerDuty most of its events for 38 "
    "minutes (its report). Make one when the process starts.",
    "another answer": "Whoever signs up waits for your 'ok': without it they try again.",
    "published means arrived": "Fire and forget has no answer, so nobody knows what became of it. "
    "Ask for the broker's confirm.",
    "silence means yes": "No confirm came, so nobody knows whether it arrived. Send it again, with "
    "the same id.",
    "a confirm means it was routed": "RabbitMQ confirms a message that no queue is bound for, "
    "and drops it. Ask to get back what cannot be routed (the mandatory flag).",
    "arrivals stop": "New signups keep coming while it catches up.",
    "the backlog is all": "While the burst lasts, the index works too: only what it can't keep up "
    "with waits.",
}

QUESTIONS: list[Question] = [
    Code(
        "wire",
        "Write wire(world, readers): give each reader (a name and its handler) its subscription by "
        "world.consumer(name, handler, 'signups', …), so that each hears of every signup, also of "
        "those before it joined, and none is in another's way.",
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
            "a shared group fans out": ["What is the group of a consumer, if you do not say?"],
            "a late subscriber sees history": [
                "Where does a new group begin to read?",
                "world.consumer takes start=…",
            ],
            "a loop isolates": ["One subscription for each reader, not one for all."],
            "acks before the work is done": [
                "When is a message acked, and is the work done by then?"
            ],
            "": ["for name, handler in readers.items(): world.consumer(…)"],
        },
    ),
    Choose(
        "groups",
        "Everybody below reads 'signups'. Each new user gets one mail, each web server keeps "
        "a list of all users in its memory, and billing handles paying users only.",
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
            "each worker is a group": ["How many of the two email workers may get a signup?"],
            "a shared group fans out": ["How many of the two web servers must hear of a signup?"],
            "": ["Is it work, to be done once? Or news, that each must have?"],
        },
    ),
    Code(
        "producer",
        "Write a class Signup(connect) with handle(name): connect() makes a producer with "
        "send(data) and await flush(). Send the name, and return 'ok' when the event can't be "
        "lost any more.",
        judged_by=Explored(
            publishers.producer, publishers.what_was_answered_was_sent, ("crash",), max_faults=2
        ),
        lessons=_LESSONS,
        hints={
            "send means sent": ["What has to be true before you say 'ok'?"],
            "a producer for each request": ["__init__ runs once for each start of the process."],
            "another answer": ["handle returns what the client hears."],
            "": ["Connect in __init__; in handle: send, await flush, return 'ok'."],
        },
    ),
    Choose(
        "confirm",
        "You publish a signup, which a queue is bound for, and a refund, which none is. "
        "What must you wait for, so that neither can vanish, whichever two messages the network "
        "loses?",
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
                "What does the exchange do with a message that it has no queue for?"
            ],
            "silence means yes": ["Whose message was lost: yours, or the broker's confirm?"],
            "published means arrived": ["Who tells you that the broker has it?"],
            "": ["You need an answer in each of three cases: accepted, unroutable, silence."],
        },
    ),
    Estimate(
        "catch_up",
        "The index takes 20 signups a second. For 10 minutes 50 come each second, then 5. How long "
        "after the burst has it caught up?",
        value=lambda: (50 - 20) * 600 / (20 - 5),
        unit="second",
        tolerance=0.05,
        wrong={
            "arrivals stop": lambda: (50 - 20) * 600 / 20,
            "the backlog is all": lambda: 50 * 600 / (20 - 5),
        },
        lessons=_LESSONS,
        hints={
            "arrivals stop": ["What still comes in while it works off the rest?"],
            "the backlog is all": ["What did it work off during the burst?"],
            "": ["How many wait when the burst ends?", "How fast does that number fall?"],
        },
        shows="(50 − 20) × 600 signups wait, and their number falls by 20 − 5 each second.",
    ),
]
