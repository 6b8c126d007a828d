"""A verdict: what a check found, in words that a learner can act on, and a picture where it failed.

○ not attempted    the answer is still the stub
◐ not exercised    the run never met what the question is about, so nothing is proven
✗ fails            with the shortest run that breaks it, and the code that replays it
✓ holds            with how many schedules were covered, up to how many faults
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.show.html import as_html
from pubsub_kit.world.search.explore import Violation

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture
    from pubsub_kit.world.trace import Trace

Outcome = Literal["not attempted", "not exercised", "fails", "holds"]
SIGNS: dict[str, str] = {"not attempted": "○", "not exercised": "◐", "fails": "✗", "holds": "✓"}
# Colours that are told apart by a colour-blind eye, each beside a sign that needs no colour.
_COLOURS = {
    "not attempted": "#6b7280",
    "not exercised": "#b58900",
    "fails": "#d55e00",
    "holds": "#009e73",
}
_AS_CODE = ("Replay it", "Your code printed")

#: Draws the run that failed, under a title, with what a verdict says is wrong in it.
Draw = Callable[[str, Violation], "Picture"]


@dataclass(frozen=True)
class Judgement:
    """What a judge says of one answer, before it is put into a learner's words.

    `picture` draws the run that failed; its title is the question's name and the `heading`. `claim`
    says what is proven and what is not, `hardest` is the code of the hardest run that was survived.
    """

    outcome: Outcome
    summary: str
    violation: Violation | None = None
    code: str = ""
    trace: Trace | None = None
    picture: Draw | None = None
    heading: str = ""
    claim: str = "Nothing was run, so nothing is proven."
    hardest: str = ""

    @property
    def belief(self) -> str:
        """The misconception that the failure shows, or ""."""
        return self.violation.belief if self.violation else ""


@dataclass(frozen=True)
class Verdict:
    """The result of one check; as the last line of a cell it shows itself.

    `claim` says what it proves and what it does not, as `print(verdict.claim)` prints it.
    """

    question: str
    outcome: Outcome
    summary: str
    lesson: str = ""
    replay: str = ""
    compare: str = ""
    hint: str = ""
    printed: str = ""
    note: str = ""
    code: str = ""
    heading: str = ""
    violation: Violation | None = None
    trace: Trace | None = None
    claim: str = ""
    draw: Draw | None = field(default=None, repr=False, compare=False)
    survivor: Callable[[], Picture] | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        """A verdict counts as true only if the answer holds."""
        return self.outcome == "holds"

    @property
    def belief(self) -> str:
        """The misconception that the failure shows, or ""."""
        return self.violation.belief if self.violation else ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The parts of the verdict as (label, words), those that there are."""
        parts = [
            ("", self.violation.message if self.violation else ""),
            ("Why", self.lesson),
            ("Replay it", self.replay),
            ("Compare", self.compare),
            ("Hint", self.hint),
            ("Your code printed", self.printed),
            ("Note", self.note),
        ]
        return [(label, words) for label, words in parts if words]

    @property
    def text(self) -> str:
        """The whole verdict as plain text."""
        head = f"{SIGNS[self.outcome]} {self.question}: {self.summary}"
        return "\n".join([head, *(_plain(label, words) for label, words in self.lines)])

    def __repr__(self) -> str:
        return self.text

    @property
    def picture(self) -> Picture | None:
        """What breaks the answer, as its question draws it; None where nothing is to be drawn."""
        blank = self.trace is not None and not self.trace
        if self.violation is None or blank or self.draw is None:
            return None
        return self.draw(f"{self.question}{self.heading}", self.violation)

    @property
    def hardest(self) -> Picture | None:
        """The run with the most faults that an answer survived; None unless every schedule held.

        It is run once more to be drawn, as `replay` does. Raises PubSubKitError if it can't be.
        """
        return self.survivor() if self and self.survivor is not None else None

    def _html(self) -> str:
        colour = _COLOURS[self.outcome]
        rows = "".join(_row(label, words) for label, words in self.lines)
        return (
            f'<div style="border-left:4px solid {colour};padding:6px 12px;max-width:60em">'
            f'<b><span style="color:{colour}">{SIGNS[self.outcome]}</span> '
            f"{as_html(self.question)}:</b> {as_html(self.summary)}{rows}</div>"
        )

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle: dict[str, Any] = {"text/plain": self.text, "text/html": self._html()}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
        try:
            picture = self.picture
        except PubSubKitError as error:
            print(f"This run cannot be drawn: {error}")
            return
        if picture is not None:
            display(picture)  # type: ignore[no-untyped-call]


def _plain(label: str, words: str) -> str:
    head = f"  {label}: " if label else "  "
    return head + words.replace("\n", "\n" + " " * len(head))


def _row(label: str, words: str) -> str:
    name = f"<b>{label}:</b> " if label else ""
    text = as_html(words)
    if label in _AS_CODE:
        text = f'<code style="white-space:pre-wrap">{text}</code>'
    return f'<div style="margin-top:4px">{name}{text}</div>'
