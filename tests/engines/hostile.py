"""What each engine has to bear: half a character, a number that is none, names of its own."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError

HALF = "\ud800"  # of a pair: no UTF-8 has it


def check_half_a_character(engine: Any, topic: str) -> None:
    """Publish it as a key, as an id and as data: a worker gets just that."""
    worker = engine.subscribe(topic, "billing")
    engine.publish(topic, HALF, key=HALF, id=HALF)
    found = next(filter(None, (worker.pull() for _ in range(20))))[0]
    assert (found.key, found.id, found.data) == (HALF, HALF, HALF)
    assert found.ack()


def check_partitions(engine: Any, topic: str) -> None:
    """Ask for what is no number of partitions: that is a sentence, on every engine."""
    for count in (0, -1, 1.5, True, "3", float("nan")):
        with pytest.raises(PubSubKitError, match="A topic needs 1 partition or more"):
            engine.topic(f"{topic}-more", count)
