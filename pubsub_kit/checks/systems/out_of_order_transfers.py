"""The transfer services of exercise 05 that an oracle is judged by: right sagas, and wrong ones.

Some wrong ones lose money or make some, one keeps the total and splits it wrongly, two tell the
client a lie, and one is safe only because it does nothing. Those that are wrong in one place alone,
or only after a fault, are in `transfers_on_trial.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pubsub_kit.broker.retry import RetryPolicy
from pubsub_kit.patterns.saga import Saga, SagaStep
from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.out_of_order_transfers.transfers import balances, one_transfer
from pubsub_kit.world.services import CallTimeout
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture
    from pubsub_kit.world.search.explore import Violation

Order = dict[str, Any]
Moves = list[tuple[str, float]]


def rows(world: World) -> dict[str, Any]:
    """Return what an oracle gets as the final rows: the balances, and what the client was told."""
    told = {id: row["told"] for id, row in world.stores["said"].rows.items()}
    return {**balances(world), **told}


def with_plain_answers(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the same rows with a true yes or no for each 'unknown', by what they would show."""
    true = {"t-1": found["bank"] == 1, "t-2": False}
    plain = {id: answer for id, answer in true.items() if found[id] == "unknown"}
    return {"'unknown' is a lie": {**found, **plain}} if plain else {}


def draw(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the transfer that goes wrong; the whole run where that is not known."""
    if violation is not None and violation.expected:
        return one_transfer(world, violation, title)
    return drawn(world, violation, title, says=short)


def moves_of(order: Order) -> Moves:
    """Return what a transfer adds to each account."""
    amount, fee = order["amount"], order["fee"]
    return [(order["from"], -amount - fee), ("bank", fee), (order["to"], amount)]


async def ask(account: str, id: str, amount: float) -> bool:
    """Ask an account until it answers."""
    request = {"id": id, "amount": amount}
    return bool(await call(account, request, timeout=1.0, retry=RetryPolicy()))


# --- right ----------------------------------------------------------------------------------------


class Transfers:
    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, order: Order) -> Any:
        await self.db.put(f"open {order['id']}", order)
        return await self.finish(order)

    async def recover(self) -> None:
        for order in (await self.db.scan("open ")).values():
            await self.finish(order)

    async def finish(self, order: Order) -> bool:
        done = await self.do_or_undo(order)
        await self.db.delete(f"open {order['id']}")
        return done

    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            if not await ask(account, order["id"], amount):
                await self.undo(order, done)
                return False
            done.append((account, amount))
        return True

    async def undo(self, order: Order, done: Sequence[tuple[str, float]]) -> None:
        for account, amount in reversed(done):
            await ask(account, f"undo {order['id']}", -amount)


class GivesFirst(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        if not await ask(giving[0], order["id"], giving[1]):
            return False
        if not await ask(taking[0], order["id"], taking[1]):
            await self.undo(order, [giving])
            return False
        return await ask(fee[0], order["id"], fee[1])


def by_the_pattern(db: Any) -> Any:
    """Make the kit's own saga."""

    def step(name: str, which: int) -> SagaStep:
        async def do(order: Order, id: str) -> bool:
            account, amount = moves_of(order)[which]
            return bool(await call(account, {"id": id, "amount": amount}, timeout=1.0))

        async def undo(order: Order, id: str) -> bool:
            account, amount = moves_of(order)[which]
            return bool(await call(account, {"id": f"-{id}", "amount": -amount}, timeout=1.0))

        return SagaStep(name, do, undo)

    class BySaga:
        def __init__(self) -> None:
            steps = [step("take", 0), step("fee", 1), step("give", 2)]
            self.saga = Saga(db, steps, lambda: sleep(1.0))

        async def recover(self) -> None:
            await self.saga.recover()

        async def handle(self, order: Order) -> bool:
            return await self.saga.run(order["id"], order)

    return BySaga()


# --- wrong ----------------------------------------------------------------------------------------


class NeverUndoes(Transfers):
    async def undo(self, order: Order, done: Sequence[tuple[str, float]]) -> None:
        return None


class UndoesUnderTheSameId(Transfers):
    async def undo(self, order: Order, done: Sequence[tuple[str, float]]) -> None:
        for account, amount in reversed(done):
            await ask(account, order["id"], -amount)


class KeepsTheFee(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        taking, _, giving = moves_of(order)
        await ask(taking[0], order["id"], taking[1])
        if not await ask(giving[0], order["id"], giving[1]):
            await self.undo(order, [taking])
            return False
        return True


class GivesTheFeeToBob(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        await ask(taking[0], order["id"], taking[1])
        if not await ask(giving[0], order["id"], giving[1] + fee[1]):
            await self.undo(order, [taking])
            return False
        return True


class AlwaysSaysYes(Transfers):
    async def handle(self, order: Order) -> Any:
        await super().handle(order)
        return True


class AlwaysSaysNo(Transfers):
    async def handle(self, order: Order) -> Any:
        await super().handle(order)
        return False


class RefusesEverything(Transfers):
    async def handle(self, order: Order) -> Any:
        await self.db.put(f"refused {order['id']}", order)
        return False


class UndoesOnTimeout(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            fine = False
            with suppress(CallTimeout):
                request = {"id": order["id"], "amount": amount}
                fine = await call(account, request, timeout=1.0)
            if not fine:
                await self.undo(order, done)
                return False
            done.append((account, amount))
        return True


class NewIdForEachTry(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            if not await self.insist(account, amount):
                for before, moved in reversed(done):
                    await self.insist(before, -moved)
                return False
            done.append((account, amount))
        return True

    async def insist(self, account: str, amount: float) -> bool:
        while True:
            with suppress(CallTimeout):
                request = {"id": str(uuid4()), "amount": amount}
                return bool(await call(account, request, timeout=1.0))


class NobodyRecovers(Transfers):
    async def recover(self) -> None:
        return None
