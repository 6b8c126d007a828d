"""A report as Markdown: sections of sentences and tables that read as plain text too.

Whatever a person typed, or an edition of the bank worded, is escaped: it shows as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS, LEVELS
from pubsub_kit.interviews.rehearsal import wording
from pubsub_kit.interviews.rehearsal.account import Account, Choice, Drawn, Guess, Mark, Shown
from pubsub_kit.interviews.rehearsal.phrases import (
    ALWAYS_HALF,
    details,
    guess_lines,
    heading,
    leads,
    outcome,
    run_line,
    schedule,
    score_line,
    seen_at,
    sure,
)

_MEANT = re.compile(r"([\\`*_{}\[\]<>|#~&$])")
_LISTED = re.compile(r"^(\d*)([-+=.)])(?=\s|$|[-+=])")


def escaped(text: str) -> str:
    """Return a text on one line so that Markdown shows it as it is."""
    return _LISTED.sub(r"\1\\\2", _MEANT.sub(r"\\\1", " ".join(text.split())))


def markdown(account: Account, files: Mapping[Drawn, str] | None = None) -> str:
    """Return the report as Markdown; `files` names the file of each picture beside it."""
    parts = [
        _head(account), _lead(account), _numbers(account), _time(account), _asked(account),
        _estimates(account), _decisions(account), _claims(account), _runs(account, files or {}),
        _hints(account), _rubric(account), _ratings(account), _lessons(account), _said(account),
    ]  # fmt: skip
    text = "\n".join(line for part in parts for line in [*part, ""])
    return re.sub("\n{3,}", "\n\n", text).strip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; its cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(' --- ' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _head(account: Account) -> Iterator[str]:
    yield f"# {escaped(account.title)}: report of a rehearsal"
    yield ""
    yield escaped(heading(account))
    yield ""
    yield f"> {escaped(account.pitch)}"


def _lead(account: Account) -> Iterator[str]:
    for first, then in leads(account):
        yield " ".join(filter(None, (f"**{escaped(first)}**", escaped(then))))
        yield ""


def _numbers(account: Account) -> Iterator[str]:
    yield "## In numbers"
    yield ""
    last = dict(account.before)
    if not last:
        yield from table(["", "this time"], ([escaped(n), escaped(v)] for n, v in account.numbers))
        return
    day = wording.date(account.before_began) or "last time"
    yield from table(
        ["", "this time", f"last time ({escaped(day)})" if day != "last time" else day],
        ([escaped(n), escaped(v), escaped(last.get(n, ""))] for n, v in account.numbers),
    )


def _time(account: Account) -> Iterator[str]:
    longest = max((max(box.given, box.used) for box in account.boxes), default=0.0)
    yield "## Time"
    yield ""
    yield "█ used, ░ left, ▓ over."
    yield ""
    yield from table(
        ["box", "given", "used", "", ""],
        (
            [
                escaped(box.name),
                wording.minutes(box.given),
                wording.minutes(box.used),
                f"`{wording.bar(box.given, box.used, longest)}`",
                wording.against(box.given, box.used),
            ]
            for box in account.boxes
        ),
    )


def _asked(account: Account) -> Iterator[str]:
    yield "## What you asked"
    yield ""
    for each in account.clarified:
        yield f"- {wording.minutes(each.at)} “{escaped(each.text)}”"
        yield f"  {escaped(each.answer)}" if each.topic else "  The bank has no answer to this."
    if not account.clarified:
        yield "You asked nothing."
    if account.unasked:
        yield ""
        yield f"Not asked: {escaped(', '.join(account.unasked))}."


def _estimates(account: Account) -> Iterator[str]:
    if not account.guesses:
        return
    yield "## Estimates"
    for guess in account.guesses:
        yield ""
        yield f"**{escaped(guess.ask)}**"
        yield from _guess(guess)


def _guess(guess: Guess) -> Iterator[str]:
    yield from (f"- {escaped(line)}" for line in guess_lines(guess))
    if guess.working:
        yield f"- Worked out: {escaped(guess.working)}"
    if guess.decides:
        yield f"- What it decides: {escaped(guess.decides)}"


def _decisions(account: Account) -> Iterator[str]:
    yield "## Decisions"
    for choice in account.choices:
        yield ""
        yield f"**{escaped(choice.ask)}**"
        yield from _choice(choice)


def _choice(choice: Choice) -> Iterator[str]:
    if choice.chosen and choice.at is not None:
        yield f"- {wording.minutes(choice.at)} You chose: {escaped(choice.chosen)}"
        yield f"- Its price: {escaped(choice.cost)}"
    elif choice.at is not None:
        yield f"- {wording.minutes(choice.at)} You chose none of the options."
    else:
        yield "- You didn't decide this."
    if choice.text:
        yield f"- Your words: “{escaped(choice.text)}”"
    for label, cost in choice.others:
        yield f"- {'Or' if choice.chosen else 'Option'}: {escaped(label)}. {escaped(cost)}"
    yield f"- What flips it: {escaped(choice.flips)}"


def _claims(account: Account) -> Iterator[str]:
    yield "## Claims"
    yield ""
    if not account.bets:
        yield "You claimed nothing, so there is nothing to compare with a run."
        return
    yield from table(
        ["at", "you claimed", "sure", "the run says"],
        (
            [
                wording.minutes(bet.at),
                escaped(bet.text),
                sure(bet),
                escaped(outcome(bet)),
            ]
            for bet in account.bets
        ),
    )
    yield ""
    yield f"{score_line(account)} {ALWAYS_HALF}"


def _runs(account: Account, files: Mapping[Drawn, str]) -> Iterator[str]:
    if not account.runs:
        return
    yield "## Runs of your design"
    yield ""
    yield f"What must hold: {escaped(account.oracle)}"
    for run in account.runs:
        yield ""
        yield f"**{escaped(run_line(run))}**"
        yield from _run(run, files)


def _run(run: Shown, files: Mapping[Drawn, str]) -> Iterator[str]:
    for words in details(run):
        yield ""
        yield escaped(words)
    if run.code:
        yield ""
        yield f"{schedule(run)} `{run.code.replace('`', '')}`"
    for drawn in filter(None, (run.design, run.drawn)):
        yield ""
        if drawn in files:
            yield f"![{escaped(wording.plain(drawn.words))}]({files[drawn]})"
            yield ""
        yield from ("    " + line for line in wording.plain(drawn.words).splitlines())


def _hints(account: Account) -> Iterator[str]:
    if account.hints:
        yield "## Hints"
        yield ""
        for hint in account.hints:
            yield f"- {wording.minutes(hint.at)} {hint.who}: {escaped(hint.text)}"


def _rubric(account: Account) -> Iterator[str]:
    yield "## Rubric"
    yield ""
    yield "✓ seen in this rehearsal. ☐ for you or a friend to tick."
    for dimension in DIMENSIONS:
        yield ""
        yield f"### {dimension[0].upper()}{dimension[1:]}"
        yield ""
        for level in LEVELS:
            yield from (_mark(mark) for mark in account.marks_of(dimension, level))
        rated = [f"{escaped(r.by)}: {r.band}" for r in account.ratings if r.dimension == dimension]
        yield ""
        yield f"Rated: {'; '.join(rated) or ' '.join(f'☐ {band}' for band in BANDS)}"


def _mark(mark: Mark) -> str:
    if mark.at is None:
        return f"- ☐ {mark.level}: {escaped(mark.sign)}"
    return f"- ✓ {mark.level}: {escaped(mark.sign)} ({seen_at(mark)})"


def _ratings(account: Account) -> Iterator[str]:
    people = list(dict.fromkeys(rating.by for rating in account.ratings))
    if len(people) < 2:
        return
    given = {(rating.dimension, rating.by): rating.band for rating in account.ratings}
    yield "## Ratings side by side"
    yield ""
    yield from table(
        ["", *map(escaped, people)],
        ([name, *(given.get((name, by), "not rated") for by in people)] for name in DIMENSIONS),
    )


def _lessons(account: Account) -> Iterator[str]:
    yield "## Go back to"
    yield ""
    for lesson in account.lessons:
        yield f"- Lesson {lesson.number}{escaped(f', {lesson.name}' if lesson.name else '')}"
        yield from ([f"  {escaped(lesson.about)}"] if lesson.about else [])
        yield from (f"  - a claim of yours failed: “{escaped(claim)}”" for claim in lesson.why)
    if not account.lessons:
        yield "This question names no lesson."


def _said(account: Account) -> Iterator[str]:
    yield "## What was said"
    yield ""
    box = None
    for line in account.said:
        if line.box and line.box != box:
            box = line.box
            yield ""
            yield f"*{escaped(box)}*"
            yield ""
        yield f"- {wording.minutes(line.at)} {escaped(line.who)}: {escaped(line.text)}"
    if not account.said:
        yield "Nobody said anything."
