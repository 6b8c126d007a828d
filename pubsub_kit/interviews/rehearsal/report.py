"""The report of a rehearsal, made from its events alone, as Markdown and as one HTML page.

    made = report(events, load("notification-system"), earlier=[the_last_one])
    made.markdown(), made.html(), made.save(folder)

The same events give the same report, byte for byte. Your confident mistakes stand first, since they
are the ones that a correction reaches best (Butterfield and Metcalfe, 2001).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pubsub_kit.errors import brief, said
from pubsub_kit.interviews.bank.question import Question
from pubsub_kit.interviews.rehearsal import report_html, report_markdown
from pubsub_kit.interviews.rehearsal.account import Account, Drawings, Drawn, ReportError
from pubsub_kit.interviews.rehearsal.recount import recount


@dataclass(frozen=True)
class Report:
    """What a rehearsal came to; `account` has it as data."""

    account: Account

    def markdown(self) -> str:
        """Return the report as Markdown; its pictures are in words, since it is one text."""
        return report_markdown.markdown(self.account)

    def html(self, theme: str = "page") -> str:
        """Return the report as one HTML page, pictures and all, which fetches nothing.

        `theme` is "page" for the reader's own choice, "light" or "dark".
        """
        return report_html.page(self.account, theme)

    def save(self, folder: str | Path) -> Path:
        """Write report.md, report.html and pictures into a folder; return the HTML's path.

        All are drafted before the first is put in place, so a full disk leaves the last report
        whole. Raises ReportError where they can't be written.
        """
        runs = self.account.runs
        names: dict[Drawn, str] = {}
        for kind, drawn in (
            ("design", [run.design for run in runs]),
            ("counterexample", [run.drawn for run in runs]),
        ):
            each_once = list(dict.fromkeys(filter(None, drawn)))
            names |= {each: f"{kind}-{n}{each.suffix}" for n, each in enumerate(each_once, 1)}
        texts = {name: each.data for each, name in names.items()}
        texts["report.md"] = report_markdown.markdown(self.account, names).encode()
        texts["report.html"] = self.html().encode()
        return keep(folder, texts) / "report.html"

    def __repr__(self) -> str:
        return self.markdown()

    def _repr_markdown_(self) -> str:
        return self.markdown()


def report(
    events: Iterable[object],
    question: Question,
    earlier: Iterable[Report] = (),
    *,
    pictures: Mapping[int, Drawn] | None = None,
    designs: Mapping[int, Drawn] | None = None,
) -> Report:
    """Return the report of one rehearsal of a question.

    `events` are those of its log. `earlier` are reports of rehearsals before it, oldest first: the
    numbers of the latest about the same question stand beside its own. `pictures` has the drawing
    of a run by its number, from 1, and `designs` that of the design that it ran. Raises ReportError
    for what is no rehearsal of this question.
    """
    before = [each.account for each in _reports(earlier) if each.account.question == question.id]
    drawn = Drawings(_drawings("pictures", pictures), _drawings("designs", designs))
    return Report(recount(events, question, before[-1] if before else None, drawn))


def _reports(given: Iterable[Report]) -> list[Report]:
    found: list[object] = list(given) if isinstance(given, Iterable) else [given]
    reports = [each for each in found if isinstance(each, Report)]
    if len(reports) < len(found):
        raise ReportError(f"earlier={brief(given)} takes a list of reports, as report() returns.")
    return reports


def _drawings(name: str, given: Mapping[int, Drawn] | None) -> dict[int, Drawn]:
    found: object = {} if given is None else given
    if not isinstance(found, Mapping) or not all(isinstance(d, Drawn) for d in found.values()):
        raise ReportError(f"{name}={brief(given)} takes a dict from a run's number to Drawn().")
    return dict(found)


def keep(folder: str | Path, texts: Mapping[str, bytes]) -> Path:
    """Write files into a folder, which is made if need be: all of them, or none.

    Raises ReportError where that can't be done.
    """
    drafts: dict[Path, Path] = {}
    try:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            drafts[place / name] = place / f"{name}.tmp"
            _write(drafts[place / name], text)
        for path, draft in drafts.items():
            os.replace(draft, path)
    except (OSError, TypeError, ValueError) as error:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink()
        raise ReportError(
            f"The report can't be written to {brief(str(folder))} ({said(error)}): choose a folder "
            "that you may write to, on a disk with room."
        ) from None
    return place


def _write(path: Path, text: bytes) -> None:
    with path.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
