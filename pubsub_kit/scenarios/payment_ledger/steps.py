"""A payment from click to entries: what each part does, by the design's decisions.

    client ─▶ accept ─▶ pay ─▶ (processor) charge        reconcile ─▶ (processor) status
                         └──▶ entries, balance                └──▶ pay, entries

A payment's key says which requests are the same payment. Its state goes from pending to paid or
declined. The processor dedups by the reference that it is given: a new one is a new charge.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.designs.steps import Steps
from pubsub_kit.patterns.ports import Conflict
from pubsub_kit.world.services import CallError, CallRefused

MERCHANT, CUSTOMER = "merchant", "customer"
Payment = dict[str, Any]


class Processor(Steps):
    """The card processor: one charge for each reference, and it says what became of it."""

    async def charge(self, data: Payment) -> str:
        """Charge a card, once for each reference."""
        if data["ref"] not in self.place.outside:
            self.place.outside[data["ref"]] = data["amount"]
            self.record("charged", data["order"], amount=data["amount"], ref=data["ref"])
            self.record("done", data["order"])
        return "paid"

    async def status(self, data: Payment) -> str:
        """Say whether a reference was charged."""
        return "paid" if data["ref"] in self.place.outside else "unknown"


class Ledger(Steps):
    """The candidate's side: keys, the call to the processor, entries, reconciliation."""

    async def accept(self, data: Payment) -> str:
        """Take a payment, unless its key was taken before; return what the client is told."""
        key = self.key(data)
        row = {"state": "pending", **data, "key": key, "since": self.place.now}
        keys = self.rows("keys")
        if not await keys.insert(key, row):
            return await self.seen_before(key, data)
        self.record("accepted", data["order"])
        answer = await self.send("pay", row)
        return answer if answer is not None else "pending"

    def key(self, data: Payment) -> str:
        """Return what makes two requests the same payment."""
        fields = {"attempt": "attempt", "click": "click", "intent": "order"}
        return str(data[fields[self.decisions["key-scope"]]])

    async def seen_before(self, key: str, data: Payment) -> str:
        """Answer a request whose key is known: as before, or refuse another amount."""
        row = await self.rows("keys").get(key) or data
        if row["amount"] != data["amount"] and self.decisions["payload"] == "compared":
            return "refused"
        return str(row.get("state", "pending"))

    async def pay(self, row: Payment) -> str:
        """Charge the card, and post; what an unknown outcome means is a decision."""
        ref, tries = row["key"], 3 if self.decisions["unknown"] == "retry" else 1
        for attempt in range(tries):
            try:
                await self.send("charge", {**row, "ref": ref})
            except CallRefused:
                continue
            except CallError:
                if self.decisions["unknown"] == "retry":
                    ref = f"{row['key']} again {attempt + 1}"  # blindly: a new reference
                    continue
                if self.decisions["unknown"] == "failed":
                    return await self.settle(row, "declined")
                return "pending"
            return await self.settle(row, "paid")
        return "pending" if self.decisions["unknown"] == "pending" else "declined"

    async def settle(self, row: Payment, state: str) -> str:
        """Write a payment's state, and its entries if it was paid: together, if one store can."""
        try:
            async with self.together("keys", "entries") as write:
                before = await write["keys"].get(row["key"]) or row
                if before["state"] == state:
                    return state
                await write["keys"].put(row["key"], {**row, "state": state})
                if state == "paid":
                    await self.post(row, write["entries"])
        except Conflict:
            return await self.settle(row, state)
        return state

    async def post(self, row: Payment, entries: Any) -> None:
        """Post a payment: two entries that sum to 0, or two balances."""
        if self.decisions["books"] == "number":
            await entries.add(MERCHANT, row["amount"])
            await entries.add(CUSTOMER, -row["amount"])
            return
        await entries.put(f"{row['key']} {MERCHANT}", row["amount"])
        await entries.put(f"{row['key']} {CUSTOMER}", -row["amount"])

    async def reconcile(self, data: Payment) -> None:
        """Ask the processor about every payment that has been pending for a while."""
        for row in (await self.rows("keys").scan()).values():
            if row["state"] != "pending" or self.place.now - row["since"] < 10.0:
                continue
            said = await self.send("status", {**row, "ref": row["key"]})
            await (self.settle(row, "paid") if said == "paid" else self.send("pay", row))
