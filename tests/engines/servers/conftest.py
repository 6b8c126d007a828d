"""What the tests of servers share: none may run where its programs are not there."""

from __future__ import annotations

import pytest

from pubsub_kit.engines.servers import available


def need(name: str) -> None:
    """Skip the test, with what to install, where a server can't be started."""
    if sentence := available(name):
        pytest.skip(sentence)


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let running() look for servers, and find none but those of the test."""
    monkeypatch.delenv("PUBSUB_KIT_ENGINES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
