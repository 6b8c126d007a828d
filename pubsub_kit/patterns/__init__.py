"""Patterns that deal with unreliable delivery, a page each: read them, change them, break them.

They need a durable store with transactions (the protocols in `ports`), such as the world's, and
nothing else from the kit. The tests prove each one with `explore()`: as it stands, it holds under
every schedule of up to two faults; without any one of the lines that matter, it does not.
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
