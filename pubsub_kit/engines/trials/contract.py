"""Plays the contract's rows on an engine, many at once, and says what became of each.

holds            the scene went as the row promises
does not hold    it went otherwise: the words say what was done, and what came
not supported    the engine has no such thing: the words say what it has instead
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pubsub_kit.checks.contract.trial import Broken, Row
from pubsub_kit.checks.sandbox.blame import told
from pubsub_kit.engines.protocol import NotSupported
from pubsub_kit.engines.trials.rows import ROWS
from pubsub_kit.engines.trials.stage import EngineCase, Venue

HOLDS, BROKEN, LACKING = "holds", "does not hold", "not supported"
OUTCOMES = HOLDS, BROKEN, LACKING


class Outcome(NamedTuple):
    """What became of one row: one of OUTCOMES, in which words, and how long it took (seconds)."""

    row: str
    outcome: str
    words: str = ""
    seconds: float = 0.0


def play(venue: Venue, row: Row) -> Outcome:
    """Play one row on an engine."""
    begun = time.monotonic()
    outcome, words = _ended(EngineCase(venue), row)
    return Outcome(row.name, outcome, words, round(time.monotonic() - begun, 1))


def _ended(case: EngineCase, row: Row) -> tuple[str, str]:
    try:
        outcome, words = _scene(case, row)
    finally:
        try:
            case.end()
        except Exception as error:
            outcome, words = BROKEN, f"close() raised {told(error)}."
    return outcome, words


def _scene(case: EngineCase, row: Row) -> tuple[str, str]:
    try:
        case.begin()
        row.scene(case)
    except NotSupported as error:
        return LACKING, str(error)
    except Broken as broken:
        return BROKEN, broken.words
    except Exception as error:
        return BROKEN, f"The scene raised {told(error)}."
    return HOLDS, ""


def played(venue: Venue, rows: Iterable[Row] = ROWS) -> list[Outcome]:
    """Play rows on an engine, `venue.at_once` at a time; return what became of each, in order."""
    with ThreadPoolExecutor(venue.at_once, thread_name_prefix="row") as crew:
        return [*crew.map(lambda row: play(venue, row), rows)]
