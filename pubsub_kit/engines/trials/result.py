"""What came out of a trial, with its date and versions: played, and recorded.

    held(url)      plays all rows on a server that runs, and returns what came out
    recorded()     returns what came out of the last real runs: recorded.json

page.py makes the table of docs/engines.md of it, and a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.engines.trials.contract import BROKEN, HOLDS, LACKING, Outcome, played
from pubsub_kit.engines.trials.expected import engine_of, engines, expectations
from pubsub_kit.engines.trials.kill import Killed
from pubsub_kit.engines.trials.running import client_of

RECORDED = Path(__file__).parent / "recorded.json"
SIGNS = {HOLDS: "✓", BROKEN: "✗", LACKING: "–"}


class Result(NamedTuple):
    """An engine's outcomes; `server` and `client` say their versions, `date` the day (UTC).

    `kills` says for each kind of kill -9 what it cost.
    """

    engine: str
    shown: str
    server: str
    client: str
    date: str
    rows: dict[str, Outcome]
    kills: dict[str, Killed]

    def sign(self, row: str) -> str:
        """Return ✓, ✗ or – for a row, or nothing if it was not played."""
        return SIGNS[self.rows[row].outcome] if row in self.rows else ""


def held(url: str, server: str = "", day: date | None = None) -> Result:
    """Hold the engine of a URL to all rows; raises EngineError for a URL that has none.

    `server` is the version of its server, which only its starter knows; `day` is today by default.
    """
    expected = expectations(engine_of(url))
    rows = {outcome.row: outcome for outcome in played(expected.at(url))}
    when = (day or datetime.now(UTC).date()).isoformat()
    client = client_of(expected.scheme)
    return Result(expected.engine, expected.shown, server, client, when, rows, {})


def recorded(file: Path = RECORDED) -> list[Result]:
    """Return what came out of the last real runs, in the order of the table."""
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [_result(engine, read[engine]) for engine in ORDER if engine in read]


def _result(engine: str, read: dict[str, Any]) -> Result:
    rows = {row: Outcome(row, *told) for row, told in read["rows"].items()}
    kills = {kind: Killed(*numbers) for kind, numbers in read["kills"].items()}
    about = read["server"], read["client"], read["date"]
    return Result(engine, expectations(engine).shown, *about, rows, kills)


def record(results: Iterable[Result], file: Path = RECORDED) -> None:
    """Write results to the file, in place of those of the same engines."""
    all_ = {result.engine: result for result in [*recorded(file), *results]}
    written = {engine: _written(all_[engine]) for engine in ORDER if engine in all_}
    text = json.dumps(written, indent=1, ensure_ascii=False)
    file.write_text(f"{text}\n", encoding="utf-8")


def _written(result: Result) -> dict[str, Any]:
    rows = {row: [outcome.outcome, outcome.words] for row, outcome in result.rows.items()}
    return {
        "server": result.server, "client": result.client, "date": result.date, "rows": rows,
        "kills": {kind: list(killed) for kind, killed in result.kills.items()},
    }  # fmt: skip


#: The engines in the order of the table: the embedded broker first.
ORDER = sorted(engines(), key=lambda engine: (engine not in ("memory", "file"), engine))
