"""The smallest run of the kit's world that shows the same anomaly as an incident.

explore() tries every schedule of faults, those with the fewest first, in a small world that lacks
what the anomaly needs to be lacking. Each run is written as a log, and judged by the same oracle as
the incident's log. So what it finds is the same anomaly; it need not have the same cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from pubsub_kit.errors import brief
from pubsub_kit.incidents.finding import Finding
from pubsub_kit.incidents.history import History
from pubsub_kit.incidents.questions import QUESTIONS
from pubsub_kit.incidents.record import IncidentError
from pubsub_kit.incidents.shapes import SHAPES, Shape
from pubsub_kit.incidents.written import records
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.search.explore import Exploration, Violation, explore
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

MOST_FAULTS = 2
SECONDS = 10.0  # of real time, at most
CAVEAT = (
    "This is the smallest run in the kit's world that shows the same anomaly; your incident may "
    "have had another cause."
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a search for an incident's anomaly found.

    `found` is the search: its `violation`, the `code` of the smallest schedule, its `trace`.
    `picture` draws that run, and `of_incident` the incident.
    """

    oracle: str
    shape: Shape
    found: Exploration
    of_incident: Picture | None = None

    @property
    def trace(self) -> Trace:
        """The smallest run; that without faults if none shows the anomaly."""
        return self.found.trace

    @property
    def code(self) -> str:
        """The code of its schedule: "-" if nothing has to fail."""
        return self.found.code

    @property
    def faults(self) -> tuple[str, ...]:
        """Its faults, a sentence each."""
        return tuple(f"{each.node}: {each.text}" for each in self.trace.faults())

    @property
    def source(self) -> str:
        """The code of its world."""
        return self.shape.source

    @property
    def picture(self) -> Picture:
        """The smallest run, drawn; raises IncidentError if none was found."""
        if self.found.violation is None or self.found.world is None:
            raise IncidentError(f"there is no run to draw: {self.bound}")
        title = f"The smallest run with the same anomaly ({self.oracle}), schedule {self.code}"
        return drawn(self.found.world, self.found.violation, title)

    @property
    def bound(self) -> str:
        """How far the search went."""
        kinds = ", ".join(self.shape.faults) or "none"
        return (
            f"{self.found.schedules:,} schedules of up to {self.found.max_faults} faults were "
            f"tried (kinds of fault: {kinds})"
        )

    def __str__(self) -> str:
        """Say what was found, in a few lines."""
        wrong = self.found.violation
        if wrong is None:
            return (
                f"{self.oracle}: no run of the kit's world shows this anomaly within the bound. "
                f"{self.bound[0].upper()}{self.bound[1:]}, where {self.shape.lacks}."
            )
        faults = "; ".join(self.faults) or "nothing has to fail"
        return "\n".join(
            (
                f"{self.oracle}: {wrong.message}",
                f"What this world lacks: {self.shape.lacks}.",
                f"Faults: {faults} (schedule {self.code}).",
                CAVEAT,
            )
        )

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Show both runs, the incident's above, and the code of the small world."""
        pictures = [self.of_incident] if self.of_incident is not None else []
        pictures += [self.picture] if self.found.violation is not None else []
        return bundle(str(self), pictures, self.source)


def bundle(said: str, pictures: Iterable[Picture], source: str = "") -> tuple[Any, Any]:
    """Return words, pictures and code as a front-end takes them."""
    drawings = [each._repr_mimebundle_()[0] for each in pictures]
    words = "".join(f"<p>{escape(line)}</p>" for line in said.split("\n"))
    code = f"<pre>{escape(source)}</pre>" if source else ""
    page = "".join(each["text/html"] for each in drawings)
    return {"text/plain": said, "text/html": f"{page}{words}{code}"}, {}


def explained(finding: Finding, incident: History, of_incident: Picture | None) -> Explanation:
    """Search for the smallest run with a finding's anomaly; raises IncidentError if it holds."""
    if not finding.broken:
        verdict = "holds" if finding.verdict == "holds" else "can't be decided"
        raise IncidentError(
            f"{finding.oracle!r} {verdict} in this log, so there is no anomaly to explain: choose "
            "a finding that is broken"
        )
    shape = _with_faults_of(SHAPES[finding.oracle], finding, incident)
    found = explore(
        shape.world,
        lambda world: judge(world, finding.oracle),
        faults=shape.faults,
        max_faults=MOST_FAULTS if shape.faults else 0,
        until=shape.until,
        seconds=SECONDS,
    )
    return Explanation(finding.oracle, shape, found, of_incident)


def judge(world: World, oracle: str) -> Violation | None:
    """Judge a run of the world by the oracle of logs."""
    if oracle not in QUESTIONS:
        raise IncidentError(
            f"there is no oracle {brief(oracle)}: choose one of {', '.join(QUESTIONS)}"
        )
    told = records(world)
    finding = QUESTIONS[oracle](History(told))
    if not finding.broken:
        return None
    return Violation(finding.message, told[finding.records[-1]].line - 1, belief=oracle)


def _with_faults_of(shape: Shape, finding: Finding, incident: History) -> Shape:
    """Keep the kinds of fault that the incident's log itself shows, if it shows any."""
    seen = [kind for kind in shape.faults if _SHOWN.get(kind, _never)(finding, incident)]
    return shape._replace(faults=tuple(seen)) if seen else shape


def _crashed(finding: Finding, incident: History) -> bool:
    """Say whether a worker of the finding crashed between the first and the last of its records."""
    mine = [incident.records[i] for i in finding.records]
    workers = {each.worker for each in mine}
    between = incident.records[finding.records[0] : finding.records[-1] + 1]
    return any(each.what == "crashed" and each.worker in workers for each in between)


def _published_twice(finding: Finding, incident: History) -> bool:
    names = {incident.records[i].message for i in finding.records}
    return any(len(i) > 1 for (_, name), i in incident.published.items() if name in names)


def _never_delivered(finding: Finding, incident: History) -> bool:
    return all(incident.records[i].what == "published" for i in finding.records)


def _was_delivered(finding: Finding, incident: History) -> bool:
    return not _never_delivered(finding, incident)


def _never(finding: Finding, incident: History) -> bool:
    return False


_SHOWN = {
    "crash": _crashed, "duplicate": _published_twice, "publish lost": _never_delivered,
    "stays down": _was_delivered,
}  # fmt: skip
