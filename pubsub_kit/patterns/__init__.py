"""Patterns that deal with unreliable delivery, a page each: read them, change them, break them.

They need a durable store with transactions, an event store or a log (the protocols in `ports`),
such as the world's, and nothing else from the kit. The tests prove each one with `explore()`: as it
stands, it holds under every schedule of up to two faults; without any one of the lines that matter,
it does not. `History` (undo, redo, branches) and `EventLoop` need no store, and meet no faults.

Five more stand apart, to be imported by name: `tracing`, which brings OpenTelemetry along,
`schema_registry`, `recorder` with its `recorder_factory`, for the library `eventsourcing`, and
`sqlite_store`, a store of that kind in a file.
"""

from pubsub_kit.patterns.aggregate import Aggregate
from pubsub_kit.patterns.event_loop import EventLoop
from pubsub_kit.patterns.history import History
from pubsub_kit.patterns.inbox import Inbox
from pubsub_kit.patterns.outbox import Outbox, Relay
from pubsub_kit.patterns.projection import Projection
from pubsub_kit.patterns.saga import Saga, SagaStep
from pubsub_kit.patterns.sequencer import Sequencer
from pubsub_kit.patterns.snapshot import Snapshot
from pubsub_kit.patterns.two_phase_commit import Coordinator, Participant

__all__ = [
    "Aggregate",
    "Coordinator",
    "EventLoop",
    "History",
    "Inbox",
    "Outbox",
    "Participant",
    "Projection",
    "Relay",
    "Saga",
    "SagaStep",
    "Sequencer",
    "Snapshot",
]
