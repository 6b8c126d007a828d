"""What a family is: a way to draw a problem, whose answer is computed or comes from a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pubsub_kit.interviews.cards.families.dice import Dice, seed_of
from pubsub_kit.interviews.cards.families.forms import Form

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture
    from pubsub_kit.world.world import World


@dataclass(frozen=True)
class Problem:
    """A question with its answer: what is asked, how it is answered, and why it is so.

    `given` has the numbers that were drawn, by name. `run` makes the run that decides it, if one
    does, and runs it.
    """

    front: str
    form: Form
    back: str
    hint: str
    given: Mapping[str, Any] = field(default_factory=dict)
    run: Callable[[], World] | None = field(default=None, compare=False)

    def picture(self) -> Picture | None:
        """Draw the run that decides it; None where none does."""
        if self.run is None:
            return None
        from pubsub_kit import show  # only who was wrong needs it, and it is slow to import

        trace = self.run().trace
        if trace.of("replicas"):
            return show.replicas(trace, title="What happens", caption=self.back)
        return show.trace(trace, title="What happens", caption=self.back)


@dataclass(frozen=True)
class Family:
    """A family of problems. `beliefs` are the numbers of the misconceptions that it exposes."""

    name: str
    title: str
    lesson: str
    draw: Callable[[Dice], Problem] = field(compare=False)
    beliefs: tuple[int, ...] = ()
    source: str = ""

    def problem(self, number: int) -> Problem:
        """Return the problem of this review, from 0 up: the same one on every machine."""
        return self.draw(Dice(seed_of(self.name, number)))
