"""The logs of several brokers, moment by moment: a strip for each, the leader's marked.

A cell is a record with its epoch under its offset. The thick bar ends what a replica knows to be
committed, its high watermark. A node that is down is crossed out, and an acked record that is lost
stands below in a frame with spikes.
"""

from __future__ import annotations

from typing import Protocol

from pubsub_kit.show import given
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.standing import Standing, Strip, chosen, standings
from pubsub_kit.show.diagrams.strips import WIDTH, draw_frame, height_of
from pubsub_kit.show.ink import clean, fit, seconds, wrap
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.world.trace import Trace

_PAGE, _MARGIN, _GAP = 800.0, 14.0, 12.0
_LEGEND = (
    "▶ the leader · left of the thick bar: committed · dashed: not in sync · ✗ down or cut off"
)


class Found(Protocol):
    """A search that has the trace of a run, and the violation in it, if any."""

    code: str

    @property
    def trace(self) -> Trace:
        """The run."""


def replicas(
    source: Trace | Found,
    *,
    title: str | None = None,
    caption: str | None = None,
    moments: int = 6,
) -> Picture:
    """Draw the logs of a run's brokers at up to so many moments: `show.replicas(explore(…))`.

    Of a search it draws the run that fails, or else the one without faults. Raises PictureError if
    the run has one broker only.
    """
    given.whole("moments=", moments, 1)
    trace = source if isinstance(source, Trace) else getattr(source, "trace", None)
    if not isinstance(trace, Trace):
        raise given.wrong("replicas()", "a trace, or what explore() returns", source)
    wrong = getattr(source, "violation", None)
    found = standings(trace)
    if not found:
        raise PictureError("There are no replicas in this run: world.brokers(3) makes some.")
    if wrong is not None:
        title = title or f"The shortest run that breaks it, schedule {getattr(source, 'code', '')}"
        caption = caption or wrong.message
    frames = chosen(found, moments)
    heading, said = clean(title or ""), clean(caption or "")
    text = _summary(trace, frames, heading, said)
    canvas = _drawn(frames, heading, said)
    return Picture(canvas, text, f"Replicated logs. {text}", heading or "Replicated logs")


def _drawn(frames: list[Standing], title: str, caption: str) -> Canvas:
    """Lay the frames out two by two, numbered, below the title and the caption."""
    lines = wrap(caption, _PAGE - 2 * _MARGIN, 13)
    top = (34.0 if title else 10.0) + 18.0 * len(lines)
    rows = (len(frames) + 1) // 2
    tall = height_of(max(len(frame.strips) for frame in frames))
    canvas = Canvas(_PAGE, top + rows * (tall + _GAP) + 26)
    if title:
        canvas.text(_MARGIN, 24, fit(title, _PAGE - 2 * _MARGIN, 15, True), 15, bold=True)
    for n, line in enumerate(lines):
        canvas.text(_MARGIN, (44.0 if title else 20.0) + 18 * n, line, 13)
    for n, frame in enumerate(frames):
        x = _MARGIN + (n % 2) * (WIDTH + _GAP)
        draw_frame(canvas, (x, top + (n // 2) * (tall + _GAP)), tall, n + 1, frame)
    canvas.text(_MARGIN, canvas.h - 10, _LEGEND, 11, "muted")
    return canvas


def _summary(trace: Trace, frames: list[Standing], title: str, caption: str) -> str:
    lines = [title] if title else []
    for n, step in enumerate(trace.faults(), 1):
        lines.append(f"fault {n}: {clean(step.node)}: {clean(step.text)}, at {seconds(step.time)}")
    for n, frame in enumerate(frames, 1):
        leads = f"{frame.leader} leads" if frame.leader else "nobody leads"
        lines.append(
            f"{n}. {seconds(frame.time)}: {clean(frame.words)} ({leads}, epoch {frame.epoch})"
        )
        lines += [f"   {_line(strip)}" for strip in frame.strips]
        lines += [f"   acked and lost: {', '.join(frame.lost)}"] if frame.lost else []
    return "\n".join([*lines, *([caption] if caption else [])])


def _line(strip: Strip) -> str:
    """Return a strip in words: what is committed, a bar, and what is not."""
    cells = [f"{id}/{epoch}" for epoch, id in strip.log]
    log = " ".join([*cells[: strip.watermark], "|", *cells[strip.watermark :]])
    state = strip.state if strip.in_sync else f"{strip.state}, not in sync"
    return f"{strip.name} ({state}): {log}"
