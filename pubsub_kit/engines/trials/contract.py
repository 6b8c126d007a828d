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
TRIES = 3


class Outcome(NamedTuple):
    """What became of one row: one of OUTCOMES, in which words, and how long it took (seconds)."""

    row: str
    outcome: str
    words: str = ""
    seconds: float = 0.0


def play(venue: Venue, row: Row) -> Outcome:
    """Play one row on an engine.

    If it does not hold, and the machine was too slow for the lease, that says nothing of the
    engine: then it is played again with a lease of twice the length, up to TRIES times.
    """
    begun = time.monotonic()
    for _ in range(TRIES):
        case = EngineCase(venue)
        outcome, words = _ended(case, row)
        if outcome != BROKEN or not case.slipped:
            break
        venue = venue._replace(lease=2 * venue.lease)
    return Outcome(row.name, outcome, words, round(time.monotonic() - begun, 1))


def _ended(case: EngineCase, row: Row) -> tuple[str, str]:
    outcome, words = _scene(case, row)
    try:
        case.end()
    except Exception as error:
        outcome, words = BROKEN, f"close() raised {told(error)}."
    mark = case.broker.mark if case.broker is not None else ""
    return outcome, words.replace(f"{mark}.", "").replace(f"{mark}-", "") if mark else words


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
