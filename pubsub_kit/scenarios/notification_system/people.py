"""The run that is searched: ann by night, with faults; then two days of others, who have few.

Nothing is there before it begins: settings and counts come about by the design's own steps, and so
each design may keep them as it likes. Who has never changed a setting lives in zone 0.
"""

from __future__ import annotations

from pubsub_kit.designs.built import Built
from pubsub_kit.designs.components import Scheduler
from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.notification_system.steps import DAWN, DAY, HOUR
from pubsub_kit.scenarios.notification_system.traffic import VALID, changes, note, wants

VALID_FOR = 2 * DAY  # seconds that news are worth telling (assumed)
MORNING = 57_000.0  # when it is 07:48:30 in zone 9, of the second day
EVENING = DAWN + 25 * HOUR  # 17:00 there, on the same day; it is another day in zone 0 since 09:00
NEXT = MORNING + DAY + 500.0
RELEASE = DAWN + 3 * HOUR  # when it is 07:00 in zone -3
UNTIL = 150_000.0
#: A note that is let go at RELEASE has to outlive two faults, one in the second act one.
TICKS = (
    *(DAWN, RELEASE, RELEASE + 30.0, RELEASE + 60.0),
    *(MORNING + 450.0, NEXT + 30.0, NEXT + 60.0),
)
_PUSH, _EMAIL = ["push", "email"], ["email", "push"]


def two_acts(built: Built) -> None:
    """At 06:58:30 ann has news, is on her way west, and logs in; others follow by day."""
    _asks(built, 0.0, "ann", "news-1")
    _asks(built, 0.0, "ann", "code-1", "code")
    built.client(changes(built, 5.0, "ann", "moved", zone=-3), "ann")
    _restarts(built, 0.5)
    built.world.at(MORNING, _second, built)
    for part in built.design.components:
        if isinstance(part, Scheduler):  # nobody waits for what it replies
            built.world.link(f"{part.name} timer", part.name, reliable=True)


def _second(built: Built) -> None:
    """Bob, cy and dan are nine hours east; cy has no device, and dan wants no news."""
    if not second_act.one_fault_left(built.world, MORNING + 325.0, MORNING + 405.0):
        return
    built.outside["no device"] = {"cy"}
    for user in ("bob", "cy", "dan"):
        built.client(changes(built, 0.0, user, "moved", zone=9), user)
    built.client(changes(built, 10.0, "dan", "opted out", off="news"), "dan")
    _asks(built, 100.0, "bob", "alert-1", "alert")
    _asks(built, 100.0, "cy", "news-2")
    _asks(built, 110.0, "dan", "news-3")
    built.client(changes(built, 120.0, "dan", "moved", zone=10), "dan")
    _asks(built, 200.0, "dan", "news-4")
    _a_full_day(built)


def _a_full_day(built: Built) -> None:
    """Bob has four news, then two at once, a code, and more in the evening; the next day, one."""
    for number in range(4):
        _asks(built, 300.0 + 10.0 * number, "bob", f"news-{number + 5}")
    _restarts(built, MORNING + 395.0)
    _asks(built, 400.0, "bob", "news-9")
    _asks(built, 400.0, "bob", "news-10", ways=_EMAIL)
    _asks(built, 410.0, "bob", "code-2", "code")
    _asks(built, EVENING - MORNING, "bob", "news-11")
    _asks(built, NEXT - MORNING, "bob", "news-12")
    for at, way in ((NEXT, "push"), (NEXT + 1.5, "")):
        built.world.at(at, built.outside.__setitem__, "refuses", way)


def _asks(
    built: Built, wait: float, user: str, event: str, kind: str = "news", ways: list[str] = _PUSH
) -> None:
    due = built.world.now + wait + (VALID if kind == "code" else VALID_FOR)
    built.client(wants(built, wait, note(user, event, kind, ways, due)), "teams")


def _restarts(built: Built, at: float) -> None:
    """Let caches restart empty."""
    for kept in built.kept.values():
        if kept.keeps is not None:
            built.world.at(at, kept.wipe)
