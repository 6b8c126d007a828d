"""Real servers on 127.0.0.1, for tests and for the lesson on engines: `start("redis")`.

A file for each engine; `start.py` picks among them, and `terminal.py` is the command `engine`. What
all of them share is in `server.py` (a life: start, kill, start again, stop) and `child.py` (a
process). No client library is used here: a server is asked in the first bytes of its own protocol.
"""

from pubsub_kit.engines.servers.running import running
from pubsub_kit.engines.servers.server import Server
from pubsub_kit.engines.servers.start import NAMES, available, start
from pubsub_kit.engines.servers.trouble import ServerError

__all__ = ["NAMES", "Server", "ServerError", "available", "running", "start"]
