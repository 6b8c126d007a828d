"""What is expected of each engine: a file an engine in expected/, which names the exceptions.

    shown = "Redis Streams"                         as tables name it
    scheme = "redis"                                as `connect` names it
    server = "redis"                                as `servers.start` names it; none if embedded
    options = { password = "secret" }               what the server takes besides
    kept = "all"                                    what kill -9 leaves of what was acknowledged
    settles = 0.0                                   seconds after which a new group outlives one
    note = "It has no lease."                       what to know before one reads its outcomes
    venue = { lease = 2.0 }                         a `Venue`, as far as it differs

    [does_not_hold]                                 row = a part of what the breach says
    "late ack" = "returned True"

    [not_supported]                                 row = a part of the engine's sentence
    "nack with delay" = "has no delay"

    [not_promised]                                  row = what the engine, or its service, says
    "in turn" = "order only with a key"

A row that is not named is expected to hold. A row that is, and holds after all, is a difference
too: then the engine, or its adapter, has changed, and the file with it. Only what is not promised
may hold in one run and not in another.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.trials.contract import BROKEN, HOLDS, LACKING, Outcome
from pubsub_kit.engines.trials.rows import BY_NAME
from pubsub_kit.engines.trials.stage import Venue

FOLDER = Path(__file__).parent / "expected"
NOT_PROMISED = "not promised"
SECTIONS = {"does_not_hold": BROKEN, "not_supported": LACKING, "not_promised": NOT_PROMISED}


class Expected(NamedTuple):
    """What should become of a row, and words that its outcome should have."""

    outcome: str = HOLDS
    words: str = ""


class Expectations(NamedTuple):
    """An engine's file, as the top of this one explains it; `engine` is the file's name."""

    engine: str
    rows: dict[str, Expected]
    shown: str
    scheme: str
    server: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012
    kept: str = "all"
    settles: float = 0.0
    note: str = ""
    venue: dict[str, Any] = {}  # noqa: RUF012

    def at(self, url: str) -> Venue:
        """Return where to play the rows."""
        return Venue(self.engine, url, **self.venue)

    def of(self, row: str) -> Expected:
        """Return what should become of a row."""
        return self.rows.get(row, Expected())


def engine_of(url: str) -> str:
    """Return the engine of a URL; raises EngineError where nothing is expected of it."""
    scheme = url.partition("://")[0]
    for engine in engines():
        if expectations(engine).scheme == scheme:
            return engine
    raise EngineError(f"Nothing is expected of {scheme}://: there are {', '.join(engines())}.")


def engines() -> list[str]:
    """Return the names of the engines of which something is expected."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def expectations(engine: str) -> Expectations:
    """Read what is expected of an engine; raises EngineError for one that has no file."""
    try:
        read = tomllib.loads((FOLDER / f"{engine}.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(engines())
        raise EngineError(f"Nothing is expected of {engine!r}: there are {known}.") from None
    rows = {
        row: Expected(outcome, words)
        for section, outcome in SECTIONS.items()
        for row, words in read.pop(section, {}).items()
    }
    if strange := sorted({*rows} - {*BY_NAME}):
        raise EngineError(f"{engine}.toml names a row that is none: {strange[0]!r}.")
    return Expectations(engine, rows, **read)


def difference(expected: Expected, outcome: Outcome) -> str:
    """Return how an outcome differs from what was expected, in a sentence; "" if it does not."""
    if expected.outcome == NOT_PROMISED and outcome.outcome != LACKING:
        return ""
    came = f"“{outcome.row}” {_told(outcome.outcome, outcome.words)}"
    if outcome.outcome != expected.outcome:
        return f"{came}, but expected was: {_told(expected.outcome, expected.words)}."
    if expected.words not in outcome.words:
        return f"{came}, but expected were the words: {expected.words}"
    return ""


def _told(outcome: str, words: str) -> str:
    return f"{outcome} ({words})" if words else outcome


def differences(expected: Expectations, outcomes: Iterable[Outcome]) -> list[str]:
    """Return the sentences about all outcomes that are not as expected."""
    found = (difference(expected.of(outcome.row), outcome) for outcome in outcomes)
    return [sentence for sentence in found if sentence]
