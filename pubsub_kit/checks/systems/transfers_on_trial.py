"""All transfer services that an oracle is judged by, and those that are wrong in one place alone.

The plainest right one comes first. Each account, each answer and each kind of fault has a service
that only those oracles catch, or spare, that look at it: one that is slow and gives up, one that is
wrong about one account, one that lies only after a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pubsub_kit.checks.systems import out_of_order_transfers as services
from pubsub_kit.checks.systems.out_of_order_transfers import (
    Moves,
    Order,
    Transfers,
    ask,
    moves_of,
)
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.world.verbs import clock, sleep

_TOO_LATE = 90.0  # seconds: no client waits so long
_SLOW = 0.5  # seconds that a transfer takes, where a reply was lost


class GivesUp(Transfers):
    """Undoes a transfer that is slow, and says no; whether it does so is saved before it begins."""

    async def handle(self, order: Order) -> Any:
        begun, done = clock(), 0
        await self.db.put(f"open {order['id']}", order)
        for account, amount in moves_of(order):
            if not await ask(account, order["id"], amount):
                break
            done += 1
            if done < 3 and clock() > begun + _SLOW:
                break
        if done < 3:
            await self.db.put(f"off {order['id']}", [order, done])
            await self._call_off(order, done)
        await self.db.delete(f"open {order['id']}")
        return done == 3

    async def recover(self) -> None:
        for order, done in (await self.db.scan("off ")).values():
            await self._call_off(order, done)
            await self.db.delete(f"open {order['id']}")
        await super().recover()

    async def _call_off(self, order: Order, done: int) -> None:
        await self.undo(order, moves_of(order)[:done])


class AnswersTooLate(Transfers):
    """Does what is asked, and where a reply was lost, the client has given up by then."""

    async def handle(self, order: Order) -> Any:
        begun = clock()
        done = await super().handle(order)
        await sleep(0.0 if clock() < begun + _SLOW else _TOO_LATE)
        return done


class _Changed(Transfers):
    """Moves other amounts than those of the order."""

    def moved(self, order: Order) -> Moves:
        raise NotImplementedError

    async def do_or_undo(self, order: Order) -> bool:
        done: Moves = []
        for account, amount in self.moved(order):
            if not await ask(account, order["id"], amount):
                await self.undo(order, done)
                return False
            done.append((account, amount))
        return True


class RoundsDown(_Changed):
    def moved(self, order: Order) -> Moves:
        taking, fee, giving = moves_of(order)
        return [taking, fee, (giving[0], giving[1] - 1)]


class WaivesTheFee(_Changed):
    def moved(self, order: Order) -> Moves:
        taking, fee, giving = moves_of(order)
        return [(taking[0], taking[1] + fee[1]), fee, giving]


class SaysNoWhenSlow(Transfers):
    async def handle(self, order: Order) -> Any:
        begun = clock()
        return await super().handle(order) and clock() < begun + _SLOW


class SaysYesToALateNo(Transfers):
    async def handle(self, order: Order) -> Any:
        begun = clock()
        return await super().handle(order) or clock() > begun + _SLOW


class GivesUpAndSaysYes(GivesUp):
    async def handle(self, order: Order) -> Any:
        begun = clock()
        done = await super().handle(order)
        return done or (order["id"] == "t-1" and clock() > begun + _SLOW)


class PaysTheFeeBack(Transfers):
    """After a crash it finishes what is open, and then gives the fee back."""

    async def recover(self) -> None:
        for order in (await self.db.scan("open ")).values():
            if await self.do_or_undo(order):
                payer, fee = moves_of(order)[:2]
                await ask(fee[0], f"back {order['id']}", -fee[1])
                await ask(payer[0], f"back {order['id']}", fee[1])
            await self.db.delete(f"open {order['id']}")


_ONE, _LIES = "one way to be right", "what the client hears is no matter"
_TOTAL, _HALF, _SAFE = "the total is enough", "a part is no harm", "doing nothing is right"
_LATE, _YES, _MUST = "a fault excuses a lie", "a yes is never a lie", "only a crash excuses"

SUSPECTS: Sequence[Suspect] = (
    Suspect("saves the order, then calls the accounts one by one", Transfers, _ONE),
    Suspect("gives bob the money first", services.GivesFirst, _ONE),
    Suspect("uses the kit's Saga", services.by_the_pattern, _ONE),
    Suspect("undoes a transfer that takes too long, and says no", GivesUp, _MUST),
    Suspect("answers too late where an account's reply was lost", AnswersTooLate, _ONE),
    Suspect("never undoes a step after a refusal", services.NeverUndoes, _HALF, 0),
    Suspect(
        "undoes a step under the id of the step itself", services.UndoesUnderTheSameId, _HALF, 0
    ),
    Suspect(
        "takes the fee from ann and never gives it to the bank", services.KeepsTheFee, _HALF, 0
    ),
    Suspect("gives bob one less than the amount", RoundsDown, _HALF, 0),
    Suspect("pays the bank a fee that it doesn't take from ann", WaivesTheFee, _HALF, 0),
    Suspect("gives the bank's fee to bob", services.GivesTheFeeToBob, _TOTAL, 0),
    Suspect("tells the client yes, whatever happened", services.AlwaysSaysYes, _LIES, 0),
    Suspect("tells the client no, whatever happened", services.AlwaysSaysNo, _LIES, 0),
    Suspect("refuses every transfer", services.RefusesEverything, _SAFE, 0),
    Suspect("undoes a transfer after a timeout", services.UndoesOnTimeout, _HALF, 1),
    Suspect("asks again under a new id after a timeout", services.NewIdForEachTry, _HALF, 1),
    Suspect("never finishes a transfer that a crash cut off", services.NobodyRecovers, _HALF, 1),
    Suspect("pays the bank's fee back after a crash", PaysTheFeeBack, _TOTAL, 1),
    Suspect("does a transfer that takes too long, and says no", SaysNoWhenSlow, _LATE, 1),
    Suspect("undoes a transfer that takes too long, and says yes", GivesUpAndSaysYes, _YES, 1),
    Suspect("takes a refusal that comes late for a yes", SaysYesToALateNo, _LATE, 1),
)
