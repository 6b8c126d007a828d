"""Real engines: the same publisher, consumer and handlers on somebody else's broker.

    connect("memory://")   Broker                          connect("kafka://127.0.0.1:9092")
    connect("file://DIR")  Broker, durable                 connect("redis://127.0.0.1:6379") …
                 │                                                     │
                 └────────────── the same protocol: protocol.py ──────┘

An adapter is thin: it translates verbs, and the engine counts, delays and buries wherever it does
so by itself. What an engine can't do raises `NotSupported`, which names what it has instead.
"""

from pubsub_kit.engines.connect import connect as connect
from pubsub_kit.engines.protocol import EngineError as EngineError
from pubsub_kit.engines.protocol import NotSupported as NotSupported
from pubsub_kit.engines.protocol import Unreachable as Unreachable
