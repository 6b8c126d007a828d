"""Oracles about deliveries and their acks: lost, redelivered though acked, acked late.

A message is *lost* if it was published, and a group neither acked nor dead-lettered it, though the
log goes on for longer than a lease. An ack is *late* if the message was delivered again before it:
a broker that counts such an ack ends the lease of another worker.
"""

from __future__ import annotations

from pubsub_kit.incidents.finding import Finding, Notes
from pubsub_kit.incidents.history import History, Letter, Passage, Settled, seconds

_ONE_CLOCK = "a clock that all workers share"


# -- lost ------------------------------------------------------------------------------------------


def lost(history: History) -> Finding:
    """Each message that was published is acked or dead-lettered by each group of its topic."""
    notes = Notes("lost")
    if not history.published:
        notes.undecided("published", "The log has no line of anything being published.")
    acking = {(p.letter[0], p.group) for p in history.placed if p.acked}
    first = _earliest_received(history)
    for letter in history.published:
        groups = [g for g in history.groups.get(letter[0], ()) if (letter[0], g) in first]
        if not groups:
            notes.undecided("delivered", f"The log has no delivery of {letter[0] or 'any topic'}.")
        for group in groups:
            if (letter[0], group) in acking:
                _is_lost(history, notes, letter, group, first[letter[0], group])
            else:
                notes.undecided("acked", f"The log has no ack of {group or 'any worker'}.")
    return notes.finding("Each published message was acked or dead-lettered, as far as it was due.")


def _earliest_received(history: History) -> dict[tuple[str, str], float]:
    """Return when the first message was published that a group got, by topic and group."""
    first: dict[tuple[str, str], float] = {}
    for passage in history.placed:
        if passage.delivered:
            sent = history.published.get(passage.letter)
            at = history.records[sent[0]].at if sent else history.end
            place = (passage.letter[0], passage.group)
            first[place] = min(first.get(place, at), at)
    return first


def _is_lost(history: History, notes: Notes, letter: Letter, group: str, joined: float) -> None:
    passage = history.passages.get((letter, group)) or Passage(letter, group)
    accepted = any(history.records[ack.record].refused is not True for ack in passage.acked)
    if accepted or passage.dead:
        return
    sent = history.published[letter][0]
    if group and (letter, "") in history.passages:
        words = f"{group} has not acked {letter[1]}, but somebody had it whose group isn't said."
        notes.undecided("group", words, sent)
        return
    if not passage.delivered and history.records[sent].at < joined:
        notes.undecided(
            "delivered",
            f"{group or 'The group'} got no message that was published before "
            f"{history.when(sent)}: it may have subscribed after {letter[1]}.",
            sent,
        )
        return
    last = max(passage.records(), default=sent)
    lease = history.lease_of(passage.delivered[-1] if passage.delivered else None)
    if lease is None and not passage.delivered:
        lease = history.leases.get((letter[0], group), history.lease)
    _waits(history, notes, passage, sent, last, lease)


def _waits(
    history: History, notes: Notes, passage: Passage, sent: int, last: int, lease: float | None
) -> None:
    """Say that a message is lost, if the log goes on for long enough to tell."""
    group, message = passage.group, passage.message
    waits = f"{group} has not acked {message}" if group else f"Nobody has acked {message}"
    if lease is None:
        notes.undecided("lease", f"{waits}: how long may it take?", last)
        return
    if history.clocks and not passage.delivered:
        notes.undecided(_ONE_CLOCK, f"{waits}, and the clocks differ.", last)
        return
    own = history.of_worker[history.records[last].worker]
    end = history.records[own[-1]].at if history.clocks else history.end
    due = history.records[last].at + lease
    if end < due:
        words = f"{waits}, and the log ends at {seconds(end)}, before the lease does."
        notes.undecided(f"what happens until {seconds(due)}", words, last)
    else:
        notes.broken(_is_missing(history, passage, sent, end), *[sent, *passage.delivered][-2:])


def _is_missing(history: History, passage: Passage, sent: int, end: float) -> str:
    group, message = passage.group, passage.message
    if not passage.delivered:
        return (
            f"{message} was published at {history.when(sent)}. By {seconds(end)}, "
            f"{group or 'its group'} has never got it, but messages that were published no later."
        )
    got = passage.delivered[-1]
    never = f"{group} has neither acked nor dead-lettered it" if group else "nobody has acked it"
    return (
        f"{message} was delivered to {history.who(got)} at {history.when(got)}. By {seconds(end)}, "
        f"{never}."
    )


# -- redelivered though acked ----------------------------------------------------------------------


def redelivered(history: History) -> Finding:
    """Nothing is delivered again after it was acked in time."""
    notes = Notes("redelivered though acked")
    if not history.has("acked"):
        notes.undecided("acked", "The log has no ack.")
    notes.unplaced(history)
    for passage in history.placed:
        if len(passage.delivered) > 1 and passage.acked:
            _again(history, notes, passage)
    return notes.finding("No message was delivered again after its ack.")


def _again(history: History, notes: Notes, passage: Passage) -> None:
    message = passage.message
    for ack in passage.acked:
        if history.records[ack.record].refused is True:
            continue
        after = passage.between(ack.record, len(history.records))
        if _unordered(history, passage, ack):
            notes.undecided(
                _ONE_CLOCK, f"The clocks differ: was {message} acked first?", ack.record
            )
            return
        if not after:
            continue
        if (missing := _not_in_time(history, passage, ack)) is not None:
            if missing:
                words = f"{message} was delivered again after an ack: did the ack come in time?"
                notes.undecided(missing, words, ack.record, after[0])
            continue
        _tell_again(history, notes, passage, ack, after[0])
        return


def _not_in_time(history: History, passage: Passage, ack: Settled) -> str | None:
    """Return None if an ack came in time, "" if it did not, or the field that would tell."""
    if ack.delivery is None:
        return "attempt"
    if _newer(history, passage, ack):
        return ""
    lease = history.lease_of(ack.delivery)
    if history.records[ack.record].refused is False:
        return None
    if lease is None:
        return "lease"
    took = history.records[ack.record].at - history.records[ack.delivery].at
    return None if took < lease else ""


def _tell_again(history: History, notes: Notes, passage: Passage, ack: Settled, again: int) -> None:
    copies = history.published.get(passage.letter, ())
    mine, other = (
        None if i is None else history.records[i].sequence for i in (ack.delivery, again)
    )
    attempts = _attempt(history, ack.delivery), _attempt(history, again)
    if attempts[0] and attempts[1] and attempts[1] < attempts[0]:
        words = f"{passage.message} came after its ack: was it late, or delivered again?"
        notes.undecided("when the broker sent it", words, ack.record, again)
    elif len(copies) > 1 and (mine is None or other is None):
        words = f"{passage.message} was published {len(copies)} times: is this the same copy?"
        notes.undecided("sequence", words, ack.record, again)
    elif len(copies) < 2 or mine == other:
        notes.broken(
            f"{history.who(ack.record)} acked {passage.message} at {history.when(ack.record)}, and "
            f"{history.who(again)} got it again at {history.when(again)}"
            f"{history.attempt(again)}.",
            ack.record, again,
        )  # fmt: skip


# -- late acks -------------------------------------------------------------------------------------


def late_ack(history: History) -> Finding:
    """No ack that comes after the message was delivered again counts."""
    notes = Notes("late ack")
    if not history.has("acked"):
        notes.undecided("acked", "The log has no ack.")
    notes.unplaced(history)
    for passage in history.placed:
        if len(passage.delivered) > 1:
            _first_late(history, notes, passage)
    return notes.finding("No ack came after the next delivery of its message, or it was refused.")


def _first_late(history: History, notes: Notes, passage: Passage) -> None:
    before = len(notes.wrong) + len(notes.unknown)
    for ack in passage.acked:
        if history.records[ack.record].refused is not True:
            _late(history, notes, passage, ack)
        if len(notes.wrong) + len(notes.unknown) > before:
            return


def _late(history: History, notes: Notes, passage: Passage, ack: Settled) -> None:
    if ack.delivery is None:
        words = f"Of which delivery of {passage.message} is the ack at {history.when(ack.record)}?"
        notes.undecided("attempt", words, ack.record)
        return
    later = _newer(history, passage, ack)
    if _unordered(history, passage, ack):
        words = f"The clocks differ: was {passage.message} delivered again before its ack?"
        notes.undecided(_ONE_CLOCK, words, ack.record)
    elif later and history.records[later[-1]].worker != history.records[ack.delivery].worker:
        settled = (*passage.acked, *passage.nacked)
        if not any(x.delivery == later[-1] and x.record < ack.record for x in settled):
            _ends(history, notes, passage, ack, later[-1])


def _newer(history: History, passage: Passage, ack: Settled) -> list[int]:
    """Return the deliveries that replaced the one of an ack before it; the latest one comes last.

    An attempt that arrives late is no replacement of the one after it.
    """
    mine = _attempt(history, ack.delivery)
    arrived = passage.between(ack.delivery or 0, ack.record)
    newer = [i for i in arrived if not mine or (_attempt(history, i) or mine + 1) > mine]
    return sorted(newer, key=lambda i: (_attempt(history, i) or 0, i))


def _attempt(history: History, delivery: int | None) -> int | None:
    return None if delivery is None else history.records[delivery].attempt


def _unordered(history: History, passage: Passage, ack: Settled) -> bool:
    """Say whether the log can't tell what came first, an ack or another delivery."""
    others = (i for i in passage.delivered if i != ack.delivery) if history.clocks else ()
    return any(history.before(i, ack.record) is None for i in others)


def _ends(history: History, notes: Notes, passage: Passage, ack: Settled, held: int) -> None:
    """Say whether a late ack ended the lease of the worker that has the message by now."""
    words = (
        f"{history.who(ack.record)} acked {passage.message} at {history.when(ack.record)}"
        f"{history.attempt(ack.delivery or 0)}, when {history.who(held)} had had it since "
        f"{history.when(held)}{history.attempt(held)}"
    )
    if history.records[ack.record].refused is False:
        notes.broken(f"{words}. The broker took the ack, which ended that lease.", held, ack.record)
        return
    lease, settled = history.lease_of(held), (*passage.acked, *passage.nacked)
    gone = not any(each.delivery == held for each in settled) and not passage.dead
    waited = lease is not None and history.records[held].at + lease < history.end
    if gone and waited and not history.clocks and passage.delivered[-1] == held:
        notes.broken(
            f"{words}. {history.who(held)} never settled it, and it was not delivered again: the "
            "late ack counted.",
            held, ack.record,
        )  # fmt: skip
    else:
        notes.undecided("refused", f"{words}. Did the broker take that ack?", held, ack.record)
