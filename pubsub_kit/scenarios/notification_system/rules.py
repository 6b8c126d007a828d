"""What must hold for every person, whatever fails.

The rules look at what people saw, and at what they had been promised by then. Nothing here knows
how a design is made; `reasons` says why something is so, as far as its run shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.scenarios.notification_system.reasons import (
    BOUND,
    at,
    clock,
    day,
    told,
    what,
    who,
    why_at_night,
    why_not_out,
    why_not_told,
    why_too_many,
    why_twice,
    zone_of,
)
from pubsub_kit.scenarios.notification_system.steps import CAP, URGENT, quiet_for
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step


def people_are_told_right(built: Built) -> Iterator[Violation]:
    """Yield what is wrong after a run, the worst first."""
    for rule in (twice, too_late, opted_out, at_night, too_many, not_told):
        yield from rule(built)


def twice(built: Built) -> Iterator[Violation]:
    """Yield each second time that somebody was told of an event, unless its kind allows that."""
    firsts: dict[str, Record] = {}
    for seen, want in told(built):
        by = seen.facts["by"]
        first = firsts.setdefault(
            f"{seen.id} {by}" if want.facts["of"] == "alert" else seen.id, seen
        )
        if first is not seen:
            belief, why = why_twice(built, first, seen)
            text = (
                f"{who(seen)} is told of {what(seen)} twice: by {first.facts['by']} at "
                f"{at(first)}, and by {by} at {at(seen)}. {why}"
            )
            yield _wrong(built, seen, text, "told once", "told twice", belief)


def too_late(built: Built) -> Iterator[Violation]:
    """Yield whatever was seen after its deadline."""
    for seen, want in told(built):
        due = want.facts["due"]
        if seen.time > due:
            over = round(seen.time - due, 1)
            text = f"{_gets(seen)}, {over:g} s after it expired: it was wanted until {due:g} s."
            wish, found = f"by {due:g} s", f"at {at(seen)}"
            yield _wrong(built, seen, text, wish, found, "checked at enqueue")


def opted_out(built: Built) -> Iterator[Violation]:
    """Yield whatever was seen more than a minute after its user had opted out of its kind."""
    for seen, want in told(built):
        for said in built.of("opted out", who(seen)):
            over, of = round(seen.time - said.time, 1), said.facts["of"]
            if of == want.facts["of"] and over > BOUND:
                belief, why = why_not_out(built, seen, want, said)
                text = f"{_gets(seen)}, {over:g} s after opting out of {of} at {at(said)}.{why}"
                yield _wrong(built, seen, text, "not told", "told", belief)


def at_night(built: Built) -> Iterator[Violation]:
    """Yield whatever was seen in its user's quiet hours, and isn't urgent."""
    for seen, want in told(built):
        zone, moved = zone_of(built, who(seen), seen.time)
        settled = moved is None or seen.time - moved.time > BOUND
        if want.facts["of"] not in URGENT and settled and quiet_for(seen.time, zone):
            hour = clock(seen.time, zone)
            since = f", in zone {zone:+g} since {at(moved)}" if moved else ""
            belief, why = why_at_night(built, seen, moved)
            text = f"{_gets(seen)}, when it is {hour} where {who(seen)} is{since}.{why}"
            yield _wrong(built, seen, text, "after 07:00", hour, belief)


def too_many(built: Built) -> Iterator[Violation]:
    """Yield what went over somebody's cap of the day."""
    days: dict[tuple[str, float], list[Record]] = defaultdict(list)
    for seen, want in told(built):
        if want.facts["of"] in URGENT:
            continue
        today = days[who(seen), day(built, seen)]
        today.append(seen)
        if len(today) > CAP:
            belief, why = why_too_many(built, today)
            text = f"{_gets(seen)}: notification {len(today)} today, and {CAP} is the cap. {why}"
            wish, found = f"{CAP} today", f"{len(today)} today"
            yield _wrong(built, seen, text, wish, found, belief)


def not_told(built: Built) -> Iterator[Violation]:
    """Yield what somebody was owed, and never got: not expired, opted out, over the cap, at night.

    A deadline excuses only what was late because something failed. An alert is owed by each of its
    channels.
    """
    ways: dict[str, list[str]] = defaultdict(list)
    for seen in built.of("seen"):
        ways[seen.id].append(seen.facts["by"])
    for taken in built.of("accepted"):
        want = built.of("wanted", taken.id)[0]
        had = ways[want.id]
        every = want.facts["of"] == "alert" and had
        missed = [way for way in want.facts["ways"] if way not in had] if every else []
        if (not had or missed) and not _excused(built, want):
            belief, why = why_not_told(built, want, missed)
            by = f" by {missed[0]}" if missed else ""
            text = f"{who(want)} is never told of {what(want)}{by}, which came at {at(want)}: {why}"
            end = want._replace(step=_given_up(built, want))
            yield _wrong(built, end, text, "told", "not told", belief)


def _excused(built: Built, want: Record) -> bool:
    kind, user, now = want.facts["of"], who(want), built.world.now
    if any(said.facts["of"] == kind for said in built.of("opted out", user)):
        return True
    if now > want.facts["due"] and any(s.time <= want.facts["due"] for s in _befell(built)):
        return True
    zone = zone_of(built, user, now)[0]
    if kind in URGENT:
        return False
    return _full(built, want) or want.time + quiet_for(want.time, zone) > now


def _given_up(built: Built, want: Record) -> int:
    """Return the step at which a note was refused or half told, or the end of the run."""
    last = [each for each in built.records if each.id == want.id][-1]
    gone = last.kind in ("seen", "refused", "gone", "turned away")
    return last.step if gone else len(built.world.trace)


def _befell(built: Built) -> Iterator[Step]:
    """Yield the faults of a run; what a handler raises is none."""
    return (step for step in built.world.trace.faults() if step.kind != "end")


def _full(built: Built, want: Record) -> bool:
    """Say whether somebody was told as often as the cap allows, on the day of a wish."""
    today = day(built, want)
    capped = [seen for seen, asked in told(built) if asked.facts["of"] not in URGENT]
    return sum(who(s) == who(want) and day(built, s) == today for s in capped) >= CAP


def _wrong(built: Built, about: Record, text: str, wish: str, found: str, belief: str) -> Violation:
    step = min(about.step, len(built.world.trace) - 1)
    return Violation(text, step, {about.id: wish}, {about.id: found}, belief)


def _gets(seen: Record) -> str:
    return f"{who(seen)} gets {what(seen)} at {at(seen)}"
