"""A process killed before each of its awaits in turn: what `explore` does in a world, for real.

    first, second, third … await    one trial each, until a process ends without coming so far

A right answer holds in each of these trials. It is the search of a world with one crash, without
pre-emptions and lost messages; and a trial takes seconds.
"""

from __future__ import annotations

from itertools import count

from pubsub_kit.engines.trials.answers.places import Place
from pubsub_kit.engines.trials.answers.trial import Case, Ending, Terms, run


def swept(url: str, case: Case, terms: Terms, most: int | None = None) -> list[Ending]:
    """Kill a process before its first await, its second, and so on; return how each trial ended.

    It ends where a process does not come so far, or after `most` trials.
    """
    endings: list[Ending] = []
    for number in count(1):
        if most is not None and number > most:
            break
        ending = run(url, case._replace(places=(Place(number),)), terms)
        if not any(ending.came):
            break
        endings.append(ending)
    return endings
