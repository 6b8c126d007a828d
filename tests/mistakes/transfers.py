"""Answers to exercise 05's question transfer."""

from __future__ import annotations

from typing import Any

from pubsub_kit import CallTimeout, call, clock, sleep
from pubsub_kit.checks.systems.out_of_order_transfers import (
    Moves,
    Order,
    Transfers,
    ask,
    moves_of,
)

# --- right ----------------------------------------------------------------------------------------


class PaysTheFeeLast(Transfers):
    """Takes first, gives second: the bank never refuses its fee."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        if not await ask(*_named(order, taking)):
            return False
        if not await ask(*_named(order, giving)):
            await ask(taking[0], f"undo {order['id']}", -taking[1])
            return False
        return await ask(*_named(order, fee))


def _named(order: Order, move: tuple[str, float]) -> tuple[str, str, float]:
    return move[0], order["id"], move[1]


class NeverForgets(Transfers):
    """Keeps every order it ever had, and goes through all of them after each crash."""

    async def finish(self, order: Order) -> bool:
        return await self.do_or_undo(order)


class TakesTheFeeApart(Transfers):
    """Four steps: all that the payer may refuse comes before anybody gets a thing."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        steps = [(taking[0], -order["fee"]), (taking[0], -order["amount"]), fee, giving]
        for n, (account, amount) in enumerate(steps):
            if not await ask(account, f"{order['id']} {n}", amount):
                for m, (before, moved) in reversed([*enumerate(steps[:n])]):
                    await ask(before, f"undo {order['id']} {m}", -moved)
                return False
        return True


class OneAtATime(Transfers):
    """Waits for the order before; a crash ends all waiting."""

    turn: str = ""

    async def handle(self, order: Order) -> bool:
        while self.turn:
            await sleep(0.01)
        self.turn = order["id"]
        done = await super().handle(order)
        self.turn = ""
        return bool(done)


# --- wrong ----------------------------------------------------------------------------------------


class SaysNoOnTimeout(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        try:
            for n, (account, amount) in enumerate(moves_of(order)):
                if not await call(account, {"id": order["id"], "amount": amount}, timeout=1.0):
                    return await self.undo_so_far(order, n)
        except CallTimeout:
            return False
        return True

    async def undo_so_far(self, order: Order, steps: int) -> bool:
        for account, amount in moves_of(order)[:steps]:
            await ask(account, f"undo {order['id']}", -amount)
        return False


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


class DeletesBeforeItUndoes(Transfers):
    """Takes a refusal for the end, deletes the order, and then undoes what was done."""

    async def do_or_undo(self, order: Order) -> bool:
        done = list[tuple[str, float]]()
        for account, amount in moves_of(order):
            if not await ask(account, order["id"], amount):
                await self.db.delete(f"open {order['id']}")
                for name, before in reversed(done):
                    await ask(name, f"undo {order['id']}", -before)
                return False
            done.append((account, amount))
        return True


class UndoesWhatItHasSaved(Transfers):
    """Saves each step after it is done, and after a crash undoes the steps that it has saved."""

    async def handle(self, order: Order) -> bool:
        await self.db.put(f"open {order['id']}", [order, 0])
        return await self.go(order)

    async def go(self, order: Order) -> bool:
        for n, (account, amount) in enumerate(moves_of(order)):
            if not await ask(account, order["id"], amount):
                return await self.undo_so_far(order, n)
            await self.db.put(f"open {order['id']}", [order, n + 1])
        await self.db.delete(f"open {order['id']}")
        return True

    async def undo_so_far(self, order: Order, steps: int) -> bool:
        for account, amount in moves_of(order)[:steps]:
            await ask(account, f"undo {order['id']}", -amount)
        await self.db.delete(f"open {order['id']}")
        return False

    async def recover(self) -> None:
        for order, steps in (await self.db.scan("open ")).values():
            await self.undo_so_far(order, steps)


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


class GivesFirst(Transfers):
    """Gives before it takes: what was given may be spent when the payer turns out to be broke."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        if not await ask(*_named(order, giving)):
            return False
        if not await ask(*_named(order, taking)):
            await ask(giving[0], f"undo {order['id']}", -giving[1])
            return False
        return await ask(*_named(order, fee))


class UndoesAllThree(Transfers):
    """Undoes every part, whichever account refused."""

    async def do_or_undo(self, order: Order) -> bool:
        answers = [await ask(*_named(order, move)) for move in moves_of(order)]
        if not all(answers):
            for account, amount in moves_of(order):
                await ask(account, f"undo {order['id']}", -amount)
        return all(answers)


class IdsOfTheAccount(Transfers):
    """Two equal orders make the same ids."""

    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            if not await ask(account, f"{account} {amount}", amount):
                for before, moved in reversed(done):
                    await ask(before, f"undo {before} {moved}", -moved)
                return False
            done.append((account, amount))
        return True


class OneOpenRow(Transfers):
    """Only one order is open at a time, or so it hopes."""

    async def handle(self, order: Order) -> bool:
        await self.db.put("open", order)
        done = await self.do_or_undo(order)
        await self.db.delete("open")
        return done

    async def recover(self) -> None:
        if (order := await self.db.get("open")) is not None:
            await self.do_or_undo(order)


class PaysWhoRefused(Transfers):
    """Does not look at the payer's answer."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        await ask(*_named(order, taking))
        await ask(*_named(order, fee))
        if not await ask(*_named(order, giving)):
            await ask(fee[0], f"undo {order['id']}", -fee[1])
            await ask(taking[0], f"undo {order['id']}", -taking[1])
            return False
        return True


class TakesNoFee(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        return await super().do_or_undo(order | {"fee": 0}) and await ask(
            "bank", f"fee {order['id']}", order["fee"]
        )


class RecoversOne(Transfers):
    async def recover(self) -> None:
        for order in (await self.db.scan("open ")).values():
            await self.finish(order)
            return


class UndoesAllThatIsOpen(Transfers):
    """After a crash it gives back what may not have been taken."""

    async def recover(self) -> None:
        for order in (await self.db.scan("open ")).values():
            for account, amount in moves_of(order)[1::-1]:
                await ask(account, f"undo {order['id']}", -amount)
            await self.db.delete(f"open {order['id']}")


class TakesInsteadOfUndoing(Transfers):
    """Its undo has the sign of the step."""

    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in moves_of(order):
            if not await ask(account, order["id"], amount):
                for before, moved in done:
                    await ask(before, f"undo {order['id']}", moved)
                return False
            done.append((account, amount))
        return True


class NotesBeforeItAsks(Transfers):
    """Goes on behind the step that was begun last."""

    async def do_or_undo(self, order: Order) -> bool:
        row, parts = f"begun {order['id']}", moves_of(order)
        for n in range(await self.db.get(row, 0), len(parts)):
            await self.db.put(row, n + 1)
            if not await ask(*_named(order, parts[n])):
                for before, moved in parts[:n]:
                    await ask(before, f"undo {order['id']}", -moved)
                return False
        return True


class RaisesARefusal(Transfers):
    async def do_or_undo(self, order: Order) -> bool:
        if not await super().do_or_undo(order):
            raise ValueError("refused")
        return True


class LeavesOutSmallOnes(Transfers):
    """Says no by itself, though every account would have said yes."""

    async def do_or_undo(self, order: Order) -> bool:
        return order["amount"] > 10 and await super().do_or_undo(order)


class SaysYesToSmallOnes(Transfers):
    """Says yes by itself, and does nothing."""

    async def do_or_undo(self, order: Order) -> bool:
        return order["amount"] <= 10 or await super().do_or_undo(order)


class TakesTheFeeLast(Transfers):
    """The payer may have the amount, and not the fee as well."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        steps = [(taking[0], -order["amount"]), giving, (taking[0], -order["fee"]), fee]
        for n, (account, amount) in enumerate(steps):
            if not await ask(account, f"{order['id']} {n}", amount):
                for m, (before, moved) in reversed([*enumerate(steps[:n])]):
                    await ask(before, f"undo {order['id']} {m}", -moved)
                return False
        return True


class WaivesTheFeeAtTheEnd(Transfers):
    """Takes the fee last, and does without where the payer refuses it."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, giving = moves_of(order)
        if not await ask(taking[0], order["id"], -order["amount"]):
            return False
        if not await ask(*_named(order, giving)):
            await ask(taking[0], f"undo {order['id']}", order["amount"])
            return False
        if await ask(taking[0], f"fee {order['id']}", -order["fee"]):
            await ask(*_named(order, fee))
        return True


class IsBusy(Transfers):
    """Turns away an order while another one is open, and every one after a crash."""

    async def handle(self, order: Order) -> bool:
        if not await self.db.insert("busy"):
            return False
        done = await super().handle(order)
        await self.db.delete("busy")
        return bool(done)


class StaysBusy(IsBusy):
    """Waits while another order is open; after a crash nobody is left to end it."""

    async def handle(self, order: Order) -> bool:
        for _ in range(100):
            if await self.db.get("busy") is None:
                return await super().handle(order)
            await sleep(0.01)
        return False


class LooksBeforeItTakes(Transfers):
    """Takes the money, gives it back, and takes it again without a look at the answer."""

    async def do_or_undo(self, order: Order) -> bool:
        (payer, taken), *_ = moves_of(order)
        if not await ask(payer, f"look {order['id']}", taken):
            return False
        await ask(payer, f"back {order['id']}", -taken)
        return await PaysWhoRefused(self.db).do_or_undo(order)


class LooksAtTheOther(Transfers):
    """Gives the money, takes it back, and gives it again without a look at the answer."""

    async def do_or_undo(self, order: Order) -> bool:
        taking, fee, (payee, given) = moves_of(order)
        if payee == "bob":
            if not await ask(payee, f"look {order['id']}", given):
                return False
            await ask(payee, f"back {order['id']}", -given)
        if not await ask(*_named(order, taking)):
            return False
        await ask(*_named(order, fee))
        await ask(payee, order["id"], given)
        return True


class TakesCents(Transfers):
    """A hundred times what it should."""

    async def do_or_undo(self, order: Order) -> bool:
        return await super().do_or_undo(order | {"amount": order["amount"] * 100})


class KeepsItInSelf(Transfers):
    """One object handles two orders at once."""

    async def do_or_undo(self, order: Order) -> bool:
        self.order, done = order, 0
        for n in range(3):
            account, amount = moves_of(self.order)[n]
            if not await ask(account, self.order["id"], amount):
                break
            done += 1
        if done < 3:
            await self.undo(self.order, moves_of(self.order)[:done])
        return done == 3


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
        for n, (account, amount) in enumerate(moves_of(order)):
            if not await call(account, {"id": order["id"], "amount": amount}):
                return await SaysNoOnTimeout(self.db).undo_so_far(order, n)
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
