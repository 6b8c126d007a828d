"""What several services do together: retries in layers, sagas, and a crash between two systems.

Each answer is read from a run of the world (lessons 01 and 05).
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.interviews.cards.families.deliveries import handled
from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Listed, Number, choice
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.patterns.saga import Saga, SagaStep
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

# --- retries in layers ----------------------------------------------------------------------------


def layers_run(tries: tuple[int, ...]) -> World:
    """Run a request through layers that each try so often; the database below always fails."""
    world = World(latency=0.01)
    names = [f"layer-{number + 1}" for number in range(len(tries))]

    def layer(below: str, attempts: int) -> Any:
        policy = RetryPolicy(base=0.1, jitter=None, attempts=attempts)

        async def handle(request: Any) -> Any:
            return await call(below, request, retry=policy)

        return handle

    def database(_: Any) -> None:
        raise ValueError("too many requests")

    for name, below, attempts in zip(names, [*names[1:], "database"], tries, strict=True):
        world.service(name, layer(below, attempts))
    world.service("database", database)
    world.client("user", names[0])
    world.run()
    return world


def layers(dice: Dice) -> Problem:
    """Ask how many attempts reach the lowest layer."""
    tries = tuple(dice.whole(1, 5) for _ in range(dice.whole(2, 3)))
    world = layers_run(tries)
    count = handled(world)["database"]
    world.dissolve()
    told = ", ".join(f"layer-{number + 1} up to {n}" for number, n in enumerate(tries))
    return Problem(
        f"A user's request passes {len(tries)} services, then a database. Attempts that each makes "
        f"of the call below it: {told}. The database fails every time. How many attempts does it "
        "see for the one request?",
        Number(count, "attempt", 0),
        f"Each attempt of a layer sets off all of those below: {' × '.join(map(str, tries))} = "
        f"{count}. Retry at one layer alone.",
        "How many attempts does the lowest service make for one call of the one above?",
        {"tries": tries},
        run=lambda: layers_run(tries),
    )


# --- a saga ---------------------------------------------------------------------------------------

STEPS = ("stock", "payment", "courier", "coupon", "seat", "invoice")


def saga_run(steps: tuple[str, ...], refuses: str) -> World:
    """Run the kit's saga over services, one of which refuses (""; none does)."""
    world = World(latency=0.01)

    def service(name: str) -> Any:
        def handle(request: Any) -> bool:
            return request["what"] == "undo" or name != refuses

        return handle

    def step(name: str) -> SagaStep:
        async def do(order: Any, id: str) -> bool:
            return bool(await call(name, {"what": "do", "id": f"do {id}"}))

        async def undo(order: Any, id: str) -> bool:
            return bool(await call(name, {"what": "undo", "id": f"undo {id}"}))

        return SagaStep(name, do, undo)

    for name in steps:
        world.service(name, service(name))
    saga = Saga(world.store("db"), [*map(step, steps)], lambda: sleep(1.0))
    world.spawn(saga.run("order-1", "tea"), "saga")
    world.run()
    return world


def undone(world: World) -> tuple[str, ...]:
    """Return which services were asked to undo their step, in that order."""
    asked = world.trace.of("send", node="saga")
    return tuple(step.peer for step in asked if step.text.startswith("undo"))


def saga(dice: Dice) -> Problem:
    """Ask which compensations run, in their order."""
    steps = tuple(dice.shuffled(STEPS)[: dice.whole(3, 5)])
    refuses = dice.pick(("", *steps, *steps))
    world = saga_run(steps, refuses)
    back = undone(world)
    world.dissolve()
    no = f"{refuses} refuses" if refuses else "every service agrees"
    why = (
        "Only what was done is undone, the latest first; what refused has nothing to undo."
        if refuses
        else "Nothing was refused, so nothing is undone."
    )
    return Problem(
        f"A saga asks {', '.join(steps)}, in this order. This time {no}. Which services are asked "
        "to undo their step, in order?",
        Listed(back, ordered=True),
        f"Undone: {', '.join(back) or 'nothing'}. {why}",
        "What had been done when the refusal came? Which of it was the latest?",
        {"steps": steps, "refuses": refuses},
        run=lambda: saga_run(steps, refuses),
    )


# --- save and publish -----------------------------------------------------------------------------

ORDERS_OF_WRITES = ("save, then publish", "publish, then save", "save with an outbox")


def outbox_run(how: str, before: int) -> World:
    """Run a shop that places an order in one of these ways; it crashes before its step `before`."""
    world = World()
    db = world.store("db")
    world.topic("orders")

    async def step(number: int) -> None:
        await sleep(1.0)
        if number == before:
            world.crash("shop")
            await sleep(0.0)

    async def save() -> None:
        await db.put("order-1", "tea")

    async def tell() -> None:
        await publish("orders", "tea", id="order-1")

    async def both() -> None:
        async with db.transaction() as tx:
            await tx.put("order-1", "tea")
            await tx.put("outbox order-1", "tea")

    async def relayed() -> None:
        await tell()
        await db.delete("outbox order-1")

    async def place() -> None:
        first, second = {
            ORDERS_OF_WRITES[0]: (save, tell),
            ORDERS_OF_WRITES[1]: (tell, save),
            ORDERS_OF_WRITES[2]: (both, relayed),
        }[how]
        await step(1)
        await first()
        await step(2)
        await second()

    async def relay() -> None:
        await sleep(10.0)
        if "outbox order-1" in await db.scan("outbox "):
            await relayed()

    world.spawn(place(), "shop")
    world.spawn(relay(), "relay")
    world.run()
    return world


OUTCOMES = (
    "saved and published",
    "saved, and never published",
    "published, and never saved",
    "neither saved nor published",
)


def outcome(world: World) -> str:
    """Return what has become of the order in the end."""
    saved = "order-1" in world.store("db").rows
    told = world.broker.topics["orders"].log.end(0) > 0
    return OUTCOMES[{(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[int(saved), int(told)]]


def outbox(dice: Dice) -> Problem:
    """Ask what a crash between saving and publishing leaves."""
    how, before = dice.pick(ORDERS_OF_WRITES), dice.pick((1, 2, 2, 3))
    item = dice.pick(("tea", "a book", "a lamp", "a chair"))
    world = outbox_run(how, before)
    left = outcome(world)
    world.dissolve()
    when = ("before its first step", "between its two steps", "after both")[before - 1]
    told = {
        ORDERS_OF_WRITES[0]: "1. save the order, 2. publish it",
        ORDERS_OF_WRITES[1]: "1. publish the order, 2. save it",
        ORDERS_OF_WRITES[2]: "1. save the order and a note in the outbox, in one transaction, "
        "2. publish what the outbox has (a relay does that too, every 10 s)",
    }[how]
    return Problem(
        f"A shop sells {item}: {told}. It crashes {when}, and stays down. What has become of the "
        "order in the end?",
        choice(dice, left, OUTCOMES),
        f"{left.capitalize()}. Two systems share no transaction; an outbox puts the intent to "
        "publish into the first one, and somebody else can finish.",
        "What is durable at the crash, and who else knows of it?",
        {"how": how, "before": before},
        run=lambda: outbox_run(how, before),
    )


FAMILIES = (
    Family("layers", "Retries in layers", "01", layers, (37,), "Google, SRE book, ch. 22"),
    Family("saga", "What a saga undoes", "05", saga),
    Family("outbox", "A crash between two systems", "05", outbox, (34,)),
)
