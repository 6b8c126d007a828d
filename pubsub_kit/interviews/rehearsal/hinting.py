"""Hints: five rungs, each logged, with half a minute to think between two of them.

In one tutor, 36% of the actions abused its hints (Aleven et al. 2006): hence the wait. How many are
left is not said: if you knew, you would count them down.
"""

from __future__ import annotations

import math

from pubsub_kit.interviews.rehearsal.turn import Turn

WAIT = 30.0  # seconds of rehearsal time


def give(turn: Turn) -> None:
    """Give the next hint, or say how long to think first."""
    state, hints = turn.state, turn.question.hints
    left = WAIT - (turn.at - state.hinted_at)
    if state.rung >= len(hints):
        turn.say("You have had what I can give you: decide now.")
    elif left > 0:
        turn.say(f"Think about it for another {math.ceil(left)} s.")
    else:
        hint = hints[state.rung] if state.rung else _restated(turn) + hints[state.rung]
        turn.note("hinted", rung=state.rung + 1, text=hint)
        turn.say(hint)


def _restated(turn: Turn) -> str:
    """Return what is being asked, to stand before the first hint; "" where nothing is."""
    about = turn.state.awaits.partition(":")[2]
    asks = {each.id: each.ask for each in turn.question.decisions}
    asks |= {each.id: each.ask for each in turn.question.estimates}
    return f"The question now is this: {asks[about]} " if about in asks else ""
