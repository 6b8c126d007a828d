"""What became of each row of the contract on each real engine, when it was last played there.

The trials (engines/trials) write `recorded.json`, with dates and versions. This reads it without
any engine, so that an exercise can ask what an engine does, and need none to answer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pubsub_kit.errors import PubSubKitError

RECORDED = Path(__file__).parent / "recorded.json"
HOLDS, BROKEN, LACKING = "holds", "does not hold", "not supported"

Rows = dict[str, tuple[str, str]]


def outcomes(file: Path = RECORDED) -> dict[str, Rows]:
    """Return for each engine what became of each row: HOLDS, BROKEN or LACKING, and in which words.

    Raises PubSubKitError if the file can't be read.
    """
    return {engine: dict(rows) for engine, (_, rows) in _read(file).items()}


def dates(file: Path = RECORDED) -> dict[str, str]:
    """Return for each engine the day on which it was played last, as "2026-11-30".

    Raises PubSubKitError if the file can't be read.
    """
    return {engine: date for engine, (date, _) in _read(file).items()}


@cache
def _read(file: Path) -> dict[str, tuple[str, Rows]]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        return {
            engine: (
                str(about["date"]),
                {row: (told[0], told[1]) for row, told in about["rows"].items()},
            )
            for engine, about in read.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise PubSubKitError(
            f"{file.name} can't be read ({type(error).__name__}): install the kit again, or get "
            "the file back with git checkout."
        ) from error
