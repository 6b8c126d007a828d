"""The table of lesson 12: how the answers end on each engine, as Markdown, from recorded.json.

✓ holds    ✗ fails    ∞ never ends    – the engine can't do what the answer needs
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pubsub_kit.engines.trials.answers.cases import CASES
from pubsub_kit.engines.trials.answers.result import Result, recorded
from pubsub_kit.engines.trials.answers.rules import QUESTIONS
from pubsub_kit.engines.trials.answers.trial import FAILS, HOLDS, STUCK, UNSUPPORTED
from pubsub_kit.engines.trials.expected import expectations

#: Servers that stand in for a service of the cloud: what they keep, the service may not.
EMULATORS = {"sqs": "the emulator ministack", "pubsub": "the emulator pstest"}
SIGNS = {HOLDS: "✓", FAILS: "✗", STUCK: "∞", UNSUPPORTED: "–"}


def table(results: Sequence[Result] | None = None) -> str:
    """Return a row for each case and a column for each engine, then where and when each ran."""
    found = recorded() if results is None else [*results]
    return "\n".join([*_rows(found), "", *_versions(found)])


def _rows(results: Sequence[Result]) -> Iterator[str]:
    names = [expectations(each.engine).shown for each in results]
    yield f"| exercise | answer, and where its process ends | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(results)}"
    for name, (case, _, _) in CASES.items():
        signs = [SIGNS[each.cases[name].verdict] for each in results]
        place = f"{QUESTIONS[case.question].lesson}.{case.question}"
        yield f"| {place} | {name} | {' | '.join(signs)} |"


def _versions(results: Sequence[Result]) -> Iterator[str]:
    for each in results:
        engine = expectations(each.engine)
        server = f"{EMULATORS.get(engine.server, '')} {each.server}".strip()
        parts = ", ".join(filter(None, (server, each.client)))
        yield f"- {engine.shown}{f' ({parts})' if parts else ''}, {each.date}"
