"""How the answers ended on each engine: played now, or recorded with date and versions.

played(engine, url)    tries cases, several at once, on a server that runs
recorded()             how they ended the last time: recorded.json
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.engines.trials.answers.cases import CASES
from pubsub_kit.engines.trials.answers.expected import expected_of
from pubsub_kit.engines.trials.answers.trial import Ending, run
from pubsub_kit.engines.trials.expected import expectations
from pubsub_kit.engines.trials.running import client_of

RECORDED = Path(__file__).parent / "recorded.json"
AT_ONCE = 4  # trials, most of whose time is spent waiting


class Told(NamedTuple):
    """How a case ended: its verdict, the reason, and how many copies of each order were heard."""

    verdict: str
    why: str
    copies: dict[str, int]


class Result(NamedTuple):
    """How all cases ended on an engine; `server` and `client` say their versions."""

    engine: str
    server: str
    client: str
    date: str
    cases: dict[str, Told]


def played(engine: str, url: str, cases: Iterable[str] = CASES) -> dict[str, Ending]:
    """Try cases on an engine that runs; return how they ended."""
    names, (terms, _) = [*cases], expected_of(engine)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        endings = pool.map(lambda name: run(url, CASES[name].case, terms), names)
        return dict(zip(names, endings, strict=True))


def result(
    engine: str, endings: dict[str, Ending], server: str = "", day: date | None = None
) -> Result:
    """Return endings with the date and the versions; `day` is today by default (UTC)."""
    when = (day or datetime.now(UTC).date()).isoformat()
    cases = {name: Told(end.verdict, end.why, copies(end)) for name, end in endings.items()}
    return Result(engine, server, client_of(expectations(engine).scheme), when, cases)


def copies(ending: Ending) -> dict[str, int]:
    """Return how often each order was heard of."""
    ids = [id for id, _ in ending.heard]
    return {id: ids.count(id) for id in sorted({*ids})}


def recorded(file: Path = RECORDED) -> list[Result]:
    """Return the results of the last real runs, in the order of their names."""
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [_result(engine, read[engine]) for engine in sorted(read)]


def _result(engine: str, read: dict[str, Any]) -> Result:
    cases = {name: Told(*told) for name, told in read["cases"].items()}
    return Result(engine, read["server"], read["client"], read["date"], cases)


def record(results: Collection[Result], file: Path = RECORDED) -> None:
    """Write results to the file, in place of those of the same engines."""
    all_ = {each.engine: each for each in [*recorded(file), *results]}
    written = {engine: _written(all_[engine]) for engine in sorted(all_)}
    file.write_text(f"{json.dumps(written, indent=1, ensure_ascii=False)}\n", encoding="utf-8")


def _written(each: Result) -> dict[str, Any]:
    cases = {name: list(told) for name, told in each.cases.items()}
    return {"server": each.server, "client": each.client, "date": each.date, "cases": cases}
