"""A run as a verdict shows it: a space-time diagram with what is wrong in it marked and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: Draws a run, with what is wrong in it if anything is, under a title.
Draws = Callable[[World, Violation | None, str], "Picture"]


def drawn(
    world: World,
    violation: Violation | None,
    title: str,
    lanes: Iterable[str] | None = None,
    **options: Any,
) -> Picture:
    """Draw a run; of `lanes`, from left to right, those that it has. Options are spacetime()'s."""
    from pubsub_kit import show

    wrong, known = violation or Violation(""), world.trace.nodes()
    return show.spacetime(
        world.trace,
        mark=wrong.step,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=wrong.message or None,
        title=title,
        nodes=None if lanes is None else [name for name in lanes if name in known],
        **options,
    )
