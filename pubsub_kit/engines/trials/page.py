"""docs/engines.md: what is generated of it stands between two markers, and the rest is written."""

from __future__ import annotations

from pathlib import Path

from pubsub_kit.engines.trials.expected import expectations
from pubsub_kit.engines.trials.result import Result, recorded
from pubsub_kit.engines.trials.rows import BY_NAME

PAGE = Path(__file__).resolve().parents[3] / "docs" / "engines.md"
BEGIN, END = "<!-- generated from here -->", "<!-- to here -->"


def table(results: list[Result]) -> str:
    """Return the rows of these engines as a Markdown table."""
    names = [result.shown for result in results]
    lines = [f"| promise | {' | '.join(names)} |", f"|---|{':-:|' * len(names)}"]
    for row in BY_NAME.values():
        promise = row.promise.strip().splitlines()[0]
        signs = " | ".join(result.sign(row.name) for result in results)
        lines.append(f"| **{row.name}**: {promise} | {signs} |")
    return "\n".join(lines)


def exceptions(result: Result) -> str:
    """Return what an engine does not hold or support, in its words, as a Markdown section."""
    note = expectations(result.engine).note
    said = f"Played: {result.versions}. {note}".rstrip()
    lines = [f"### {result.shown}", "", said, ""]
    lines += [f"- {sign} **{row}**: {words}" for sign, row, words in result.told]
    lines += [f"- kill -9 of {kind}: {killed}." for kind, killed in result.kills.items()]
    return "\n".join(lines)


def generated(results: list[Result]) -> str:
    """Return all that is generated of the page."""
    signs = "✓ holds, ✗ does not hold, – not supported, ~ not promised. The words are below."
    return "\n\n".join([signs, table(results), *map(exceptions, results)])


def merged(text: str, results: list[Result]) -> str:
    """Return the page's text with what is generated put in anew."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{generated(results)}\n\n{END}{after}"


def write(page: Path = PAGE) -> None:
    """Write the page anew, from what is recorded."""
    page.write_text(merged(page.read_text(encoding="utf-8"), recorded()), encoding="utf-8")
