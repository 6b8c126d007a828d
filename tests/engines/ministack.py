"""An emulator of AWS for tests: ministack on a free port, and raw clients beside the adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pubsub_kit.engines import connect
from pubsub_kit.engines.servers.aws import Aws
from pubsub_kit.log.ids import fresh_id

DUMMY = {
    "region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test",
}  # fmt: skip


@contextmanager
def emulator() -> Iterator[Aws]:
    """Start ministack, or skip with what is missing for it."""
    if sentence := Aws.missing():
        pytest.skip(sentence)
    with Aws() as server:
        server.start()
        yield server


@contextmanager
def connected(server: Aws, scheme: str, query: str = "", **options: Any) -> Iterator[Any]:
    """Connect with a short wait."""
    with connect(f"{scheme}://127.0.0.1:{server.port}{query}", **{"wait": 0, **options}) as engine:
        yield engine


@contextmanager
def client(server: Aws, service: str) -> Iterator[Any]:
    """Return a client of boto3's own."""
    import boto3

    session = boto3.session.Session(**DUMMY)
    raw = session.client(service, endpoint_url=f"http://127.0.0.1:{server.port}")
    try:
        yield raw
    finally:
        raw.close()


def fresh(name: str) -> str:
    """Return a name that no other test has."""
    return f"{name}.{fresh_id()[-12:]}"
