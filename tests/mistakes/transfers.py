"""Answers to exercise 05's question transfer."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import uuid4

from pubsub_kit import CallTimeout, RetryPolicy, call, clock, sleep
from pubsub_kit.patterns import Saga, SagaStep

Order = dict[str, Any]
Moves = list[tuple[str, float]]


# --- right ----------------------------------------------------------------------------------------


def moves_of(order: Order) -> Moves:
    return [
        (order["from"], -order["amount"] - order["fee"]),
        ("bank", order["fee"]),
        (order["to"], order["amount"]),
    ]


async def ask(account: str, id: str, amount: float) -> bool:
    """Ask an account until it answers."""
    request = {"id": id, "amount": amount}
    return bool(await call(account, request, timeout=1.0, retry=RetryPolicy()))


class Transfers:
    """Saves the order first; replays it from its beginning after a crash, under the same ids."""

    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, order: Order) -> bool:
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
                for before, moved in reversed(done):
                    await ask(before, f"undo {order['id']}", -moved)
                return False
            done.append((account, amount))
        return True


class GivesFirst(Transfers):
    """Asks first who may refuse, so that in this world there is nothing to undo."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        if not await ask(*_named(order, giving)):
            return False
        if not await ask(*_named(order, taking)):
            await ask(giving[0], f"undo {order['id']}", -giving[1])
            return False
        return await ask(*_named(order, fee))


def _named(order: Order, move: tuple[str, float]) -> tuple[str, str, float]:
    return move[0], order["id"], move[1]


class NeverForgets(Transfers):
    """Keeps every order it ever had, and goes through all of them after each crash."""

    async def finish(self, order: Order) -> bool:
        return await self.do_or_undo(order)


def by_the_pattern(db: Any) -> Any:
    """The saga of the kit."""

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


class UndoesOnTimeout(Transfers):
    """M9: no answer in time is a no."""

    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            try:
                request = {"id": order["id"], "amount": amount}
                fine = await call(account, request, timeout=1.0)
            except CallTimeout:
                fine = False
            if not fine:
                for before, moved in reversed(done):
                    await ask(before, f"undo {order['id']}", -moved)
                return False
            done.append((account, amount))
        return True


class SaysNoOnTimeout(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        try:
            for account, amount in moves_of(order):
                if not await call(account, {"id": order["id"], "amount": amount}, timeout=1.0):
                    return await self.undo(order)
        except CallTimeout:
            return False
        return True

    async def undo(self, order: Order) -> bool:
        for account, amount in moves_of(order)[:2]:
            await ask(account, f"undo {order['id']}", -amount)
        return False


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
    async def handle(self, order: Order) -> bool:
        return await self.do_or_undo(order)

    async def recover(self) -> None:
        return None


class SavesTooLate(Transfers):
    """Saves the order once the money is taken."""

    async def do_or_undo(self, order: Order) -> bool:
        account, amount = moves_of(order)[0]
        await ask(account, order["id"], amount)
        await self.db.put(f"open {order['id']}", order)
        return await super().do_or_undo(order)

    async def handle(self, order: Order) -> bool:
        return await self.finish(order)


class UndoesWhatItHasSaved(Transfers):
    """Saves each step after it is done, and after a crash undoes the steps that it has saved."""

    async def handle(self, order: Order) -> bool:
        await self.db.put(f"open {order['id']}", [order, 0])
        return await self.go(order)

    async def go(self, order: Order) -> bool:
        for n, (account, amount) in enumerate(moves_of(order)):
            if not await ask(account, order["id"], amount):
                return await self.undo(order, n)
            await self.db.put(f"open {order['id']}", [order, n + 1])
        await self.db.delete(f"open {order['id']}")
        return True

    async def undo(self, order: Order, steps: int) -> bool:
        for account, amount in moves_of(order)[:steps]:
            await ask(account, f"undo {order['id']}", -amount)
        await self.db.delete(f"open {order['id']}")
        return False

    async def recover(self) -> None:
        for order, steps in (await self.db.scan("open ")).values():
            await self.undo(order, steps)


class CallsItOffWhenSlow(Transfers):
    """Undoes all of it where an answer came late; after a crash it is quick, and goes on."""

    async def do_or_undo(self, order: Order) -> bool:
        begun, done = clock(), []
        for account, amount in moves_of(order):
            if await ask(account, order["id"], amount):
                done.append((account, amount))
            if len(done) < 3 and (clock() > begun + 0.5 or (account, amount) not in done):
                for before, moved in reversed(done):
                    await ask(before, f"undo {order['id']}", -moved)
                return False
        return True


class NeverUndoes(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        for account, amount in moves_of(order):
            if not await ask(account, order["id"], amount):
                return False
        return True


class ForgetsTheFee(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        await ask(taking[0], order["id"], taking[1])
        await ask(fee[0], order["id"], fee[1])
        if not await ask(giving[0], order["id"], giving[1]):
            await ask(taking[0], f"undo {order['id']}", order["amount"])
            return False
        return True


class UndoesUnderTheSameId(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            if not await ask(account, order["id"], amount):
                for before, moved in reversed(done):
                    await ask(before, order["id"], -moved)
                return False
            done.append((account, amount))
        return True


class AsksBobAgainAndAgain(Transfers):
    """Takes a no for silence."""

    async def do_or_undo(self, order: Order) -> bool:
        for account, amount in moves_of(order):
            while not await ask(account, order["id"], amount):
                await sleep(1.0)
        return True


class KeepsTheFeeForItself(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        taking, _, giving = moves_of(order)
        await ask(taking[0], order["id"], taking[1])
        return await ask(giving[0], order["id"], giving[1])


class AlwaysSaysYes(Transfers):
    async def handle(self, order: Order) -> bool:
        await super().handle(order)
        return True


class SaysNothing(Transfers):
    async def handle(self, order: Order) -> bool:
        await super().handle(order)
        return None  # type: ignore[return-value]


class WaitsForEver(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        for account, amount in moves_of(order):
            if not await call(account, {"id": order["id"], "amount": amount}):
                return await SaysNoOnTimeout(self.db).undo(order)
        return True


class OnlySaves:
    def __init__(self, db: Any) -> None:
        self.db = db

    async def handle(self, order: Order) -> bool:
        await self.db.put(order["id"], order)
        return True


class LetsErrorsThrough(Transfers):
    """The three calls, and nothing else."""

    async def handle(self, order: Order) -> bool:
        for account, amount in moves_of(order):
            await call(account, {"id": order["id"], "amount": amount}, timeout=1.0)
        return True
