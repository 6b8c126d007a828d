"""What isn't yours: push, email and SMS providers, and the people whom they reach.

Assumed of them: a push or an SMS that is sent again rings again, while the email provider dedups by
the id that it is given. Each can be asked for the receipt of an id. At load, push has a quota, and
a provider that has fallen silent still delivers: only its reply comes too late.
"""

from __future__ import annotations

from typing import Any

from pubsub_kit.designs.steps import Steps
from pubsub_kit.world.services import CallRefused
from pubsub_kit.world.verbs import sleep

Note = dict[str, Any]
LATE = 10.0  # seconds until a provider that has fallen silent replies (assumed)


class Providers(Steps):
    """The providers' side: a message to a person, and whether it has arrived."""

    async def push(self, note: Note) -> str:
        """Show a push on the user's device; "gone" if there is none."""
        if note["user"] in self.place.outside.get("no device", ()):
            self.record("gone", note["id"], by="push")
            return "gone"
        return await self._reach("push", note)

    async def email(self, note: Note) -> str:
        """Send an email, once for each id."""
        if f"{note['key']} email" in self.place.outside:
            return "delivered"
        return await self._reach("email", note)

    async def sms(self, note: Note) -> str:
        """Send an SMS."""
        return await self._reach("sms", note)

    async def receipt(self, data: Note) -> str:
        """Say whether anything was delivered under a key by this channel."""
        known = f"{data['key']} {data['way']}" in self.place.outside
        return "delivered" if known else "unknown"

    async def _reach(self, way: str, note: Note) -> str:
        outside, id = self.place.outside, note["id"]
        if outside.get("refuses") == way:
            self.record("turned away", id, by=way)
            raise CallRefused(f"{way} refuses {id} for now")
        self._count(way)
        outside[f"{note['key']} {way}"] = self.place.now
        hidden = {"collapse": id} if way == "push" and note.get("collapse") else {}
        self.record("seen", id, by=way, **hidden)
        if outside.get("silent") == way:
            await sleep(LATE)
        return "delivered"

    def _count(self, way: str) -> None:
        """Refuse what is beyond this minute's quota, as FCM does with status 429."""
        outside = self.place.outside
        most = outside.get(f"{way} quota")
        if most is None:
            return
        minute = f"{way} in minute {int(self.place.now // 60)}"
        if outside.get(minute, 0) >= most:
            raise CallRefused(f"{way} is beyond its quota of {most} a minute")
        outside[minute] = outside.get(minute, 0) + 1
