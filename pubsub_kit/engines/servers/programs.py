"""The programs that servers are: where each is found, and what to install if it is not."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pubsub_kit.engines.servers.trouble import ServerError


@dataclass(frozen=True)
class Way:
    """How to get an engine: on Debian, with Homebrew, and as a container that needs no program."""

    debian: str
    brew: str
    docker: str

    def missing(self, name: str, what: str) -> str:
        """Return the sentence for an engine whose programs are not there."""
        return (
            f"{name} can't be started, since {what} is not on this machine: on Debian, "
            f"{self.debian}; with Homebrew, {self.brew}; or run it in a container and connect to "
            f"that: docker run --rm {self.docker}."
        )


def find(name: str) -> Path | None:
    """Return where a program is: beside this Python, where a wheel puts it, or on the path."""
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    return Path(found).absolute() if found else None


def need(name: str, missing: str) -> Path:
    """Return where a program is; raises ServerError with the sentence if it is nowhere."""
    found = find(name)
    if found is None:
        raise ServerError(missing)
    return found
