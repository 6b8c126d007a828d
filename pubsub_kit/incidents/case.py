"""An incident: a log of deliveries, its trace, what oracles say of it, and a run that is like it.

case = incident("shop.jsonl", lease=30)
case.trace            # its steps, as of any run
case.judged()         # a finding for each oracle
case.draw("lost")     # the log, with what is wrong in it marked
case.explained()      # the smallest run of the kit's world with the same anomaly
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pubsub_kit.errors import brief
from pubsub_kit.incidents.drawn import Drawn, draw
from pubsub_kit.incidents.explanation import Explanation, bundle, explained
from pubsub_kit.incidents.finding import Finding, Findings
from pubsub_kit.incidents.history import History, seconds
from pubsub_kit.incidents.questions import QUESTIONS, judged
from pubsub_kit.incidents.reading import Log, Source, read
from pubsub_kit.incidents.record import IncidentError, Record
from pubsub_kit.world.trace import Trace

if TYPE_CHECKING:
    from pubsub_kit.show.diagrams.spacetime import RunPicture


def incident(source: Source, *, lease: float | None = None) -> Incident:
    """Read a log of deliveries: a path, a text, or a list of dicts, of lines or of spans.

    `lease` is how long a worker has for a message (seconds), if the log does not say it: the ack
    deadline, or the visibility timeout. Raises IncidentError with the line that can't be read.
    """
    if lease is not None and not _is_seconds(lease):
        raise IncidentError(f"lease={brief(lease)} is no time: give seconds, a number above 0")
    return Incident(read(source), None if lease is None else float(lease))


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 < value < 2**63


class Incident:
    """A log that was read; `start` is when it begins, if its times are dates."""

    def __init__(self, log: Log, lease: float | None = None) -> None:
        self.log, self.start = log, log.start
        self.history = History(log.records, lease)

    @property
    def records(self) -> list[Record]:
        """The log's events by time, in seconds since it begins."""
        return self.log.records

    @property
    def clocks(self) -> list[str]:
        """What shows that the clocks of its machines differ; empty if nothing does."""
        return self.history.clocks

    @cached_property
    def _drawn(self) -> Drawn:
        return Drawn(self.history)

    @property
    def trace(self) -> Trace:
        """The log as a trace, which `show` draws."""
        return self._drawn.trace

    def steps(self, finding: Finding) -> tuple[int, ...]:
        """Return the steps of the trace that a finding is about."""
        return tuple(self._drawn.step[i] for i in finding.records)

    @cached_property
    def _findings(self) -> dict[str, Finding]:
        return {each.oracle: each for each in judged(self.history)}

    def judged(self) -> Findings:
        """Return a finding for each oracle: holds, broken, or undecidable from this log."""
        return Findings(self._findings.values())

    @property
    def broken(self) -> list[Finding]:
        """The findings that the log proves to be wrong."""
        return [each for each in self.judged() if each.broken]

    def finding(self, oracle: str | Finding | None = None) -> Finding:
        """Return the finding of an oracle, by its name; the first that is broken if you name none.

        Raises IncidentError if there is none.
        """
        name = oracle.oracle if isinstance(oracle, Finding) else oracle
        if name is None:
            if not self.broken:
                raise IncidentError(
                    "no oracle is broken in this log, so there is no anomaly to explain: judged() "
                    "says what holds, and which fields are missing"
                )
            return self.broken[0]
        if not isinstance(name, str) or name not in QUESTIONS:
            known = ", ".join(QUESTIONS)
            raise IncidentError(f"there is no oracle {brief(name)}: choose one of {known}")
        return self._findings[name]

    def draw(self, oracle: str | Finding | None = None) -> RunPicture:
        """Draw the log with a finding marked: that of an oracle, or the first broken one.

        A log of more than 60 events is drawn as far as it is about that finding.
        """
        finding = self.finding(oracle) if oracle is not None or self.broken else None
        title = "Your incident" + (f": {finding.oracle}" if finding is not None else "")
        return draw(self.history, finding, title)

    def explained(self, oracle: str | Finding | None = None) -> Explanation:
        """Search for the smallest run of the kit's world that shows the same anomaly.

        Of `oracle`, or of the first finding that is broken. Raises IncidentError if that is not.
        """
        finding = self.finding(oracle)
        picture = self.draw(finding) if finding.broken else None
        return explained(finding, self.history, picture)

    def __str__(self) -> str:
        """Say what the log holds, and what it proves."""
        found = repr(self.judged())
        return "\n".join([self._counted(), *self._clocks(), found, *self._unread()])

    __repr__ = __str__

    def _counted(self) -> str:
        records = self.history.records
        first = records[0].at
        from_ = f" from {self.start}" if self.start else ""
        messages = len({each.message for each in records} - {""})
        workers = len({each.worker for each in records} - {""})
        return (
            f"An incident of {_count(len(records), 'event')} in "
            f"{seconds(self.history.end - first)}{from_}: {_count(messages, 'message')}, "
            f"{_count(workers, 'worker')}."
        )

    def _clocks(self) -> list[str]:
        if not self.clocks:
            return ["Times are taken as those of one clock: nothing in the log contradicts that."]
        more = f" ({len(self.clocks) - 1:,} more like it.)" if len(self.clocks) > 1 else ""
        return [f"The clocks differ: {self.clocks[0]}.{more} So what two workers did has no order."]

    def _unread(self) -> list[str]:
        if not self.log.unread:
            return []
        names = sorted(self.log.unread, key=lambda name: -self.log.unread[name])[:5]
        return [f"Fields that were not used: {', '.join(names)}."]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Show the log drawn, and below it what each oracle says."""
        return bundle(str(self), [self.draw()])


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'s' * (number != 1)}"
