"""What is expected of each engine: its terms, and the cases that end otherwise there.

A file an engine in expected/:

    lease = 1.0                                     the `Terms`, as far as they differ

    [holds] [fails] ["never ends"] ["not supported"]
    "case" = "words of the reason"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.engines.trials.answers.cases import CASES, CORE
from pubsub_kit.engines.trials.answers.trial import (
    FAILS,
    HOLDS,
    STUCK,
    UNSUPPORTED,
    Ending,
    Terms,
)

FOLDER = Path(__file__).parent / "expected"
LONG = 10.0  # seconds: a lease for which a test doesn't wait twice
VERDICTS = HOLDS, FAILS, STUCK, UNSUPPORTED


class Expected(NamedTuple):
    """How a case should end: its verdict, and words of the reason."""

    verdict: str
    words: str = ""


def engines() -> list[str]:
    """Return the names of the engines of which something is expected."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def expected_of(engine: str) -> tuple[Terms, dict[str, Expected]]:
    """Return an engine's terms, and how each case ends there; raises EngineError for a bad file."""
    try:
        read = tomllib.loads((FOLDER / f"{engine}.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(engines())
        raise EngineError(f"Nothing is expected of {engine!r}: there are {known}.") from None
    found = {name: Expected(listed.verdict, listed.words) for name, listed in CASES.items()}
    for verdict in VERDICTS:
        for name, words in read.pop(verdict, {}).items():
            if name not in CASES:
                raise EngineError(f"{engine}.toml names a case that is none: {name!r}.")
            found[name] = Expected(verdict, words)
    return Terms(**read), found


def tried(engine: str) -> list[str]:
    """Return the cases that the tests try on an engine: none that waits out a long lease."""
    terms, _ = expected_of(engine)
    waits = {name for name in CORE if any(place.stops for place in CASES[name].case.places)}
    return [name for name in CORE if terms.lease < LONG or name not in waits]


def difference(expected: Expected, ending: Ending) -> str:
    """Return how a case ended otherwise than expected, in a sentence; "" if it did not."""
    if ending.verdict == expected.verdict and expected.words in ending.why:
        if all(ending.came) or ending.verdict == UNSUPPORTED:
            return ""
        return "A process ended without coming to its place."
    reason = f": {ending.why}" if ending.why else "."
    wanted = f"{expected.verdict} ({expected.words})" if expected.words else expected.verdict
    return f"It should be “{wanted}”, and it is “{ending.verdict}”{reason}"
