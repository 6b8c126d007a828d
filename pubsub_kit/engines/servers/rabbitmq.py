"""RabbitMQ, with an epmd of its own: the daemon that tells Erlang's nodes where the others are.

Debian's wrapper in /usr/sbin changes the user, so the script below it is started instead. Without
an epmd in the foreground, Erlang starts one as a daemon, which would outlive the node.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from pathlib import Path

from pubsub_kit.engines.servers.given import checked_secret
from pubsub_kit.engines.servers.programs import Way, find, need
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.trouble import ServerError
from pubsub_kit.engines.servers.wire import HOST, ask, free_port

SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's, Fedora's
_WAY = Way(
    "apt-get install rabbitmq-server (and stop the service that it starts)",
    "brew install rabbitmq",
    f"-p {HOST}:5672:5672 rabbitmq:4-management",
)
_HELLO = b"AMQP\x00\x00\x09\x01"  # of AMQP 0-9-1, section 4.2.2
_VERSION = re.compile(rb"\x07versionS\x00\x00\x00.([0-9A-Za-z.+~-]+)", re.DOTALL)
_FRAME = 7  # bytes of a frame's head; the last four are the length of what follows
_EPMD_SECONDS = 10.0


def script() -> Path | None:
    """Return where the server's script is, Homebrew's too."""
    return SCRIPT if os.access(SCRIPT, os.X_OK) else find("rabbitmq-server")


class RabbitMQ(Server):
    """A RabbitMQ node; `user` may connect, from this machine, with `password`."""

    name = "rabbitmq"
    scheme = "amqp"
    patience = 120.0
    farewell = 30.0

    def __init__(
        self,
        folder: Path | str | None = None,
        port: int = 0,
        user: str = "guest",
        password: str = "guest",
    ) -> None:
        super().__init__(folder, port)
        self.user = checked_secret("user's name", user)
        self.password = checked_secret("password", password)
        self.epmd_port, self.peer_port = free_port(), free_port()

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install, or None."""
        if script() is None:
            return _WAY.missing("RabbitMQ", f"rabbitmq-server ({SCRIPT})")
        return None if find("epmd") else _WAY.missing("RabbitMQ", "epmd (of Erlang)")

    def credentials(self) -> tuple[str, str]:
        """Return the user and the password."""
        return self.user, self.password

    def prepare(self) -> None:
        """Write the settings, no plugins, and the secret that Erlang's nodes share."""
        lines = [
            f"default_user = {self.user}",
            f"default_pass = {self.password}",
            f"loopback_users.{self.user} = true",
            "log.console = true",
            "log.file = false",
        ]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self.folder / "enabled_plugins").write_text("[].\n", encoding="utf-8")
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(16), encoding="ascii")
            cookie.chmod(0o400)

    def environment(self) -> dict[str, str]:
        """Return the variables of the node; yours for RabbitMQ and Erlang are left out."""
        theirs = ("RABBITMQ_", "ERL_", "NOTIFY_SOCKET")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        start, home = script() or SCRIPT, str(self.folder)
        return {
            **kept,
            "PATH": f"{start.parent}{os.pathsep}{kept.get('PATH', '')}",
            "HOME": home,
            "RABBITMQ_NODENAME": f"t{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_DIST_PORT": str(self.peer_port),
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": HOST,
        }

    def launch(self) -> None:
        """Start epmd, and the node once it listens."""
        missing = _WAY.missing("RabbitMQ", "epmd (of Erlang)")
        names = self.spawn(
            [need("epmd", missing), "-address", HOST, "-port", str(self.epmd_port)],
            self.environment(),
        )
        deadline = time.monotonic() + _EPMD_SECONDS
        while not _listens(self.epmd_port):
            if not names.alive or time.monotonic() > deadline:
                raise ServerError(f"epmd does not listen on port {self.epmd_port} of {HOST}.")
            time.sleep(0.02)
        self.spawn([script() or SCRIPT], self.environment())

    def greeting(self) -> str:
        """Say AMQP's first words; the answer has the version among the server's properties."""
        answer = ask(self.port, _HELLO, _is_whole_frame)
        found = _VERSION.search(answer)
        if found is None:
            raise ConnectionError(f"RabbitMQ answered {answer[:40]!r}")
        return found[1].decode()


def _is_whole_frame(said: bytes) -> bool:
    return len(said) > _FRAME and len(said) > _FRAME + int.from_bytes(said[3:_FRAME], "big")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
