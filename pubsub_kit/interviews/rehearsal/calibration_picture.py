"""Calibration as a picture: your score from rehearsal to rehearsal, and what held of what you said.

A score below 0.25 beats somebody who always says 50%. A point below the line of "as sure as right"
means that less held than you said: you were too sure.
"""

from __future__ import annotations

from collections.abc import Sequence

from pubsub_kit.errors import brief as shown
from pubsub_kit.interviews.rehearsal import wording
from pubsub_kit.interviews.rehearsal.account import ReportError
from pubsub_kit.interviews.rehearsal.calibration import (
    ALWAYS_HALF,
    FEW,
    Answer,
    Bin,
    bins,
    curve,
)
from pubsub_kit.interviews.rehearsal.wording import count, percent
from pubsub_kit.show.charts.lines import Mark, lines
from pubsub_kit.show.picture import Picture

_NEAR = 0.1  # this far from what was said is as good as it


def scores(rehearsals: Sequence[Sequence[Answer | tuple[float, bool]]]) -> Picture:
    """Draw the Brier score over all settled claims so far, after each rehearsal.

    A rehearsal is its answers: confidence from 0 to 1, and whether the claim held. Raises
    ReportError where there is no answer at all, or one that is none.
    """
    given = [_answers(each) for each in _several(rehearsals)]
    course = [(n, score) for n, score in enumerate(curve(given), 1) if score is not None]
    if not course:
        raise ReportError("No claim has been settled yet: claim something, and run the design.")
    every = [answer for each in given for answer in each]
    picture = lines(
        {"you": [(float(n), score) for n, score in course]},
        x="rehearsals",
        y="Brier score",
        marks=[(None, ALWAYS_HALF, "always saying 50%")],
        title="Brier score over all claims so far; less is better",
    )
    text = "\n".join([_course(course, len(every)), _against_half(course[-1][1]), *_bins(every)])
    return Picture(picture.drawing, text, title="Your calibration from rehearsal to rehearsal")


def said_and_held(answers: Sequence[Answer | tuple[float, bool]]) -> Picture:
    """Draw how many claims held, in percent, over how sure you were of them, in bins.

    Under 30 answers there are three bins. Raises ReportError like `scores`.
    """
    given = _answers(answers)
    if not given:
        raise ReportError("No claim has been settled yet: claim something, and run the design.")
    found = bins(given)
    marks: list[Mark] = [(100 * b.said, 100 * b.held, count(b.number, "claim")) for b in found]
    picture = lines(
        {
            "you": [(100 * b.said, 100 * b.held) for b in found],
            "as sure as right": [(0.0, 0.0), (100.0, 100.0)],
        },
        x="how sure you were, in percent",
        y="percent that held",
        marks=marks,
        title="How sure you were, and how many claims held",
    )
    few = [f"Under {FEW} claims, three bins are all that the numbers carry."]
    text = "\n".join([*_bins(given), *(few if len(given) < FEW else [])])
    return Picture(picture.drawing, text, title="How sure you were, and how many claims held")


def _several(given: object) -> list[object]:
    if not isinstance(given, list | tuple):
        raise ReportError(f"{shown(given)} are no rehearsals: give a list with each one's answers.")
    return list(given)


def _answers(given: object) -> list[Answer]:
    """Return pairs of a confidence and an outcome as answers; raises ReportError for others."""
    found = []
    for each in _several(given):
        if not isinstance(each, tuple) or len(each) < 2 or not isinstance(each[1], bool):
            raise ReportError(f"{shown(each)} is no answer: give (confidence, whether it held).")
        sure = wording.number(each[0])
        if sure is None or not 0 <= sure <= 1:
            raise ReportError(f"A confidence is a number from 0 to 1, not {shown(each[0])}.")
        found.append(Answer(sure, each[1]))
    return found


def _course(course: Sequence[tuple[int, float]], claims: int) -> str:
    (first, before), (last, now) = course[0], course[-1]
    over = f"over {count(claims, 'settled claim')}"
    if first == last:
        return f"Brier score after rehearsal {last}: {now:.2f} {over}."
    return f"Brier score: {before:.2f} after rehearsal {first}, {now:.2f} after {last}, {over}."


def _against_half(score: float) -> str:
    if score < ALWAYS_HALF:
        return f"Always saying 50% scores {ALWAYS_HALF}: your confidence tells something."
    return f"Always saying 50% scores {ALWAYS_HALF}: so far that would have done as well or better."


def _bins(answers: Sequence[Answer]) -> list[str]:
    return [_bin(each) for each in bins(answers)]


def _bin(each: Bin) -> str:
    gap = each.said - each.held
    verdict = "about right" if abs(gap) <= _NEAR else "too sure" if gap > 0 else "not sure enough"
    return (
        f"{count(each.number, 'claim')}, {percent(each.said)} sure on average: "
        f"{percent(each.held)} held, {verdict}."
    )
