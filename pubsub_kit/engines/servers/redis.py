"""Redis, with an append-only file that is flushed at each write."""

from __future__ import annotations

import re
from pathlib import Path

from pubsub_kit.engines.servers.given import checked_secret
from pubsub_kit.engines.servers.programs import Way, find, need
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.wire import HOST, ask

_WAY = Way("apt-get install redis-server", "brew install redis", f"-p {HOST}:6379:6379 redis:7")
_VERSION = re.compile(rb"redis_version:(\S+)\r\n")


class Redis(Server):
    """A Redis server; with a password, it refuses those who do not give it."""

    name = "redis"
    scheme = "redis"

    def __init__(
        self, folder: Path | str | None = None, port: int = 0, password: str | None = None
    ) -> None:
        super().__init__(folder, port)
        self.password = "" if password is None else checked_secret("password", password)

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        return None if find("redis-server") else _WAY.missing("Redis", "redis-server")

    def credentials(self) -> tuple[str, str]:
        """Return the default user, who has no name, and the password."""
        return "", self.password

    def launch(self) -> None:
        """Start redis-server."""
        program = need("redis-server", _WAY.missing("Redis", "redis-server"))
        keep = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        where = ["--port", str(self.port), "--bind", HOST, "--dir", str(self.folder)]
        secret = ["--requirepass", self.password] if self.password else []
        self.spawn([program, *where, *keep, *secret])

    def greeting(self) -> str:
        """Ask PING, which is refused while it loads its data, then INFO."""
        auth = f"AUTH {self.password}\r\n" if self.password else ""
        ask(self.port, f"{auth}PING\r\n".encode(), lambda said: b"+PONG\r\n" in said)
        info = ask(self.port, f"{auth}INFO server\r\n".encode(), _VERSION.search)
        found = _VERSION.search(info)
        return found[1].decode() if found else ""
