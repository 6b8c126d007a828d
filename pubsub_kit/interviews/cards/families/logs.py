"""Families about logs, event sourcing, time travel and replicas (lessons 07 to 11)."""

from __future__ import annotations

from pubsub_kit.interviews.cards.families.dice import Dice
from pubsub_kit.interviews.cards.families.forms import Listed, Number
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.interviews.cards.families.wording import are, counted, rounded
from pubsub_kit.log.event import Event
from pubsub_kit.log.memory import EventLog


def compaction(dice: Dice) -> Problem:
    """Ask what a new reader of a compacted log sees; the kit's own log compacts it."""
    keys = dice.some(("ann", "bob", "cleo"), dice.whole(2, 3))
    writes = [(dice.pick(keys), dice.whole(1, 9)) for _ in range(dice.whole(4, 7))]
    log = EventLog("balances", compact=True, clock=lambda: 0.0)
    for key, value in writes:
        log.append(Event.new("balance", value, source="card", key=key, time=0.0))
    log.retain()
    left = tuple(f"{event.key}={event.data}" for _, event in log.read(0, 0))
    told = ", ".join(f"{offset}: {key}={value}" for offset, (key, value) in enumerate(writes))
    return Problem(
        f"A topic is compacted by key, up to its end. It held {told}. What does a reader that "
        "starts at offset 0 see, in order?",
        Listed(left, ordered=True),
        f"Only each key's last value is left, at its old offset and in the old order: "
        f"{', '.join(left)}.",
        "Which is the last value of each key? Which of those was written first?",
        {"writes": tuple(writes)},
    )


def retention(dice: Dice) -> Problem:
    """Ask how old a record may get where whole segments go."""
    keep, roll = dice.whole(2, 30), dice.whole(1, 14)
    return Problem(
        f"A log keeps records for {keep} days. It removes whole segments, by their newest record, "
        f"and begins a new segment every {f'{roll} days' if roll > 1 else 'day'}. How old can a "
        "record get before it goes?",
        Number(keep + roll, "day", 0),
        f"The first record of a segment waits {counted(roll, 'day')} for the last one, and that "
        "one may stay "
        f"for {keep}: about {keep + roll} days.",
        "Which record of a segment decides when the segment goes?",
        {"keep": keep, "roll": roll},
    )


def replay(dice: Dice) -> Problem:
    """Ask how many events are read to load a stream with snapshots."""
    every, length = dice.pick((10, 50, 100, 250)), dice.whole(20, 2000)
    return Problem(
        f"An account has {length:,} events. A snapshot is taken after every {every}th one. How "
        "many events are read to load it?",
        Number(length % every, "event", 0),
        f"The last snapshot is after event {length - length % every:,}. From there on there "
        f"{'is' if length % every == 1 else 'are'} {length % every or 'none'}.",
        "After which event was the last snapshot taken?",
        {"every": every, "length": length},
    )


def conflict(dice: Dice) -> Problem:
    """Ask for the balance after two withdrawals that decided on the same state."""
    balance, rude = 10 * dice.whole(5, 20), dice.pick((True, False))
    first, second = (min(10 * dice.whole(2, 18), balance) for _ in range(2))
    left = balance - first
    end = left - second if rude or second <= left else left
    how = "appends the same event again at the new end" if rude else "reads again and decides again"
    decided = f"{second} is refused" if end == left else f"{second} is taken"
    return Problem(
        f"An account holds {balance}, and may not go below 0. Two withdrawals, {first} and "
        f"{second}, read it at the same version. The {first} is appended first. The {second} meets "
        f"a conflict; then it {how}. What is the balance in the end?",
        Number(end, "", 0),
        f"After the first, {left} is left. On that, {decided}, so it ends at {end}."
        + (" Nobody looked at the rule again." if end < 0 else ""),
        "On which balance was the second one decided?",
        {"balance": balance, "first": first, "second": second, "rude": rude},
    )


def upcasts(dice: Dice) -> Problem:
    """Ask how many upcasters run during a replay."""
    newest, count = dice.whole(3, 5), dice.whole(4, 7)
    versions = [dice.whole(1, newest) for _ in range(count)]
    total = sum(newest - version for version in versions)
    return Problem(
        f"Events are stored with their version and never rewritten. An upcaster turns each version "
        f"into the next; code knows only version {newest}. The log holds versions "
        f"{', '.join(map(str, versions))}. How many times does an upcaster run in a replay?",
        Number(total, "", 0),
        f"An event of version v passes {newest} − v of them: "
        f"{' + '.join(str(newest - v) for v in versions)} = {total}.",
        "How many steps is each event away from the newest version?",
        {"newest": newest, "versions": tuple(versions)},
    )


def rewind(dice: Dice) -> Problem:
    """Ask how far a shot is off without a rewind."""
    speed, latency = 50 * dice.whole(3, 10), 5 * dice.whole(4, 30)
    shown = dice.pick((50, 100))
    by_latency = dice.pick((True, False))
    missing = shown if by_latency else latency + shown
    off = speed * missing / 1000
    how = "rewinds by the latency alone" if by_latency else "does not rewind"
    return Problem(
        f"A target runs across at {speed} units/s. The shooter's messages take {latency} ms one "
        f"way, and their screen shows others {shown} ms in the past, for interpolation. The server "
        f"{how}. By how many units does it misplace the target?",
        Number(off, "", 0.02),
        f"What the shooter saw is {latency} + {shown} ms old. The server misses {missing} ms of "
        f"that: {speed} × {missing / 1000:g} s = {off:g} units.",
        "How old was the shooter's picture when the shot reached the server?",
        {"speed": speed, "latency": latency, "shown": shown, "by_latency": by_latency},
    )


def redo(dice: Dice) -> Problem:
    """Ask what stands after commands, undos and redos."""
    words = dice.shuffled(("red", "blue", "green", "gold", "grey"))
    done: list[str] = []
    undone: list[str] = []
    moves: list[str] = []
    for _ in range(dice.whole(5, 8)):
        kinds = ["do"] * bool(words) + ["undo"] * 2 * bool(done) + ["redo"] * 2
        kind = dice.pick(kinds)
        if kind == "do":
            done, undone = [*done, words.pop()], []
            moves.append(f"do {done[-1]}")
            continue
        moves.append(kind)
        source, target = (done, undone) if kind == "undo" else (undone, done)
        if source:
            target.append(source.pop())
    return Problem(
        f"An editor with undo and redo; a new command ends what could be redone, and a redo with "
        f"nothing to redo does nothing. {', '.join(moves)}. Which commands stand, in order?",
        Listed(tuple(done), ordered=True),
        f"What stands: {', '.join(done) or 'nothing'}. A redo only returns to a state that was "
        "there since the last new command.",
        "Keep two stacks. Which move empties the second one?",
        {"moves": tuple(moves)},
    )


def hashed(dice: Dice) -> Problem:
    """Ask how long it takes to try every number behind a hash."""
    digits, rate = dice.whole(6, 10), dice.whole(1, 20)
    seconds = 10**digits / (rate * 1e6)
    return Problem(
        f"A log keeps the SHA-256 of phone numbers with {digits} digits, without a key. A machine "
        f"tries {rate}M hashes a second. How long until it has tried every number?",
        Number(seconds, "second", 0.03),
        f"10^{digits} / {rate}M per second = {rounded(seconds)} s. A hash of few possible values "
        "hides "
        "nothing.",
        "How many numbers are there?",
        {"digits": digits, "rate": rate},
    )


def quorum(dice: Dice) -> Problem:
    """Ask for the smallest read quorum that meets every write."""
    copies = dice.whole(3, 9)
    writes = dice.whole(1, copies)
    return Problem(
        f"{copies} copies; a write is acknowledged once "
        f"{are(writes, ('of them has', 'of them have'))} it. How many "
        "copies must a read ask, so that it is sure to meet the latest acknowledged write?",
        Number(copies - writes + 1, "copy", 0),
        f"w + r > n: r ≥ {copies} − {writes} + 1 = {copies - writes + 1}. With one less, a read "
        "might ask exactly those that lack it.",
        "How many copies may lack the write?",
        {"copies": copies, "writes": writes},
    )


def writes_stop(dice: Dice) -> Problem:
    """Ask how many replicas may fail before writes stop, or acked data may be lost."""
    copies = dice.whole(3, 9)
    least, stops = dice.whole(2, copies), dice.pick((True, False))
    asked = (
        "How many replicas may fail, so that writes still go on?"
        if stops
        else "How many replicas are sure to be losable without losing an acknowledged record?"
    )
    value = copies - least if stops else least - 1
    return Problem(
        f"{copies} replicas, acks=all, min.insync.replicas={least}. {asked}",
        Number(value, "copy", 0),
        f"Writes go on while {least} are in sync: {copies - least or 'none'} may fail. An "
        "acknowledged "
        f"record is on at least {least}: it outlives the loss of {least - 1}.",
        "On how many replicas is a record, at least, when it is acknowledged?",
        {"copies": copies, "least": least, "stops": stops},
    )


FAMILIES = (
    Family(
        "compaction", "What compaction leaves", "07", compaction, (48, 51), "Kafka, design docs"
    ),
    Family("retention", "How old a record gets", "07", retention, (47,), "Kafka, defaults in 4.0"),
    Family("replay", "Loading from a snapshot", "08", replay, (58,)),
    Family("conflict", "Two who decided on one state", "08", conflict, (55, 56)),
    Family("upcasts", "Upcasters in a replay", "08", upcasts, (59,)),
    Family("rewind", "How far a shot is off", "09", rewind, (65,), "Valve, Source SDK"),
    Family("redo", "What undo and redo leave", "09", redo, (63,)),
    Family("hashed", "Behind a hash", "10", hashed, (75,)),
    Family("quorum", "Quorums that overlap", "11", quorum),
    Family("writes-stop", "When writes stop", "11", writes_stop, (8, 77), "Kafka, design docs"),
)
