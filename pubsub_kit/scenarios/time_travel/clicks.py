"""A game with a die and a clock, its clicks as events, and a slider that travels through them.

Each click is turned into an event once. The reducer makes the states of the events: at once, again
at every move of the slider, and in another process, where the clock shows another time and the die
falls otherwise. A state must come out the same each time.
"""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from functools import cache
from itertools import cycle, product
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.plain import cut, not_async, shown
from pubsub_kit.scenarios.strips import note
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace

Case = tuple[tuple[str, ...], int, str]
_SLIPS = (AttributeError, LookupError, TypeError, ValueError)


@cache
def cases() -> list[Case]:
    """Return up to 3 clicks, how many of them the slider then goes back to, and one more click."""
    buttons = ("roll", "clear")
    clicks = [c for n in range(1, 4) for c in product(buttons, repeat=n)]
    return [(c, at, more) for c in clicks for at in range(len(c), -1, -1) for more in buttons]


class Process:
    """A learner's game with a clock and a die of its own, which note each look."""

    def __init__(self, answer: Any, time: int, faces: str) -> None:
        self.time, self.faces = time, cycle(faces)
        self.face: int | None = None  # what the die showed at this click
        self.looks: list[str] = []
        self.game = answer(self.clock, self.die)

    def clock(self) -> int:
        """Return the time (seconds)."""
        self.looks.append("the reducer reads the clock")
        return self.time

    def die(self) -> int:
        """Throw the die: one of 1 to 6."""
        self.looks.append("the reducer throws the die")
        self.face = int(next(self.faces))
        return self.face

    def event(self, button: str) -> Any:
        """Return the event of a click, as it comes back from storage."""
        self.time, self.face = self.time + 10, None
        self.made = not_async(self.game.clicked(button), "clicked")
        try:
            return json.loads(json.dumps(self.made))
        except (TypeError, ValueError):
            said = f"an event is data that JSON can store: {shown(self.made, 60)} can't be stored"
            raise PubSubKitError(said) from None

    def reduced(self, state: Any, event: Any) -> Any:
        """Return the next state; `looks` then has what the reducer asked of the world outside."""
        self.looks.clear()
        return not_async(self.game.reduce(state, event), "reduce")

    def wanted(self, before: dict[str, Any], button: str) -> dict[str, Any]:
        """Return what a click should lead to."""
        rolls = [*before["rolls"], self.face] if button == "roll" else []
        return {"rolls": rolls, "at": self.time}


def run(answer: Any, case: Case, trace: Trace) -> Violation | None:
    """Click, travel back and forth, and click once more; return what came out otherwise.

    The same clicks without any travel come first: what is wrong there has nothing to do with it.
    """
    clicks, at, more = case
    *_, wrong = _played(Process(answer, 100, "426153"), (*clicks[:at], more), trace)
    if wrong:
        return wrong
    live, later = Process(answer, 100, "426153"), Process(answer, 900, "351264")
    events, states, wanted, wrong = _played(live, clicks, trace)
    if wrong:
        return wrong
    for n, kept in enumerate(states):
        when = f"After later clicks, state {n} has changed"
        if wrong := _compared(kept, wanted[n], trace, when, "in place"):
            return wrong
    state: Any = {"rolls": [], "at": 0}
    try:
        for event in events[:at]:
            state = later.reduced(state, event)
        if at:
            note(trace, f"slider to {at}", _words(state))
            belief, when = max(later.looks, default="outside"), f"Replayed up to click {at}"
            if wrong := _compared(state, wanted[at], trace, when, belief):
                return wrong
        state = later.reduced(state, later.event(more))
    except _SLIPS as error:
        words = f"In another Game, as in another process, reduce() raised {type(error).__name__}:"
        words = f"{words} {cut(str(error), 80)}. In the first one it did not."
        return Violation(words, len(trace) - 1, belief="outside")
    note(trace, more, _words(state))
    when = "After a journey back and a new click"
    return _compared(state, later.wanted(wanted[at], more), trace, when, "outside")


def _played(
    process: Process, buttons: tuple[str, ...], trace: Trace
) -> tuple[list[Any], list[Any], list[dict[str, Any]], Violation | None]:
    """Click these buttons; return the events, the states, those wanted, and what is wrong."""
    events, states, wanted = [], [{"rolls": [], "at": 0}], [{"rolls": [], "at": 0}]
    trace.steps.clear()
    note(trace, "start", "no rolls")
    wrong = None
    for n, button in enumerate(buttons, 1):
        events.append(process.event(button))
        try:
            states.append(process.reduced(states[-1], stored := copy.deepcopy(events[-1])))
        except _SLIPS:
            with suppress(*_SLIPS):
                process.reduced(states[-1], made := process.made)  # as it was before JSON stored it
                words = f"You return {shown(made)}, and JSON gives back {shown(events[-1])}."
                return events, states, wanted, Violation(words, len(trace) - 1, belief="as stored")
            raise
        wanted.append(process.wanted(wanted[-1], button))
        note(trace, button, _words(states[-1]))
        belief = max(process.looks, default="what a button does")  # the die before the clock
        wrong = _compared(states[-1], wanted[-1], trace, f"After {', '.join(buttons[:n])}", belief)
        if stored != events[-1] and not wrong:
            words = f"reduce() made {shown(stored)} of the event {shown(events[-1])}."
            wrong = Violation(words, len(trace) - 1, belief="changes the event")
        if wrong:
            break
    return events, states, wanted, wrong


def _compared(
    state: Any, wanted: dict[str, Any], trace: Trace, when: str, belief: str
) -> Violation | None:
    found: Any = state
    differ = f"it is {shown(state)} and not {wanted}"
    with suppress(TypeError, KeyError, IndexError):
        found = {"rolls": list(state["rolls"]), "at": state["at"]}
        parts = [k for k in wanted if found[k] != wanted[k]]
        differ = ", and ".join(f"{k} is {shown(found[k])} and not {wanted[k]}" for k in parts)
    if found == wanted:
        return None
    if None in wanted["rolls"]:
        differ, belief = f"it is {shown(state)}, but that click never threw the die", "another die"
    elif belief == "what a button does" and wanted["rolls"] and differ.startswith("rolls"):
        *before, face = wanted["rolls"]
        other = found["rolls"][:-1] == before and found["rolls"][-1:] not in ([], [face])
        belief = "another die" if other else belief
    return Violation(f"{when}: {differ}.", len(trace) - 1, wanted, found, belief)


def _words(state: Any) -> str:
    try:
        return f"{list(state['rolls'])} at {state['at']}"
    except Exception:
        return shown(state, 40)
