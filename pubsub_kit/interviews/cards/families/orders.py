"""Families about order: partitions, rebalances, sequence numbers and clocks (lesson 05)."""

from __future__ import annotations

from zlib import crc32

from pubsub_kit.broker.assignment import sticky
from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Listed, Number, choice
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.log.memory import partition_for

PEOPLE = ("ann", "bob", "cleo", "dan", "eve", "finn", "gus", "hana", "ines", "joe")


def resize(dice: Dice) -> Problem:
    """Ask which keys move when a partition is added."""
    keys, count = dice.some(PEOPLE, 4), dice.whole(2, 5)
    moved = tuple(k for k in keys if partition_for(k, count) != partition_for(k, count + 1))
    numbers = ", ".join(f"{key}: {crc32(key.encode())}" for key in keys)
    places = ", ".join(
        f"{k} {partition_for(k, count)} → {partition_for(k, count + 1)}" for k in keys
    )
    return Problem(
        f"A key's partition is crc32(key) mod n. The checksums are {numbers}. You go from {count} "
        f"to {count + 1} partitions. Which keys move?",
        Listed(moved),
        f"{places}. A key that moves has old events in one partition and new ones in another, and "
        "nothing keeps those two in order.",
        f"Divide each checksum by {count} and by {count + 1}, and compare the remainders.",
        {"keys": tuple(keys), "count": count},
    )


def ordered_pairs(dice: Dice) -> Problem:
    """Ask which keys keep their order relative to one key."""
    keys, count = dice.some(PEOPLE, 5), dice.whole(2, 4)
    first, others = keys[0], keys[1:]
    home = partition_for(first, count)
    same = tuple(key for key in others if partition_for(key, count) == home)
    numbers = ", ".join(f"{key}: {crc32(key.encode())}" for key in keys)
    return Problem(
        f"A topic has {count} partitions, and a key's partition is crc32(key) mod {count}. The "
        f"checksums are {numbers}. Whose events are sure to be read in order with {first}'s?",
        Listed(same),
        f"{first} is in partition {home}, with {', '.join(same) or 'nobody else'}. Order holds "
        "within a partition, and says nothing about two of them.",
        "Who has the same remainder?",
        {"keys": tuple(keys), "count": count},
    )


def rebalance(dice: Dice) -> Problem:
    """Ask how many partitions change hands when a member joins or leaves."""
    members, partitions = dice.whole(2, 5), dice.whole(6, 16)
    names = [f"worker-{number + 1}" for number in range(members)]
    before = sticky(names, [None] * partitions)
    joins = dice.pick((True, False))
    after = [*names, "new"] if joins else names[:-1]
    moved = sum(a != b for a, b in zip(before, sticky(after, before), strict=True))
    what = "another worker joins" if joins else f"{names[-1]} leaves"
    shares = ", ".join(f"{name} {before.count(name)}" for name in names)
    return Problem(
        f"{partitions} partitions, {members} workers in one group, shares: {shares}. Then {what}. "
        "The assignment is sticky: shares stay fair, and no more moves than has to. How many "
        "partitions change hands?",
        Number(moved, "partition", 0),
        f"Everybody keeps what a fair share allows. Only what "
        f"{'the new one gets' if joins else 'the old one had'} changes hands: {moved}.",
        "What is the fair share of the one who comes, or goes?",
        {"members": members, "partitions": partitions, "joins": joins},
    )


def sequence(dice: Dice) -> Problem:
    """Ask what a sequencer has applied when numbers are missing."""
    count = dice.whole(5, 8)
    order = dice.shuffled(range(1, count + 1))
    here = order[: dice.whole(3, count - 1)]
    applied = 0
    while applied + 1 in here:
        applied += 1
    held = tuple(str(number) for number in sorted(here) if number > applied)
    return Problem(
        f"An account's events are numbered from 1. A consumer applies them in order, and holds "
        f"back what comes early. So far these have arrived: {', '.join(map(str, here))}. Which "
        "does it hold back?",
        Listed(held),
        f"It has applied {f'up to {applied}' if applied else 'nothing'}. It waits for "
        f"{applied + 1}, and holds back "
        f"{', '.join(held) or 'nothing'} until that has come.",
        "Up to which number is nothing missing?",
        {"here": tuple(here)},
    )


def skew(dice: Dice) -> Problem:
    """Ask which write is left by last-write-wins under skewed clocks."""
    names = dice.some(PEOPLE, 3)
    times = dice.some(range(1, 30), 3)
    skews = [dice.pick((-20, -10, -5, 0, 5, 10, 20)) for _ in names]
    stamps = [time + skew for time, skew in zip(times, skews, strict=True)]
    if len(set(stamps)) < len(stamps):  # a tie has no right answer
        stamps, skews = [*times], [0, 0, 0]
    wins = names[stamps.index(max(stamps))]
    told = "; ".join(
        f"{name} at {time} s (clock {f'{skew:+d} s' if skew else 'exact'})"
        for name, time, skew in zip(names, times, skews, strict=True)
    )
    late = "That is the last one, too." if wins == names[-1] else f"{names[-1]} wrote last."
    return Problem(
        f"Three people write one row, and the highest timestamp wins. Each stamps with the clock "
        f"of their own machine. True times: {told}. Whose value is left?",
        choice(dice, wins, names),
        f"The stamps are {', '.join(f'{n} {s} s' for n, s in zip(names, stamps, strict=True))}, "
        f"so {wins} wins. {late}",
        "Add each clock's error to the true time.",
        {"times": tuple(times), "skews": tuple(skews), "names": tuple(names)},
    )


FAMILIES = (
    Family("resize", "Who moves at n + 1", "05", resize, (28,), "Kafka, operations docs"),
    Family("ordered-pairs", "Who stays in order", "05", ordered_pairs, (26, 27, 29)),
    Family("rebalance", "What a rebalance moves", "05", rebalance),
    Family("sequence", "What is held back", "05", sequence, (33, 36)),
    Family("skew", "Who wins by the clock", "05", skew, (32,), "DDIA, ch. 8"),
)
