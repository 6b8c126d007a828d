"""The contract of a log: the kit's own log passes every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from pubsub_kit.checks.contract.log_case import LogCase
from pubsub_kit.checks.contract.log_rows import LOG_ROWS
from pubsub_kit.checks.contract.trial import Row, breach_of
from pubsub_kit.log.disk import Fsync
from pubsub_kit.log.event import Event
from pubsub_kit.log.segments import DurableEventLog


class Kit:
    """The kit's log as the contract's verbs; its events hold JSON, so data is written in hex."""

    def __init__(self, path: Path) -> None:
        self.log = DurableEventLog(path, fsync=Fsync.never(), clock=lambda: 0.0)

    def append(self, data: bytes) -> int:
        return self.log.append(Event.new("record", data.hex(), id="1", time=0.0))

    def read(self, offset: int = 0) -> list[bytes]:
        rows = self.log.read(0, min(offset, self.log.end(0)), self.log.end(0))
        return [bytes.fromhex(event.data) for _, event in rows]


@pytest.mark.parametrize("row", LOG_ROWS, ids=lambda row: row.name)
def test_the_kits_log_keeps_the_contract(row: Row) -> None:
    breach = breach_of(LogCase(Kit), row)
    assert breach is None, (breach.words, breach.belief)
