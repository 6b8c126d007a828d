"""A system that stands trial before a learner's oracle, and what it does in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Suspect:
    """One system: `does` says what it does, to go on after "the system that …".

    `answer` is what the scenario's stage takes. `belief` names what an oracle overlooks that lets
    this wrong system pass, or what it takes for wrong if it condemns this right one. `faults` is
    the fewest faults that break it; None if it is right. `kinds` are the faults that it is tried
    under; all of its trial, if it is empty.
    """

    does: str
    answer: Any
    belief: str
    faults: int | None = None
    kinds: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether no run of it breaks the rule."""
        return self.faults is None
