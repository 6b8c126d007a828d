"""The oracle of order: within a key, a group is done with messages in the order of their sequence.

A message is done when its effect happens; in a group that logs no effects, when it is acked; where
no acks are logged either, when it is delivered. Messages without a sequence have the order in which
their publisher sent them, if one publisher sent all of their key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pubsub_kit.incidents.finding import Finding, Notes
from pubsub_kit.incidents.history import History, Letter, Passage

_Done = tuple[int, str]


def out_of_order(history: History) -> Finding:
    """Within a key, no message is done before one that is ahead of it."""
    notes = Notes("out of order")
    if not history.has("delivered"):
        notes.undecided("delivered", "The log has no delivery.")
    elif not history.keys:
        notes.undecided("key", "No message of the log has a key: which ones are to be in order?")
    lanes: dict[tuple[str, str, str], list[Passage]] = defaultdict(list)
    notes.unplaced(history)
    for passage in history.placed:
        if (key := history.keys.get(passage.letter)) is not None:
            lanes[passage.letter[0], passage.group, key].append(passage)
    done = _done_by(history)
    for (_, group, key), passages in lanes.items():
        if len(passages) > 1 and (ranked := _ranked(history, notes, passages, key)):
            _check(history, notes, ranked, done[group])
    return notes.finding("Within each key, messages were done in the order of their sequence.")


def _ranked(
    history: History, notes: Notes, passages: list[Passage], key: str
) -> list[tuple[int, Passage]]:
    """Return passages with their places, in order; none if their order is not known."""
    letters = [p.letter for p in passages]
    numbered = {x: history.sequences[x] for x in letters if x in history.sequences}
    places = numbered if len(numbered) == len(letters) else _by_publication(history, letters)
    if not places:
        words = f"Key {key} has {len(passages)} messages, and the log doesn't give their order."
        notes.undecided("sequence", words)
    return sorted(((places[p.letter], p) for p in passages if places), key=lambda pair: pair[0])


def _by_publication(history: History, letters: list[Letter]) -> dict[Letter, int]:
    sent = {x: history.published[x][0] for x in letters if history.published.get(x)}
    several = any(len(history.published.get(x, ())) > 1 for x in letters)
    workers = {history.records[i].worker for i in sent.values()}
    sure = len(sent) == len(letters) and len(workers) == 1 and "" not in workers
    return sent if sure and not several else {}


def _done_by(history: History) -> dict[str, Callable[[Passage], _Done | None]]:
    """Return, for each group, how to tell when it is done with a message."""
    changes = {p.group for p in history.passages.values() if p.effects}
    acks = {p.group for p in history.passages.values() if p.acked}
    return {
        p.group: _changed if p.group in changes else _acked if p.group in acks else _delivered
        for p in history.passages.values()
    }


def _changed(passage: Passage) -> _Done | None:
    return (passage.effects[0], "handled") if passage.effects else None


def _acked(passage: Passage) -> _Done | None:
    return (passage.acked[0].record, "acked") if passage.acked else None


def _delivered(passage: Passage) -> _Done | None:
    return (passage.delivered[0], "got") if passage.delivered else None


def _check(
    history: History,
    notes: Notes,
    ranked: list[tuple[int, Passage]],
    done: Callable[[Passage], _Done | None],
) -> None:
    last: tuple[int, int, Passage] | None = None  # place, record
    for place, passage in ranked:
        if (now := done(passage)) is None:
            continue
        i, verb = now
        if last is None or place == last[0]:
            last = (place, i, passage)
            continue
        ahead, other = last[1], last[2]
        order = history.before(ahead, i)
        if order is None:
            words = f"The clocks differ: was {other.message} {verb} before {passage.message}?"
            notes.undecided("a clock that all workers share", words, ahead, i)
        elif order is False:
            _tell(history, notes, (passage, i), (other, ahead), verb)
        if order is not False:
            last = (place, i, passage)


def _tell(
    history: History,
    notes: Notes,
    early: tuple[Passage, int],
    late: tuple[Passage, int],
    verb: str,
) -> None:
    (first, i), (second, j) = early, late
    one, other = history.who(i), history.who(j)
    notes.broken(
        f"Of key {history.keys[first.letter]}, {second.message} is ahead of {first.message}. But "
        f"{one} {verb} {first.message} at {history.when(i)}, and "
        f"{f'{other} {verb} ' if one != other else ''}{second.message} at {history.when(j)}.",
        i, j,
    )  # fmt: skip
