"""What the worker of a rehearsed termination does with a document: it writes two chunks.

Each effect is a line on the standard output, "+DOCUMENT CHUNK", written before anything else
happens. Between the two lies the work, such as a call of an embedding model.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import cache

from pubsub_kit.broker.delivery import Delivery
from pubsub_kit.genai.deploy.worker import STOPPING

CHUNKS = 2
_PATIENCE = 60.0  # seconds to wait for a signal that does not come


def interrupted(delivery: Delivery) -> None:
    """Write a document's chunks; one that has `work` is at hand when SIGTERM comes.

    It needs `work` seconds more from that moment, so that the machine's speed decides nothing.
    """
    _end_with_parent()
    _write(delivery.id, 1)
    if "work" in delivery.data:
        STOPPING.wait(_PATIENCE)
        time.sleep(delivery.data["work"])
    _write(delivery.id, 2)


def steady(delivery: Delivery) -> None:
    """Write a document's chunks, one after the other."""
    _end_with_parent()
    _write(delivery.id, 1)
    _write(delivery.id, 2)


def _write(document: str, chunk: int) -> None:
    sys.stdout.write(f"+{document} {chunk}\n")
    sys.stdout.flush()


@cache
def _end_with_parent() -> None:
    """End once the pipe from the parent closes: nobody else would end this process."""

    def watch() -> None:
        while sys.stdin.read(1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
