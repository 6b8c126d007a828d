"""Patterns against the troubles of delivery, a page each: read them, change them, break them.

They need a durable store with transactions, described by the protocols in `ports`, and nothing
else of the kit; the world's store is one. Each is proven by `explore()` in the tests: with its
lines as they are it holds under every schedule of up to two faults, and without any one of the
lines that matter it does not.
"""

from pubsub_kit.patterns.inbox import Inbox
from pubsub_kit.patterns.outbox import Outbox, Relay
from pubsub_kit.patterns.saga import Saga, SagaStep
from pubsub_kit.patterns.sequencer import Sequencer
from pubsub_kit.patterns.two_phase_commit import Coordinator, Participant

__all__ = [
    "Coordinator",
    "Inbox",
    "Outbox",
    "Participant",
    "Relay",
    "Saga",
    "SagaStep",
    "Sequencer",
]
