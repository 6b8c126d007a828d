"""`python -m pubsub_kit bench`: measures and prints the table, a row as soon as it is there."""

from __future__ import annotations

import logging
import os
import platform
import warnings
from collections.abc import Callable, Iterator, Sequence

from pubsub_kit import options
from pubsub_kit.bench import brokers, engines, feeds, logs, races, verdicts, worlds
from pubsub_kit.bench.measure import Row, lines, measure

PARTS: dict[str, Callable[[], Iterator[Row]]] = {  # options.PARTS names them too
    "logs": logs.rows,
    "brokers": brokers.rows,
    "worlds": worlds.rows,
    "races": races.rows,
    "verdicts": verdicts.rows,
    "feeds": feeds.rows,
    "engines": engines.rows,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the parts that are named (all, if none is), and print each row."""
    given = options.bench().parse_args(argv)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"median [least–most] of {given.rounds} rounds, all contenders in turn")
    for part in given.parts or (["engines"] if given.engine else PARTS):
        rows = engines.rows(tuple(given.engine)) if part == "engines" else PARTS[part]()
        for row in rows:
            for line in lines(row, measure(row, given.rounds)):
                print(line, flush=True)
    return 0
