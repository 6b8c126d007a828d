"""Exercise 01: a shop that places each order once, in time, and lets what it calls recover."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored, Sampled
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.sync_cascade import overload
from pubsub_kit.scenarios.sync_cascade import shop as stage

_LESSONS = {
    "a new id for each try": "The first try did its work; only its reply never reached you. Stock "
    "takes a new id for a new order, so use one id per order, not one per try.",
    "a timeout means it failed": "After a timeout you can't know whether stock did the work. Ask "
    "again with the same id: if the work was done, that is harmless.",
    "says placed unseen": "Only stock's reply tells you that the tea was taken. Answer 'placed' "
    "once you have it.",
    "gives up at once": "A lost message is cured by sending it again.",
    "another answer": "The client compares your reply, word for word, with the answers that the "
    "question names.",
    "waits for ever": "Without a timeout, a call waits forever for a reply that was lost.",
    "never ends": "A retry loop needs an end: a number of tries, or of seconds.",
}

_HINTS = {
    "a new id for each try": [
        "Which id stays the same across retries?",
        "Send order['id'] as the id, on every try.",
    ],
    "a timeout means it failed": ["What could you ask stock, instead of guessing?"],
    "says placed unseen": ["What had the call returned when you answered 'placed'?"],
    "gives up at once": ["How many messages may be lost here, and how many tries does that take?"],
    "another answer": ["What does each path through your code return?"],
}

QUESTIONS: list[Question] = [
    Code(
        "place",
        "Write the shop's handler. It makes stock take one tea for the order and returns 'placed', "
        "whichever one or two messages the network loses or delays.",
        judged_by=Explored(
            stage.one_order, stage.placed_once, stage.NETWORK, max_faults=2, until=200.0
        ),
        lessons=_LESSONS,
        hints={
            **_HINTS,
            "": [
                "A call can time out. Catch CallTimeout and try again.",
                "Give call() a timeout and a RetryPolicy(attempts=4): then it retries by itself.",
            ],
        },
    ),
    Code(
        "budget",
        f"Repair the shop. The client waits {stage.BUDGET:g} s in all, so answer by then: "
        "'placed', even if one message is lost, or 'failed' if stock can't be reached.",
        judged_by=Explored(
            stage.order_then_cut,
            stage.within_budget,
            ("loss", "reply lost"),
            max_faults=2,
            until=200.0,
        ),
        lessons={
            **_LESSONS,
            "each try has its own patience": "The client's patience is spent once, not once per "
            "try. What is left of the budget is the timeout of the next try.",
            "waits for ever": "A call without a timeout can outlast any budget.",
            "gives up with an error": "The client can't do anything with your exception. Catch it, "
            "and answer.",
        },
        hints={
            **_HINTS,
            "each try has its own patience": [
                "Note clock() at the start. How much of the budget is left before each try?",
                "Use timeout=min(0.5, left), and stop when nothing is left. Pauses count too.",
            ],
            "gives up with an error": [
                "Where could you catch the last error?",
                "except CallError: return 'failed', after the last try.",
            ],
            "": ["Give each try only a part of the budget, so that a second one fits in."],
        },
    ),
    Choose(
        "layers",
        "The database is down for a second while 40 orders are under way. Which layers retry (4 "
        "tries each), and do they wait a fixed or a random time between tries? No order may call "
        "the database more than 4 times, no more than 20 calls may reach it within 50 ms, and no "
        "more than 8 orders may fail.",
        options=overload.LAYERS,
        judged_by=Sampled(
            overload.down_for_a_second,
            overload.spared,
            seeds=(1, 2, 3),
            until=120.0,
            draws=overload.calls_chart,
        ),
        lessons={
            "retry at every layer": "Tries multiply from layer to layer: 4 tries at each of 3 "
            "layers make up to 64 calls at the lowest (Google's SRE book, chapter 22).",
            "backoff without jitter": "After a fixed wait, everyone who failed together comes back "
            "together. Random waits spread them out.",
            "never retry": "The outage was short, and a retry after it would have succeeded.",
        },
        hints={
            "retry at every layer": ["How many layers have to retry?"],
            "backoff without jitter": ["What would spread the retries out?"],
            "never retry": ["Who should try again once the database is back?"],
            "": ["One layer that retries is enough; which one is up to you.", "Spread the waits."],
        },
    ),
    Code(
        "recover",
        "Write a shop that survives five seconds in which stock is ten times slower. Once they are "
        "over, at least 95% of the orders have to be placed again. A class with handle(order) can "
        "keep a Breaker.",
        judged_by=Sampled(
            overload.slow_for_a_while,
            overload.recovers,
            seeds=(1, 2),
            until=overload.END + 1,
            draws=overload.placed_chart,
        ),
        limit=30.0,
        lessons={
            "load falls once the trigger ends": "Every order that times out comes back as more "
            "calls, so the load stays above what stock can handle long after the trigger is gone. "
            "That is a metastable failure (Bronson et al., HotOS 2021). Something has to shed "
            "load.",
            "a new id for each try": "An order that is tried again is still the same order.",
            "does not place": "A shop that asks nothing of stock overloads nobody, and sells "
            "nothing.",
        },
        hints={
            "load falls once the trigger ends": [
                "What tells you that stock is overloaded, and what should you do less of then?",
                "Breaker(failures=…, reset=…) has allows(clock()), failed(clock()) and "
                "succeeded(clock()); or give it to call().",
            ],
            "a new id for each try": _HINTS["a new id for each try"],
            "": ["Start with a single call: a timeout, and no retries."],
        },
    ),
    Estimate(
        "tail",
        "A page asks 100 servers and waits for the slowest reply. 1% of each server's replies are "
        "slow. What share of the pages is slow, in percent?",
        value=lambda: 100 * (1 - 0.99**100),
        unit="percent",
        tolerance=0.03,
        wrong={"the average is the page": lambda: 1.0, "shares add up": lambda: 100.0},
        lessons={
            "the average is the page": "1% is one server's share. The page is slow if any of the "
            "100 replies is.",
            "shares add up": "If shares added up, 200 servers would make 200%. A page with two "
            "slow replies is still one slow page.",
        },
        hints={
            "": [
                "How likely is it that none of the 100 replies is slow?",
                "In percent, it is 100 * (1 - 0.99**100).",
            ],
        },
        shows="A page is fast with probability 0.99^100 (Dean & Barroso, The Tail at Scale).",
    ),
    Estimate(
        "chain",
        "An order needs the shop, stock and a database. Each is up 99.9% of the time, "
        "independently of the others. For how many minutes of a 30-day month can no order be "
        "placed?",
        value=lambda: (1 - 0.999**3) * 30 * 24 * 60,
        unit="minute",
        tolerance=0.05,
        wrong={"a chain is its weakest link": lambda: 0.001 * 30 * 24 * 60},
        lessons={
            "a chain is its weakest link": "That is the downtime of one service. All three have to "
            "be up at once, so their availabilities multiply."
        },
        hints={
            "": [
                "What share of the time are all three up at once?",
                "All three are up 0.999 ** 3 of the time.",
            ]
        },
        shows="All three are up 0.999³ of the time.",
    ),
]
