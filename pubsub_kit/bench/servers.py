"""Real servers for the bench: each started on a free port of 127.0.0.1, and ended with it."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pubsub_kit.bench.measure import Contender

COUNT = 20_000
DATA = b'{"order": "tea", "amount": 12, "currency": "EUR", "account": "ann"}'


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: list[str], port: int) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(_end, process)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise OSError(f"{command[0]} did not come up")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()


def _program(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise OSError(f"there is no {name} on this machine")
    return found


def _folder() -> str:
    path = tempfile.mkdtemp(prefix="bench-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@functools.cache
def redis_port() -> int:
    """Start a Redis that keeps an append-only file, flushed every second; return its port."""
    port, program = free_port(), _program("redis-server")
    keep = ["--save", "", "--appendonly", "yes", "--dir", _folder()]
    _start([program, "--port", str(port), "--bind", "127.0.0.1", *keep], port)
    return port


@functools.cache
def nats_port() -> int:
    """Start a NATS server with JetStream on disk; return its port."""
    port, program = free_port(), _program("nats-server")
    _start([program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", _folder()], port)
    return port


def redis_client() -> Any:
    """Return a client of the Redis server."""
    import redis

    return redis.Redis(port=redis_port())


def redis_xadd() -> Contender:
    """Redis Streams: XADD in pipelines of 1,000, append-only file flushed every second."""
    client = redis_client()

    def go() -> None:
        client.delete("log")
        for _ in range(COUNT // 1_000):
            pipeline = client.pipeline(transaction=False)
            for _ in range(1_000):
                pipeline.xadd("log", {"event": DATA})
            pipeline.execute()

    return Contender("Redis XADD, pipelined", COUNT, go)


def jetstream() -> Contender:
    """NATS JetStream on disk: 1,000 publishes under way at a time."""
    import nats

    port, loop = nats_port(), asyncio.new_event_loop()
    atexit.register(loop.close)

    async def publish() -> float:
        client: Any = await nats.connect(f"nats://127.0.0.1:{port}")
        stream: Any = client.jetstream(publish_async_max_pending=2_000)
        await stream.add_stream(name="bench", subjects=["bench"])
        begin = time.perf_counter()
        for _ in range(COUNT // 1_000):
            sent = [await stream.publish_async("bench", DATA) for _ in range(1_000)]
            await asyncio.gather(*sent)
        seconds = time.perf_counter() - begin
        await stream.delete_stream("bench")
        await client.close()
        return seconds

    return Contender("JetStream, pipelined", COUNT, lambda: loop.run_until_complete(publish()))
