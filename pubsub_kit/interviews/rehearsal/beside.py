"""Two reports side by side: one rehearsal seen by two people, or one question rehearsed twice.

In about 1,000 mock interviews, how candidates rated themselves barely matched how the interviewer
rated them (interviewing.io, 2016). So the ratings that differ most come first: talk about those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS
from pubsub_kit.interviews.rehearsal import report_html, wording
from pubsub_kit.interviews.rehearsal.account import Account, Bet, Rating, ReportError
from pubsub_kit.interviews.rehearsal.phrases import outcome, sure
from pubsub_kit.interviews.rehearsal.report import Report, keep
from pubsub_kit.interviews.rehearsal.report_markdown import escaped, table

_NONE = "–"


@dataclass(frozen=True)
class Sheet:
    """A table: its title, what stands above it, its head, and its rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    above: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two reports side by side, as tables."""

    title: str
    opening: str
    sheets: tuple[Sheet, ...]

    def markdown(self) -> str:
        """Return the comparison as Markdown."""
        return "\n".join(self._lines()).strip() + "\n"

    def html(self, theme: str = "page") -> str:
        """Return the comparison as one HTML page; `theme` is "page", "light" or "dark"."""
        return report_html.rendered("beside.html.j2", theme, c=self)

    def save(self, folder: str | Path) -> Path:
        """Write comparison.md and comparison.html, both or none; return the HTML's path.

        Raises ReportError where they can't be written.
        """
        pages = {"comparison.md": self.markdown(), "comparison.html": self.html()}
        place = keep(folder, {name: text.encode() for name, text in pages.items()})
        return place / "comparison.html"

    def __repr__(self) -> str:
        return self.markdown()

    def _lines(self) -> Iterator[str]:
        yield from (f"# {escaped(self.title)}", "", escaped(self.opening))
        for sheet in self.sheets:
            yield from ("", f"## {escaped(sheet.title)}", "")
            if sheet.above:
                yield from (escaped(sheet.above), "")
            rows = ([escaped(cell) for cell in row] for row in sheet.rows)
            yield from table([escaped(name) for name in sheet.head], rows)


def compare(a: Report, b: Report) -> Comparison:
    """Put two reports of one question side by side.

    Two reports of one rehearsal show who rated what, and where the ratings differ most. Two
    rehearsals show their numbers, time by box, and claims, the earlier on the left. Raises
    ReportError for reports of different questions, and for what is no report.
    """
    for given in (a, b):
        found: object = given
        if not isinstance(found, Report):
            raise ReportError(f"compare() takes two reports, as report() returns; {brief(found)}.")
    one, other = a.account, b.account
    if one.question != other.question:
        raise ReportError(
            f"These reports are about {one.question!r} and {other.question!r}: compare two of one "
            "question, since nothing else can be set side by side."
        )
    if _same_rehearsal(one, other):
        return _two_readers(one, other)
    return _two_times(*sorted((one, other), key=lambda account: account.began or 0.0))


def _same_rehearsal(one: Account, other: Account) -> bool:
    return (one.began, one.minutes, one.said) == (other.began, other.minutes, other.said)


# --- one rehearsal, two people --------------------------------------------------------------------


def _two_readers(one: Account, other: Account) -> Comparison:
    ratings = {(r.dimension, r.by): r for r in (*one.ratings, *other.ratings)}
    people = list(dict.fromkeys(by for _, by in ratings))
    rows = [_rated(name, people, ratings) for name in DIMENSIONS]
    apart = [(gap, row) for gap, row in rows if gap is not None]
    return Comparison(
        f"{one.title}: one rehearsal, {wording.count(len(people), 'reader')}",
        _talk(apart, len(people)),
        (Sheet("Ratings", ("", *people, "apart"), tuple(row for _, row in rows)),),
    )


def _rated(
    dimension: str, people: Sequence[str], ratings: dict[tuple[str, str], Rating]
) -> tuple[int | None, tuple[str, ...]]:
    """Return how many bands the ratings of a dimension are apart, and its row."""
    found = [ratings.get((dimension, by)) for by in people]
    places = [BANDS.index(rating.band) for rating in found if rating]
    gap = max(places) - min(places) if len(places) > 1 else None
    words = _NONE if gap is None else wording.count(gap, "band")
    return gap, (dimension, *(rating.band if rating else "not rated" for rating in found), words)


def _talk(apart: Sequence[tuple[int, tuple[str, ...]]], people: int) -> str:
    if not apart:
        who = "Nobody has rated it yet" if not people else "No dimension has two ratings yet"
        return f"{who}: there is nothing to compare."
    gap, row = max(apart, key=lambda pair: pair[0])
    if gap == 0:
        return "You agree in every dimension that both of you rated. Say to each other why."
    return (
        f"Talk about {row[0]} first: there you are {row[-1]} apart. "
        "Each names what they saw or heard, with its minute."
    )


# --- one question, two rehearsals -----------------------------------------------------------------


def _two_times(first: Account, then: Account) -> Comparison:
    days = tuple(wording.date(account.began) or name
                 for account, name in ((first, "first"), (then, "second")))  # fmt: skip
    second = dict(then.numbers)
    numbers = tuple((name, value, second.get(name, "")) for name, value in first.numbers)
    times = tuple(
        (
            a.name,
            *(f"{wording.minutes(box.used)} of {wording.minutes(box.given)}" for box in (a, b)),
        )
        for a, b in zip(first.boxes, then.boxes, strict=True)
    )
    return Comparison(
        f"{first.title}: two rehearsals",
        "The earlier one is on the left.",
        (
            Sheet("In numbers", ("", *days), numbers),
            Sheet("Time", ("box", *days), times, "What was used of what was given."),
            Sheet("Decisions", ("", *days), _choices(first, then)),
            Sheet(
                "Claims", ("", "you claimed", "sure", "the run says"), _claims(first, then, days)
            ),
        ),
    )


def _choices(first: Account, then: Account) -> tuple[tuple[str, ...], ...]:
    pairs = zip(first.choices, then.choices, strict=True)
    return tuple((a.ask, *(c.chosen or c.text or "not decided" for c in (a, b))) for a, b in pairs)


def _claims(first: Account, then: Account, days: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (day, *_bet(bet))
        for day, account in zip(days, (first, then), strict=True)
        for bet in account.bets
    )


def _bet(bet: Bet) -> tuple[str, str, str]:
    return bet.text, sure(bet), outcome(bet)
