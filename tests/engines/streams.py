"""What the tests of both engines that keep streams share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from pubsub_kit.engines import Unreachable
from pubsub_kit.engines.servers import Server, available, start

ENGINES = ["redis", "nats"]


def running(name: str, **options: Any) -> Server:
    if (missing := available(name)) is not None:
        pytest.skip(missing)
    return start(name, **options)


def until(true: Callable[[], object], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(found)


def is_unreachable(call: Callable[[], object]) -> bool:
    try:
        call()
    except Unreachable:
        return True
    return False
