"""Why something went wrong, as far as the run shows it, and what the interviewer asks next.

A reason is read off the trace, off what was recorded, and off what was read and performed when.
Where the run doesn't show one, the words say what happened and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.rows import Look
from pubsub_kit.designs.told import faults, question
from pubsub_kit.scenarios.notification_system.steps import CAP, DAY, HOUR, URGENT, local, quiet_for
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step

BOUND = 60.0  # seconds after an opt-out or a move in which something may still go out


def told(built: Built) -> Iterator[tuple[Record, Record]]:
    """Yield each time that somebody saw something, with what had been asked for."""
    asked = {want.id: want for want in built.of("wanted")}
    for seen in built.of("seen"):
        if seen.id in asked:
            yield seen, asked[seen.id]


def zone_of(built: Built, user: str, moment: float) -> tuple[float, Record | None]:
    """Return where somebody is at a moment, and since which move if they moved."""
    zone, since = 0.0, None
    for each in built.records:
        if each.id == user and each.time <= moment and each.kind in ("lives", "moved"):
            zone, since = each.facts["zone"], each if each.kind == "moved" else None
    return zone, since


def day(built: Built, record: Record) -> float:
    """Return on which day something happened, where its user was."""
    return local(record.time, zone_of(built, who(record), record.time)[0]) // DAY


def clock(moment: float, zone: float) -> str:
    """Return the time of day in a zone: "06:58"."""
    minutes = int(local(moment, zone) % DAY // 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def who(record: Record) -> str:
    """Return whom a note is for."""
    return record.id.split()[0]


def what(record: Record) -> str:
    """Return the event of a note."""
    return record.id.split(" ", 1)[1]


def at(record: Record) -> str:
    """Return when it happened."""
    return f"{round(record.time, 1):g} s"


def why_twice(built: Built, first: Record, again: Record) -> tuple[str, str]:
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
        return _why_again(built, first, again, crash[0])
    if other != by and not any(step.fault for step in before):
        return "one key per channel", f"Nothing tells {other} that {by} has told already."
    return "told again", faults(built.world.trace) or f"Nothing remembers that {by} told already."


def _why_again(built: Built, first: Record, again: Record, crash: Step) -> tuple[str, str]:
    """Say what the one who crashed had marked by then, and whether that was read since."""
    fell = f"{crash.node} crashed at {crash.time:g} s"
    steps = built.world.trace.steps
    mine = [n for n, s in enumerate(steps[: first.step]) if s.node == crash.node]
    begun = max((n for n in mine if steps[n].kind == "begin"), default=0)
    marks = [
        n for n in mine if n > begun and steps[n].kind == "effect" and "notes/" in steps[n].text
    ]
    if not marks:
        words = f"{fell}, between the send and the mark, and the message came again."
        return "sent, and not marked", words
    crashed = steps.index(crash)
    keys = f"notes/{first.id}"
    if any(
        crashed < look.step <= again.step and look.key.startswith(keys) for look in _looks(built)
    ):
        return "told again", f"{fell}, and the message came again; a mark from before was read."
    return "marked, and not read", (
        f"{fell}. It had marked the note before the send, and nobody read that mark when the "
        "message came again."
    )


def _looks(built: Built) -> list[Look]:
    return [look for kept in built.kept.values() for look in kept.looks or ()]


def why_not_out(built: Built, seen: Record, want: Record, said: Record) -> tuple[str, str]:
    """Say why somebody is told of what they had opted out of."""
    if want.time <= said.time + BOUND:
        return "the opt-out came too late", ""
    known = {each.id for each in built.of("seen") if each.step < seen.step}
    of, user = want.facts["of"], who(seen)
    moves = [m for m in built.of("moved", user) if said.time < m.time < want.time]
    kept = [w for w in built.of("accepted") if who(w) == user and w.id not in known]
    kept = [w for w in kept if said.time < w.time and built.of("wanted", w.id)[0].facts["of"] == of]
    if moves and any(w.time <= moves[-1].time for w in kept):
        words = f" {what(kept[0])} at {at(kept[0])} was kept back; {user} moved at {at(moves[-1])}."
        return "the opt-out was erased", words
    return "the opt-out is ignored", ""


def why_at_night(built: Built, seen: Record, moved: Record | None) -> tuple[str, str]:
    """Say why somebody is told at night: nobody has looked again, or not at their clock."""
    if moved is None:
        return "no quiet hours", ""
    since = [t for t, step, id in built.performed if (step, id) == ("decide", seen.id)]
    since = [t for t in since if moved.time < t <= seen.time]
    if since:
        return "another zone's clock", f" It was decided again at {since[-1]:g} s."
    return "decided once", ""


def why_too_many(built: Built, today: list[Record]) -> tuple[str, str]:
    """Say why the last of these went over the cap."""
    last, before = today[-1], today[-2]
    wiped = [s for s in built.world.trace.steps[: last.step] if s.text == "restarts empty"]
    wiped = [s for s in wiped if s.time >= today[0].time]
    if wiped:
        said = f"At {wiped[0].time:g} s {wiped[0].node} had restarted empty."
        return "the count was forgotten", said
    taken = f"{what(before)} had taken the last place"
    if _overlapped(built, last):
        return "the cap raced", f"{taken}."
    if last.time - before.time > HOUR:
        return "another day's count", f"{taken} at {at(before)}, on the same day in that zone."
    ways = Counter(seen.facts["by"] for seen in today)
    if len(ways) > 1 and max(ways.values()) <= CAP:
        shares = " and ".join(f"{many} by {way}" for way, many in ways.items())
        return "a cap for each channel", f"These are {shares}."
    return "the cap is not kept", f"{taken}, and nobody else counted at that moment."


def _overlapped(built: Built, last: Record) -> bool:
    """Say whether two handlers of different notes of a user wrote counts, one during the other."""
    open_: dict[str, tuple[str, str]] = {}  # message → node, note
    wrote: set[str] = set()
    during: set[tuple[str, str]] = set()
    notes: dict[str, str] = {}
    for step in built.world.trace.steps[: last.step]:
        if step.kind == "begin" and step.text.startswith(f"{who(last)} "):
            notes[step.message] = step.text.split(" (")[0]
            during |= {(other, step.message) for other in open_}
            open_[step.message] = (step.node, step.text)
        elif step.kind == "effect" and "counts/" in step.text:
            wrote |= {message for message, (node, _) in open_.items() if node == step.node}
        elif step.kind == "end":
            open_.pop(step.message, None)
        elif step.kind == "crash":
            open_ = {m: each for m, each in open_.items() if each[0] != step.node}
    return any({a, b} <= wrote and last.id in (notes[a], notes[b]) for a, b in during)


def why_not_told(built: Built, want: Record, missed: list[str]) -> tuple[str, str]:
    """Say what became of a note that somebody never got, the surest sign first."""
    if missed:
        return "one channel for an alert", "an alert goes out by each of its channels."
    for kind, belief, words in (
        ("refused", "dropped, though owed", "it was dropped at {at} ({why})."),
        (
            "gone",
            "no device, and no other way",
            "{by} knew of no device at {at}, and that was all.",
        ),
        (
            "turned away",
            "a refusal is the end",
            "{by} refused it at {at}, and nothing came of it since.",
        ),
    ):
        if found := built.of(kind, want.id):
            return belief, words.format(
                at=at(found[-1]), **{"by": "", "why": "", **found[-1].facts}
            )
    steps = built.world.trace.steps
    befell = [step for step in steps if step.fault and step.kind != "end"]
    late = [k for k in _looks(built) if k.late and want.id in k.key]
    if late and not befell:
        when = f"{steps[min(late[0].step, len(steps) - 1)].time:g} s"
        words = f"at {when} a reader was shown {late[0].key} as it had been before its last write."
        return "the row was read too early", words
    hour = clock(want.time, zone_of(built, who(want), want.time)[0])
    night = quiet_for(want.time, zone_of(built, who(want), want.time)[0]) > 0
    held = any(want.id in f"{key} {row}" for key, row in built.rows("held").items())
    if want.facts["of"] not in URGENT and night and held:
        return "held, and not released", f"it was {hour} there, and it is held to this moment."
    return "nobody comes back", "nobody comes back to it."


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    asks = _ASKED.get(wrong.belief, "What does the user see, and which rule of yours allows it?")
    until = None if wrong.step is None else wrong.step + 1
    return question(built.world, wrong, asks, still=asks, until=until)


_ASKED = {
    "a timeout is a no": "What do you know about the first attempt when you make the second?",
    "a retry is free": "What does the provider do with the same message twice?",
    "sent, and not marked": "The message comes again. How do you tell that it was sent?",
    "one key per channel": "Which id do the two channels share?",
    "the device hides it": "How often does the phone ring, and what does an email do with that id?",
    "checked at enqueue": "How long may a message lie in your queue, and who looks at the clock?",
    "the opt-out came too late": "Where do you look at the settings for the last time?",
    "decided once": "What may change while a note is held, and who looks again?",
    "another zone's clock": "You decide again. By whose clock, and since when is that known?",
    "marked, and not read": "The message comes again. Who reads the mark before the next send?",
    "the opt-out is ignored": "Who looks at the settings, and before which send?",
    "the opt-out was erased": "What does a change of one setting do to the others?",
    "another day's count": "At whose midnight does your count begin anew?",
    "a cap for each channel": "What does the cap count: what a channel sends, or what a user gets?",
    "the cap is not kept": "What do you count, and when do you look at it?",
    "one channel for an alert": "What may an alert do that a news item may not?",
    "dropped, though owed": "Which rule dropped it, and does that rule hold for this kind?",
    "no device, and no other way": "What is an answer worth that isn't 'delivered'?",
    "a refusal is the end": "Who sends again what a provider has refused, and when?",
    "the row was read too early": "How late may a read be, and what if a row isn't there yet?",
    "held, and not released": "Who lets go of it, and when do they look?",
    "the cap raced": "Who else reads and writes that count at the same moment?",
    "the count was forgotten": "What may that cache forget, and what may it not?",
    "nobody comes back": "Who finds what was begun and not finished, and how?",
}
