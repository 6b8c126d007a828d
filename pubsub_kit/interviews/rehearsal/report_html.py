"""A report as one HTML page: it fetches nothing, prints, and follows the reader's light or dark.

The template escapes whatever it is given, and an undefined name in it is an error. Pictures are
images, in which no script runs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.errors import brief
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS, LEVELS
from pubsub_kit.interviews.rehearsal import phrases, wording
from pubsub_kit.interviews.rehearsal.account import Account, BoxTime, ReportError
from pubsub_kit.show.ink import DARK, LIGHT

_HERE = Path(__file__).parent
_THEMES = ("page", "light", "dark")
_BAR = 200.0  # pixels of the longest bar


class Bar(NamedTuple):
    """A bar's parts in pixels: the outline's length, the filled one's, and what is beyond."""

    given: float
    used: float
    over: float


def page(account: Account, theme: str = "page") -> str:
    """Return the report as an HTML page; raises ReportError for a theme that there is not."""
    return rendered(
        "report.html.j2",
        theme,
        a=account,
        leads=list(phrases.leads(account)),
        bars=bars(account.boxes),
        last=dict(account.before),
        last_day=wording.date(account.before_began),
        dimensions=DIMENSIONS,
        levels=LEVELS,
        bands=BANDS,
    )


def rendered(template: str, theme: str, **given: Any) -> str:
    """Return a template of this folder filled in; raises ReportError for an unknown theme."""
    if theme not in _THEMES:
        raise ReportError(f"There is no theme {brief(theme)}: choose one of {', '.join(_THEMES)}.")
    found = _templates().get_template(template)
    return str(found.render(theme=theme, **given))


def bars(boxes: tuple[BoxTime, ...]) -> list[tuple[BoxTime, Bar]]:
    """Return each box with its bar; the longest of them is as wide as all may be."""
    longest = max((max(box.given, box.used) for box in boxes), default=0.0) or 1.0
    return [
        (box, Bar(*(round(_BAR * part / longest, 1) for part in (box.given, _in(box), box.over))))
        for box in boxes
    ]


def _in(box: BoxTime) -> float:
    return min(box.used, box.given)


@cache
def _templates() -> Any:
    """Return the folder's templates, made at the first use: jinja2 takes a moment to import."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (_HERE / "report.css").read_text(encoding="utf-8")
    made.globals |= {"css": css, "light": LIGHT, "dark": DARK, "say": phrases}
    made.globals["word"] = wording
    return made
