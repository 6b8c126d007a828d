"""What is delivered to whom, and how often: groups, leases, crashes, dead letters (02 and 04).

Each answer is read from a run of the world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Listed, Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.interviews.cards.families.wording import counted
from pubsub_kit.log.event import Event
from pubsub_kit.world.verbs import sleep
from pubsub_kit.world.world import World

SERVICES = ("mail", "search", "billing", "audit", "stats")


def _answer(world: World, read: Callable[[World], Any]) -> Any:
    """Return what a run's answer is, and let go of its world."""
    value = read(world)
    world.dissolve()
    return value


def handled(world: World) -> dict[str, int]:
    """Return how often each handler began, by node."""
    counts: dict[str, int] = {}
    for step in world.trace.of("begin"):
        counts[step.node] = counts.get(step.node, 0) + 1
    return counts


# --- groups ---------------------------------------------------------------------------------------


def groups_run(groups: tuple[str, ...], before: int, after: int) -> World:
    """Run services that subscribe, each with its group, after so many events and before others."""
    world = World()
    world.topic("orders")
    for number in range(before):
        world.publish("orders", number, id=f"order-{number + 1}")
    for service, group in zip(SERVICES, groups, strict=False):
        world.consumer(service, lambda: _looks, "orders", group=group)
    for number in range(before, before + after):
        world.at(1.0 + number, world.publish, "orders", number)
    world.run()
    return world


def _looks(event: Event) -> None:
    """Handle an event by looking at it."""


def groups(dice: Dice) -> Problem:
    """Ask how many times events are handled, by services in groups, some of them late."""
    count = dice.whole(2, 5)
    names = dice.some(("a", "b", "c"), dice.whole(1, min(3, count)))
    chosen = (*names, *(dice.pick(names) for _ in range(count - len(names))))
    before, after = dice.whole(0, 5), dice.whole(3, 12)
    times = sum(_answer(groups_run(chosen, before, after), handled).values())
    told = ", ".join(f"{s} (group {g})" for s, g in zip(SERVICES, chosen, strict=False))
    return Problem(
        f"{_published(before)}hese services subscribe, each to what comes from now on: {told}. "
        f"Then {counted(after, 'order')} are published. How many times is an order handled, all "
        "services together?",
        Number(times, "", 0),
        f"Each group gets each new order once, and its members share: "
        f"{counted(len(names), 'group')} × {after} orders = {times}."
        + (" What came before was not for them." if before else ""),
        "Who gets a copy: a service, or a group?",
        {"groups": chosen, "before": before, "after": after},
        run=lambda: groups_run(chosen, before, after),
    )


def _published(before: int) -> str:
    count = f"{before} order{' is' if before == 1 else 's are'}"
    return f"{count} published to a topic. Then t" if before else "A topic is empty. T"


# --- a crash, before or after the ack -------------------------------------------------------------


def crash_run(count: int, at: int, early: bool) -> World:
    """Run a worker of a second a message, which crashes while it is at message `at` (from 1)."""
    world = World(restart_after=1.0)
    db = world.store("db")

    async def handle(event: Event) -> None:
        await sleep(1.0)
        await db.add(event.id, 1)

    world.topic("jobs")
    world.consumer(
        "worker",
        lambda: handle,
        "jobs",
        start="earliest",
        semantics="at_most_once" if early else "at_least_once",
    )
    for number in range(count):
        world.publish("jobs", number, id=f"job-{number + 1}")
    world.at(at - 0.5, world.crash, "worker", 1.0)
    world.run()
    return world


def jobs_done(world: World) -> int:
    """Return how many jobs have their effect."""
    return len(world.store("db").rows)


def crash(dice: Dice) -> Problem:
    """Ask how many jobs are done after a crash in the middle of one."""
    count, early = dice.whole(3, 12), dice.pick((True, False))
    at = dice.whole(1, count)
    done = _answer(crash_run(count, at, early), jobs_done)
    how = "acks each message on receipt" if early else "acks each message when its work is done"
    return Problem(
        f"{count} jobs wait in a queue. One worker takes them one by one, a second each, and "
        f"{how}. It crashes in the middle of job-{at}, and restarts. How many jobs are done in "
        "the end?",
        Number(done, "", 0),
        f"{done} of {count}: job-{at} was "
        + (
            "acked already, so nobody brings it again." if early else "not acked, so it came again."
        ),
        f"Does the broker still know of job-{at} when the worker crashes?",
        {"count": count, "at": at, "early": early},
        run=lambda: crash_run(count, at, early),
    )


# --- a lease that ends before the work ------------------------------------------------------------


def lease_run(work: int, lease: int, workers: int) -> World:
    """Run workers on one film that takes `work` seconds, under a lease of `lease` seconds."""
    world = World()

    async def render(event: Event) -> None:
        await sleep(float(work))

    world.topic("films")
    world.consumer(
        "render",
        lambda: render,
        "films",
        workers=workers,
        start="earliest",
        ack_deadline=float(lease),
    )
    world.publish("films", "a film", id="film-1")
    world.run(until=work - 0.001)  # the first one is about to finish
    return world


def renderings(world: World) -> int:
    """Return how often somebody began to render."""
    return sum(handled(world).values())


def lease(dice: Dice) -> Problem:
    """Ask how often a job has been begun when its first worker finishes."""
    work, length = dice.whole(12, 60), dice.pick((5, 10, 15, 20, 30))
    work += work % length == 0  # so that no lease ends at the very moment of the ack
    workers = dice.whole(2, 4)
    began = _answer(lease_run(work, length, workers), renderings)
    return Problem(
        f"Rendering a film takes {work} s, and a worker's lease lasts {length} s. Nobody extends "
        f"it. {workers} workers are free. How many of them have begun the film when the first one "
        "finishes?",
        Number(began, "worker", 0),
        (
            f"The film is given out again after each {length} s, while somebody is free: at most "
            f"to {workers}, so {began} began it. Extend the lease for as long as you work."
            if began > 1
            else f"The work ends before the first lease of {length} s does, so only one began it."
        ),
        "How many leases end before the work does? And who is left to take it?",
        {"work": work, "lease": length, "workers": workers},
        run=lambda: lease_run(work, length, workers),
    )


# --- dead letters ---------------------------------------------------------------------------------


def dead_run(count: int, poison: tuple[int, ...], flaky: tuple[int, ...], most: int) -> World:
    """Run a handler that always fails for poison messages, and once for flaky ones."""
    world = World()
    tried = world.store("tries")

    async def handle(event: Event) -> None:
        tries = await tried.add(event.id, 1)
        if event.data in poison or (event.data in flaky and tries == 1):
            raise ValueError("it can't be read")

    world.topic("orders")
    world.consumer(
        "billing",
        lambda: handle,
        "orders",
        start="earliest",
        max_deliveries=most,
        dead_letter="orders.dead",
        retry=RetryPolicy(base=0.5, jitter=None),
    )
    for number in range(1, count + 1):
        world.publish("orders", number, id=f"order-{number}")
    world.run()
    return world


def dead_and_tries(world: World) -> tuple[tuple[str, ...], int]:
    """Return the numbers of the dead letters, and how often any handler was tried."""
    log = world.broker.topics["orders.dead"].log
    dead = tuple(str(event.data) for _, event in log.read(0, 0))
    return dead, sum(world.store("tries").rows.values())


def dead_letters(dice: Dice) -> Problem:
    """Ask what is in the dead-letter queue."""
    count, most = dice.whole(4, 8), dice.whole(1, 5)
    failing = dice.shuffled(range(1, count + 1))[: dice.whole(1, 3)]
    split = dice.whole(0, len(failing))
    poison, flaky = tuple(sorted(failing[:split])), tuple(sorted(failing[split:]))
    dead, tries = _answer(dead_run(count, poison, flaky, most), dead_and_tries)
    bad = (
        f"Number{'s' * (len(poison) > 1)} {', '.join(map(str, poison))} "
        f"fail{'s' * (len(poison) == 1)} each time"
        if poison
        else "None fails each time"
    )
    once = f"; the first time only: {', '.join(map(str, flaky))}" if flaky else ""
    return Problem(
        f"Orders 1 to {count} are in a queue. {bad}{once}. After {counted(most, 'delivery')} a "
        "message that "
        "still fails goes to the dead-letter queue. Which orders end there?",
        Listed(tuple(sorted(dead, key=int))),
        f"A message has {counted(most, 'delivery')} in all. Dead letters: "
        f"{', '.join(dead) or 'none'}, after "
        f"{counted(tries, 'delivery')} altogether. Somebody has to read and redrive them.",
        f"Which messages fail {f'{most} times' if most > 1 else 'the first time'}?",
        {"count": count, "poison": poison, "flaky": flaky, "most": most},
        run=lambda: dead_run(count, poison, flaky, most),
    )


FAMILIES = (
    Family("groups", "Who gets a copy", "02", groups, (12, 13)),
    Family("crash", "A crash before or after the ack", "04", crash, (2,)),
    Family("lease", "A lease that ends too soon", "04", lease, (10, 11)),
    Family("dead-letters", "What dies of delivery", "04", dead_letters, (40,)),
)
