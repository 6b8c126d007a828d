"""Pictures of runs: each a function from a trace to a `Picture`, which shows in any front-end."""

from __future__ import annotations

from pubsub_kit.show.diagram import spacetime
from pubsub_kit.show.picture import Picture, PictureError

trace = spacetime

__all__ = ["Picture", "PictureError", "spacetime", "trace"]
