"""Slips in hashing a folder and in judging a shot: an answer that agrees with one shares it.

Each is a whole answer that is wrong in one way. A learner's answer is compared with it in every
case, so a slip is named only if it explains all that the answer does.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from pubsub_kit.git.objects import Folder, tree_id
from pubsub_kit.scenarios.time_travel import folders, hits
from pubsub_kit.scenarios.time_travel import shooter as game
from pubsub_kit.scenarios.time_travel.shooter import NOW
from pubsub_kit.world.search.explore import Violation

#: Ids that a slip leads to.
_TREES: dict[str, Callable[[Folder], Any]] = {
    "every name with a slash": lambda f: tree_id(f, lambda name, is_file: f"{name}/".encode()),
    "plain name order": lambda f: tree_id(f, lambda name, is_file: name),
    "as they come": lambda f: tree_id(f, lambda name, is_file: 0),
    "folders first": lambda f: tree_id(f, lambda name, is_file: (is_file, name)),
    "mode with a zero": lambda f: tree_id(f, mode="040000"),
    "ids as hex": lambda f: tree_id(f, raw=str.encode),
}


def of_trees(answer: Any, wrong: Violation) -> str:
    """Return the slip that gives the same ids as an answer, for every folder; "" if none does."""
    ids = [answer(copy.deepcopy(case)) for case in folders.cases()]
    slips = (
        belief for belief, way in _TREES.items() if ids == [way(case) for case in folders.cases()]
    )
    return next(slips, "")


#: When a server looks that makes a mistake: by latency, interpolation and tick.
_SHOTS: dict[str, Callable[[float, float, float], float]] = {
    "no rewind": lambda latency, drawn, tick: NOW,
    "latency without interpolation": lambda latency, drawn, tick: NOW - latency,
    "trusts the client's time": lambda latency, drawn, tick: tick - drawn,
    "never believes the client": lambda latency, drawn, tick: NOW - min(latency + drawn, 1.0),
    "no limit": lambda latency, drawn, tick: game.near(tick, NOW - latency) - drawn,
    "a limit for one of two": lambda latency, drawn, tick: game.near(
        tick - drawn, NOW - min(latency + drawn, 1.0)
    ),
    "a limit for the latency alone": lambda latency, drawn, tick: (
        max(game.near(tick, NOW - latency), NOW - game.MOST) - drawn
    ),
}


def of_shots(answer: Any, wrong: Violation) -> str:
    """Return the slip that judges every shot as an answer does; "" if none does."""
    said = [bool(answer(NOW, case.way, case.shot)) for case in hits.cases()]
    if len({*said}) == 1:
        return "always a hit" if said[0] else "always a miss"
    wrong_in = [case for yes, case in zip(said, hits.cases(), strict=True) if yes != case.hits]
    if all(abs(case.off) == game.RADIUS for case in wrong_in):
        return "16 units are beside"
    if all(case.oldest and case.hits for case in wrong_in):
        return "an old shot is a miss"
    for belief, when in _SHOTS.items():
        if said in [[_hits(case, when, since) for case in hits.cases()] for since in (0, NOW - 1)]:
            return belief
    return ""


def _hits(case: hits.Scene, when: Callable[[float, float, float], float], since: float) -> bool:
    at = max(when(case.latency, case.interpolation, case.shot["tick"]), since)
    return abs(case.way(at) - case.shot["aim"]) <= game.RADIUS
