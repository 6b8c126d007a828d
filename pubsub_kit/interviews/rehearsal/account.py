"""What a rehearsal comes to: the account that a report is written from, as plain data.

`reading.py` makes it of the rehearsal's events, `report_markdown.py` and `report_html.py` write it
down. Times are seconds of rehearsal time, pauses left out; a moment of None means "it never came".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.rehearsal.calibration import SURE

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


class ReportError(PubSubKitError):
    """No report can be made or kept of this; the message says why, and what to do."""


@dataclass(frozen=True)
class Drawn:
    """A picture of a run, as SVG text or as the bytes of a PNG, with the words that it shows."""

    image: str | bytes
    words: str

    def __post_init__(self) -> None:
        svg = isinstance(self.image, str) and self.image.lstrip().startswith("<")
        png = isinstance(self.image, bytes) and self.image.startswith(b"\x89PNG")
        if not (svg or png):
            raise ReportError(f"{brief(self.image)} is no picture: hand in SVG text or a PNG.")
        if not isinstance(self.words, str) or not self.words.strip():
            raise ReportError("A picture needs words for those who can't see it: give its text.")

    @classmethod
    def of(cls, picture: Picture) -> Drawn:
        """Take over a picture of `show`, light, with its words."""
        return cls(picture.svg("light"), picture.text)

    @property
    def suffix(self) -> str:
        """What a file of it is called at the end: ".svg" or ".png"."""
        return ".svg" if isinstance(self.image, str) else ".png"

    @property
    def data(self) -> bytes:
        """The bytes of a file of it."""
        return self.image.encode(errors="replace") if isinstance(self.image, str) else self.image

    @property
    def uri(self) -> str:
        """The picture as the address of an image: nothing in it can run, nothing is fetched."""
        kind = "svg+xml" if self.suffix == ".svg" else "png"
        return f"data:image/{kind};base64,{b64encode(self.data).decode()}"


class Drawings(NamedTuple):
    """The pictures of a rehearsal, by the number of the run, from 1: of the run, of its design."""

    runs: Mapping[int, Drawn]
    designs: Mapping[int, Drawn]


@dataclass(frozen=True)
class BoxTime:
    """A box of the interview, with the seconds that it was given and those that it took."""

    name: str
    given: float
    used: float

    @property
    def over(self) -> float:
        """Seconds beyond what was given; 0 where there was time left."""
        return max(self.used - self.given, 0.0)


@dataclass(frozen=True)
class Line:
    """Something said: by the interviewer or by the candidate."""

    at: float
    who: str
    text: str
    box: str = ""


@dataclass(frozen=True)
class Clarified:
    """A question of the candidate's; its topic is "" where the bank has no answer to it."""

    at: float
    text: str
    topic: str
    answer: str


@dataclass(frozen=True)
class Try:
    """One try at an estimate; `right` is None where no number could be read."""

    at: float
    text: str
    verdict: str
    right: bool | None


@dataclass(frozen=True)
class Guess:
    """An estimate: what was asked, the tries, how it is worked out, and what it decides."""

    ask: str
    tries: tuple[Try, ...]
    working: str
    decides: str

    @property
    def right(self) -> bool:
        """Whether the first try was right: after it the interviewer says which way it is off."""
        return bool(self.tries) and self.tries[0].right is True


@dataclass(frozen=True)
class Choice:
    """A decision: the option chosen and its price, the options left, and what would flip it."""

    at: float | None
    ask: str
    chosen: str
    cost: str
    text: str
    others: tuple[tuple[str, str], ...]
    flips: str


@dataclass(frozen=True)
class Bet:
    """A claim with the confidence in it, 0 to 1 or None; `held` is None until a run settles it."""

    at: float
    text: str
    confidence: float | None
    held: bool | None = None
    why: str = ""

    @property
    def surely_wrong(self) -> bool:
        """Whether the candidate was at least 80% sure, and a run says no."""
        return self.held is False and (self.confidence or 0.0) >= SURE


@dataclass(frozen=True)
class Shown:
    """A run of the design, as the candidate saw it.

    `drawn` is its picture, if one was handed in, and `design` that of the design at its first run.

    `schedules` were tried, with up to `up_to` of the `faults`; `broke` is the sentence that did not
    hold, `measures` are the load run's, `misses` says which service levels it missed, and
    `filled` what stood in for each open decision.
    """

    at: float
    level: str
    outcome: str
    words: str
    code: str
    schedules: int
    faults: tuple[str, ...] = ()
    up_to: int = 0
    broke: str = ""
    misses: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    drawn: Drawn | None = None
    design: Drawn | None = None


@dataclass(frozen=True)
class Mark:
    """A sign of the rubric; `at` is when it was seen, None where a person has yet to judge.

    `by` is the interviewer where a person noted it in the rehearsal, and "" where the engine did.
    """

    dimension: str
    level: str
    sign: str
    at: float | None
    by: str = ""


@dataclass(frozen=True)
class Rating:
    """A person's band for a dimension."""

    dimension: str
    band: str
    by: str


@dataclass(frozen=True)
class Lesson:
    """A lesson to go back to: what it is about, and the claims that failed by that."""

    number: str
    name: str
    why: tuple[str, ...]
    about: str = ""


@dataclass(frozen=True)
class Account:
    """All that a report says of one rehearsal, and the numbers of the one before it.

    `began` is seconds since the epoch, None where the events have no time of day. `lasted` and
    `minutes` are what was used, in seconds, and what was given.
    """

    question: str
    title: str
    pitch: str
    oracle: str
    role: str
    began: float | None
    minutes: float
    lasted: float
    ended: str
    boxes: tuple[BoxTime, ...]
    said: tuple[Line, ...]
    clarified: tuple[Clarified, ...]
    unasked: tuple[str, ...]
    guesses: tuple[Guess, ...]
    choices: tuple[Choice, ...]
    bets: tuple[Bet, ...]
    runs: tuple[Shown, ...]
    hints: tuple[Line, ...]
    marks: tuple[Mark, ...]
    ratings: tuple[Rating, ...]
    lessons: tuple[Lesson, ...]
    numbers: tuple[tuple[str, str], ...]
    before: tuple[tuple[str, str], ...] = ()
    before_began: float | None = None

    def marks_of(self, dimension: str, level: str) -> tuple[Mark, ...]:
        """Return the signs of one level in one dimension."""
        return tuple(m for m in self.marks if (m.dimension, m.level) == (dimension, level))
