"""Families about calls that wait for each other: tails, chains, retries, workers (lesson 01)."""

from __future__ import annotations

from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.interviews.cards.families.wording import rounded

MONTH = 30 * 24 * 60  # minutes


def tail(dice: Dice) -> Problem:
    """Ask for the share of pages that wait for a slow reply."""
    slow, servers = dice.pick((0.5, 1.0, 2.0, 3.0, 5.0)), 5 * dice.whole(1, 24)
    share = 100 * (1 - (1 - slow / 100) ** servers)
    return Problem(
        f"A page asks {servers} servers at once and waits for all of them. Each one is slow for "
        f"{slow:g}% of its requests, independently. What share of the pages is slow?",
        Number(share, "percent", 0.1),
        f"A page is fast only if all {servers} replies are: {1 - slow / 100:g}^{servers} = "
        f"{1 - share / 100:.3f}. The rest, {share:.3g}%, waits for at least one slow reply.",
        "What is the chance that every reply is fast?",
        {"slow": slow, "servers": servers},
    )


def chain(dice: Dice) -> Problem:
    """Ask for the downtime of services in series."""
    up, services = dice.pick((99.0, 99.5, 99.9, 99.95, 99.99)), dice.whole(2, 12)
    minutes = MONTH * (1 - (up / 100) ** services)
    return Problem(
        f"A request needs {services} services, one after the other. Each is up {up:g}% of the "
        "time, and they fail independently. How long is the chain down in a month of 30 days?",
        Number(minutes, "minute", 0.1),
        f"All must be up: {up / 100:g}^{services} = {(up / 100) ** services:.5f}. The rest of "
        f"{MONTH:,} minutes is {minutes:.1f} minutes, about {services} times what one is down.",
        "When is the whole chain up?",
        {"up": up, "services": services},
    )


def thunder(dice: Dice) -> Problem:
    """Ask for the load that retries add while a share of attempts fails."""
    fails, tries = 10 * dice.whole(2, 9), dice.whole(2, 5)
    rate = dice.pick((100, 200, 500, 1000))
    share = fails / 100
    load = rate * sum(share**i for i in range(tries))
    terms = " + ".join(["1", f"{share:g}", *(f"{share:g}^{i}" for i in range(2, tries))])
    return Problem(
        f"Clients send {rate:,} requests a second, and each is tried up to {tries} times. In an "
        f"overload {fails}% of all attempts fail. How many attempts a second arrive?",
        Number(load, "attempt/second", 0.05),
        f"Each retry follows a failure: {rate:,} × ({terms}) = "
        f"{rounded(load)}/s, {load / rate:.3g} times the normal load. While that is above the "
        "capacity, "
        "the overload feeds itself.",
        "Which share of first attempts is tried again? And of those?",
        {"fails": fails, "tries": tries, "rate": rate},
    )


def workers(dice: Dice) -> Problem:
    """Ask how many workers wait, by Little's law."""
    rate, fast = 10 * dice.whole(2, 25), dice.pick((50, 100, 200))
    slow = dice.whole(1, 8)
    return Problem(
        f"A shop takes {rate} orders a second, and a worker waits {fast} ms for each reply. Now "
        f"replies take {slow} s. How many workers are busy on average, if none is refused?",
        Number(rate * slow, "worker", 0.02),
        f"Little's law: busy = rate × time = {rate}/s × {slow} s = {rate * slow}. Before, it was "
        f"{rate * fast / 1000:g}. Waiting uses up workers, though nobody works.",
        "How many new orders arrive while one worker waits?",
        {"rate": rate, "slow": slow},
    )


FAMILIES = (
    Family("tail", "Slow pages", "01", tail, (), "Dean & Barroso, The Tail at Scale, 2013"),
    Family("chain", "A chain's downtime", "01", chain),
    Family("thunder", "Load by retries", "01", thunder, (39,), "Google, SRE book, ch. 22"),
    Family("workers", "Workers that wait", "01", workers),
)
