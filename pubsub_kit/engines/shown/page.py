"""docs/engines.md, and a part of README: what is generated stands between two markers.

The page has every row, with its words; README has the rows that lesson 12 shows.
"""

from __future__ import annotations

from pathlib import Path

from pubsub_kit.engines.shown.lesson import LABELS, contract, versions
from pubsub_kit.engines.trials.answers.table import table as answered
from pubsub_kit.engines.trials.expected import expectations
from pubsub_kit.engines.trials.result import Result, recorded
from pubsub_kit.engines.trials.rows import BY_NAME
from pubsub_kit.show.diagrams.engines import LEGEND

KIT = Path(__file__).resolve().parents[3]
PAGE, README = KIT / "docs" / "engines.md", KIT / "README.md"
ANSWERS = """\
Right and wrong answers to the exercises of lessons 03 to 05, unchanged, in a process of their own
that is killed (SIGKILL) or stopped (SIGSTOP) at the place that the row names, and started again. ✓
the lesson's rule holds afterwards, ✗ it does not, ∞ it never ends, – the engine can't do what the
answer needs."""
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
    answers = ["## The lessons' answers, under a real crash", ANSWERS, answered()]
    return "\n\n".join([signs, table(results), *map(exceptions, results), *answers])


def short() -> str:
    """Return what is generated of README: the rows of lesson 12, and the versions that ran."""
    rows = contract(*LABELS)
    names = next(iter(rows.values()))
    lines = [f"| | {' | '.join(names)} |", f"|---|{':-:|' * len(names)}"]
    lines += [f"| {row} | {' | '.join(signs.values())} |" for row, signs in rows.items()]
    return "\n".join([*lines, "", f"{LEGEND}. {versions()}"])


def merged(text: str, part: str) -> str:
    """Return a page's text with what is generated put in anew."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"


def write() -> None:
    """Write the page and README anew, from what is recorded."""
    for file, part in ((PAGE, generated(recorded())), (README, short())):
        file.write_text(merged(file.read_text(encoding="utf-8"), part), encoding="utf-8")
