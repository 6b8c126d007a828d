"""Every sequence of commands to a History, up to a length, and what each of them has to lead to.

A document is a text. The change `a` adds an "a", and `stamp` adds what a clock shows that moves on
with each look. Undo goes back to the state before the last change that counts; redo goes on to a
state that was undone, and only as long as nothing new was done.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.plain import not_async, shown
from pubsub_kit.scenarios.strips import note
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Trace

COMMANDS = ("a", "stamp", "undo", "redo")
LONGEST = 6


@cache
def cases() -> list[tuple[str, ...]]:
    """Return every sequence of up to 6 commands, the shortest first."""
    return [case for n in range(1, LONGEST + 1) for case in product(COMMANDS, repeat=n)]


def run(answer: Any, case: tuple[str, ...], trace: Trace) -> Violation | None:
    """Give a new History these commands; return where its state isn't what it should be."""
    looks = stamps = at = 0

    def stamp(text: str) -> str:
        nonlocal looks
        looks += 1
        return f"{text}{looks}"

    history, states = answer(""), [""]
    if missing := [name for name in ("state", "do", "undo", "redo") if not hasattr(history, name)]:
        raise PubSubKitError(f"an object of your History has no {missing[0]}")
    if callable(history.state):
        raise PubSubKitError("state is the state itself: an attribute or a @property, no method")
    note(trace, "start", shown(history.state))
    for command in case:
        before, read = states[at], looks
        if command in ("a", "stamp"):
            stamps += command == "stamp"
            states[at + 1 :] = [f"{before}{'a' if command == 'a' else looks + 1}"]
            at += 1
            not_async(history.do(stamp if command == "stamp" else lambda text: f"{text}a"), "do")
        elif command == "undo":
            at = max(at - 1, 0)
            not_async(history.undo(), "undo")
        else:
            at = min(at + 1, len(states) - 1)
            not_async(history.redo(), "redo")
        found = history.state
        note(trace, command, shown(found))
        if found != states[at] or looks > stamps:
            belief = _belief(trace, before, found, states[at])
            so_far = ", ".join(step.data[0] for step in trace.steps[1:])
            words = f"After {so_far}, the state is {shown(found)} and not {states[at]!r}."
            if looks > stamps:
                twice = command == "stamp" and looks > read + 1
                belief = "do runs it twice" if twice else "runs the change again"
            if found == states[at]:
                words = f"After {so_far}, the clock was read {looks} times, for {stamps} stamp."
            return Violation(words, len(trace) - 1, states[at], found, belief)
    return None


def _belief(trace: Trace, before: str, found: Any, wanted: str) -> str:
    """Return what a failure at the last step of a run shows; "" if that isn't certain."""
    *past, last = [step.data[0] for step in trace]
    if last not in ("undo", "redo"):
        return ""
    since = past[max((n for n, step in enumerate(past) if step == "undo"), default=0) :]
    if last == "redo":
        if wanted == before:
            anew = since[0] == "undo" and {"a", "stamp"} & {*since}
            return "redo survives a new command" if anew else "redo without an undo"
        return "redo does nothing" if found == before else "redo takes another one"
    if past[-1] == "redo":
        return "undo after a redo"
    if found == before:
        if since[0] != "undo":
            return "undo does nothing"
        return "one step only" if past[-1] == "undo" else "undo into another future"
    if past[-1] == "undo" and shown(found) == trace[-3].data[1]:
        return "undo undoes itself"
    if since[0] == "undo" and past[-1] != "undo":
        return "undo into another future"
    return "back to the start" if found == "" else ""
