"""Small questions to test the checks with."""

from __future__ import annotations

from typing import Any

from pubsub_kit.checks.forms.code import Code
from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

TITLE = "00"


def one_payment(world: World, answer: Any) -> None:
    """One payment on a topic, delivered to a worker that runs the answer."""
    db = world.store("db")
    world.topic("payments")
    world.consumer("billing", lambda: made(answer, db), "payments", start="earliest")
    world.publish("payments", {"amount": 10}, id="pay-1")


def made(answer: Any, db: Any) -> Any:
    """Return a handler: what a class or factory makes of the store, or the function itself."""
    return answer(db) if isinstance(answer, type) or takes_a_store(answer) else answer


def takes_a_store(answer: Any) -> bool:
    code = getattr(answer, "__code__", None)
    return code is not None and code.co_varnames[:1] == ("db",)


def paid_once(world: World) -> Violation | None:
    """10 was paid, once."""
    paid = world.stores["db"].rows.get("paid", 0)
    if paid == 10:
        return None
    words = f"{paid} was paid, not 10."
    return Violation(words, len(world.trace) - 1, {"paid": 10}, {"paid": paid}, "no dedup")


FAULTS = ("crash", "ack lost")


def pay(limit: float = 0.4, faults: tuple[str, ...] = FAULTS, max_faults: int = 2) -> Code:
    """Return a question about paying once; one run may take `limit` seconds."""
    judge = Explored(one_payment, paid_once, faults, max_faults=max_faults)
    lessons = {"no dedup": "At least once means: sometimes twice."}
    hints = {"": ["Look twice.", "Look thrice."]}
    return Code("pay", "Pay once.", lessons, hints, limit, judged_by=judge)


class PaysOnce:
    """The right answer."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, event: Any) -> None:
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add("paid", event.data["amount"])
