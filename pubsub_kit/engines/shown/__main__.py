"""What is shown, from the command line: `python3 -m pubsub_kit.engines.shown page`.

page      write what is generated of docs/engines.md and README, from what is recorded
lesson    play and record what lesson 12 shows
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pubsub_kit.engines.shown.page import write
from pubsub_kit.engines.shown.recording import record_hashes, record_leaders, record_tour
from pubsub_kit.errors import PubSubKitError


def record_lesson() -> None:
    """Record what lesson 12 shows, on servers that are started for it."""
    for part in (record_tour, record_hashes, record_leaders):
        part()
        print(f"{part.__name__} is done.", flush=True)


COMMANDS: dict[str, Callable[[], None]] = {"page": write, "lesson": record_lesson}


def main(argv: list[str]) -> int:
    """Run a command; what is wrong is told in a sentence."""
    if len(argv) != 1 or argv[0] not in COMMANDS:
        print(__doc__)
        return 2
    try:
        COMMANDS[argv[0]]()
    except PubSubKitError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
