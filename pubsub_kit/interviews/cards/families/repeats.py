"""Families about retries, leases and offsets: what comes again, and what is lost (03 and 04)."""

from __future__ import annotations

from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Listed, Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem


def horizon(dice: Dice) -> Problem:
    """Ask how late the last retry may come."""
    base, cap = dice.pick((1, 2, 5, 10)), dice.pick((60, 300, 600, 3600))
    retries, window = dice.whole(4, 12), dice.pick((2, 5, 60))
    waits = [min(cap, base * 2**i) for i in range(retries)]
    total = sum(waits)
    fits = "so it is still known" if total <= window * 60 else "so it counts as new"
    return Problem(
        f"A publisher retries up to {retries} times. It waits {base} s, then twice as long each "
        f"time, at most {cap:,} s, without jitter. How long after the first attempt does the last "
        f"retry come? (The receiver remembers ids for {window} min: would it know it?)",
        Number(total, "second", 0.05),
        f"{' + '.join(f'{wait:,}' for wait in waits)} = {total:,} s. The window is "
        f"{window * 60:,} s, {fits}.",
        "Add the waits up. From which one on does the cap hold?",
        {"base": base, "cap": cap, "retries": retries},
    )


def copies(dice: Dice) -> Problem:
    """Ask how often a delayed task is out at the same time."""
    eta, visible = dice.whole(2, 48), dice.pick((30, 60, 90, 120, 360))
    count = -(-eta * 60 // visible)
    return Problem(
        f"A task is due in {eta} h. A worker takes it from the queue at once and holds it in "
        f"memory until then, without extending its lease. Each worker that gets it does the same. "
        f"The visibility timeout is {visible} min. How many workers hold it when it is due?",
        Number(count, "copy", 0),
        f"Every {visible} min the queue gives it to another worker: ⌈{eta * 60} / {visible}⌉ = "
        f"{count}. All of them run it.",
        "How often does the lease end before the task is due? The first delivery counts too.",
        {"eta": eta, "visible": visible},
    )


def _finished(dice: Dice) -> tuple[int, list[int]]:
    """Draw where a partition stands, and which records of a pool have finished, with a gap."""
    start, count = dice.whole(0, 40), dice.whole(5, 9)
    records = range(start, start + count)
    done = dice.some(records, dice.whole(2, count - 2))
    if done == [*records][: len(done)]:  # no gap: let the last one have finished too
        done = [*done[:-1], records[-1]]
    return start, done


def committed(dice: Dice) -> Problem:
    """Ask which offset may be committed."""
    start, done = _finished(dice)
    at = start
    while at in done:
        at += 1
    return Problem(
        f"A pool of threads works on a partition. Committed so far: {start} (the next record to "
        f"read). Finished since: {', '.join(map(str, done))}. What may you commit now, so that a "
        "crash loses nothing?",
        Number(at, "", 0),
        f"A commit says that everything below it is done. {at} is the first record that isn't "
        f"finished, so commit {at}.",
        "Which is the first record that has not finished?",
        {"start": start, "done": tuple(done)},
    )


def redelivered(dice: Dice) -> Problem:
    """Ask which finished records come again after a safe commit and a crash."""
    start, done = _finished(dice)
    at = start
    while at in done:
        at += 1
    again = tuple(str(offset) for offset in done if offset > at)
    return Problem(
        f"A consumer commits the first offset that isn't finished. It began at {start}, and has "
        f"finished {', '.join(map(str, done))}. It commits and crashes. Which of the finished "
        "records are handled a second time?",
        Listed(again),
        f"It commits {at}, so reading goes on there. Finished above it: {', '.join(again)}. They "
        "are handled again, so the work must be idempotent.",
        "What does it commit? Everything from there on is read again.",
        {"start": start, "done": tuple(done)},
    )


def lost_by_commit(dice: Dice) -> Problem:
    """Ask which records are lost by committing the highest finished offset."""
    start, done = _finished(dice)
    lost = tuple(str(n) for n in range(start, max(done)) if n not in done)
    return Problem(
        f"A consumer commits one more than the highest finished offset. It began at {start}, and "
        f"has finished {', '.join(map(str, done))}. It commits and crashes. Which records are "
        "never finished?",
        Listed(lost),
        f"It commits {max(done) + 1}, so it never reads what is below again. {', '.join(lost)} "
        "had not finished: lost.",
        "Which records below the commit were still being worked on?",
        {"start": start, "done": tuple(done)},
    )


FAMILIES = (
    Family("horizon", "How late a retry comes", "03", horizon, (18,), "SQS FIFO: 5 min; JetStream"),
    Family("copies", "A delayed task under a short lease", "04", copies, (10,), "kombu #337"),
    Family("committed", "What may be committed", "04", committed, (3, 4)),
    Family("redelivered", "What comes again", "04", redelivered, (1, 4)),
    Family("lost-by-commit", "What a commit loses", "04", lost_by_commit, (4,), "sarama #1840"),
)
