"""What is asked of a log, each by an oracle that says no more than the log proves.

An oracle is a function of a `History`. It holds in this log, it is broken, or it is undecidable
from this log: then the finding names the field that would decide it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pubsub_kit.incidents.deliveries import late_ack, lost, redelivered
from pubsub_kit.incidents.effects import acked_without_effect, doubled, unfounded
from pubsub_kit.incidents.failures import stuck, unreasoned
from pubsub_kit.incidents.finding import Finding, Question
from pubsub_kit.incidents.history import History
from pubsub_kit.incidents.orders import out_of_order

#: Every oracle by its name, in the order in which findings are listed.
QUESTIONS: dict[str, Question] = {
    "lost": lost,
    "doubled effect": doubled,
    "acked without effect": acked_without_effect,
    "redelivered though acked": redelivered,
    "late ack": late_ack,
    "out of order": out_of_order,
    "stuck": stuck,
    "effect without message": unfounded,
    "dead letter without reason": unreasoned,
}


def judged(history: History) -> Iterator[Finding]:
    """Yield what each oracle says of a log."""
    return (question(history) for question in QUESTIONS.values())
