"""Notices an answer that remembers what a restart would wipe out, and says where it keeps it.

Such an answer behaves otherwise from run to run, so what a search finds of it means nothing. It is
caught in three ways: runs that are repeated after the search go another way; what failed does not
fail once the places where code can remember hold what they held at first; or, where something was
there from an earlier cell, once they are empty, and they are filled again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pubsub_kit.checks.sandbox.memory import Memory
from pubsub_kit.checks.sandbox.places import Place
from pubsub_kit.world.breaker import Breaker
from pubsub_kit.world.chance import Schedule, ScheduleError, encode
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

Key = TypeVar("Key", str, int)
#: One run under a schedule or seed: its world, and what was wrong in it.
Run = Callable[[Key], tuple[World, Violation | None]]
#: What is compared of two runs: their shape, and their words.
Course = tuple[list[tuple[float, str, str, str]], list[str]]


class Watch(Generic[Key]):
    """Watches one answer: `run` runs it once more under a schedule code, or under a seed.

    Runs that are `costly` are repeated only where a place that code can remember in has changed.
    """

    def __init__(self, answer: Any, run: Run[Key], costly: bool = False) -> None:
        self.memory = Memory(answer)
        self.run: Run[Key] = run
        self.costly = costly
        self.seen: list[tuple[Key, Course]] = []
        self.leaked: list[Place] = []

    def saw(self, key: Key, world: World) -> None:
        """Remember how a run went."""
        self.seen.append((key, course(world)))

    def leak(self, key: Key, violation: Violation | None) -> Violation | None:
        """Return what to say if the run that ended a search owes its outcome to a memory."""
        changed = self.memory.changed()
        if violation is None:
            leaks = (bool(changed) or not self.costly) and self._goes_another_way(changed)
        elif changed:
            with self.memory.as_at_first():
                leaks = not self._fails_alike(key, violation)
        else:
            with self.memory.emptied() as held:
                spared = bool(held) and self._fails_alike(key, None)
                changed = [place for place in held if place.read()] if spared else []
            leaks = bool(changed)  # what is only read is a constant, however much depends on it
            leaks = leaks or (not self.costly and self._goes_another_way([]))
        if not leaks:
            return None
        self.memory.forget()
        self.leaked = list(changed)
        return _remembers(changed)

    @property
    def is_of_breakers(self) -> bool:
        """Whether all that leaked are breakers of the kit: each would be new after a restart."""
        return bool(self.leaked) and all(isinstance(p.read(), Breaker) for p in self.leaked)

    def _goes_another_way(self, changed: Sequence[Place]) -> bool:
        for key, (shape, words) in self.seen:
            try:
                again = course(self.run(key)[0])
            except ScheduleError:
                return True
            if again[0] != shape or (changed and again[1] != words):
                return True
        return False

    def _fails_alike(self, key: Key, violation: Violation | None) -> bool:
        try:
            _, again = self.run(key)
        except Exception:  # it went another way, or missed what was taken from it
            return False
        if violation is None or again is None:
            return violation is again
        return (again.message, again.belief) == (violation.message, violation.belief)


def probe(watch: Watch[str], faults: Sequence[str]) -> None:
    """Let a watch see the run without faults, and the first and last chance of each fault.

    Where that run fails, a search ends with it, so no fault is tried. An error of the answer's own
    is left to the search, which meets it again, in the shortest run that has it.
    """
    try:
        world, violation = watch.run("-")
    except Exception:
        return
    watch.saw("-", world)
    if violation is not None:
        return
    assert isinstance(world.chance, Schedule)
    offered = world.chance.offered
    for kind in faults:
        chances = [number for number, kinds in enumerate(offered) if kind in kinds]
        for number in dict.fromkeys(chances[:1] + chances[-1:]):
            code = encode({number: kind})
            try:
                watch.saw(code, watch.run(code)[0])
            except Exception:
                continue  # it went another way already, or raised: the search will see to it


def course(world: World) -> Course:
    """Return how a run went, without the addresses that Python prints of objects."""
    steps = world.trace.steps
    shape = [(step.time, step.kind, step.node, step.peer) for step in steps]
    return shape, [re.sub(r"0x[0-9a-f]+", "", step.text) for step in steps]


def _remembers(places: Sequence[Place]) -> Violation:
    message = (
        f"Your code remembers what a restart would wipe out, in {places[0].words}."
        if places
        else "The same run came out differently the second time: your code depends on something "
        "outside this world, such as a clock, a file, randomness, or an address in memory, which "
        "id(), repr() and hash() of an object show."
    )
    return Violation(message, belief="hidden state")
