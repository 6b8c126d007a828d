"""A notification from event to person: what each part does, by the design's decisions.

    other teams ─▶ decide ─▶ deliver, deliver_urgent or deliver_bulk ─▶ (provider) push, email, sms
                     └─▶ held ─▶ release          escalate ─▶ (provider) receipt ─▶ deliver again

A note's row goes from decided to trying to sent or dropped. "Trying" is an unknown outcome until
the provider has replied, or its receipt says what became of it.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.designs.steps import Steps
from pubsub_kit.patterns.ports import Conflict
from pubsub_kit.scenarios.notification_system.providers import Note
from pubsub_kit.world.services import CallError, CallTimeout
from pubsub_kit.world.verbs import sleep

DAY, HOUR = 86_400.0, 3_600.0  # seconds
DAWN = 90.0  # when it is 07:00 in zone 0 (virtual seconds)
QUIET_FROM, QUIET_TO, CAP = 22, 7, 5  # hours of the user's clock; notifications a day
URGENT = ("code", "alert")  # sent at night too, and not counted against the cap
PATIENCE = 15.0  # seconds without a reply before the receipt is asked for (assumed)
ROUND_TRIP = 0.001  # seconds from reading a count to writing it (assumed)
PREFS = {"zone": 0, "off": []}


def local(now: float, zone: float) -> float:
    """Return the seconds since day 0 began where it is `zone` hours later than in zone 0."""
    return now - DAWN + (QUIET_TO + zone) * HOUR


def quiet_for(now: float, zone: float) -> float:
    """Return for how many seconds more it is quiet there, 0 if it isn't; the window wraps."""
    since_midnight = local(now, zone) % DAY
    if QUIET_TO * HOUR <= since_midnight < QUIET_FROM * HOUR:
        return 0.0
    return (QUIET_TO * HOUR - since_midnight) % DAY


class Notifier(Steps):
    """The candidate's side: whom to tell, of what, when, by which channel, and what then."""

    # -- decide ------------------------------------------------------------------------------------

    async def decide(self, note: Note) -> None:
        """Decide about one user and one event: not at all, later, or now."""
        prefs = await self.rows("prefs").get(note["user"], PREFS)
        if why := self.unwanted(note, prefs):
            await self.drop(note, why)
        elif note["kind"] not in URGENT and (wait := quiet_for(self.place.now, prefs["zone"])):
            until = self.place.now + wait
            await self.rows("held").put(note["id"], {**note, "held": True, "until": until})
        else:
            await self.tell(note)

    def unwanted(self, note: Note, prefs: dict[str, Any]) -> str:
        """Say why somebody should not be told (any more), or ""."""
        if self.place.now > note["due"]:
            return "expired"
        return "opted out" if note["kind"] in prefs["off"] else ""

    async def drop(self, note: Note, why: str) -> None:
        """Don't tell; a count of these by reason is worth an alert."""
        self.record("refused", note["id"], why=why)
        if "key" in note:
            await self.mark(note, "dropped")
        if note.get("held"):
            await self.rows("held").delete(note["id"])

    async def tell(self, note: Note) -> None:
        """Claim what makes this notification one, and hand it to its lane."""
        for copy in self.copies(note):
            if await self.claim(copy):
                await self.send(self.lane(copy), copy, id=copy["id"])
        if note.get("held"):
            await self.rows("held").delete(note["id"])

    def copies(self, note: Note) -> list[Note]:
        """Return what is sent for one note: one with fallbacks, or one for each channel."""
        one_each = self.decisions["dedup-key"] != "per-event" or note["kind"] == "alert"
        plain = {name: value for name, value in note.items() if name not in ("held", "until")}
        if not one_each:
            return [{**plain, "key": note["id"], "way": note["ways"][0]}]
        return [
            {**plain, "key": f"{note['id']} {way}", "way": way, "ways": [way]}
            for way in note["ways"]
        ]

    async def claim(self, note: Note) -> bool:
        """Take a key and a place under the cap; return whether the note is to be delivered."""
        if self.decisions["claim"] == "check then write":
            return await self.claim_in(note, {n: self.rows(n) for n in ("notes", "counts")})
        try:
            async with self.together("notes", "counts") as write:
                return await self.claim_in(note, write)
        except Conflict:
            return await self.claim(note)

    async def claim_in(self, note: Note, write: Any) -> bool:
        """Read the key and the count, then write both: right for one writer at a time."""
        row = await write["notes"].get(note["key"])
        if row is not None and self.decisions["dedup-key"] != "collapse-id":
            return bool(row["is"] == "decided")  # done before, but maybe not handed on
        if note["kind"] not in URGENT and not await self.count(note, write["counts"]):
            self.record("refused", note["id"], why="cap")
            return False
        await write["notes"].put(note["key"], {**note, "is": "decided", "at": self.place.now})
        return True

    async def count(self, note: Note, counts: Any) -> bool:
        """Take one of the user's places of today, if one is left."""
        prefs = await self.rows("prefs").get(note["user"], PREFS)
        day = f"{note['user']} day {local(self.place.now, prefs['zone']) // DAY:g}"
        today = await counts.get(day, [])
        await sleep(ROUND_TRIP)
        if note["key"] not in today:
            if len(today) >= CAP:
                return False
            await counts.put(day, [*today, note["key"]])
        return True

    def lane(self, note: Note) -> str:
        """Return the step that delivers a note: its class's own, if this design has one."""
        own = "deliver_urgent" if note["kind"] in URGENT else ""
        own = "deliver_bulk" if note["kind"] == "campaign" else own
        return own if own and self.reaches(own) else "deliver"

    # -- deliver -----------------------------------------------------------------------------------

    async def deliver(self, note: Note) -> None:
        """Send a note by its channel, if that is still to be done and still worth it."""
        if not await self.begin(note):
            return
        if self.decisions["deadline"] == "at-send":
            prefs = await self.rows("prefs").get(note["user"], PREFS)
            if why := self.unwanted(note, prefs):
                return await self.drop(note, why)
        await self.attempt(note)

    async def deliver_urgent(self, note: Note) -> None:
        """Do the same in a lane for login codes and alerts."""
        await self.deliver(note)

    async def deliver_bulk(self, note: Note) -> None:
        """Do the same in a lane for campaigns."""
        await self.deliver(note)

    async def begin(self, note: Note) -> bool:
        """Mark an attempt before it is made, unless another one was; return whether to make it."""
        try:
            async with self.together("notes") as write:
                row = await write["notes"].get(note["key"]) or {"is": "gone"}
                again = row["is"] == "trying" and row["at"] == note.get("after")
                if row["is"] != "decided" and not again:
                    return False
                if self.decisions["attempt"] == "before":
                    await write["notes"].put(note["key"], self.row(note, "trying"))
        except Conflict:
            return False
        return True

    async def attempt(self, note: Note) -> None:
        """Ask a provider; what a timeout means is a decision."""
        unknown, ways = self.decisions["provider-timeout"], note["ways"]
        ways = ways[ways.index(note["way"]) :]
        for way in [note["way"]] * 3 if unknown == "retry" else ways:
            note = {**note, "way": way}
            try:
                said = await self.send(way, {**note, **self.collapse(note)})
            except CallTimeout:
                if unknown != "receipt":
                    continue
                return await self.unsure(note)
            except CallError:  # not sent, for sure: the queue brings it again
                await self.mark(note, "decided")
                raise
            if said == "delivered":
                return await self.mark(note, "sent")
        await self.unsure(note)

    def collapse(self, note: Note) -> dict[str, bool]:
        """Return what tells a device to show this in place of an older one."""
        return {"collapse": True} if self.decisions["dedup-key"] == "collapse-id" else {}

    async def unsure(self, note: Note) -> None:
        """Leave a note to `escalate`."""
        if self.decisions["attempt"] == "after":
            await self.mark(note, "trying")

    async def mark(self, note: Note, state: str) -> None:
        """Write a note's state."""
        await self.rows("notes").put(note["key"], self.row(note, state))

    def row(self, note: Note, state: str) -> Note:
        """Return the row of a note in a state."""
        return {**note, "is": state, "at": self.place.now}

    # -- now and then ------------------------------------------------------------------------------

    async def release(self, data: Note) -> None:
        """Let go of what was held until now: to be decided anew, or as it was decided."""
        for note in (await self.rows("held").scan()).values():
            if note["until"] > self.place.now:
                continue
            again = self.decisions["quiet-hours"] == "at-release"
            await (self.send("decide", note, id=note["id"]) if again else self.tell(note))

    async def escalate(self, data: Note) -> None:
        """Ask for the receipt of each attempt without a reply; if there is none, go on."""
        for row in (await self.rows("notes").scan()).values():
            if row["is"] != "trying" or self.place.now - row["at"] < PATIENCE:
                continue
            if await self.send("receipt", {"key": row["key"], "way": row["way"]}) == "delivered":
                await self.mark(row, "sent")
                continue
            ways = row["ways"][1:] or row["ways"]
            again = {**row, "way": ways[0], "ways": ways, "after": row["at"]}
            await self.send(self.lane(row), again, id=row["id"])

    async def change(self, data: Note) -> str:
        """Change a user's settings: opt out of a kind, or move to another time zone."""
        prefs = dict(await self.rows("prefs").get(data["user"], PREFS))
        if "off" in data:
            prefs["off"] = [*prefs["off"], data["off"]]
        prefs["zone"] = data.get("zone", prefs["zone"])
        await self.rows("prefs").put(data["user"], prefs)
        return "done"
