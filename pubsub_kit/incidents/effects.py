"""Oracles about what handlers changed: twice, never though acked, or for no message at all."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict

from pubsub_kit.incidents.finding import Finding, Notes
from pubsub_kit.incidents.history import History, Passage

_NONE = "The log has no effect: it doesn't say what the handlers changed."


def doubled(history: History) -> Finding:
    """No message changes the same target twice."""
    notes = Notes("doubled effect")
    if not history.has("effect"):
        notes.undecided("effect", _NONE)
    for i in history.stray:
        words = f"{history.who(i)} changed {_target(history, i)} at {history.when(i)}"
        notes.undecided("message", f"{words}, and the log doesn't say for which message.", i)
    for passage in history.passages.values():
        if len(passage.effects) > 1:
            _twice(history, notes, passage)
        if not passage.group and history.names.groups:
            _in_which_group(history, notes, passage)
    return notes.finding("No message changed the same target twice.")


def _target(history: History, i: int) -> str:
    return history.records[i].target or "something"


def _in_which_group(history: History, notes: Notes, passage: Passage) -> None:
    """Note the effects of nobody knows which group, if a group has the same one."""
    targets = {history.records[i].target: i for i in passage.effects}
    for group in history.groups.get(passage.letter[0], ()):
        other = history.passages.get((passage.letter, group))
        for i in other.effects if other is not None else ():
            if (same := targets.get(history.records[i].target)) is not None:
                words = f"{passage.message} changed {_target(history, i)} twice: in one group?"
                notes.undecided("group", words, same, i)


def _twice(history: History, notes: Notes, passage: Passage) -> None:
    by: dict[str, list[int]] = defaultdict(list)
    for i in passage.effects:
        if history.records[i].amount == 0:
            continue  # it changed nothing
        by[history.records[i].target or ""].append(i)
    if len(by.get("", ())) > 1 or ("" in by and len(by) > 1):
        words = f"{passage.message} has {len(passage.effects)} effects: are they the same one?"
        notes.undecided("target", words, *passage.effects)
        return
    for target, (first, *more) in by.items():
        if more:
            times = "twice" if len(more) == 1 else f"{len(more) + 1} times"
            notes.broken(
                f"{passage.message} changed {target} {times}: {_change(history, first)}, and again "
                f"{_change(history, more[0])}.",
                first, *more,
            )  # fmt: skip


def _change(history: History, i: int) -> str:
    amount = history.records[i].amount
    by = "" if amount is None else f" ({amount:+,.12g})"
    return f"by {history.who(i)} at {history.when(i)}{by}"


# -- acked, and then nothing -----------------------------------------------------------------------


def acked_without_effect(history: History) -> Finding:
    """No worker acks a message, crashes, and leaves no effect of it."""
    notes = Notes("acked without effect")
    if not history.has("effect"):
        notes.undecided("effect", _NONE)
        return notes.finding("")
    with_effects = {p.group for p in history.passages.values() if p.effects}
    for passage in history.passages.values():
        acks = [a.record for a in passage.acked if history.records[a.record].refused is not True]
        if passage.group in with_effects and acks and not passage.effects:
            _nothing_of(history, notes, passage, acks[0])
    return notes.finding("Each acked message has an effect.")


def _nothing_of(history: History, notes: Notes, passage: Passage, ack: int) -> None:
    words = f"{history.who(ack)} acked {passage.message} at {history.when(ack)}"
    crash = _next_crash(history, ack)
    if crash is None:
        said = f"{words}, and the log has no effect of it. Should it have one?"
        notes.undecided("effect", said, ack)
    else:
        said = f"{words}, before any effect of it, and crashed at {history.when(crash)}. No effect"
        notes.broken(f"{said} of it follows.", ack, crash)


def _next_crash(history: History, ack: int) -> int | None:
    """Return the crash that is the next thing a worker did after an ack, if it is one."""
    worker = history.records[ack].worker
    mine = history.of_worker[worker] if worker else []
    after = bisect_right(mine, ack)
    crashed = after < len(mine) and history.records[mine[after]].what == "crashed"
    return mine[after] if crashed else None


# -- an effect of nothing --------------------------------------------------------------------------


def unfounded(history: History) -> Finding:
    """Each effect is of a message that was published or delivered."""
    notes = Notes("effect without message")
    if not history.has("effect"):
        notes.undecided("effect", _NONE)
    known = {p.message for p in history.passages.values() if p.delivered or p.acked or p.nacked}
    known |= {message for _, message in history.published}
    for i in history.stray:
        words = f"The effect on {_target(history, i)} at {history.when(i)} names no message."
        notes.undecided("message", words, i)
    for passage in history.passages.values():
        for i in passage.effects[:1] if passage.message not in known else ():
            _of_nothing(history, notes, passage, i)
    return notes.finding("Each effect is of a message that was published or delivered.")


def _of_nothing(history: History, notes: Notes, passage: Passage, i: int) -> None:
    begun = history.begins.get(history.records[i].worker)
    target = _target(history, i)
    of = "" if target == passage.message else f" for {passage.message}"
    words = (
        f"{history.who(i)} changed {target}{of} at {history.when(i)}, and the log has neither its "
        "publication nor a delivery of it"
    )
    if begun is not None and begun < i:
        notes.broken(f"{words}.", i)
    else:
        said = f"{words}: does it have all of what {history.who(i)} published and got?"
        notes.undecided("delivered", said, i)
