"""What the trace of transfers proves about why money is missing: each reason needs its own steps.

Every account keeps a row for each id that it was asked under, with the amount and its answer. So a
trace tells what was asked, under how many ids, what was refused, and what was asked again after a
timeout or a crash. Where none of this explains the balances, no reason is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from pubsub_kit.scenarios.out_of_order_transfers.asked import (
    SERVICE,
    Ask,
    because,
    mentions,
    overwritten,
)
from pubsub_kit.scenarios.out_of_order_transfers.refused import Refused
from pubsub_kit.scenarios.out_of_order_transfers.transfers import parts
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.handlers import short
from pubsub_kit.world.search.violation import Violation


class Evidence(Refused):
    """What was asked of the accounts in a run, and which steps explain a wrong balance."""

    def half_done(self) -> Violation | None:
        """Return why the balances are wrong, if the trace proves a reason."""
        checks: tuple[Callable[[], Violation | None], ...] = (
            self.part,
            self.undid_too_much,
            self._refused_undo,
            self._ignored_undo,
            self.one_id_for_two,
            self._new_ids,
            self._crashed,
            self._silence,
            self.not_undone,
        )
        return next((wrong for check in checks if (wrong := check()) is not None), None)

    # -- ids ---------------------------------------------------------------------------------------

    def _refused_undo(self) -> Violation | None:
        for ask in self.asks:
            given = [m.step for m in self.moves if m.part == (ask.account, -ask.amount)]
            spent = [i for i in given if "spent" in self.trace[i].data[2]]
            if spent and not ask.fits and ask.amount < 0 and self.is_undo(ask):
                no = [a for a in self.asks if not a.fits and spent[-1] < a.step < ask.step]
                first = f"{no[0].account} refused {no[0].amount:+g}, and then " if no else ""
                message = (
                    f"{first}{ask.account} refused the undo of {-ask.amount:+g} at "
                    f"{self.at(ask.step)}, for that money is spent"
                )
                return because(message, ask.step, "an undo can be refused", spent[-1])
        return None

    def _ignored_undo(self) -> Violation | None:
        for i, step in enumerate(self.trace):
            if step.kind != "note" or " is ignored" not in step.text:
                continue
            known = next((a for a in self.asks if a[1:3] == (step.node, step.data)), None)
            amount = float(step.text.split(": ")[-1].split()[0])
            if known is None:
                continue
            if amount == -known.amount:
                message = (
                    f"{step.node} had done {step.data} before, so it ignored an undo under that id"
                )
                return because(message, i, "an undo under the same id", known.step)
            return self._clash(i, known)
        return None

    def _new_ids(self) -> Violation | None:
        ids = Counter(ask.part for ask in self.asks)
        for (account, amount), count in ids.items():
            most = self.wanted[account, amount] or self.wanted[account, -amount]
            if most and count > most:
                last = [a for a in self.asks if a.part == (account, amount)][-1]
                if not self.unlucky:
                    return self._wrong_way(last)
                orders = f"{most} order{'s' * (most > 1)}"
                message = (
                    f"{account} was asked for {amount:+g} under {count} ids, though there "
                    f"{'are' if most > 1 else 'is'} {orders} for it. The last id was new at "
                    f"{self.at(last.step)}"
                )
                return because(message, last.step, "a new id for each try")
        return None

    def _wrong_way(self, last: Ask) -> Violation | None:
        """Find that an account was asked for its part once more after a refusal."""
        mine = ("", self.about(last))
        said = (a for a in self.refusals() if a.step < last.step and self.about(a) in mine)
        if (no := next(said, None)) is None:
            return None
        message = (
            f"{no.account} refused {no.amount:+g} at {self.at(no.step)}, and after that "
            f"{last.account} was asked for {last.amount:+g} again; its undo is {-last.amount:+g}"
        )
        return because(message, last.step, "an undo the wrong way", no.step)

    def one_id_for_two(self) -> Violation | None:
        """Return that two orders asked an account under one id, if nothing was asked again."""
        if self.unlucky:
            return None
        seen: dict[tuple[str, str], int] = {}
        for i, account, text in self.sends:
            if (account, text) not in seen:
                seen[account, text] = i
                continue
            known = next(
                (a for a in self.asks if (a.account, short(a.id)) == (account, text)), None
            )
            if known is not None and not self.about(known):
                return self._clash(i, known)
            if known is not None and (mixed := self._mixed_up(i, known)):
                return mixed
        return None

    def _mixed_up(self, step: int, known: Ask) -> Violation | None:
        """Find an order whose step was asked for under the id of another one, named in it."""
        mine = {self.about(a) for a in self.asks if a.account == known.account}
        others = {self.about(a) for a in self.asks} - mine - {""}
        if not others:
            return None
        id, other = shown(known.id, 30), min(others)
        message = (
            f"At {self.at(step)} {known.account} was asked under the id {id} again, though no "
            f"reply was lost, and never for {other}"
        )
        return because(message, step, "one variable for two orders", known.step)

    def _clash(self, step: int, known: Ask) -> Violation:
        message = (
            f"At {self.at(step)} {known.account} was asked under the id {shown(known.id, 30)} for "
            f"a second order, and took it for a repeat of the first"
        )
        return because(message, step, "one id for two orders", known.step)

    # -- crashes and timeouts ----------------------------------------------------------------------

    def _crashed(self) -> Violation | None:
        if (crash := self.crash) is None:
            return None
        lost = overwritten(self.trace, self.ids, SERVICE, crash)
        if lost and not any(lost[2] in self.trace[i].text for i in self._done_after(crash)):
            step, row, old, new = lost
            message = (
                f"At {self.at(step)} {new} overwrote {old} in the row {shown(row, 30)}. Transfers "
                f"crashed at {self.at(crash)}, and nobody finished {old}"
            )
            return because(message, step, "one row for all", crash)
        when = f"transfers crashed at {self.at(crash)}"
        if (wrong := self._new_ids_after(crash)) is not None:
            return wrong
        for id in filter(self._is_half_done, self._unanswered()):
            later = [i for i in self._done_after(crash) if id in self.trace[i].text]
            before = [m for m in self.moves if id in m.id and self._asked_before(m, crash)]
            for move in before:
                if later and not any(self._again(move, crash)):
                    message = (
                        f"{when}. {move.account} had been asked for {move.amount:+g} for {id}, "
                        f"and did it, but after the restart it was never asked about that again"
                    )
                    return because(message, move.step, "what was not saved was not done", crash)
            if before and not later:
                message = f"{when}, after {before[-1].account} had done {before[-1].amount:+g}"
                open_row = self._open_row(id, crash)
                if open_row is not None:
                    said = f"{message} for {id}. The row {shown(open_row, 30)} was left as it was"
                    return because(said, crash, "leaves an order open")
                if (early := self._deleted_early(id, before[-1], crash)) is not None:
                    return early
                return because(f"{message} for {id}, and nobody went on", crash, "nobody goes on")
        if (skipped := self._skipped(crash)) is not None:
            return skipped
        if not self._done_after(crash):
            return because(f"{when}, and nobody went on", crash, "nobody goes on")
        return None

    def _skipped(self, crash: int) -> Violation | None:
        """Find an order that went on after the crash without a part that was never asked for."""
        for order in self.orders:
            id = order["id"]
            mine = [a for a in self.asks if self.about(a) == id]
            later = [a for a in mine if a.fits and not self._asked_before(a, crash)]
            never = [p for p in parts(order)[:1] if p not in {a.part for a in mine}]
            if id in self._unanswered() and later and never:
                (name, amount), last = never[0], later[-1]
                message = (
                    f"transfers crashed at {self.at(crash)}. After the restart it went on with "
                    f"{id}, and never asked {name} for {amount:+g}"
                )
                return because(message, last.step, "noted before it was done", crash)
        return None

    def _is_half_done(self, id: str) -> bool:
        """Say whether what an order has moved is neither all of it nor nothing."""
        wanted, moved = Counter[str](), Counter[str]()
        for name, amount in parts(next(order for order in self.orders if order["id"] == id)):
            wanted[name] += amount
        for move in self.moves:
            if self.about(move) == id:
                moved[move.account] += int(move.amount)
        return any(moved.values()) and moved != wanted

    def _deleted_early(self, id: str, last: Ask, crash: int) -> Violation | None:
        """Find that an order was deleted before a crash, when not all of it had been done."""
        for i in range(crash - 1, last.step, -1):
            step = self.trace[i]
            if step.kind != "effect" or step.node != SERVICE:
                continue
            _, before, after = step.data
            gone = [k for k, row in after.items() if row is None and mentions(before.get(k), id)]
            if gone:
                refused = any(a.step < i and self.about(a) == id for a in self.refusals())
                rest = (
                    f"the undo of {last.account}'s {last.amount:+g}" if refused else "a part of it"
                )
                message = (
                    f"transfers crashed at {self.at(crash)}. The order {id} had been deleted at "
                    f"{self.at(i)} (the row {shown(gone[0], 20)}), while {rest} was still to come"
                )
                return because(message, i, "deletes the order too early", crash)
        return None

    def _open_row(self, id: str, crash: int) -> str | None:
        """Return the row that the service had about an order when it crashed, if it had one."""
        rows: dict[str, Any] = {}
        for step in self.trace[:crash]:
            if step.kind == "effect" and step.node == SERVICE:
                rows |= step.data[2]
        return next((k for k, row in rows.items() if row is not None and mentions(row, id)), None)

    def _done_after(self, crash: int) -> list[int]:
        """Return what the service asked and wrote after its crash."""
        return [
            i
            for i, s in enumerate(self.trace)
            if i > crash
            and s.node == SERVICE
            and s.kind in ("send", "effect")
            and s.peer != "client"
        ]

    def _new_ids_after(self, crash: int) -> Violation | None:
        for old in (a for a in self.asks if a.fits and self._asked_before(a, crash)):
            if any(self._again(old, crash)):
                continue
            alike = (a for a in self.asks if a.part == old.part)
            alike = (a for a in alike if self.about(a) == self.about(old))
            new = next((a for a in alike if not self._asked_before(a, crash)), None)
            if new is not None:
                message = (
                    f"{old.account} did {old.amount:+g} under the id {shown(old.id, 20)}. "
                    f"transfers crashed at {self.at(crash)}, and after that it asked for the same "
                    f"under {shown(new.id, 20)}"
                )
                return because(message, new.step, "a new id for each try", old.step)
        return None

    def _asked_before(self, ask: Ask, crash: int) -> bool:
        wanted = (ask.account, short(ask.id))
        return any(tuple(sent) == wanted for i, *sent in self.sends if i < crash)

    def _again(self, move: Ask, after: int) -> Iterator[int]:
        wanted = (move.account, short(move.id))
        return (i for i, *ask in self.sends if i > after and tuple(ask) == wanted)

    def _unanswered(self) -> list[str]:
        """Return the orders whose clients never got a reply."""
        replied = {s.text.removeprefix("reply ") for s in self.trace
                   if s.kind == "receive" and s.node == "client"}  # fmt: skip
        return [id for id in self.ids if id not in replied]

    def _silence(self) -> Violation | None:
        for i, step in enumerate(self.trace):
            if step.kind != "lose" or step.peer != SERVICE:
                continue
            id = step.text.removeprefix("reply ").removesuffix(" is lost")
            asked = [n for n, account, text in self.sends if (account, text) == (step.node, id)]
            if max(asked, default=i) < i:
                message = (
                    f"{step.node}'s reply to {id} was lost at {moment(step)}, and your code never "
                    f"asked again"
                )
                return because(message, asked[-1], "a timeout means it failed", i)
        return None
