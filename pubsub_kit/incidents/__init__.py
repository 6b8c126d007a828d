"""Bring your own incident: a log of deliveries from a real system is drawn, judged and explained.

    from pubsub_kit.incidents import incident, sample

    case = incident(sample("doubled"))  # a path, a text, a list: JSON lines or OpenTelemetry spans
    case                                # drawn, and what it proves
    case.judged()                       # holds, broken or undecidable, for each oracle
    case.explained()                    # the smallest run of the kit's world that does the same

`record` and `reading` say what a log looks like, `conventions` how spans are read, `history` pairs
deliveries with their acks, `questions` has the oracles, `shapes` the small worlds. It imports
from the world, its search, the pictures and `scenarios`, and nothing above.
"""

from __future__ import annotations

from pubsub_kit.incidents.case import Incident, incident
from pubsub_kit.incidents.explanation import Explanation
from pubsub_kit.incidents.finding import Finding
from pubsub_kit.incidents.reading import Log, read
from pubsub_kit.incidents.record import IncidentError, Record
from pubsub_kit.incidents.samples import sample

__all__ = [
    "Explanation",
    "Finding",
    "Incident",
    "IncidentError",
    "Log",
    "Record",
    "incident",
    "read",
    "sample",
]
