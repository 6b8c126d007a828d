"""One line of a log of deliveries: what happened to which message, when, at whom.

    field      what it holds                                                    who has it
    at         seconds, or a moment such as "2026-03-01T09:00:00.250Z"          every line
    what       published, delivered, acked, nacked, effect, crashed,            every line
               restarted or dead
    message    the message's id: the same at each redelivery                    all but crashed
                                                                                and restarted
    topic      where it was published                                           any
    group      who shares it: a consumer group, a subscription, a queue; in a   what consumers do
               log that names none, all who consume a topic are one group
    worker     the process that did it: a name of its own, since it has its     any
               own clock
    key        messages of one key are to be handled in order                   any
    attempt    the broker's count of this delivery, from 1                      what consumers do
    sequence   the message's place in its key's order: a version or an offset   any
    lease      seconds until the broker redelivers what is not acked            delivered
    target     what an effect changed, such as a row                            effect
    amount     by how much; a write that changed nothing has 0, or no line      effect
    reason     why                                                              nacked, dead
    refused    true if the broker refused it, false if it confirmed it          acked, nacked
    data       anything else; nothing is concluded from it                      any

Only `at`, `what` and the id have to be there. What cannot be judged without another field is
undecidable, and the finding names that field. `version` and `offset` are read as `sequence`. Of
lines with the same `at`, the first one happened first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

from pubsub_kit.errors import PubSubKitError, brief

WHAT = (
    "published", "delivered", "acked", "nacked", "effect", "crashed", "restarted", "dead",
)  # fmt: skip
#: What is said of a worker, and of no message.
OF_A_WORKER = ("crashed", "restarted")
ALIASES = {"version": "sequence", "offset": "sequence"}
LONGEST = 200  # characters of a name
_MILLISECONDS = 1e11  # as seconds, this is the year 5138
_LARGEST = 2**63
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class IncidentError(PubSubKitError):
    """A log of deliveries can't be read, or not be used as asked; the message says which line."""


class Record(NamedTuple):
    """One event of a log; `at` is in seconds, and `line` is where it stands in the log, from 1.

    What the log does not say is "" for a name, and None for anything else.
    """

    at: float
    what: str
    message: str = ""
    topic: str = ""
    group: str = ""
    worker: str = ""
    key: str = ""
    attempt: int | None = None
    sequence: int | None = None
    lease: float | None = None
    target: str | None = None
    amount: float | None = None
    reason: str = ""
    refused: bool | None = None
    data: Any = None
    line: int = 0


FIELDS = tuple(name for name in Record._fields if name != "line")


def wrong(line: int, said: str) -> IncidentError:
    """Return the error of a line: what was wrong with it, and what to do."""
    return IncidentError(f"line {line}: {said}")


def record(row: Mapping[Any, Any], line: int) -> Record:
    """Read one line's fields; raises IncidentError if one is missing or makes no sense."""
    what = row.get("what")
    if not isinstance(what, str) or what not in WHAT:
        raise wrong(line, _no_kind(row, what))
    found = {}
    for name, value in row.items():
        if value is not None and (reader := _READERS.get(name)) is not None:
            reads, field = reader
            found[field] = reads(value, name, line)
    needs = "worker" if what in OF_A_WORKER else "message"
    if what != "effect" and not found.get(needs):
        raise wrong(line, f"a line with what={what!r} needs {needs!r}{_meant(row, needs)}.")
    return Record(moment(row, line), what, line=line, **found)


def _no_kind(row: Mapping[Any, Any], what: Any) -> str:
    known = ", ".join(WHAT)
    if what is None:
        return f"it does not say what happened{_meant(row, 'what')}: give 'what', one of {known}."
    close = get_close_matches(what, WHAT, 1) if isinstance(what, str) else []
    if close:
        return f"what={brief(what)} is not known: did you mean {close[0]!r}?"
    return f"what={brief(what)} is not known: it is one of {known}."


def _meant(row: Mapping[Any, Any], name: str) -> str:
    """Name the field that is probably this one, misspelt."""
    others = [other for other in row if isinstance(other, str) and other not in FIELDS]
    close = get_close_matches(name, others, 1)
    return f", and has {close[0][:LONGEST]!r}" if close else ""


def _name(value: Any, name: str, line: int) -> str:
    if type(value) is int and abs(value) < _LARGEST:
        return str(value)
    if not isinstance(value, str):
        raise wrong(line, f"{name}={brief(value)} is no name: give a text.")
    if len(value) > LONGEST:
        raise wrong(line, f"{name} has {len(value):,} characters: give {LONGEST} at most.")
    if not value.isprintable() and _CONTROLS.search(value):
        raise wrong(line, f"{name}={brief(value)} has control characters: give plain text.")
    return value


def _target(value: Any, name: str, line: int) -> str | None:
    return _name(value, name, line) or None


def _count(value: Any, name: str, line: int) -> int:
    least = 1 if name == "attempt" else 0
    if type(value) is int and least <= value < _LARGEST:
        return value
    raise wrong(line, f"{name}={brief(value)} is no count: give a whole number from {least} up.")


def _amount(value: Any, name: str, line: int) -> float:
    if type(value) in (int, float) and abs(value) < _LARGEST:
        return float(value)
    raise wrong(line, f"{name}={brief(value)} is no number that can be used: give a finite one.")


def _lease(value: Any, name: str, line: int) -> float:
    if (lease := _amount(value, name, line)) >= 0:
        return lease
    raise wrong(line, f"{name}={brief(value)} is no time: give seconds, from 0 up.")


def _reason(value: Any, name: str, line: int) -> str:
    if not isinstance(value, str):
        raise wrong(line, f"{name}={brief(value)} is no text: say why in a few words.")
    return " ".join(_CONTROLS.sub(" ", value[:LONGEST]).split())


def _truth(value: Any, name: str, line: int) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(line, f"{name}={brief(value)} is neither true nor false: give one of them.")


def _anything(value: Any, name: str, line: int) -> Any:
    return value


_READERS: dict[str, tuple[Callable[[Any, str, int], Any], str]] = {
    **{name: (_name, name) for name in ("message", "topic", "group", "worker", "key")},
    **{name: (_count, ALIASES.get(name, name)) for name in ("attempt", "sequence", *ALIASES)},
    "lease": (_lease, "lease"), "target": (_target, "target"), "amount": (_amount, "amount"),
    "reason": (_reason, "reason"), "refused": (_truth, "refused"), "data": (_anything, "data"),
}  # fmt: skip


def moment(fields: Mapping[str, Any], line: int) -> float:
    """Return when something happened, in seconds; raises IncidentError where that is not said."""
    value = fields.get("at")
    if isinstance(value, datetime):
        value = value.isoformat()
    if value is None:
        raise wrong(line, f"it does not say when it happened{_meant(fields, 'at')}: give 'at'.")
    if isinstance(value, str):
        return _date(value, line)
    if type(value) not in (int, float) or not abs(value) < _LARGEST:
        raise wrong(line, f"at={brief(value)} is no moment: give seconds, or an RFC 3339 date.")
    if abs(value) >= _MILLISECONDS:
        raise wrong(line, f"at={brief(value)} is too large for seconds: is it milliseconds?")
    return float(value)


def _date(text: str, line: int) -> float:
    try:
        date = datetime.fromisoformat(text.strip()[:64])
        if date.tzinfo is not None:
            return date.timestamp()
    except (ValueError, OverflowError):
        raise wrong(
            line, f"at={brief(text)} is no date: write it as 2026-03-01T09:00:00.250Z."
        ) from None
    raise wrong(line, f"at={brief(text)} has no time zone: end it with Z or +01:00.")
