"""Who had which message in hand: each delivery of a log with its acks, its nacks and its effects.

A log comes from several machines, and each has its own clock. If a message was delivered before it
was published, the clocks differ, and what two workers did has no order, unless one caused the
other. That an attempt arrives before the one that it follows proves nothing: that one was late.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pubsub_kit.incidents.record import Record

Letter = tuple[str, str]  # topic and message


class Settled(NamedTuple):
    """An ack or a nack, and the delivery that it is of, if the log says so."""

    record: int
    delivery: int | None


@dataclass
class Passage:
    """A message in one group: its deliveries and what came of them, as indexes of records."""

    letter: Letter
    group: str
    delivered: list[int] = field(default_factory=list)
    acked: list[Settled] = field(default_factory=list)
    nacked: list[Settled] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    latest: dict[tuple[int | None, str], int] = field(default_factory=dict)

    def deliver(self, i: int, each: Record) -> None:
        """Note a delivery, which an ack may name by its attempt, by its worker, or by both."""
        self.delivered.append(i)
        attempt, worker = each.attempt, each.worker
        self.latest |= {(attempt, worker): i, (attempt, ""): i, (None, worker): i}

    def between(self, i: int, j: int) -> list[int]:
        """Return the deliveries after one record and before another."""
        return self.delivered[bisect_right(self.delivered, i) : bisect_left(self.delivered, j)]

    @property
    def message(self) -> str:
        """The message's id."""
        return self.letter[1]

    def records(self) -> list[int]:
        """Return all that happened to it here, by time."""
        settled = [each.record for each in (*self.acked, *self.nacked)]
        return sorted([*self.delivered, *settled, *self.effects, *self.dead])


class History:
    """A log's records, by message and group, and what is known of their order.

    `lease` is how many seconds a group has for a message where its deliveries do not say.
    """

    def __init__(self, records: Sequence[Record], lease: float | None = None) -> None:
        self.records, self.lease = records, lease
        self.end = max((each.at for each in records), default=0.0)
        self.names = _Names(records)
        self.passages: dict[tuple[Letter, str], Passage] = {}
        self.published: dict[Letter, list[int]] = defaultdict(list)
        self.of_worker: dict[str, list[int]] = defaultdict(list)
        self.groups: dict[str, list[str]] = defaultdict(list)  # by topic
        self.begins: dict[str, int] = {}  # what each worker first published or got
        self.leases: dict[tuple[str, str], float] = {}  # the first one, by topic and group
        self.stray: list[int] = []  # effects that name no message
        self.keys: dict[Letter, str] = {}
        self.sequences: dict[Letter, int] = {}
        for i, each in enumerate(records):
            self._add(i, each)
        self.clocks = _contradictions(self)

    # -- pairing -----------------------------------------------------------------------------------

    def _add(self, i: int, each: Record) -> None:
        self.of_worker[each.worker].append(i)
        if each.worker and each.what in ("published", "delivered"):
            self.begins.setdefault(each.worker, i)
        if not each.message:
            self.stray += [i] if each.what == "effect" else []
            return
        letter = (self.names.topic(each), each.message)
        if each.key:
            self.keys.setdefault(letter, each.key)
        if each.sequence is not None:
            self.sequences.setdefault(letter, each.sequence)
        if each.what == "published":
            self.published[letter].append(i)
        elif each.what not in ("crashed", "restarted"):
            self._put(i, each, letter)

    def _put(self, i: int, each: Record, letter: Letter) -> None:
        group = self.names.group(each)
        known = self.groups[letter[0]]
        named = group or not self.names.groups
        if each.what != "effect" and named and group not in known:
            known.append(group)
        passage = self.passages.get((letter, group))
        if passage is None:
            passage = self.passages[letter, group] = Passage(letter, group)
        if each.what in ("acked", "nacked"):
            settled = Settled(i, self._delivery_of(each, passage))
            (passage.acked if each.what == "acked" else passage.nacked).append(settled)
        elif each.what == "delivered":
            passage.deliver(i, each)
            if each.lease is not None:
                self.leases.setdefault((letter[0], group), each.lease)
        else:
            (passage.effects if each.what == "effect" else passage.dead).append(i)

    def _delivery_of(self, ack: Record, passage: Passage) -> int | None:
        """Return the delivery that an ack is of: by its attempt, else by its worker."""
        latest = passage.latest
        if ack.attempt is not None and (found := latest.get((ack.attempt, ack.worker))) is not None:
            return found
        counted = ack.attempt is not None and any(attempt for attempt, _ in latest)
        if not counted and ack.worker and (found := latest.get((None, ack.worker))) is not None:
            return found
        if len(passage.delivered) != 1 or counted:
            return None
        only = passage.delivered[0]
        return None if ack.worker and self.records[only].worker else only

    # -- what is known -----------------------------------------------------------------------------

    def before(self, i: int, j: int) -> bool | None:
        """Say whether a record was before another; None if the log can't tell."""
        a, b = self.records[i], self.records[j]
        if not self.clocks or (a.worker and a.worker == b.worker):
            return i < j
        if a.message == b.message and "published" in (a.what, b.what) and a.what != b.what:
            return a.what == "published"
        return None

    @property
    def unplaced(self) -> list[Passage]:
        """What consumers did with messages in nobody knows which of the log's groups."""
        if not self.names.groups:
            return []
        odd = (p for p in self.passages.values() if not p.group)
        return [p for p in odd if p.delivered or p.acked or p.nacked or p.dead]

    @property
    def placed(self) -> list[Passage]:
        """The passages whose group is known: all, in a log that names no group."""
        return [p for p in self.passages.values() if p.group or not self.names.groups]

    def lease_of(self, delivery: int | None) -> float | None:
        """Return how many seconds a delivery is leased for, if that is known."""
        own = None if delivery is None else self.records[delivery].lease
        return self.lease if own is None else own

    def has(self, what: str) -> bool:
        """Say whether the log has any such record."""
        return any(each.what == what for each in self.records)

    # -- words -------------------------------------------------------------------------------------

    def who(self, i: int) -> str:
        """Name the worker of a record."""
        each = self.records[i]
        return each.worker or each.group or "a worker"

    def when(self, i: int) -> str:
        """Return the moment of a record, as a sentence says it."""
        return seconds(self.records[i].at)

    def attempt(self, i: int) -> str:
        """Name a delivery by its attempt, if it is known."""
        attempt = self.records[i].attempt
        return f" (attempt {attempt})" if attempt else ""


def seconds(at: float) -> str:
    """Return a moment or a time in seconds, to the millisecond."""
    return f"{round(at, 3):,.12g} s"


class _Names:
    """Which topic and which group a line belongs to that does not say so itself."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.topics: dict[str, set[str]] = defaultdict(set)
        self.of_message: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.of_worker: dict[str, set[str]] = defaultdict(set)
        self.groups: set[str] = set()
        self.publishers = {each.worker for each in records if each.what == "published"}
        for each in records:
            if each.topic:
                self.topics[each.message].add(each.topic)
            if each.group:
                self.of_message[each.message, each.worker].add(each.group)
                self.of_worker[each.worker].add(each.group)
                self.groups.add(each.group)

    def topic(self, each: Record) -> str:
        """Return a record's topic, or the only one that has its message."""
        return each.topic or _only(self.topics.get(each.message, ()))

    def group(self, each: Record) -> str:
        """Return a record's group, or the only one that its worker, or the log, has."""
        if each.group:
            return each.group
        known = _only(self.of_message.get((each.message, each.worker), ()))
        known = known or _only(self.of_worker.get(each.worker, ()))
        if known or (each.what == "effect" and each.worker in self.publishers):
            return known
        return _only(self.groups)


def _only(names: set[str] | tuple[()]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def _contradictions(history: History) -> list[str]:
    """Return what shows that the clocks of a log differ, in sentences."""
    early = (_too_early(history, passage) for passage in history.passages.values())
    return [said for said in early if said]


def _too_early(history: History, passage: Passage) -> str:
    """Say that a message was delivered before it was published, if it was."""
    sent = history.published.get(passage.letter)
    if not sent or not passage.delivered or passage.delivered[0] > sent[0]:
        return ""
    records, got = history.records, passage.delivered[0]
    if (gap := records[sent[0]].at - records[got].at) <= 0:
        return ""
    return (
        f"{history.who(got)} got {passage.message} at {history.when(got)}, and "
        f"{records[sent[0]].worker or 'its publisher'} published it at {history.when(sent[0])}: "
        f"their clocks differ by {seconds(gap)} or more"
    )
