"""Families about rates and backlogs: drain, lag, thresholds, campaigns, fan-out (02 and 06)."""

from __future__ import annotations

from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.interviews.cards.families.wording import counted, rounded

DAY = 86_400  # seconds


def drain(dice: Dice) -> Problem:
    """Ask how long a backlog takes to drain."""
    arrive, down = dice.pick((500, 1000, 2000, 4000)), dice.pick((60, 300, 600, 900, 1800))
    serve = arrive + dice.pick((100, 200, 250, 500))
    seconds = arrive * down / (serve - arrive)
    times = f"{seconds / down:.3g} times" if seconds != down else "as long as"
    return Problem(
        f"{arrive:,} messages a second arrive. Consumers were down for {down:,} s, and now they "
        f"handle {serve:,} a second. How long until the backlog is gone?",
        Number(seconds, "second", 0.02),
        f"The backlog is {arrive:,} × {down:,} = {arrive * down:,}. It shrinks by {serve:,} − "
        f"{arrive:,} = {serve - arrive} a second: {seconds:,.0f} s, {times} the "
        "outage.",
        "New messages go on arriving. By how much does the backlog shrink each second?",
        {"arrive": arrive, "down": down, "serve": serve},
    )


def lag(dice: Dice) -> Problem:
    """Ask how long one author's fan-out takes."""
    followers = dice.whole(1, 40) * 1_000_000
    rate = dice.pick((50, 100, 200, 250, 300, 400)) * 1_000
    return Problem(
        f"An account with {followers // 1_000_000}M followers posts. The fleet writes "
        f"{rate // 1000}K timeline entries a second, and all of it works on this post. How long "
        "until the last follower has it?",
        Number(followers / rate, "second", 0.03),
        f"Lag = followers / rate = {followers:,} / {rate:,} = {rounded(followers / rate)} s, even "
        "with "
        "nothing else to do.",
        "One write for each follower.",
        {"followers": followers, "rate": rate},
    )


def threshold(dice: Dice) -> Problem:
    """Ask from how many followers on an account can't be pushed in time."""
    seconds, rate = dice.whole(2, 30), dice.pick((100, 200, 300, 500)) * 1_000
    spare = dice.pick((10, 20, 25, 50))
    most = seconds * rate * spare / 100
    return Problem(
        f"Posts have to arrive within {seconds} s. The fleet writes {rate // 1000}K entries a "
        f"second and has {spare}% of that to spare. From how many followers on should an "
        "account be read at read time instead?",
        Number(most, "follower", 0.03),
        f"{seconds} s × {rate:,}/s × {spare}% = {most:,.0f} followers: more can't be written in "
        "time.",
        "How many entries can the spare rate write before the time is up?",
        {"seconds": seconds, "rate": rate, "spare": spare},
    )


def fan_out(dice: Dice) -> Problem:
    """Ask for the writes a second of a fan-out on write."""
    posts, followers = 20 * dice.whole(1, 25), dice.pick((50, 75, 150, 200))
    peak = dice.pick((2, 3, 5))
    writes = posts * 1e6 / DAY * followers * peak
    return Problem(
        f"{posts}M posts a day, {followers} followers on average, a peak of {peak} times the mean. "
        "Estimate the timeline writes a second at the peak.",
        Number(writes, "write/second", 0.0, factor=2.0),
        f"{posts}M / 86,400 s = {posts * 1e6 / DAY:,.0f} posts/s × {followers} × {peak} = "
        f"{writes / 1000:,.0f}K writes/s.",
        "A day has about 100,000 seconds. Then multiply.",
        {"posts": posts, "followers": followers, "peak": peak},
    )


def campaign(dice: Dice) -> Problem:
    """Ask which share of a campaign expires before it is sent."""
    people, quota = dice.pick((20, 30, 50, 80)), dice.pick((2, 3, 5))
    share, hours = dice.pick((50, 60, 70, 80)), dice.pick((1, 2, 3, 4))
    takes = people * 1e6 / (quota * 1000 * share / 100)
    expired = max(0.0, 100 * (1 - hours * 3600 / takes))
    sent = f"{100 - expired:.3g}% are sent; {expired:.3g}% expire" if expired else "all are sent"
    return Problem(
        f"A campaign goes to {people}M devices. The gateway takes {quota}K messages a second, and "
        f"you give the campaign {share}% of that. A message is worthless after {hours} h. What "
        "share expires before it is sent?",
        Number(expired, "percent", 0.1),
        f"It takes {people}M / ({quota}K/s × {share}%) = {takes / 3600:.3g} h. In {hours} h, "
        f"{sent}.",
        "How long does the whole campaign take, next to its deadline?",
        {"people": people, "quota": quota, "share": share, "hours": hours},
    )


def dedup_memory(dice: Dice) -> Problem:
    """Ask for the memory that a dedup window needs."""
    day, days = 10 * dice.whole(1, 50), dice.pick((1, 2, 3, 7))
    size = dice.pick((16, 32, 40, 64))
    gigabytes = day * 1e6 * days * size / 1e9
    return Problem(
        f"{day}M payments a day; ids are remembered for {counted(days, 'day')}, at {size} "
        "bytes each. How much space do they take?",
        Number(gigabytes, "GB", 0.03),
        f"{day}M × {days} × {size} B = {gigabytes:,.4g} GB.",
        "How many ids are remembered at once?",
        {"day": day, "days": days, "size": size},
    )


FAMILIES = (
    Family("drain", "Draining a backlog", "02", drain, (42,)),
    Family("dedup-memory", "The size of a dedup window", "03", dedup_memory, (18,)),
    Family("lag", "A celebrity's lag", "06", lag, (), "High Scalability, 2013-07-08"),
    Family("threshold", "The celebrity threshold", "06", threshold),
    Family("fan-out", "Timeline writes", "06", fan_out, (), "DDIA, ch. 1"),
    Family("campaign", "What a campaign loses", "06", campaign, (42,)),
)
