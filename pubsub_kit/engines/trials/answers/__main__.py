"""The answers from the command line: `python3 -m pubsub_kit.engines.trials.answers play redis`.

play ENGINE [CASE …]    start the engine's server, try cases, and say what is not as expected
at URL [CASE …]         the same, on a server that runs
record [ENGINE …]       try all cases, and write how they ended, with date and versions
table                   print how they ended, as Markdown
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pubsub_kit.engines.trials.answers.cases import CASES
from pubsub_kit.engines.trials.answers.expected import difference, engines, expected_of
from pubsub_kit.engines.trials.answers.result import copies, played, record, result
from pubsub_kit.engines.trials.answers.table import table
from pubsub_kit.engines.trials.answers.trial import Ending
from pubsub_kit.engines.trials.expected import engine_of, expectations
from pubsub_kit.engines.trials.running import running
from pubsub_kit.errors import PubSubKitError


def at(url: str, *names: str) -> int:
    """Try cases, print how each ended, and return how many did not end as expected."""
    engine = engine_of(url)
    return told(engine, played(engine, url, names or CASES))


def told(engine: str, endings: dict[str, Ending]) -> int:
    """Print how each case ended; return how many are not as expected."""
    _, expected = expected_of(engine)
    wrong = 0
    for name, ending in endings.items():
        differs = difference(expected[name], ending)
        wrong += bool(differs)
        heard = f"  heard: {copies(ending)}" if ending.heard else ""
        print(f"{'≠' if differs else '='} {name}: {ending.verdict}  {ending.why}{heard}")
    print(f"{engine}: {wrong} of {len(endings)} cases are not as expected.")
    return wrong


def play(engine: str, *names: str) -> int:
    """Start an engine's server, and try cases on it."""
    with running(expectations(engine)) as place:
        return told(engine, played(engine, place.url, names or CASES))


def record_all(*names: str) -> int:
    """Record engines, one after the other; return how many cases are not as expected."""
    wrong = 0
    for engine in names or engines():
        with running(expectations(engine)) as place:
            endings = played(engine, place.url)
            record([result(engine, endings, place.version)])
        wrong += told(engine, endings)
    return wrong


def print_table() -> int:
    """Print what was recorded."""
    print(table())
    return 0


COMMANDS: dict[str, Callable[..., int]] = {
    "play": play, "at": at, "record": record_all, "table": print_table,
}  # fmt: skip


def main(argv: list[str]) -> int:
    """Run a command; what is wrong is told in a sentence."""
    if not argv or argv[0] not in COMMANDS or (argv[0] in ("play", "at") and not argv[1:]):
        print(__doc__)
        return 2
    try:
        if argv[0] in ("play", "at") and (
            strange := [name for name in argv[2:] if name not in CASES]
        ):
            print(f"There is no case {strange[0]!r}: cases.py lists them.", file=sys.stderr)
            return 2
        return min(COMMANDS[argv[0]](*argv[1:]), 1)
    except PubSubKitError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
