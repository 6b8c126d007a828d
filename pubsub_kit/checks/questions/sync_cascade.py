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
    "a new id for each try": "The first try did its work; only its reply was lost. To stock, a "
    "new id is a new order, so the id belongs to the order and not to the try.",
    "a timeout means it failed": "After a timeout nobody on your side can know whether the work "
    "was done. Ask again with the same id: if it was done, that is harmless.",
    "says placed unseen": "Only stock's reply tells that the tea is taken. Say 'placed' once you "
    "have heard so.",
    "gives up at once": "A lost message is cured by sending it again.",
    "another answer": "The client reads the reply: it waits for 'placed', to the letter.",
    "waits for ever": "A call without a timeout waits for a reply that was lost.",
    "never ends": "A loop of tries needs an end: so many tries, or so many seconds.",
}

_HINTS = {
    "a new id for each try": [
        "How would stock know that your second request is the first one again?",
        "Send order['id'] as the id, each time.",
    ],
    "a timeout means it failed": ["What could you ask stock, instead of guessing?"],
    "says placed unseen": ["What has the call returned by the time you say 'placed'?"],
    "another answer": ["What does each way through your code return?"],
}

QUESTIONS: list[Question] = [
    Code(
        "place",
        "Write the shop's handler: it has stock take one tea for an order, and returns 'placed', "
        "whichever one or two messages the network loses or delays.",
        judged_by=Explored(
            stage.one_order, stage.placed_once, stage.NETWORK, max_faults=2, until=200.0
        ),
        lessons=_LESSONS,
        hints={
            **_HINTS,
            "": [
                "A call can time out: catch CallTimeout, and try again.",
                "RetryPolicy(attempts=4) and a timeout, both given to call(), make the loop.",
            ],
        },
    ),
    Code(
        "budget",
        f"Repair the shop: the client waits {stage.BUDGET:g} s in all. Answer by then: 'placed', "
        "even if one message is lost, or 'failed' if stock cannot be reached.",
        judged_by=Explored(
            stage.order_then_cut,
            stage.within_budget,
            ("loss", "reply lost"),
            max_faults=2,
            until=200.0,
        ),
        lessons={
            **_LESSONS,
            "each try has its own patience": "Patience is spent once, not once a try. What is "
            "left of the budget is the timeout of the next try.",
            "waits for ever": "A call without a timeout has no budget at all.",
            "gives up with an error": "The client can do nothing with an exception of yours. "
            "Catch it, and answer.",
        },
        hints={
            **_HINTS,
            "each try has its own patience": [
                "Note clock() at the start. How much of the budget is left before each try?",
                "timeout=min(0.5, left), and stop once nothing is left. Waits between tries count.",
            ],
            "gives up with an error": ["except CallError: return 'failed', after the last try."],
            "": ["A try may take a part of the budget only, so that a second one fits in."],
        },
    ),
    Choose(
        "layers",
        "The database is down for a second while 40 orders are under way. Who retries (4 attempts "
        "each), and do they wait a fixed or a random time between? No order may knock more than "
        "4 times, nor more than 20 calls arrive within 50 ms, nor more than 8 orders fail.",
        options=overload.LAYERS,
        judged_by=Sampled(
            overload.down_for_a_second,
            overload.spared,
            seeds=(1, 2, 3),
            until=120.0,
            draws=overload.calls_chart,
        ),
        lessons={
            "retry at every layer": "Tries multiply from layer to layer: with 4 attempts at each "
            "of 3 layers, one order is 64 calls at the lowest (Google's SRE book, chapter 22).",
            "backoff without jitter": "A fixed wait keeps the crowd together. A random one "
            "spreads it.",
            "never retry": "A short outage is what retries are for.",
        },
        hints={"": ["One layer that retries is enough. Which is up to you.", "Spread the waits."]},
    ),
    Code(
        "recover",
        "Write the shop so that it survives five seconds in which stock is ten times slower: once "
        "they are over, at least 95% of the orders must be placed again. A class with "
        "handle(order) may keep a Breaker.",
        judged_by=Sampled(
            overload.slow_for_a_while,
            overload.recovers,
            seeds=(1, 2),
            until=overload.END + 1,
            draws=overload.placed_chart,
        ),
        limit=30.0,
        lessons={
            "load falls once the trigger ends": "Every order that times out comes back as several "
            "more, so the load stays above what stock can do, long after the trigger is gone: a "
            "metastable failure (Bronson et al., OSDI 2022). Something must shed load.",
            "a new id for each try": "An order that is tried again is still the same order.",
            "does not place": "A shop that asks nothing of stock overloads nobody, and sells "
            "nothing.",
        },
        hints={
            "load falls once the trigger ends": [
                "What tells you that stock is overloaded, and what should you do less of then?",
                "Breaker(failures=…, reset=…): allows(clock()), failed(clock()), "
                "succeeded(clock()); or give it to call().",
            ],
            "a new id for each try": _HINTS["a new id for each try"],
            "": ["Begin with one call with a timeout and no retries."],
        },
    ),
    Estimate(
        "tail",
        "A page asks 100 servers and waits for the slowest. 1% of a server's replies are slow. "
        "What share of the pages is slow, in percent?",
        value=lambda: 100 * (1 - 0.99**100),
        unit="percent",
        tolerance=0.03,
        wrong={"the average is the page": lambda: 1.0, "shares add up": lambda: 100.0},
        lessons={
            "the average is the page": "1% is one server's share. The page is slow if any of "
            "the 100 is.",
            "shares add up": "Added up, 200 servers would make 200%. A page is quick only if "
            "all 100 are.",
        },
        hints={"": ["What is the chance that none of the 100 is slow?", "1 − 0.99 ** 100"]},
        shows="A page is quick with probability 0.99^100 (Dean & Barroso, The Tail at Scale).",
    ),
    Estimate(
        "chain",
        "An order needs the shop, stock and a database, each of them up 99.9% of the time, and "
        "independently. For how many minutes of a month of 30 days can't it be placed?",
        value=lambda: (1 - 0.999**3) * 30 * 24 * 60,
        unit="minute",
        tolerance=0.05,
        wrong={"a chain is its weakest link": lambda: 0.001 * 30 * 24 * 60},
        lessons={
            "a chain is its weakest link": "That is one service's share. All three must be up "
            "at once, so their availabilities multiply."
        },
        hints={"": ["0.999 ** 3 of the time all three are up."]},
        shows="0.999³ of the time all three are up.",
    ),
]
