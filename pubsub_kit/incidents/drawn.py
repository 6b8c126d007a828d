"""A log as a `Trace`: the steps that the kit's world would have written of the same events.

A publication is a message from its publisher to the topic, a delivery one from the topic to the
worker, an ack one back. What a worker has in hand lasts until its ack, its nack or its crash. Times
are those of the log. Where its clocks differ, a publication is drawn above its deliveries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pubsub_kit.incidents.finding import Finding
from pubsub_kit.incidents.history import History
from pubsub_kit.incidents.record import Record
from pubsub_kit.world.trace import Trace

if TYPE_CHECKING:
    from pubsub_kit.show.diagrams.spacetime import RunPicture

_FEW = 60  # records that a picture shows as they are; of a longer log, the ones about a finding
_PUBLISHER, _BROKER, _CONSUMER = "publisher", "broker", "consumer"


class Drawn:
    """A trace, and for each record of its log the step that shows it."""

    def __init__(self, history: History, only: Iterable[int] | None = None) -> None:
        self.history, self.trace = history, Trace()
        self.step: dict[int, int] = {}
        self._number = 0
        self._hands: dict[tuple[str, str], str] = {}  # the delivery that a worker is at
        chosen = range(len(history.records)) if only is None else sorted(set(only))
        for i in _causes_first(history, chosen):
            _DRAW[history.records[i].what](self, history.records[i], i)

    def published(self, each: Record, i: int) -> None:
        """Draw that an event goes to its topic."""
        node, topic = each.worker or _PUBLISHER, self._topic(each)
        self._pass(each, node, topic, each.message)
        self.step[i] = len(self.trace) - 2

    def delivered(self, each: Record, i: int) -> None:
        """Draw that a message comes to a worker, which has it in hand from now on."""
        node, attempt = self._node(each), each.attempt or 1
        text = f"{each.message} (attempt {attempt})" if attempt > 1 else each.message
        key = self._pass(each, self._topic(each), node, text, self._group(each))
        self.step[i] = len(self.trace) - 1
        self.trace.add(each.at, "begin", node, "", key, text)
        self._hands[node, each.message] = key

    def settled(self, each: Record, i: int) -> None:
        """Draw that a worker is done with a message, and tells the broker so."""
        node, topic = self._node(each), self._topic(each)
        if (key := self._hands.pop((node, each.message), None)) is not None:
            failed = f"failed: {each.reason}" if each.reason else "failed"
            text = "done" if each.what == "acked" else failed
            self.trace.add(each.at, "end", node, "", key, text)
        text = f"{'ack' if each.what == 'acked' else 'nack'} {each.message}"
        self._pass(each, node, topic, text, refused=each.refused is True)
        self.step[i] = len(self.trace) - 2

    def effect(self, each: Record, i: int) -> None:
        """Draw a change."""
        target = each.target or each.message or "effect"
        by = "" if each.amount is None else f" {each.amount:+,.12g}"
        of = f" ({each.message})" if each.message and each.message != target else ""
        data: tuple[str, dict[str, Any], dict[str, Any]] = ("log", {}, {target: each.amount})
        self.step[i] = len(self.trace)
        self.trace.add(each.at, "effect", self._node(each), "", "", f"{target}{by}{of}", data=data)

    def crashed(self, each: Record, i: int) -> None:
        """Draw that a worker is gone."""
        self.step[i] = len(self.trace)
        self.trace.add(each.at, "crash", each.worker, text=each.reason, fault=True)
        self._hands = {held: key for held, key in self._hands.items() if held[0] != each.worker}

    def restarted(self, each: Record, i: int) -> None:
        """Draw that a worker is back."""
        self.step[i] = len(self.trace)
        self.trace.add(each.at, "restart", each.worker)

    def dead(self, each: Record, i: int) -> None:
        """Draw that a message goes to the dead letters."""
        reason = f": {each.reason}" if each.reason else ""
        text = f"{each.message} goes to the dead letters{reason}"
        self.step[i] = len(self.trace)
        self.trace.add(each.at, "note", self._topic(each), text=text, data=self._group(each))

    def _pass(
        self, each: Record, a: str, b: str, text: str, data: Any = None, refused: bool = False
    ) -> str:
        """Draw a message that arrives at once; return its key."""
        self._number += 1
        key = f"m{self._number}"
        self.trace.add(each.at, "send", a, b, key, text, data=data)
        self.trace.add(each.at, "receive", b, a, key, f"{text} refused: stale" if refused else text)
        return key

    def _topic(self, each: Record) -> str:
        return self.history.names.topic(each) or _BROKER

    def _group(self, each: Record) -> str:
        return self.history.names.group(each)

    def _node(self, each: Record) -> str:
        return each.worker or self._group(each) or _CONSUMER


_DRAW = {
    "published": Drawn.published, "delivered": Drawn.delivered, "acked": Drawn.settled,
    "nacked": Drawn.settled, "effect": Drawn.effect, "crashed": Drawn.crashed,
    "restarted": Drawn.restarted, "dead": Drawn.dead,
}  # fmt: skip


def _causes_first(history: History, chosen: Iterable[int]) -> list[int]:
    """Return records by time, but a publication before its deliveries whatever the clocks say."""
    order = [*chosen]
    if not history.clocks:
        return order
    there, done, found = set(order), set[int](), list[int]()
    for i in order:
        each = history.records[i]
        letter = (history.names.topic(each), each.message)
        cause = history.published.get(letter, [])[:1] if each.what != "published" else []
        for j in [*(j for j in cause if j in there), i]:
            if j not in done:
                found.append(j)
                done.add(j)
    return found


def about(history: History, records: Iterable[int]) -> list[int]:
    """Return the records of a finding's messages, and the crashes of their workers meanwhile."""
    told = [*records]
    names = {history.records[i].message for i in told} - {""}
    mine = [i for i, each in enumerate(history.records) if each.message in names]
    mine = sorted({*mine, *told})
    workers = {history.records[i].worker for i in mine}
    between = range(mine[0], mine[-1] + 1) if mine else range(0)
    falls = (i for i in between if history.records[i].what in ("crashed", "restarted"))
    return sorted({*mine, *(i for i in falls if history.records[i].worker in workers)})


def draw(history: History, finding: Finding | None, title: str) -> RunPicture:
    """Draw a log, with what a finding proves marked in it; of a long one, that finding's part."""
    from pubsub_kit import show

    told = finding.records if finding is not None else ()
    few = len(history.records) <= _FEW
    only = None if few else about(history, told) if told else _busiest(history)
    drawn = Drawn(history, only)
    return show.spacetime(
        drawn.trace,
        mark=drawn.step.get(told[-1]) if told else None,
        caption=_caption(history, finding),
        title=title,
        axis="order",  # in a real log, seconds may lie between things of a millisecond
        limit=120,
    )


def _busiest(history: History) -> list[int]:
    """Return the records of the message that has most of them, where a log is too long to draw."""
    names = Counter(each.message for each in history.records if each.message)
    most = names.most_common(1)[0][0] if names else ""
    part = [i for i, each in enumerate(history.records) if each.message == most]
    return part[:_FEW] if len(part) > 4 else [*range(min(_FEW, len(history.records)))]


def _caption(history: History, finding: Finding | None) -> str:
    said = [] if finding is None else [finding.message]
    return " ".join([*said, *(f"The clocks differ: {each}." for each in history.clocks[:1])])
