"""Worlds and oracles of exercise 05: transfers across services that share no transaction.

Three accounts, each a service with a store of its own. An account adds an amount to its balance,
once per id, and answers True, or False if the balance would leave its limits. A transfer takes from
one account, gives to another, and pays a fee to the bank. No step can change two of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pubsub_kit.scenarios.drawn import short, shortened, with_causes_marked
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.scenarios.second_act import bad_luck
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import call
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("reply lost", "crash")
Parts = list[tuple[str, int]]
ORDERS: tuple[dict[str, Any], ...] = (
    {"id": "t-1", "from": "ann", "to": "bob", "amount": 30, "fee": 1},
    {"id": "t-2", "from": "ann", "to": "bob", "amount": 40, "fee": 2},
)
START = {"ann": 100, "bob": 0, "bank": 0}
DONE = {"ann": 69, "bob": 30, "bank": 1}
#: bob may hold 35: he takes the first transfer, and refuses the second.
LIMITS = {"ann": 1_000, "bob": 35, "bank": 1_000}
PATIENCE = 60.0


def parts(order: Mapping[str, Any]) -> Parts:
    """Return what a transfer is made of: for each account, what is added to it."""
    amount, fee = order["amount"], order["fee"]
    return [(order["from"], -amount - fee), ("bank", fee), (order["to"], amount)]


def transfers(world: World, answer: Any) -> None:
    """Two transfers by the learner's service, one after the other; the client asks once for each.

    The accounts never crash: how they survive is not what is asked.
    """
    for name, balance in START.items():
        add_account(world, name, balance, LIMITS[name])
    db = world.store("db")
    world.service("transfers", lambda: answer(db))
    world.link("client", "transfers", reliable=True)
    world.spawn(_client(world), "client")


def add_account(
    world: World, name: str, balance: int, limit: int = 1_000, spends: bool = False
) -> None:
    """Add an account's service: idempotent by the request's id, between 0 and its limit.

    If it `spends`, what it gets leaves its balance at once, for the row `spent`.
    """
    rows = world.store(name, {"balance": balance})

    async def handle(request: Any) -> bool:
        id, amount = _read(name, request)
        async with rows.transaction() as tx:
            if (known := await tx.get(f"did {id}")) is not None:
                if known[0] != amount:
                    world.note("note", name, text=f"{id} is done: {amount:+g} is ignored", data=id)
                return bool(known[1])
            fits = bool(0 <= await tx.get("balance") + amount <= limit)
            if fits:
                await tx.add("spent" if spends and amount > 0 else "balance", amount)
            await tx.put(f"did {id}", [amount, fits])
            return fits

    world.service(name, handle).node.boot = None  # nothing would start it again, so it never ends


def _read(name: str, request: Any) -> tuple[str, float]:
    if isinstance(request, Mapping) and {"id", "amount"} <= set(request):
        id, amount = request["id"], request["amount"]
        if isinstance(amount, int | float) and not isinstance(amount, bool):
            return str(id), amount
    raise ValueError(f"{name} wants {{'id': …, 'amount': …}}, not {str(request)[:60]}")


async def _client(world: World) -> None:
    said = world.store("said")
    for order in ORDERS:
        told: Any = "unknown"
        with suppress(CallError):
            told = await call("transfers", order, timeout=PATIENCE)
        said.rows[order["id"]] = {"told": told, "found": balances(world), "at": len(world.trace)}


def balances(world: World) -> dict[str, int]:
    """Return the three balances now."""
    return {name: world.stores[name].rows["balance"] for name in START}


# -- the oracle ------------------------------------------------------------------------------------


class Move(NamedTuple):
    """Money that was moved: at which step of the trace, whose, how much."""

    step: int
    account: str
    amount: float


def moves(world: World, start: int = 0, end: int | None = None) -> Iterator[Move]:
    """Yield each change of a balance in a part of the run."""
    for i, step in enumerate(world.trace[start:end], start):
        if step.kind == "effect" and step.data[0] in START and "balance" in step.data[2]:
            store, before, after = step.data
            yield Move(i, store, after["balance"] - before["balance"])


def money_is_conserved(world: World) -> Violation | None:
    """Each transfer is done in whole or not at all, and the client is told which it was.

    If nothing fails, the first one is done. bob's account always refuses the second one.
    """
    begin, before = 0, START
    for order in ORDERS:
        id = order["id"]
        seen = world.stores["said"].rows.get(id)
        if seen is None:
            last, why = len(world.trace) - 1, stopped_by(world.trace, id)
            told = f"The client never got an answer about {id}."
            return Violation(told, last, blocker=why and why.step)
        part = _Part(world, order, begin, seen["at"], before, seen["found"])
        if (wrong := part.half_done() or part.told_wrong(seen["told"])) is not None:
            return wrong
        begin, before = seen["at"], seen["found"]
    return None


class _Part:
    """What happened to one transfer: the steps from `begin` to `end`, the balances around it."""

    def __init__(
        self,
        world: World,
        order: Mapping[str, Any],
        begin: int,
        end: int,
        before: Mapping[str, float],
        found: Mapping[str, float],
    ) -> None:
        self.world, self.order, self.before, self.found = world, order, before, found
        self.trace, self.begin, self.end = world.trace, begin, end
        self.moves = list(moves(world, begin, end))
        self.refused = order is ORDERS[1]
        self.done = before if self.refused else DONE

    def half_done(self) -> Violation | None:
        """Return what is wrong with the balances."""
        lucky = not bad_luck(self.trace[self.begin : self.end])
        if self.found == self.done or (self.found == self.before and not lucky):
            return None
        if twice := self._twice():
            when = moment(self.trace[twice.step])
            message = (
                f"At {when} {twice.account} did {twice.amount:+g} a second time: {self._sum()}."
            )
            return self._wrong(message, twice.step, "a new id for each try")
        return self._unlucky() if not lucky else self._without_bad_luck()

    def _without_bad_luck(self) -> Violation:
        if not self.moves:
            return self._wrong("No money moved at all.", self.end - 1, "moves nothing")
        last = self.moves[-1].step
        if (clash := self._first("note")) is not None:
            name, id = self.trace[clash].node, self.trace[clash].data
            message = (
                f"{name} had done {id} before, so it ignored an undo under that id: {self._sum()}."
            )
            return self._wrong(message, clash, "an undo under the same id")
        if self.refused:
            message = f"bob refused, but the steps before that were not undone: {self._sum()}."
            return self._wrong(message, last, "no compensation")
        return self._wrong(
            f"Only part of the transfer was done: {self._sum()}.", last, "moves a part"
        )

    def _unlucky(self) -> Violation:
        crash = self._first("crash")
        if crash is None:
            step = self.moves[-1].step if self.moves else self.end - 1
            lost = self._first("lose")
            whose = "A" if lost is None else f"{self.trace[lost].node}'s"
            message = (
                f"{whose} reply was lost, and your code took the silence for a no: {self._sum()}."
            )
            return self._wrong(message, step, "a timeout means it failed")
        when = moment(self.trace[crash])
        again = (s for i, s in self._steps() if i > crash and s.node == "transfers")
        if any(s.kind in ("send", "effect") for s in again):
            total = sum(self.found.values())
            what = "split the money otherwise" if total == 100 else "guessed what had been done"
            message = f"transfers crashed at {when}. After its restart it {what}: {self._sum()}."
            step = self.moves[-1].step if self.moves else crash
            return self._wrong(message, step, "what was not saved was not done")
        message = f"transfers crashed at {when}, and nobody finished the transfer: {self._sum()}."
        return self._wrong(message, crash, "nobody goes on")

    def told_wrong(self, told: Any) -> Violation | None:
        """Return what is wrong with the answer to the client."""
        happened = self.found == DONE and not self.refused
        if told == "unknown" or (isinstance(told, bool) and told is happened):
            return None
        did = "was done" if happened else "was not done"
        message = f"{self.order['id']} {did}, but the client was told {str(told)[:20]}."
        belief = "tells another story" if isinstance(told, bool) else "another answer"
        ends = [i for i, s in self._steps() if s.kind == "end" and s.node == "transfers"]
        wanted, heard = {"the client hears": happened}, {"the client hears": told}
        return Violation(message, ends[-1] if ends else self.end - 1, wanted, heard, belief)

    def _wrong(self, message: str, step: int, belief: str) -> Violation:
        expected = {**self.done, "in all": 100}
        actual = {**self.found, "in all": sum(self.found.values())}
        return Violation(message, step, expected, actual, belief)

    def _steps(self) -> Iterator[tuple[int, Any]]:
        return enumerate(self.trace[self.begin : self.end], self.begin)

    def _first(self, kind: str) -> int | None:
        return next((i for i, step in self._steps() if step.kind == kind), None)

    def _twice(self) -> Move | None:
        known: dict[tuple[str, float], None] = {}
        for move in self.moves:
            if move[1:] in known:
                return move
            known[move.account, move.amount] = None
        return None

    def _sum(self) -> str:
        total = sum(self.found.values())
        if total == 100:
            return ", ".join(f"{name} has {balance:g}" for name, balance in self.found.items())
        return f"the accounts hold {total:g} instead of 100"


def one_transfer(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw the one of the two transfers that goes wrong, or both."""
    from pubsub_kit import show

    wrong = violation or Violation("")
    ends = [row["at"] for row in world.stores["said"].rows.values()]
    at, blocker = wrong.step, wrong.blocker
    begin = max((end for end in ends if at is not None and end <= at), default=0)
    end = min((end for end in ends if at is not None and end > at), default=len(world.trace))
    return show.spacetime(
        with_causes_marked(shortened(world.trace, _said))[begin:end],
        mark=None if at is None else at - begin,
        blocker=None if blocker is None or not begin <= blocker < end else blocker - begin,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message or None,
        title=title,
    )


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"balance = {after['balance']}" if "balance" in after else short(before, after)
