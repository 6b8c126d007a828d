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

from pubsub_kit.engines.connect import SCHEMES
from pubsub_kit.engines.trials.contract import BROKEN, HOLDS, LACKING, Outcome, played
from pubsub_kit.engines.trials.expected import NOT_PROMISED, engine_of, engines, expectations
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
        """Return ✓, ✗, – or ~ for a row, or nothing if it was not played."""
        if row not in self.rows:
            return ""
        promised = expectations(self.engine).of(row).outcome != NOT_PROMISED
        return SIGNS[self.rows[row].outcome] if promised else "~"

    @property
    def versions(self) -> str:
        """Its server's and its client's versions, and the day."""
        server = f"server {self.server}" if self.server else ""
        return ", ".join(filter(None, [server, self.client, self.date]))

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """The rows that are not ✓: each with its sign, and with the words of its outcome."""
        signs = [(self.sign(row), row, outcome) for row, outcome in self.rows.items()]
        return [(sign, row, self._words(outcome)) for sign, row, outcome in signs if sign != "✓"]

    def _words(self, outcome: Outcome) -> str:
        expected = expectations(self.engine).of(outcome.row)
        if expected.outcome != NOT_PROMISED:
            return outcome.words
        held = "this run kept it" if outcome.outcome == HOLDS else f"in this run: {outcome.words}"
        return f"{expected.words}; {held}"


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


def signs(results: Iterable[Result], rows: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the signs of some rows, as `show.engines` draws them: {"ack": {"Kafka": "✓"}}."""
    all_ = [*results]
    return {row: {each.shown: sign for each in all_ if (sign := each.sign(row))} for row in rows}


def versions(results: Iterable[Result]) -> str:
    """Return what was played, with which versions and when, in a sentence."""
    return f"Played: {'; '.join(f'{each.shown} ({each.versions})' for each in results)}."


#: The engines in the order of the table: that of `connect`.
ORDER = sorted(engines(), key=lambda engine: SCHEMES.index(expectations(engine).scheme))
