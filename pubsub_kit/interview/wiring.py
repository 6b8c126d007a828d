"""What runs a rehearsal's designs: the one place that knows both the engine and the designs."""

from __future__ import annotations

from collections.abc import Mapping

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interview.rehearsal.runner import Design, Result, Runner


class NothingRuns:
    """A runner without designs: it refuses each, in a sentence."""

    def propose(self, question_id: str, decisions: Mapping[str, str]) -> Design:
        """Raise PubSubKitError."""
        raise PubSubKitError(f"the kit has no design of {brief(question_id)} that runs")

    def run(
        self, design: Design, faults: tuple[str, ...] | None = None, up_to: int | None = None
    ) -> Result:
        """Raise PubSubKitError."""
        raise PubSubKitError("the kit has no designs that run")


def runner() -> Runner:
    """Return what makes designs and runs them."""
    return NothingRuns()
