"""Logs of small incidents in a shop, invented for the lesson: JSON lines, and spans.

doubled.jsonl   a worker charges, crashes before its ack, and the order is charged again
late_ack.jsonl  a worker pauses past its lease; its ack ends the lease of the next one
overtaken.jsonl two workers take orders of one customer; the cancellation overtakes the order
spans.jsonl     OTLP JSON: a message that fails each time, and clocks that differ
"""

from __future__ import annotations

from pathlib import Path

from pubsub_kit.errors import brief
from pubsub_kit.incidents.record import IncidentError

_HERE = Path(__file__).parent
SAMPLES = ("doubled", "late_ack", "overtaken", "spans")


def sample(name: str = "doubled") -> Path:
    """Return the path of a sample log; raises IncidentError if there is none of this name."""
    if name not in SAMPLES:
        raise IncidentError(f"there is no sample {brief(name)}: choose one of {', '.join(SAMPLES)}")
    return _HERE / f"{name}.jsonl"
