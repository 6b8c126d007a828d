"""The judge of an answer that is an oracle itself: systems stand trial before it.

They do so under every schedule of faults up to a bound. It must spare each right one in every run,
and fail each wrong one in at least one. What it says of other runs is not held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.forms import acquittal, objections, searching
from pubsub_kit.checks.forms.acquittal import Acquittal, Rows
from pubsub_kit.checks.forms.objections import Raised
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.checks.sandbox.blame import told
from pubsub_kit.checks.sandbox.memory import Memory
from pubsub_kit.checks.systems.suspect import Suspect
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.scenarios.drawn import Draws
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Exploration, Oracle, Violation, explore, run_once
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

_STEPS = 3_000  # moments in one run
_EVERY = 40  # one run in so many is kept, to ask about it again
_HELD = 60.0  # seconds of real time after which a slow oracle's trial is cut off
_UNLIKE = "What your oracle says of a run depends on the runs before it, so it proves nothing."


@dataclass(frozen=True)
class Audited:
    """Every suspect, under every schedule of `faults`, up to `max_faults` at once.

    `stage` puts a suspect into the world, `rows` are what an oracle gets of it after the run, and
    `truth` says what is really wrong with a run. `draws` draws a run. `overlooked` names what an
    oracle doesn't see, from the wrong systems that slip through and a run of the first one; if it
    isn't given, that one's belief does. `content_with` finds rows that an oracle takes for right,
    if none of those are; `instead` has rows, by belief, that it would have spared a right run with;
    `mistaken` asks it more about a right run that it condemns, and names what it takes for wrong.
    `until` (virtual seconds) ends each run. The code of a run is the suspect's number and the
    schedule, as in "3/4c".
    """

    stage: Callable[[World, Any], Any]
    rows: Callable[[World], dict[str, Any]]
    truth: Oracle
    faults: Sequence[str]
    suspects: Sequence[Suspect]
    draws: Draws
    overlooked: Callable[[Sequence[Suspect], Acquittal], str] | None = None
    content_with: Callable[[Callable[[Rows], Any]], Rows | None] | None = None
    instead: Callable[[Rows], Mapping[str, Mapping[str, Any]]] = lambda rows: {}
    mistaken: Callable[[Acquittal], str] = lambda run: ""
    max_faults: int = 2
    until: float = 1_000.0
    patience: float = 3.0

    def judge(self, answer: Any) -> Judgement:
        """Try right systems under one fault, then the wrong ones, then the right ones further."""
        return _Trial(self, answer).judgement()

    def replay(self, answer: Any, code: str) -> tuple[World, Violation | None]:
        """Run one suspect under one schedule: "3/4c" is the third one under 4c.

        What is wrong in the run is what the oracle says of it, or what it should have said.
        """
        number, _, schedule = code.partition("/")
        if not number.isdecimal() or not 1 <= int(number) <= len(self.suspects):
            raise PubSubKitError(
                f"{code!r} names no system: write its number, 1 to {len(self.suspects)}, and a "
                "schedule, as in '3/4c'"
            )
        world = self.run(self.suspects[int(number) - 1], schedule)
        assert isinstance(world.chance, Schedule)
        world.chance.check()
        try:
            said = objections.asked(answer, self.rows(world), world.trace)
        except Exception as error:
            said = Violation(f"Your oracle raised {told(error)}.", len(world.trace) - 1)
        return world, said or self.wrong(world)

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run."""
        return self.draws(world, violation, title)

    def run(self, suspect: Suspect, schedule: str) -> World:
        """Run a suspect once."""
        kinds, scenario = self.kinds(suspect), self.scenario(suspect)
        world, _ = run_once(scenario, Schedule(schedule), kinds, self.until, _STEPS)
        world.end_tasks()
        return world

    def kinds(self, suspect: Suspect) -> Sequence[str]:
        """Return the kinds of fault that a suspect is tried under."""
        return suspect.kinds or self.faults

    def scenario(self, suspect: Suspect) -> Callable[[World], None]:
        """Return what puts a suspect into a world."""

        def scenario(world: World) -> None:
            guard.next_run()
            self.stage(world, suspect.answer)

        return scenario

    def wrong(self, world: World) -> Violation | None:
        """Say what is really wrong in a run, of a system that isn't the learner's."""
        if (found := self.truth(world)) is None:
            return None
        words = found.message.replace("your code", "it")
        return Violation(words, found.step, found.expected, found.actual, "", found.blocker)

    def code(self, suspect: Suspect, world: World) -> str:
        """Return the code of a suspect's run."""
        assert isinstance(world.chance, Schedule)
        return f"{self.suspects.index(suspect) + 1}/{world.chance.code}"


class _Trial:
    """One oracle, before which the suspects stand one after another."""

    def __init__(self, judge: Audited, oracle: Any) -> None:
        self.judge, self.oracle = judge, oracle
        self.memory = Memory(oracle)
        self.ends = perf_counter() + _HELD
        self.runs = 0
        self.late = False
        self.kept: list[tuple[Suspect, str, str]] = []  # a run, and what was said of it
        self.right = [s for s in judge.suspects if s.is_right]
        self.wrong = [s for s in judge.suspects if not s.is_right]

    def judgement(self) -> Judgement:
        suspect = self.right[0]
        try:
            for suspect, most in self._order():
                found = self._try(suspect, most)
                if self.late:
                    return acquittal.cut_off(self.runs)
                if suspect.is_right and found.violation is not None:
                    return self._remembers() or self._condemned(suspect, found)
                if not suspect.is_right and found.violation is None:
                    return self._remembers() or self._slipped(suspect)
        except Raised as raised:
            of = f"{raised} It was asked about the system that {suspect.does}."
            trace = raised.world.trace
            first = suspect is self.right[0] and not trace.faults()
            wrong = Violation(of, len(trace) - 1, belief="raises on any run" if first else "raises")
            return self._failed("it raises an exception", suspect, raised.world, wrong)
        most, faults = self.judge.max_faults, self.judge.faults
        return self._remembers() or acquittal.holds(self.runs, self.judge.suspects, most, faults)

    def _order(self) -> list[tuple[Suspect, int]]:
        most = self.judge.max_faults
        soon = [(suspect, min(1, most)) for suspect in self.right]
        return [*soon, *((s, most) for s in self.wrong), *((s, most) for s in self.right)]

    def _try(self, suspect: Suspect, most: int) -> Exploration:
        before = self.runs
        found = explore(
            self.judge.scenario(suspect),
            partial(self._ask, suspect),
            faults=self.judge.kinds(suspect),
            max_faults=most,
            max_steps=_STEPS,
            until=self.judge.until,
            seconds=self.ends - perf_counter(),
            progress=lambda runs, faults: searching.report(before + runs, faults),
        )
        self.late = found.outcome == "cut off"
        if found.world is not None:
            found.world.end_tasks()
        return found

    def _ask(self, suspect: Suspect, world: World) -> Violation | None:
        guard.next_run()
        try:
            said = objections.asked(self.oracle, self.judge.rows(world), world.trace)
        except PubSubKitError:
            raise
        except Exception as error:
            raise Raised(world, f"Your oracle raised {told(error)}.") from error
        if self.runs % _EVERY == 0:
            assert isinstance(world.chance, Schedule)
            self.kept.append((suspect, world.chance.code, said.message if said else ""))
        self.runs += 1
        return said

    def _remembers(self) -> Judgement | None:
        """Ask about some of the runs again, the last one first: an oracle says the same again."""
        for suspect, code, before in reversed(self.kept):
            world = self.judge.run(suspect, code)
            if objections.words(self.oracle, self.judge.rows(world), world.trace) != before:
                changed = self.memory.changed()
                self.memory.forget()
                where = f" It remembers something in {changed[0].words}." if changed else ""
                words = f"Your oracle said two different things about the same run.{where}"
                violation = Violation(words, belief="hidden state")
                return Judgement("fails", "remembers earlier runs", violation, claim=_UNLIKE)
        return None

    def _condemned(self, suspect: Suspect, found: Exploration) -> Judgement:
        assert found.violation is not None
        assert found.world is not None
        calm, plainest = found.code == "-", suspect is self.right[0]
        other = self._content_with(found.world) if calm and plainest else None
        rows, trace = self.judge.rows(found.world), found.world.trace
        if objections.means_fine(found.violation.message):
            belief = "a text means right"
        elif spared := objections.spares(self.oracle, self.judge.instead(rows), trace):
            belief = spared
        elif calm and (takes := self.judge.mistaken(Acquittal(self.oracle, rows, trace, trace))):
            belief = takes
        elif self._is_inverted():
            belief = "a text means right"
        elif other is not None:
            belief = "other sums"
        elif calm and self._complains_of_all():
            belief = "always complains"
        else:
            belief = "a fault is a violation" if plainest and not calm else suspect.belief
        said = found.violation.message.rstrip(".!")
        words = f"This system is right: it {suspect.does}. Your oracle condemns it: “{said}”."
        if other is not None:
            words += f" Of rows with nothing but the sums, it is content with {other}."
        wrong = Violation(words, found.violation.step, belief=belief)
        return self._failed("a right system is condemned", suspect, found.world, wrong)

    def _slipped(self, suspect: Suspect) -> Judgement:
        """Draw the shortest run in which something is really wrong, and nothing was said."""
        found = explore(
            self.judge.scenario(suspect),
            self.judge.wrong,
            faults=self.judge.kinds(suspect),
            max_faults=self.judge.max_faults,
            max_steps=_STEPS,
            until=self.judge.until,
            seconds=_HELD,
        )
        assert found.violation is not None
        assert found.world is not None
        found.world.end_tasks()
        real, rows = found.violation, self.judge.rows(found.world)
        nothing = objections.says_nothing(self.oracle, rows, found.world.trace)
        words = f"Your oracle finds nothing wrong with the system that {suspect.does}. "
        words += f"{real.message}{nothing}"
        belief = "an empty text" if nothing else self._blind(suspect, found.world)
        wrong = replace(real, message=words, belief=belief, unmet=0)
        return self._failed("a wrong system slips through", suspect, found.world, wrong)

    def _failed(self, summary: str, suspect: Suspect, world: World, wrong: Violation) -> Judgement:
        guard.next_run()
        rows = self.judge.rows(world)
        objections.words(self.oracle, rows, world.trace)  # what it prints is shown
        code, heading = self.judge.code(suspect, world), f": {summary}"
        claim = "The run that is drawn shows it, and one run is proof enough."
        return Judgement(
            "fails", f"fails: {summary}", wrong, code, world.trace,
            lambda title, wrong: self.judge.picture(world, wrong, title), heading, claim,
        )  # fmt: skip

    def _content_with(self, world: World) -> Rows | None:
        """Return wrong rows that the oracle takes for right after a run, if it does."""
        if self.judge.content_with is None:
            return None
        with suppress(Exception):  # the oracle's own, about rows that no run ends with
            asked = partial(objections.asked, self.oracle, trace=world.trace)
            return self.judge.content_with(asked)
        return None

    def _complains_of_all(self) -> bool:
        """Say whether the oracle objects to the run without faults of every system."""
        return all(self._try(suspect, 0).violation for suspect in self.judge.suspects)

    def _is_inverted(self) -> bool:
        """Say whether it objects to all right systems, and to no wrong one, without a fault."""
        calm = (s for s in self.judge.suspects if not s.faults)
        return all((self._try(s, 0).violation is None) != s.is_right for s in calm)

    def _blind(self, slipped: Suspect, world: World) -> str:
        """Return what an oracle overlooks, given the first wrong system that slips through."""
        quick = [s for s in self.wrong if (s.faults or 0) < 2]
        caught = [s for s in quick if self._try(s, s.faults or 0).violation is not None]
        if not caught:
            return "never complains"
        if caught == [s for s in quick if not s.faults]:
            return "only the calm run counts"
        missed = [s for s in quick if s not in caught]
        if self.judge.overlooked is None or slipped not in missed:
            return slipped.belief
        rows, calm = self.judge.rows(world), self.judge.run(slipped, "-").trace
        return self.judge.overlooked(missed, Acquittal(self.oracle, rows, world.trace, calm))
