"""Spans of what the pipeline does, and what their events carry; without a tracing, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pubsub_kit.errors import brief
from pubsub_kit.genai.asked import PipelineError
from pubsub_kit.patterns.tracing import Carrier, Tracing

#: The context of the span in which something is published.
_CAUSE: ContextVar[Carrier] = ContextVar("cause", default={})  # noqa: B039 — never changed


class Spans:
    """Traces blocks, if there is a tracing; raises PipelineError for what is none."""

    def __init__(self, tracing: Tracing | None) -> None:
        if not isinstance(tracing, Tracing | None):
            raise PipelineError(f"tracing is a Tracing, or None, not {brief(tracing)}.")
        self.tracing = tracing

    @contextmanager
    def span(self, service: str, name: str, parent: Carrier | None = None) -> Iterator[None]:
        """Trace a block; what is published in it carries its context."""
        if self.tracing is None:
            yield
            return
        with self.tracing.span(service, name, links=[parent] if parent else []) as carrier:
            before = _CAUSE.set(carrier)
            try:
                yield
            finally:
                _CAUSE.reset(before)


def cause() -> Carrier:
    """Return the context of the span around the caller; empty without one."""
    return {**_CAUSE.get()}
