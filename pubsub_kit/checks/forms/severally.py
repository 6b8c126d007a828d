"""A judge that puts one answer into several worlds, one after the other.

A code names its world by number: "2/4c" is the second one under schedule 4c.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms.judges import Explored
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


@dataclass(frozen=True)
class Severally:
    """Each part by its name; the first one that an answer fails in is told and drawn."""

    parts: Mapping[str, Explored]
    patience: float = 3.0

    def judge(self, answer: Any) -> Judgement:
        """Judge it part by part."""
        said, claims, hardest = [], [], ""
        for number, (name, part) in enumerate(self.parts.items(), 1):
            judged = replace(part, part=f"{number}/").judge(answer)
            if judged.outcome != "holds":
                code = f"{number}/{judged.code}" if judged.code else ""
                return replace(judged, code=code, heading=f", {name}{judged.heading}")
            said.append(f"{name}: {judged.summary}")
            claims.append(f"{name[:1].upper()}{name[1:]}: {judged.claim}")
            hardest = f"{number}/{judged.hardest}" if judged.hardest else hardest
        return Judgement("holds", "; ".join(said), claim=" ".join(claims), hardest=hardest)

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Run one part under one schedule: "2/4c" is the second part under 4c."""
        number, _, schedule = code.partition("/")
        if not number.isdecimal() or not 1 <= int(number) <= len(self.parts):
            raise PubSubKitError(
                f"{code!r} names no part: write its number, 1 to {len(self.parts)}, and a "
                "schedule, as in '2/4c'"
            )
        part = [*self.parts.values()][int(number) - 1]
        return replace(part, part=f"{number}/").replay(answer, schedule)

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run, as all parts do."""
        return next(iter(self.parts.values())).picture(world, violation, title)
