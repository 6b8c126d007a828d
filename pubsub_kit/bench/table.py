"""`python -m pubsub_kit bench`: measures and prints the table, a row as soon as it is there."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import warnings
from collections.abc import Callable, Iterator, Sequence

from pubsub_kit.bench import brokers, feeds, logs, worlds
from pubsub_kit.bench.measure import Row, lines, measure

PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "logs": logs.rows,
    "brokers": brokers.rows,
    "worlds": worlds.rows,
    "feeds": feeds.rows,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the parts that are named (all, if none is), and print each row."""
    parser = argparse.ArgumentParser(prog="pubsub_kit bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"among {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--rounds", type=int, default=5, help="goes of each contender (5)")
    options = parser.parse_args(argv)
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part!r} to measure: choose among {', '.join(PARTS)}")
    if options.rounds < 1:
        parser.error("--rounds counts from 1")
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"median [least–most] of {options.rounds} rounds, all contenders in turn")
    for part in options.parts or PARTS:
        for row in PARTS[part]():
            for line in lines(row, measure(row, options.rounds)):
                print(line, flush=True)
    return 0
