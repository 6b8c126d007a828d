"""Trials from the command line: `python3 -m pubsub_kit.engines.trials play redis`.

play ENGINE [ROW …]    start the engine's server, play its rows, say what is not as expected
at URL [ROW …]         the same, on a server that runs
kill [ENGINE …]        kill -9 of the server, and of a consumer, amid 10,000 events
record [ENGINE …]      play and kill, and write engines/recorded.json
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from pubsub_kit.engines.trials.contract import played
from pubsub_kit.engines.trials.expected import Expectations, difference, engine_of, expectations
from pubsub_kit.engines.trials.kill import (
    Killed,
    kill_consumer,
    kill_forgetful,
    kill_holder,
    kill_server,
)
from pubsub_kit.engines.trials.result import ORDER, Result, held, record
from pubsub_kit.engines.trials.rows import BY_NAME, ROWS
from pubsub_kit.engines.trials.running import Running, running
from pubsub_kit.errors import PubSubKitError


def at(url: str, *names: str) -> int:
    """Play rows, print what became of each, and return how many are not as expected."""
    expected = expectations(engine_of(url))
    wrong = 0
    for outcome in played(expected.at(url), [BY_NAME[row] for row in names] or ROWS):
        differs = difference(expected.of(outcome.row), outcome)
        wrong += bool(differs)
        words = f"  {outcome.words}" if outcome.words else ""
        sign = "≠" if differs else "="
        print(f"{sign} {outcome.row}: {outcome.outcome} ({outcome.seconds:.1f} s){words}")
    print(f"{expected.shown}: {wrong} rows are not as expected.")
    return wrong


def play(engine: str, *names: str) -> int:
    """Start an engine's server, and play rows on it."""
    with running(expectations(engine)) as place:
        return at(place.url, *names)


def kills(expected: Expectations, place: Running) -> Iterator[tuple[str, Killed]]:
    """Kill what an engine has, and return what each kill cost."""
    if place.server is not None:
        yield "a consumer", kill_consumer(place.url)
        if expected.kept == "all":
            yield "the server", kill_server(place.server, settles=expected.settles)
        else:
            yield "the server", kill_forgetful(place.server)
    elif expected.kept == "all":
        yield "the process that holds it", kill_holder(f"{place.url}/killed")


def kill(*engines: str) -> int:
    """Kill, and print what each kill cost."""
    for engine in engines or ORDER:
        expected = expectations(engine)
        with running(expected) as place:
            for kind, killed in kills(expected, place):
                print(f"{expected.shown}, kill -9 of {kind}: {killed}.", flush=True)
    return 0


def recorded(engine: str) -> Result:
    """Play all rows of an engine, and kill it."""
    expected = expectations(engine)
    with running(expected) as place:
        result = held(place.url, place.version)
        return result._replace(kills=dict(kills(expected, place)))


def record_all(*engines: str) -> int:
    """Record engines, one after the other."""
    for engine in engines or ORDER:
        record([recorded(engine)])
        print(f"{engine} is recorded.", flush=True)
    return 0


COMMANDS: dict[str, Callable[..., int]] = {
    "play": play,
    "at": at,
    "kill": kill,
    "record": record_all,
}


def main(argv: list[str]) -> int:
    """Run a command; what is wrong is told in a sentence."""
    if not argv or argv[0] not in COMMANDS:
        print(__doc__)
        return 2
    try:
        return COMMANDS[argv[0]](*argv[1:])
    except PubSubKitError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
