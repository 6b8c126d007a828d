"""What lesson 13 shows beside the pipeline: what is installed, how far, and what led to what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from pubsub_kit.errors import brief
from pubsub_kit.genai.asked import PipelineError
from pubsub_kit.genai.models import ModelError, missing

_WIDE = 30  # characters


class NotInstalled(ModelError):
    """The extra is missing: a notebook shows this sentence alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def ready() -> None:
    """Say nothing if all that this lesson needs is installed; else raise NotInstalled."""
    if packages := missing():
        raise NotInstalled(
            f"This lesson needs {', '.join(packages)}, about 190 MB in all. In a terminal, "
            "python3 -m pubsub_kit genai installs them and shows that they work; then restart "
            "the kernel."
        )


def _is_whole(value: object) -> bool:
    """Return whether a value can be a count."""
    return isinstance(value, int) and value >= 0


def bar(left: int, total: int) -> None:
    """Print how many of `total` are done, over the bar that was printed before."""
    if not _is_whole(left) or not _is_whole(total):
        raise PipelineError(f"bar() takes two numbers, not {brief(left)} and {brief(total)}.")
    total = max(total, left, 1)
    done = round(_WIDE * (total - left) / total)
    print(f"\r{'█' * done}{'░' * (_WIDE - done)} {total - left} of {total}", end="")


def chain(spans: Iterable[Any], word: str) -> str:
    """Return as a tree what led to what, of the spans that are about a word."""
    spans = list(spans) if isinstance(spans, Iterable) else [None]
    if not isinstance(word, str) or not all(isinstance(span, ReadableSpan) for span in spans):
        raise PipelineError("chain() takes the spans of a Tracing, and a word of their names.")
    about = [span for span in spans if word in span.name]
    depths: dict[int, int] = {}
    lines = []
    for span in about:
        causes = [depths.get(link.context.span_id, -1) for link in span.links]
        depth = depths[span.context.span_id] = 1 + max(causes, default=-1)
        branch = "   " * (depth - 1) + "└─ " if depth else ""
        lines.append(f"{branch}{span.resource.attributes['service.name']}: {span.name}")
    return "\n".join(lines)
