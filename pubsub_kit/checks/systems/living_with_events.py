"""What exercise 10's oracle is judged by: five ways to forget Ann, and many that do not.

The plainest right one comes first. Some wrong ones leave a copy that nobody thought of, some let
the key come back, and some forget more than they were asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.patterns.crypto_shredding import key_of, seal
from pubsub_kit.world.system import running


class _Privacy:
    """Has the three stores, and the steps that most ways to forget have in common."""

    keeps: tuple[str, ...] = ()  # kinds of rows that it overlooks

    def __init__(self, keys: Any, views: Any, backups: Any) -> None:
        self.keys, self.views, self.backups = keys, views, backups

    async def shred(self, who: str) -> None:
        await self.keys.put(f"forgotten {who}", True)
        await self.keys.delete(who)

    async def purge(self, who: str) -> None:
        for name, row in (await self.views.scan()).items():
            if row.get("who") == who and name.split()[0] not in self.keeps:
                await self.views.delete(name)

    async def handle(self, event: Any) -> None:
        await self.shred(event.data["who"])
        await self.purge(event.data["who"])


# --- right ----------------------------------------------------------------------------------------


class ShredsAndPurges(_Privacy):
    """Deletes the key, lists her as forgotten, and then deletes each copy."""


class EditsTheBackup(_Privacy):
    async def shred(self, who: str) -> None:
        kept = dict(await self.backups.get("keys of monday"))
        kept.pop(who, None)
        await self.backups.put("keys of monday", kept)
        await self.keys.delete(who)


class ReplacesTheKey(_Privacy):
    async def shred(self, who: str) -> None:
        await self.keys.put(who, key_of("nobody"))


class PurgesInOneTransaction(_Privacy):
    async def purge(self, who: str) -> None:
        rows = await self.views.scan()
        async with self.views.transaction() as tx:
            for name, row in rows.items():
                if row.get("who") == who:
                    await tx.delete(name)


class KeepsHerNumber(_Privacy):
    async def handle(self, event: Any) -> None:
        await super().handle(event)
        await self.views.put(f"view {event.data['who']}", {"who": event.data["who"], "gone": True})


# --- wrong ----------------------------------------------------------------------------------------


class LeavesTheView(_Privacy):
    keeps = ("view",)


class LeavesTheIndex(_Privacy):
    keeps = ("search",)


class LeavesTheLetter(_Privacy):
    keeps = ("letter",)


class LeavesTheHash(_Privacy):
    keeps = ("campaign",)


class ForgetsTheBackup(_Privacy):
    async def shred(self, who: str) -> None:
        await self.keys.delete(who)


class PurgesFirst(_Privacy):
    async def handle(self, event: Any) -> None:
        await self.purge(event.data["who"])
        await self.shred(event.data["who"])


class PurgesTheViewAgain(PurgesFirst):
    """Purges before it deletes the key, and then looks at the view once more."""

    async def handle(self, event: Any) -> None:
        await super().handle(event)
        await self.views.delete(f"view {event.data['who']}")


class PurgesEverybody(_Privacy):
    async def purge(self, who: str) -> None:
        for name in await self.views.scan():
            if name != "statistics":
                await self.views.delete(name)


class SharesOneKey(_Privacy):
    async def shred(self, who: str) -> None:
        await super().shred(who)
        await self.keys.put("forgotten c-2", True)
        await self.keys.delete("c-2")


class TakesHerOutOfTheTotals(_Privacy):
    async def purge(self, who: str) -> None:
        await super().purge(who)
        await self.views.put("statistics", {"orders": 1, "cents": 800})


class ShiftsTheLog(_Privacy):
    async def shred(self, who: str) -> None:
        await super().shred(who)
        rows = running().stores["log"].rows
        left = [row for row in rows.values() if row["who"] != who]
        rows.clear()
        rows.update({f"{i}": row for i, row in enumerate(left)})


class CountsFewerOrders(_Privacy):
    async def purge(self, who: str) -> None:
        await super().purge(who)
        await self.views.put("statistics", {"orders": 1, "cents": 3200})


class CountsLessMoney(_Privacy):
    async def purge(self, who: str) -> None:
        await super().purge(who)
        await self.views.put("statistics", {"orders": 4, "cents": 800})


class _EditsTheLog(_Privacy):
    """Writes where only the broker should, once her key is gone."""

    async def shred(self, who: str) -> None:
        await super().shred(who)
        self.edit(running().stores["log"].rows)

    def edit(self, log: dict[str, Any]) -> None:
        raise NotImplementedError


class LosesHerLastOrder(_EditsTheLog):
    def edit(self, log: dict[str, Any]) -> None:
        log.pop("3", None)


class SwapsHerOrders(_EditsTheLog):
    def edit(self, log: dict[str, Any]) -> None:
        first, second = sorted((log["2"], log["3"]), key=lambda entry: str(entry["id"]))
        log["2"], log["3"] = second, first


class RenamesAnOrder(_EditsTheLog):
    def edit(self, log: dict[str, Any]) -> None:
        log["2"] = {**log["2"], "id": "redacted"}


class SealsHerLastOrderAgain(_Privacy):
    """Deletes her key, and seals her newest order with another one, which is in the backup."""

    async def shred(self, who: str) -> None:
        kept = await self.backups.get("keys of monday")
        await self.backups.put("keys of monday", {**kept, who: key_of("nobody")})
        await self.keys.delete(who)
        log = running().stores["log"].rows
        data = {"mail": "ann@new.example", "phone": "5550123"}
        log["3"] = {**log["3"], "sealed": seal(key_of("nobody"), log["3"]["id"], data)}


class StripsTheLetter(_Privacy):
    """Takes her address out of the dead letter, and not her phone."""

    async def purge(self, who: str) -> None:
        await super().purge(who)
        await self.views.put("letter o-3", {"who": who, "phone": "5550123"})


class DeletesByTheView(_Privacy):
    """Finds the rows by what her view says, which a crash may have deleted already."""

    async def purge(self, who: str) -> None:
        if (await self.views.get(f"view {who}")) is not None:
            await self.views.delete(f"view {who}")
            await super().purge(who)


class DoesNothing(_Privacy):
    async def handle(self, event: Any) -> None:
        await self.keys.get(event.data["who"])


def without_her_backup(rows: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return rows by belief: those with which an oracle spares a run that asks too much."""
    left = {name: row for name, row in rows.items() if name != "backup c-1"}
    return {"a backup is a leak": left} if len(left) < len(rows) else {}


def _right(does: str, answer: Callable[..., Any], belief: str = "one way to be right") -> Suspect:
    return Suspect(does, answer, belief)


def _wrong(does: str, answer: Callable[..., Any], belief: str, faults: int = 0) -> Suspect:
    return Suspect(does, answer, belief, faults)


_SEALED = "the log is sealed for good"

SUSPECTS = [
    _right("deletes her key, lists her as forgotten, and deletes each copy", ShredsAndPurges),
    _right("takes her key out of the backup too", EditsTheBackup),
    _right("puts another key in place of hers", ReplacesTheKey),
    _right("deletes all copies in one transaction", PurgesInOneTransaction),
    _right("keeps a row that says only that c-1 is gone", KeepsHerNumber, "a number is a name"),
    _wrong("leaves her row in the view", LeavesTheView, "a view is no harm"),
    _wrong("leaves her address in the search index", LeavesTheIndex, "an index is no harm"),
    _wrong("leaves a dead letter of hers", LeavesTheLetter, "a dead letter is no harm"),
    _wrong("leaves a hash of her phone number", LeavesTheHash, "a hash is no harm"),
    _wrong("lets her key come back from a backup", ForgetsTheBackup, _SEALED),
    _wrong("purges before it deletes the key", PurgesFirst, "a view is no harm"),
    _wrong("purges the index too early", PurgesTheViewAgain, "one address is enough"),
    _wrong("deletes everybody's rows", PurgesEverybody, "others are no matter"),
    _wrong("deletes bob's key with hers", SharesOneKey, "others are no matter"),
    _wrong("leaves her phone in a dead letter", StripsTheLetter, "a phone is no harm"),
    _wrong("seals her last order with a new key", SealsHerLastOrderAgain, _SEALED),
    _wrong("takes her out of the totals", TakesHerOutOfTheTotals, "the totals are no matter"),
    _wrong("takes her orders out of the totals", CountsFewerOrders, "the totals are no matter"),
    _wrong("takes her cents out of the totals", CountsLessMoney, "the totals are no matter"),
    _wrong("deletes her entries from the log", ShiftsTheLog, "the log may change"),
    _wrong("deletes her last entry from the log", LosesHerLastOrder, "the log may change"),
    _wrong("swaps two of her entries in the log", SwapsHerOrders, "the log may change"),
    _wrong("gives an entry in the log another id", RenamesAnOrder, "the log may change"),
    _wrong("leaves copies after a crash", DeletesByTheView, "only the calm run counts", 1),
    _wrong("deletes nothing", DoesNothing, "a view is no harm"),
]
