"""Each test begins with a learner who has done nothing: what others recorded in memory is gone."""

from __future__ import annotations

import pytest

from pubsub_kit.checks.desk import journal
from pubsub_kit.log.memory import EventLog


@pytest.fixture(autouse=True)
def no_progress_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_in_memory", EventLog("progress"))
    monkeypatch.setattr(journal, "_given_up", False)
