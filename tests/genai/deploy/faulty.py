"""Workers that do what no worker should: that a rehearsal tells them apart is what is tested."""

from __future__ import annotations

import signal

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.genai.deploy import rehearsal

signal.signal(signal.SIGTERM, signal.SIG_DFL)  # so it ends at once, with a message at hand

interrupted = rehearsal.interrupted


def steady(delivery: Delivery) -> None:
    """Ack the last document without having finished it."""
    if delivery.id != "doc-5":
        rehearsal.steady(delivery)
