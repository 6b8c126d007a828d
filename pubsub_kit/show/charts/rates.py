"""How often things happened, second by second: what a service was asked, what it still answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import ceil

from pubsub_kit.show.charts.lines import lines
from pubsub_kit.show.charts.ticks import mapping, number
from pubsub_kit.show.ink import clean
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Step


def rates(
    series: Mapping[str, Iterable[Step]],
    *,
    marks: Mapping[str, float] | None = None,
    title: str | None = None,
    caption: str | None = None,
) -> Picture:
    """Draw, for each name, how many of its steps fell into each second.

    `marks` names moments (virtual seconds): upright lines, between which the words give averages.
    Raises PictureError where no step is given at all.
    """
    given = mapping("rates", series, "steps of a trace")
    times = {clean(name): _times(name, steps) for name, steps in given.items()}
    if not any(times.values()):
        raise PictureError("There is no step to count: run the world longer, or choose others.")
    end = max(1, ceil(max(max(found, default=0.0) for found in times.values())))
    moments = {clean(words): at for words, at in (marks or {}).items()}
    drawn = lines(
        {name: _each_second(found, end) for name, found in times.items()},
        x="seconds",
        y="per second",
        marks=[(at, None, words) for words, at in moments.items()],
        title=title,
        caption=caption,
    )
    head, tail = ([clean(part)] if part else [] for part in (title, caption))
    said = [f"{name}: {_spans(found, moments, end)}" for name, found in times.items()]
    words, beyond = "\n".join([*head, *said, *tail]), "\n".join(said)
    name = clean(title or "Rates")
    return Picture(drawn.drawing, words, f"Chart of rates. {words}", name, beyond)


def _times(name: str, steps: object) -> list[float]:
    given = list(steps) if isinstance(steps, Iterable) else [steps]
    found = [step for step in given if isinstance(step, Step)]
    if len(found) < len(given):
        raise PictureError(f"{name!r} has {given[0]!r}: give steps of a trace.")
    return [step.time for step in found]


def _each_second(found: list[float], end: int) -> list[tuple[float, float]]:
    counts = Counter(int(time) for time in found)
    return [(second + 0.5, float(counts[second])) for second in range(end)]


def _spans(found: list[float], moments: Mapping[str, float], end: int) -> str:
    """Return the averages between the marked moments, in words."""
    inside = sorted((at, words) for words, at in moments.items() if 0 < at < end)
    edges = [(0.0, ""), *inside, (float(end), "")]
    said = []
    for (start, words), (stop, _) in pairwise(edges):
        average = sum(start <= time < stop for time in found) / (stop - start)
        said.append(f"{number(round(average, 1))} a second" + f" after “{words}”" * bool(words))
    return ", ".join(said)
