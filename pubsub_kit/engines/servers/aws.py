"""SNS, SQS and EventBridge as AWS has them, by ministack: all in memory, so a kill loses it.

ministack pins libraries that others need newer, so it has a Python environment of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

from pubsub_kit.engines.servers import cache
from pubsub_kit.engines.servers.programs import Way, find
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.wire import HOST, ask

VERSION = "1.5.33"
_KEY = f"ministack-{VERSION}-python{sys.version_info[0]}.{sys.version_info[1]}"
_WAY = Way(
    "apt-get install python3-venv", "brew install uv", f"-p {HOST}:4566:4566 ministackorg/ministack"
)
_PYTHON = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
_HEALTH = b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Aws(Server):
    """ministack with SQS, SNS and EventBridge; it takes any credentials."""

    name = "sqs"
    scheme = "sqs+sns"
    patience = 60.0

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        if _environment() or find("uv") or importlib.util.find_spec("ensurepip"):
            return None
        return _WAY.missing("ministack (SNS and SQS)", "Python's ensurepip, or uv,")

    def launch(self) -> None:
        """Start ministack, in its own environment."""
        settings = {
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "SERVICES": "sqs,sns,events",
        }
        self.spawn([_python(), "-P", "-m", "ministack"], {**os.environ, **settings})

    def greeting(self) -> str:
        """Ask for its health, in HTTP."""
        answer = ask(self.port, _HEALTH, lambda said: b"}" in said.partition(b"\r\n\r\n")[2][-3:])
        body = answer.partition(b"\r\n\r\n")[2]
        return str(json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])["version"])


def _environment() -> Path | None:
    """Return ministack's environment, if it is there and its Python still is, too."""
    found = cache.kept(_KEY)
    return found if found and (found / _PYTHON).exists() else None


def _python() -> Path:
    if _environment() is None:
        shutil.rmtree(cache.home() / _KEY, ignore_errors=True)
    return cache.made(_KEY, f"ministack {VERSION} (20 MB) with pip", _install) / _PYTHON


def _install(folder: Path) -> None:
    package, what = f"ministack=={VERSION}", f"Installing ministack {VERSION}"
    if uv := find("uv"):
        cache.run([uv, "venv", "-q", "--python", sys.executable, folder], folder, what)
        python = folder / _PYTHON
        cache.run([uv, "pip", "install", "-q", "--python", python, package], folder, what)
    else:
        cache.run([sys.executable, "-m", "venv", folder], folder, what)
        cache.run([folder / _PYTHON, "-m", "pip", "install", "-q", package], folder, what)
