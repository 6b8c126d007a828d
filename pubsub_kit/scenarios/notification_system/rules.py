"""What must hold for every person, whatever fails: the rules, and the interviewer's next question.

They look at what people saw, and at what they had been promised by then. Nothing here knows how a
design is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.told import faults
from pubsub_kit.scenarios.notification_system.steps import CAP, DAY, URGENT, local, quiet_for
from pubsub_kit.world.search.violation import Violation

BOUND = 60.0  # seconds after an opt-out or a move in which something may still go out


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
            belief, why = _why_twice(built, first, seen)
            text = (
                f"{_who(seen)} is told of {_what(seen)} twice: by {first.facts['by']} at "
                f"{_at(first)}, and by {by} at {_at(seen)}. {why}"
            )
            yield _wrong(built, seen, text, "told once", "told twice", belief)


def _why_twice(built: Built, first: Record, again: Record) -> tuple[str, str]:
    """Name what made it twice, as the steps between the two show."""
    before = built.world.trace.steps[: again.step] if not built.load else []
    between = before[first.step :]
    by, other = first.facts["by"], again.facts["by"]
    gave_up = [step for step in between if step.kind == "timeout" and step.peer == by]
    if gave_up:
        said = f"The reply of {by} hadn't come by {gave_up[0].time:g} s, though it had delivered"
        if other != by:
            return "a timeout is a no", f"{said}, and {other} was asked in its place."
        return "a retry is free", f"{said}, and it was asked again."
    if first.facts.get("collapse") and other != by:
        return "the device hides it", f"The collapse id is the device's, and {other} knows none."
    if again.facts.get("collapse"):
        return "the device hides it", "The second push replaces the first, and rings all the same."
    crash = [s for s in before if s.fault and "crash" in s.text and s.time >= first.time]
    if crash:
        return "sent, and not marked", (
            f"{crash[0].node} crashed at {crash[0].time:g} s, between the send and the mark, and "
            "the message came again."
        )
    if other != by and not any(step.fault for step in before):
        return "one key per channel", f"Nothing tells {other} that {by} has told already."
    return "told again", faults(built.world.trace) or f"Nothing remembers that {by} told already."


def too_late(built: Built) -> Iterator[Violation]:
    """Yield whatever was seen after its deadline."""
    for seen, want in told(built):
        due = want.facts["due"]
        if seen.time > due:
            over = round(seen.time - due, 1)
            text = f"{_gets(seen)}, {over:g} s after it expired: it was wanted until {due:g} s."
            wish, found = f"by {due:g} s", f"at {_at(seen)}"
            yield _wrong(built, seen, text, wish, found, "checked at enqueue")


def opted_out(built: Built) -> Iterator[Violation]:
    """Yield whatever was seen more than a minute after its user had opted out of its kind."""
    for seen, want in told(built):
        for said in built.of("opted out", _who(seen)):
            over, of = round(seen.time - said.time, 1), said.facts["of"]
            if of == want.facts["of"] and over > BOUND:
                text = f"{_gets(seen)}, {over:g} s after opting out of {of} at {_at(said)}."
                belief = "the opt-out came too late"
                yield _wrong(built, seen, text, "not told", "told", belief)


def at_night(built: Built) -> Iterator[Violation]:
    """Yield whatever was seen in its user's quiet hours, and isn't urgent."""
    for seen, want in told(built):
        zone, moved = _zone(built, _who(seen), seen.time)
        settled = moved is None or seen.time - moved.time > BOUND
        if want.facts["of"] not in URGENT and settled and quiet_for(seen.time, zone):
            hour = _clock(seen.time, zone)
            since = f", in zone {zone:+g} since {_at(moved)}" if moved else ""
            text = f"{_gets(seen)}, when it is {hour} where {_who(seen)} is{since}."
            belief = "decided once" if moved else "no quiet hours"
            yield _wrong(built, seen, text, "after 07:00", hour, belief)


def too_many(built: Built) -> Iterator[Violation]:
    """Yield what went over somebody's cap of the day."""
    days: dict[tuple[str, float], list[str]] = defaultdict(list)
    for had in built.of("had"):
        days[had.id, _day(built, had)] += [""] * had.facts["today"]
    for seen, want in told(built):
        if want.facts["of"] in URGENT:
            continue
        today = days[_who(seen), _day(built, seen)]
        today.append(_what(seen))
        if len(today) > CAP:
            belief, why = _why_too_many(built, seen, today[-2])
            text = f"{_gets(seen)}: notification {len(today)} today, and {CAP} is the cap.{why}"
            wish, found = f"{CAP} today", f"{len(today)} today"
            yield _wrong(built, seen, text, wish, found, belief)


def _why_too_many(built: Built, seen: Record, before: str) -> tuple[str, str]:
    wiped = [s for s in built.world.trace.steps[: seen.step] if s.text == "restarts empty"]
    if wiped:
        said = f" At {wiped[0].time:g} s {wiped[0].node} had restarted empty."
        return "the count was forgotten", said
    return "the cap raced", f" {before} had taken the last place." if before else ""


def not_told(built: Built) -> Iterator[Violation]:
    """Yield what somebody was owed, and never got: not expired, opted out, over the cap, at night.

    A deadline excuses only what was late because something failed.
    """
    seen = {record.id for record in built.of("seen")}
    taken = {said.id for said in built.of("accepted")}
    failed, now = bool(list(built.world.trace.faults())), built.world.now
    for want in built.of("wanted"):
        kind, user = want.facts["of"], _who(want)
        out = any(said.facts["of"] == kind for said in built.of("opted out", user))
        excused: bool = out or (now > want.facts["due"] and failed)
        if kind not in URGENT:
            excused |= _full(built, user) or quiet_for(now, _zone(built, user, now)[0]) > 0
        if want.id in taken - seen and not excused:
            came = f"which came at {_at(want)}: nobody comes back to it."
            text = f"{user} is never told of {_what(want)}, {came}"
            end = want._replace(step=len(built.world.trace))
            yield _wrong(built, end, text, "told", "not told", "nobody comes back")


def told(built: Built) -> Iterator[tuple[Record, Record]]:
    """Yield each time that somebody saw something, with what had been asked for."""
    asked = {want.id: want for want in built.of("wanted")}
    for seen in built.of("seen"):
        if seen.id in asked:
            yield seen, asked[seen.id]


def _wrong(built: Built, about: Record, text: str, wish: str, found: str, belief: str) -> Violation:
    step = min(about.step, len(built.world.trace) - 1)
    return Violation(text, step, {about.id: wish}, {about.id: found}, belief)


def _full(built: Built, user: str) -> bool:
    places: int = sum(had.facts["today"] for had in built.of("had", user))
    for seen, want in told(built):
        places += _who(seen) == user and want.facts["of"] not in URGENT
    return places >= CAP


def _zone(built: Built, user: str, at: float) -> tuple[float, Record | None]:
    """Return where somebody is at a moment, and since which move if they moved."""
    zone, since = 0.0, None
    for each in built.records:
        if each.id == user and each.time <= at and each.kind in ("lives", "moved"):
            zone, since = each.facts["zone"], each if each.kind == "moved" else None
    return zone, since


def _day(built: Built, record: Record) -> float:
    return local(record.time, _zone(built, _who(record), record.time)[0]) // DAY


def _clock(at: float, zone: float) -> str:
    minutes = int(local(at, zone) % DAY // 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _who(record: Record) -> str:
    return record.id.split()[0]


def _what(record: Record) -> str:
    return record.id.split(" ", 1)[1]


def _at(record: Record) -> str:
    return f"{round(record.time, 1):g} s"


def _gets(seen: Record) -> str:
    return f"{_who(seen)} gets {_what(seen)} at {_at(seen)}"


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    befell = faults(built.world.trace)
    asked = _ASKED.get(wrong.belief, "What does the user see, and which rule of yours allows it?")
    if not befell:
        return f"Nothing has failed here, and still: {wrong.message} {asked}"
    return f"{befell} {asked}"


_ASKED = {
    "a timeout is a no": "What do you know about the first attempt when you make the second?",
    "a retry is free": "What does the provider do with the same message twice?",
    "sent, and not marked": "The message comes again. How do you tell that it was sent?",
    "one key per channel": "Which id do the two channels share?",
    "the device hides it": "How often does the phone ring, and what does an email do with that id?",
    "checked at enqueue": "How long may a message lie in your queue, and who looks at the clock?",
    "the opt-out came too late": "Where do you look at the settings for the last time?",
    "decided once": "What may change while a note is held, and who looks again?",
    "the cap raced": "Who else reads and writes that count at the same moment?",
    "the count was forgotten": "What may that cache forget, and what may it not?",
    "nobody comes back": "Who finds what was begun and not finished, and how?",
}
