"""A run of the kit's world, written as the log that its publisher, its workers and broker keep.

A worker logs an ack when it sends it, and does not know whether it arrives. `refused` is true of an
ack that came too late, false of one that counted, and missing where the broker never heard it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.broker.partitioned import Partitioned
from pubsub_kit.incidents.record import Record
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World

_DEAD = " goes to "


def rows(world: World) -> list[dict[str, Any]]:
    """Return what a run's log says, a dict for each line; `reading.written` makes it a text."""
    return [
        {name: value for name, value in each._asdict().items() if _says(name, value)}
        for each in records(world)
    ]


def _says(name: str, value: Any) -> bool:
    return name != "line" and value is not None and value != ""


def records(world: World) -> list[Record]:
    """Return the records of a run's log, by time; `line` is the step of its trace, from 1."""
    return _Writer(world).records


class _Writer:
    """Reads a trace step by step, and remembers who has what in hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.records: list[Record] = []
        self.events = _events(world)
        self.hands: dict[str, Record] = {}  # the latest delivery of each worker
        self.coming: dict[str, Record] = {}  # deliveries by the key of their step
        self.leaving: dict[str, int] = {}  # acks by the key of their step
        self.reasons: dict[str, str] = {}
        self.at = 0
        for self.at, step in enumerate(world.trace, 1):
            if (tell := _TELL.get(step.kind)) is not None:
                tell(self, step)

    def send(self, step: Step) -> None:
        """Tell of a publication, of a delivery on its way, or of an ack."""
        verb, _, id = step.text.partition(" ")
        if isinstance(step.data, str):
            name, _, attempt = step.text.partition(" (attempt ")
            self.coming[step.message] = self._about(
                step, name, "delivered", topic=step.node, group=step.data, worker=step.peer,
                attempt=int(attempt.rstrip(")")) if attempt else 1,
                lease=_lease(self.world, step.node, step.data),
            )  # fmt: skip
        elif verb in ("ack", "nack") and step.node in self.hands:
            self._settles(step, verb, id)
        elif step.peer in self.world.broker.topics:
            self._add(self._about(step, step.text.partition(",")[0], "published", topic=step.peer))

    def _settles(self, step: Step, verb: str, id: str) -> None:
        held = self.hands[step.node]
        reason = self.reasons.pop(step.node, "") if verb == "nack" else ""
        self.leaving[step.message] = len(self.records)
        mine = {"topic": held.topic, "group": held.group, "attempt": held.attempt}
        self._add(self._about(step, id, f"{verb}ed", **mine, reason=reason))

    def receive(self, step: Step) -> None:
        """Tell of a delivery that has arrived, or of what became of an ack."""
        if (delivery := self.coming.pop(step.message, None)) is not None:
            self.hands[step.node] = delivery
            self._add(delivery._replace(at=step.time))
        elif (i := self.leaving.pop(step.message, None)) is not None:
            self.records[i] = self.records[i]._replace(refused=" refused: " in step.text)

    def effect(self, step: Step) -> None:
        """Tell of each row that a write changed: a write of what was there is no change."""
        held = self.hands.get(step.node)
        _, before, after = step.data
        for target, value in after.items():
            if value == before.get(target):
                continue
            id = held.message if held else target
            amount = _amount(before.get(target), value)
            mine = {"topic": held.topic, "group": held.group} if held else {}
            self._add(self._about(step, id, "effect", **mine, target=target, amount=amount))

    def end(self, step: Step) -> None:
        """Remember why a handler failed: its nack has that reason."""
        if step.text.startswith("failed: "):
            self.reasons[step.node] = step.text.removeprefix("failed: ")

    def crash(self, step: Step) -> None:
        """Tell of a crash."""
        self.hands.pop(step.node, None)
        self._add(Record(step.time, "crashed", worker=step.node))

    def restart(self, step: Step) -> None:
        """Tell of a restart."""
        self._add(Record(step.time, "restarted", worker=step.node))

    def note(self, step: Step) -> None:
        """Tell of a dead letter; that a deadline passed is no reason why it did."""
        if isinstance(step.data, str) and _DEAD in step.text:
            id, _, rest = step.text.partition(_DEAD)
            reason = rest.partition(": ")[2]
            said = "" if "deadline" in reason else reason
            about = {"topic": step.node, "group": step.data, "worker": "", "reason": said}
            self._add(self._about(step, id, "dead", **about))

    def _about(self, step: Step, id: str, what: str, **fields: Any) -> Record:
        key, sequence = self.events.get(id, ("", None))
        fields.setdefault("worker", step.node)
        return Record(step.time, what, id, key=key, sequence=sequence, **fields)

    def _add(self, each: Record) -> None:
        self.records.append(each._replace(line=self.at))


_TELL = {
    "send": _Writer.send, "receive": _Writer.receive, "effect": _Writer.effect,
    "end": _Writer.end, "crash": _Writer.crash, "restart": _Writer.restart, "note": _Writer.note,
}  # fmt: skip


def _events(world: World) -> Mapping[str, tuple[str, int | None]]:
    """Return the key of each event, and its place in its key's order if it is stored once."""
    found: dict[str, tuple[str, int | None]] = {}
    for step in world.trace.of("send"):
        if step.peer in world.broker.topics and not step.text.startswith(("ack ", "nack ")):
            found.setdefault(step.text.partition(",")[0], ("", None))
    stored: dict[str, list[tuple[str, int]]] = {}
    for name in world.broker.topics:
        log = world.broker.topic(name).log
        for partition in range(log.partitions):
            for offset, event in log.read(partition, 0):
                if "deadreason" not in event.extensions:
                    stored.setdefault(event.id, []).append((event.key or "", offset))
    for id, places in stored.items():
        found[id] = (places[0][0], places[0][1] if len(places) == 1 else None)
    return found


def _lease(world: World, topic: str, group: str) -> float | None:
    found = world.broker.subscriptions.get((topic, group))
    if found is None or isinstance(found, Partitioned):
        return None
    return found.settings.ack_deadline


def _amount(before: Any, after: Any) -> float | None:
    numbers = all(type(x) in (int, float) for x in (before if before is not None else 0, after))
    return float(after - (before or 0)) if numbers else None
