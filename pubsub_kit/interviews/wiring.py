"""What runs a rehearsal's designs: the one place that knows both the engine and the designs."""

from __future__ import annotations

from pubsub_kit.interviews.rehearsal.runner import Runner


def runner() -> Runner:
    """Return what makes designs and runs them; it is imported when it is first asked for."""
    from pubsub_kit.interviews.runs import Designs

    return Designs()
