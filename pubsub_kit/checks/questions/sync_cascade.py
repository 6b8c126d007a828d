"""Exercise 01: a shop that places each order once, in time, and lets what it calls recover."""

from __future__ import annotations

from pubsub_kit.checks.forms.choose import Choose
from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.estimate import Estimate
from pubsub_kit.checks.forms.judges import Explored, Sampled
from pubsub_kit.checks.forms.question import Question
from pubsub_kit.scenarios.sync_cascade import layers, overload
from pubsub_kit.scenarios.sync_cascade import orders as stage
from pubsub_kit.scenarios.sync_cascade.placed import SPENT
from pubsub_kit.scenarios.sync_cascade.shop import NETWORK

_LESSONS = {
    "a new id for each try": "A try that timed out may have done its work all the same. Stock "
    "takes a new id for a new order, so use one id per order, not one per try.",
    "two requests for one order": "Stock takes one tea for each new id. One order is one intent, "
    "however many requests you make for it, so all of them need the same id.",
    "one id for two orders": "Stock takes an id that it has seen for a repeat, and does nothing. "
    "Every order needs an id that no other order has.",
    "a timeout means it failed": "After a timeout you can't know whether stock did the work. Ask "
    "again with the same id: if the work was done, that is harmless.",
    "one order stands for another": "That stock took a tea for one order says nothing of the next "
    "one, even if it is for the same tea. Each order needs a call of its own.",
    "overwrites an order": "Orders overlap: at each await, another one may run, and overwrite what "
    "you keep in self. Keep an order in a local variable.",
    SPENT: "What you keep outside the function, in self or in a global variable, outlives an "
    "order, and the next one finds it as it was left: a count of tries, a deadline, a flag, an "
    "open breaker. Give each order its own, or let it recover.",
    "says placed unseen": "Only stock's reply tells you that the tea was taken. Answer 'placed' "
    "once you have it.",
    "asks nobody": "Only stock can take a tea off the shelf, so the shop has to call it.",
    "gives up at once": "A message that is lost or late is cured by sending it again, with the "
    "same id.",
    "gives up too soon": "Each lost or late message spoils one try, and two may be lost here. How "
    "many tries does it take until one gets through?",
    "one reply is enough": "Stock said yes to one of your calls. The others failed, and what they "
    "raised hid that. Catch the timeout of each call by itself.",
    "a breaker for one order": "An open breaker refuses the next try at once. It is there to spare "
    "a service that fails again and again, not to answer for a single lost message.",
    "too little patience": "A message takes 10 to 50 ms each way, so no reply can come sooner than "
    "that. A timeout that is shorter than a normal reply fails every call.",
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
    "two requests for one order": ["Which id do all the requests for one order have in common?"],
    "one id for two orders": ["Two orders may be for the same item. What differs between them?"],
    "a timeout means it failed": ["What could you ask stock, instead of guessing?"],
    "one order stands for another": [
        "Two orders for the same tea take two teas. Which call takes the second one?"
    ],
    "overwrites an order": ["Which of your variables do two orders share?"],
    SPENT: [
        "What did the orders before leave behind outside the function, and what does the next one "
        "find there?",
        "Let handle() begin each order anew: set tries, deadline and so on in a local variable.",
    ],
    "says placed unseen": ["When do you know that stock has taken a tea for this order?"],
    "gives up at once": ["How many messages may be lost here, and how many tries does that take?"],
    "gives up too soon": ["Two losses spoil two tries. Allow for one more."],
    "one reply is enough": [
        "What does your code do with an error if another call has been answered?",
        "Put try and except around each call, in a small function of its own.",
    ],
    "a breaker for one order": ["How many failures in a row may a single unlucky order cause?"],
    "too little patience": ["How long does a reply take if nothing goes wrong?"],
    "another answer": ["What does each path through your code return?"],
}

QUESTIONS: list[Question] = [
    Code(
        "place",
        "Write the shop's handler. It makes stock take one tea for the order and returns 'placed', "
        "whichever one or two messages the network loses or delays. Messages take 10 to 50 ms. "
        "Orders keep coming, some of them at the same moment.",
        judged_by=Explored(
            stage.many_orders, stage.placed_once, NETWORK, max_faults=2, until=200.0
        ),
        lessons=_LESSONS,
        hints={
            **_HINTS,
            "": [
                "Which messages can get lost, and what does your code do about each of them?",
                "call() with a timeout and a RetryPolicy(attempts=4) retries by itself.",
            ],
        },
    ),
    Code(
        "budget",
        f"Repair the shop. The client waits {stage.BUDGET:g} s in all, and your answer takes "
        "10 to 50 ms to reach it. Answer in time: 'placed', even if one message is lost, or "
        "'failed' if stock can't be reached. Later orders, once it can be, are placed again.",
        judged_by=Explored(
            stage.orders_and_a_cut,
            stage.within_budget,
            ("loss", "reply lost"),
            max_faults=2,
            until=200.0,
        ),
        lessons={
            **_LESSONS,
            "each try has its own patience": "The client's patience is spent once, not once per "
            "try. What is left of the budget is the timeout of the next try.",
            "one try takes it all": "One try may take no longer than the client waits, and only a "
            "part of it if there is to be a second one.",
            "the way takes no time": "The client's clock began when its order left, and runs until "
            "your answer arrives. Leave a little of the budget for the way.",
            "waits for ever": "A call without a timeout can outlast any budget.",
            "gives up with an error": "The client can't do anything with your exception. Catch it, "
            "and answer.",
        },
        hints={
            **_HINTS,
            "each try has its own patience": [
                "How long may all tries and pauses of an order take together, and how long may "
                "yours take?",
                "With left = deadline - clock(): timeout=min(0.5, left), and stop when nothing is "
                "left. Pauses count too.",
            ],
            "one try takes it all": [
                "Which timeout leaves time for another try, and for the way back?"
            ],
            "the way takes no time": ["End the budget a tenth of a second early."],
            "gives up with an error": [
                "Where could you catch the last error?",
                "except CallError: return 'failed', after the last try.",
            ],
            "": ["How long may each try take, so that a second one fits into the budget?"],
        },
    ),
    Choose(
        "layers",
        "The database is down for a second while 40 orders are under way. Which layers retry (4 "
        "tries each), and do they wait a fixed or a random time between tries? No order may call "
        "the database more than 4 times, no more than 20 calls may reach it within 50 ms, and no "
        "more than 8 orders may fail.",
        options=layers.LAYERS,
        judged_by=Sampled(
            layers.down_for_a_second,
            layers.spared,
            seeds=(1, 2, 3),
            until=120.0,
            draws=layers.calls_chart,
        ),
        lessons={
            "retry at every layer": "Tries multiply from layer to layer. With 4 tries each, two "
            "layers make up to 16 calls of one order, and three up to 64 (Google's SRE book, "
            "chapter 22).",
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
        "Write a shop that survives five seconds in which stock is ten times slower. It answers "
        "'placed' once stock has taken the tea. Before these seconds, and again once they are "
        "over, at least 95% of the orders have to be placed. A class with handle(order) can keep "
        "a Breaker.",
        judged_by=Sampled(
            overload.slow_for_a_while,
            overload.recovers,
            seeds=(1, 2),
            until=overload.END + 1,
            max_steps=overload.MOST_STEPS,
            draws=overload.placed_chart,
        ),
        lessons={
            "load falls once the trigger ends": "Every order that times out comes back as more "
            "calls, so the load stays above what stock can handle long after the trigger is gone. "
            "That is a metastable failure (Bronson et al., HotOS 2021). Something has to shed "
            "load.",
            "what opened stays open": "Stock was at full speed again, and the shop still held "
            "calls back. What stops calls has to do so before stock is buried in them, let one "
            "through after a while, and hear that it succeeded.",
            "a new id for each try": "An order that is tried again is still the same order, and "
            "so is a second request for it: stock takes a tea for each new id.",
            "takes something else": "Stock takes whatever item your request names. Pass on the "
            "item of the order.",
            "one id for two orders": _LESSONS["one id for two orders"],
            "one order stands for another": _LESSONS["one order stands for another"],
            "few at a time": "A call takes stock 50 ms on average: one at a time makes 20 orders "
            "a second, two make 40, and 60 come in. Let the shop handle more of them side by side.",
            "asks nobody": "Stock was well. An order for which the shop doesn't call stock can't "
            "be placed.",
            "many calls": "Stock handles 100 calls a second, and 60 orders come in. Whatever you "
            "send it beside one call for each order is load, even while nothing is wrong.",
            "calls it failed": "Stock's reply says that the tea was taken. Whoever is told "
            "'failed' buys it elsewhere, and gets two.",
            "says placed unseen": _LESSONS["says placed unseen"],
            "overwrites an order": _LESSONS["overwrites an order"],
            "too little patience": "Stock takes 50 ms on average, and often longer. A timeout "
            "about as short gives up on calls that would have succeeded.",
            "another answer": _LESSONS["another answer"],
        },
        hints={
            "load falls once the trigger ends": [
                "What tells you that stock is overloaded, and what should you do less of then?",
                "A Breaker sheds load if all orders share one, and if it hears of each failure: "
                "from call(…, breaker=…), or by failed(now, since), where since is when the call "
                "went out.",
            ],
            "what opened stays open": [
                "When does the shop call stock again, and what happens if that call succeeds?",
                "A Breaker closes once succeeded(now, since) tells it of a success, and it lets a "
                "call through `reset` seconds after it opened.",
            ],
            "a new id for each try": _HINTS["a new id for each try"],
            "says placed unseen": _HINTS["says placed unseen"],
            "overwrites an order": _HINTS["overwrites an order"],
            "takes something else": ["Which item do you ask stock for?"],
            "one id for two orders": _HINTS["one id for two orders"],
            "one order stands for another": _HINTS["one order stands for another"],
            "few at a time": ["What keeps orders from being handled side by side?"],
            "too little patience": _HINTS["too little patience"],
            "another answer": _HINTS["another answer"],
            "many calls": ["How many calls does an order need if nothing goes wrong?"],
            "calls it failed": ["What do you return after call() has returned?"],
            "": ["How much load is a single call for each order, with a timeout and no retries?"],
        },
    ),
    Estimate(
        "tail",
        "A page asks 100 servers and waits for the slowest reply. 1% of each server's replies are "
        "slow. What share of the pages is slow, in percent?",
        value=lambda: 100 * (1 - 0.99**100),
        unit="percent",
        tolerance=0.03,
        wrong={
            "the average is the page": lambda: 1.0,
            "shares add up": lambda: 100.0,
            "one reply is fast": lambda: 99.0,
            "the fast pages": lambda: 100 * 0.99**100,
            "exactly one is slow": lambda: 100 * 100 * 0.01 * 0.99**99,
        },
        lessons={
            "one reply is fast": "99% is the share of one server's replies that are fast. A page "
            "is fast only if all of its 100 replies are.",
            "the fast pages": "That is the share of the pages that are fast.",
            "exactly one is slow": "That is the share of the pages with exactly one slow reply. A "
            "page that waits for two slow replies, or more, is slow as well.",
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
        wrong={
            "a chain is its weakest link": lambda: 0.001 * 30 * 24 * 60,
            "a day is a month": lambda: (1 - 0.999**3) * 24 * 60,
        },
        lessons={
            "a day is a month": "That is the downtime in one day. How many days has the month?",
            "a chain is its weakest link": "That is the downtime of one service. All three have to "
            "be up at once, so their availabilities multiply.",
        },
        hints={
            "a day is a month": ["How many minutes are there in 30 days?"],
            "": [
                "What share of the time are all three up at once?",
                "All three are up 0.999 ** 3 of the time.",
            ],
        },
        shows="All three are up 0.999³ of the time.",
    ),
]
